from odoo import Command, api, fields, models


class NetsTerminalFetch(models.TransientModel):
    """The terminals that an account may use, beside those that Odoo knows. What NETS said is the server's to write."""

    _name = "nets.terminal.fetch"
    _inherit = ["nets.server.fields"]
    _description = "Fetch the terminals of a NETS account"

    account_id = fields.Many2one("nets.account", "NETS account", required=True, readonly=True)
    company_id = fields.Many2one(related="account_id.company_id")
    location_id = fields.Many2one("nets.location", "Site of the new ones", domain="[('company_id', '=', company_id)]")
    makes_site = fields.Boolean(compute="_compute_makes_site")
    line_ids = fields.One2many("nets.terminal.fetch.line", "fetch_id", "Terminals")
    new_count = fields.Integer(compute="_compute_new_count")

    @api.depends("location_id", "company_id")
    def _compute_makes_site(self):
        for fetch in self:
            sites = self.env["nets.location"].search_count([("company_id", "=", fetch.company_id.id)], limit=1)
            fetch.makes_site = not fetch.location_id and not sites

    @api.depends("line_ids.status", "line_ids.wanted")
    def _compute_new_count(self):
        for fetch in self:
            fetch.new_count = len(fetch._lines_to_import())

    def _lines_to_import(self):
        return self.line_ids.filtered(lambda line: line.status == "new" and line.wanted)

    @api.model
    def _for_account(self, account, identifiers):
        """Compare what NETS says with what Odoo knows.

        :param account: nets.account
        :param identifiers: the ids of the terminals that the account may use
        :return: nets.terminal.fetch
        """
        terminals = (
            self.env["nets.terminal"]
            .sudo()
            .with_context(active_test=False)
            .search([("environment", "=", account.environment)])
        )
        known = {terminal.identifier: terminal for terminal in terminals}
        lines = []
        for identifier in identifiers:
            terminal = known.get(identifier)
            if not terminal:
                name = self.env._("Terminal %(identifier)s", identifier=identifier)
                currency = account.company_id.currency_id.id
                new = {"identifier": identifier, "status": "new", "name": name, "wanted": True, "currency_id": currency}
                lines.append(new)
            elif terminal.account_id != account:
                lines.append({"identifier": identifier, "status": "elsewhere"})
            else:
                status = "known" if terminal.active else "archived"
                lines.append({"identifier": identifier, "status": status, **self._values_of(terminal)})
        lines += [
            {"identifier": terminal.identifier, "status": "refused", **self._values_of(terminal)}
            for terminal in terminals
            if terminal.account_id == account and terminal.active and terminal.identifier not in identifiers
        ]
        locations = self.env["nets.location"].search([("company_id", "=", account.company_id.id)], limit=2)
        fetch = self.sudo().create(
            {
                "account_id": account.id,
                "location_id": locations.id if len(locations) == 1 else False,
                "line_ids": [Command.create(line) for line in lines],
            }
        )
        return fetch.sudo(False)

    @api.model
    def _values_of(self, terminal):
        return {"name": terminal.name, "currency_id": terminal.currency_id.id}

    def action_import(self):
        """Make the chosen new terminals known to Odoo."""
        self.ensure_one()
        self.account_id.check_access("write")
        location = self.location_id
        if self.makes_site and self._lines_to_import():
            # Terminals send their local time: without a site nobody would know which one that is.
            values = {"name": self.company_id.name, "company_id": self.company_id.id}
            location = location.create(values)
        terminals = self.env["nets.terminal"].create(
            [
                {
                    "name": line.name or line.identifier,
                    "identifier": line.identifier,
                    "account_id": self.account_id.id,
                    "location_id": location.id,
                    "currency_id": (line.currency_id or self.account_id.company_id.currency_id).id,
                }
                for line in self._lines_to_import()
            ]
        )
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_terminal_action"),
            "domain": [("id", "in", terminals.ids)] if terminals else [],
            "target": "main",
        }


class NetsTerminalFetchLine(models.TransientModel):
    _name = "nets.terminal.fetch.line"
    _inherit = ["nets.server.fields"]
    _description = "Terminal of a NETS account"
    _order = "id"

    fetch_id = fields.Many2one("nets.terminal.fetch", required=True, readonly=True, ondelete="cascade")
    identifier = fields.Char("Terminal ID", required=True, readonly=True)
    name = fields.Char()
    currency_id = fields.Many2one("res.currency", help="What the terminal charges in: NETS doesn't say it.")
    wanted = fields.Boolean("Import")
    status = fields.Selection(
        [
            ("new", "New"),
            ("known", "Imported already"),
            ("archived", "Archived"),
            ("elsewhere", "In another account or company"),
            ("refused", "Unknown to NETS, or no longer allowed"),
        ],
        required=True,
        readonly=True,
    )
