from odoo import api, fields, models


class PosSessionAllowClosing(models.TransientModel):
    """A manager closes a session although what the terminals charged and what the orders say doesn't agree."""

    _name = "nets.pos.session.allow.closing"
    _description = "Close a session with open card payments"

    session_id = fields.Many2one("pos.session", required=True, readonly=True)
    issues = fields.Text("In the way", compute="_compute_issues")
    reason = fields.Char("Why it is closed anyway", required=True)

    @api.depends("session_id")
    def _compute_issues(self):
        for wizard in self:
            issues = wizard.session_id.nets_closing_issues()
            wizard.issues = "\n".join(
                wizard.session_id._nets_row_text(row)
                for row in issues["unresolved"] + issues["without_order"] + issues["reported"]
                if row["blocking"]
            )

    def action_allow(self):
        """Take the open card payments off the orders, which can then be cancelled or paid otherwise."""
        self.ensure_one()
        self.session_id._nets_allow_closing(self.reason)
        return {"type": "ir.actions.act_window_close"}
