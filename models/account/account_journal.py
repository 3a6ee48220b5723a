from odoo import fields, models

from .const import PAYMENT_METHOD_CODE


class AccountJournal(models.Model):
    _inherit = "account.journal"

    def _default_inbound_payment_methods(self):
        methods = super()._default_inbound_payment_methods()
        if self._is_payment_method_available(PAYMENT_METHOD_CODE):
            methods |= self.env.ref("nets_connect_cloud.account_payment_method_nets_in")
        return methods

    def _default_outbound_payment_methods(self):
        methods = super()._default_outbound_payment_methods()
        if self._is_payment_method_available(PAYMENT_METHOD_CODE):
            methods |= self.env.ref("nets_connect_cloud.account_payment_method_nets_out")
        return methods

    def _get_available_payment_method_lines(self, payment_type):
        """*Card* isn't offered in a company where nobody could take a card."""
        lines = super()._get_available_payment_method_lines(payment_type)
        ours = lines.filtered(lambda line: line.code == PAYMENT_METHOD_CODE)
        if ours and not self.env["nets.terminal"]._is_any_near(self.company_id):
            lines -= ours
        return lines

    def _fill_bank_cash_dashboard_data(self, dashboard_data):
        """The accounting dashboard counts the card transactions that wait for a person."""
        super()._fill_bank_cash_dashboard_data(dashboard_data)
        transactions = self.env["nets.transaction"]
        if not transactions.has_access("read"):
            return
        for journal in self.filtered(lambda journal: journal.id in dashboard_data):
            open_ones = transactions.sudo().search_count(
                fields.Domain("company_id", "=", journal.company_id.id) & transactions._overdue_domain()
            )
            takes_cards = bool(journal._nets_method_line("inbound"))
            dashboard_data[journal.id]["nets_open_count"] = open_ones if takes_cards else 0
            dashboard_data[journal.id]["nets_differs_count"] = journal._nets_differing_sessions() if takes_cards else 0

    def _nets_differing_sessions(self):
        """:return: how many sessions of the terminals that book here differ from what was recorded, and nobody has
        agreed"""
        reports = self.env["nets.report"]
        if not reports.has_access("read"):
            return 0
        return reports.search_count(
            [
                ("company_id", "=", self.company_id.id),
                ("terminal_id.journal_id", "in", (self.id, False)),
                ("agreement", "=", "differs"),
                ("agreed_at", "=", False),
            ]
        )

    def _nets_add_payment_method_lines(self):
        """Offer *Card* on journals that don't have it yet, under the name that their company's people read: it is kept
        in one language, as with all of Odoo's payment methods."""
        methods = self.env.ref("nets_connect_cloud.account_payment_method_nets_in") | self.env.ref(
            "nets_connect_cloud.account_payment_method_nets_out"
        )
        lines = self.env["account.payment.method.line"]
        for journal in self:
            present = journal.inbound_payment_method_line_ids | journal.outbound_payment_method_line_ids
            missing = methods - present.payment_method_id
            for method in missing.with_context(lang=journal.company_id.partner_id.lang):
                lines.create({"payment_method_id": method.id, "journal_id": journal.id, "name": method.name})

    def _nets_method_line(self, payment_type):
        """The journal's *Card* line, whether or not there still is a terminal: what was charged is booked.

        :param str payment_type: `inbound` or `outbound`
        :return: account.payment.method.line, perhaps empty
        """
        self.ensure_one()
        lines = self[f"{payment_type}_payment_method_line_ids"]
        return lines.filtered(lambda line: line.code == PAYMENT_METHOD_CODE)[:1]

    def _nets_clearing_lines(self):
        """:return: account.payment.method.line, *Card* of these journals, incoming and outgoing"""
        lines = self.inbound_payment_method_line_ids | self.outbound_payment_method_line_ids
        return lines._nets_card_lines()
