from odoo import api, fields, models

from odoo.addons.base.models.res_partner import _tz_get

from ...messages import refusal


class NetsLocation(models.Model):
    _name = "nets.location"
    _description = "Site of card terminals"
    _inherit = ["nets.server.fields"]
    _parent_store = True
    _check_company_auto = True
    _rec_name = "complete_name"
    _order = "complete_name, id"

    name = fields.Char(required=True)
    complete_name = fields.Char("Full name", compute="_compute_complete_name", recursive=True, store=True)
    active = fields.Boolean(default=True)
    parent_id = fields.Many2one("nets.location", "Group", index=True, ondelete="restrict", check_company=True)
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("nets.location", "parent_id", "Sites")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    tz = fields.Selection(
        _tz_get,
        "Time zone",
        required=True,
        default=lambda self: self.env.user.tz or "UTC",
        help="The terminals here send their local time without a zone.",
    )
    terminal_ids = fields.One2many("nets.terminal", "location_id", "Terminals")

    @api.depends("name", "parent_id.complete_name")
    def _compute_complete_name(self):
        for location in self:
            names = [location.parent_id.complete_name, location.name]
            location.complete_name = " / ".join(filter(None, names))

    @api.depends_context("hierarchical_naming")
    def _compute_display_name(self):
        # in a tree, such as the search panel's, the group's name would be there twice
        if self.env.context.get("hierarchical_naming", True):
            return super()._compute_display_name()
        for location in self:
            location.display_name = location.name

    # === CRUD METHODS === #

    def write(self, vals):
        sites = self.with_context(active_test=False)
        if sites.filtered(lambda site: site.company_id.id != vals.get("company_id", site.company_id.id)).terminal_ids:
            raise refusal(self.env, "site_with_terminals")
        if "tz" in vals:
            # by the zone it is told which result is the newer one
            terminals = sites.terminal_ids
            terminals._check_not_in_use()
            terminals._set_last_result(None)
        return super().write(vals)
