from odoo import api, fields, models

from ...messages import refusal


class NetsTerminalReplace(models.TransientModel):
    """Another device in a terminal's place: the history stays with the device that made it."""

    _name = "nets.terminal.replace"
    _description = "Replace a card terminal"

    terminal_id = fields.Many2one("nets.terminal", required=True, readonly=True)
    # What NETS lists for the account, where it could be asked.
    fetch_id = fields.Many2one("nets.terminal.fetch", readonly=True)
    line_id = fields.Many2one(
        "nets.terminal.fetch.line",
        "New terminal",
        domain="[('fetch_id', '=', fetch_id), ('status', '=', 'new')]",
        help="What NETS has linked to the account, and isn't here yet.",
    )
    identifier = fields.Char(
        "New terminal ID",
        compute="_compute_identifier",
        store=True,
        readonly=False,
        required=True,
        help="The 8 digits on the new device's receipts and in its menu.",
    )

    @api.depends("line_id")
    def _compute_identifier(self):
        for wizard in self:
            wizard.identifier = wizard.line_id.identifier or wizard.identifier

    def action_replace(self):
        """Archive the old terminal, and put the new one in its place.

        :raise UserError: where a transaction on the old one is not finished, or NETS refuses the new one
        """
        self.ensure_one()
        old = self.terminal_id
        old.check_access("write")
        old._check_not_in_use()
        if not old.active:
            raise refusal(self.env, "terminal_archived")
        old._check_allowed(old.account_id, self.identifier, old.type)
        new = old.copy({"identifier": self.identifier})
        new.name = old.name
        old.sudo().write({"active": False, "replaced_by_id": new.id})
        old._replace_by(new)
        return {
            "type": "ir.actions.act_window",
            "res_model": new._name,
            "res_id": new.id,
            "view_mode": "form",
            "target": "current",
        }
