from odoo import Command, fields, models

from .const import POS_TERMINAL_CODE


class NetsAccount(models.Model):
    _inherit = "nets.account"

    reconciliation_at_closing = fields.Boolean(
        "Reconciliation on closing a Point of Sale",
        tracking=True,
        help="Close the session of the terminals together with the session of the Point of Sale that used them.",
    )

    def _books_are_set_up(self):
        methods = self._pos_card_methods()
        return super()._books_are_set_up() and (methods.outstanding_account_id == self.clearing_account_id)

    def _set_up_books(self):
        """The Point of Sale books on the clearing account, too: a payment method *Card* there, or those that take
        cards on these terminals already."""
        notes = super()._set_up_books()
        values = {"journal_id": self.clearing_journal_id.id, "outstanding_account_id": self.clearing_account_id.id}
        methods = self._pos_card_methods()
        if not methods:
            method = methods.create(
                {
                    "name": self._pos_method_name(),
                    "company_id": self.company_id.id,
                    "payment_method_type": "terminal",
                    "use_payment_terminal": POS_TERMINAL_CODE,
                    "nets_terminal_ids": [Command.set(self._pos_terminals().ids)] if self._pos_has_others() else False,
                    **values,
                }
            )
            return notes + self._pos_offer_at_registers(method)
        in_use = methods & self._pos_open_registers().payment_method_ids
        for method in methods - in_use:
            # the other currencies keep the journal that has theirs
            if (method.journal_id.currency_id or self.company_id.currency_id) == self.company_id.currency_id:
                method.write(values)
        if in_use:
            notes.append(
                self.env._(
                    "%(methods)s can't be changed while a session of the Point of Sale is open. Close it, and press "
                    "the button again.",
                    methods=", ".join(in_use.mapped("name")),
                )
            )
        return notes

    def _pos_method_name(self):
        """A register mostly has a method *Card* already, for a terminal that stands alone: two buttons would be called
        the same."""
        name = self.env._("Card")
        taken = (
            self.env["pos.payment.method"]
            .sudo()
            .search([("company_id", "=", self.company_id.id), ("name", "=", name)], limit=1)
        )
        return self.env._("Card terminal") if taken else name

    def _pos_offer_at_registers(self, method):
        """Offer a new method at all registers of the company.

        :return: list of texts, where a person has to
        """
        registers = self.env["pos.config"].sudo().search([("company_id", "=", self.company_id.id)])
        registers = registers.filtered(lambda config: config.currency_id == self.company_id.currency_id)
        in_use = registers & self._pos_open_registers()
        for config in registers - in_use:
            config.payment_method_ids += method
        if not in_use:
            return []
        return [
            self.env._(
                "The session of %(registers)s is open. Once it is closed, add the payment method %(method)s there, in "
                "the settings of the Point of Sale.",
                registers=", ".join(in_use.mapped("name")),
                method=method.name,
            )
        ]

    def _pos_open_registers(self):
        """:return: pos.config, with all rights: those whose payment methods can't be changed"""
        return self.env["pos.session"].sudo().search([("state", "!=", "closed")]).config_id

    def _pos_card_methods(self):
        """:return: pos.payment.method, with all rights: those that take cards on this account's terminals alone"""
        methods = self.env["pos.payment.method"].sudo()
        found = methods.search(
            [("use_payment_terminal", "=", POS_TERMINAL_CODE), ("company_id", "=", self.company_id.id)]
        )
        if self._pos_has_others():
            own = self._pos_terminals()
            return found.filtered(lambda method: method.nets_terminal_ids and method.nets_terminal_ids <= own)
        return found

    def _pos_terminals(self):
        return self.sudo().terminal_ids.filtered(lambda terminal: terminal.currency_id == self.company_id.currency_id)

    def _pos_has_others(self):
        """Whether the company has another NETS account, whose terminals book elsewhere."""
        return bool(
            self.sudo().search_count([("company_id", "=", self.company_id.id), ("id", "not in", self.ids)], limit=1)
        )
