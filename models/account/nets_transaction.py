from odoo import Command, fields, models
from odoo.tools import format_date

from ...const import NOT_CHARGED_STATES
from ...messages import refusal


class NetsTransaction(models.Model):
    """Transactions that pay invoices: what the engine's hooks *book* and *tell* do for them."""

    _inherit = "nets.transaction"

    origin = fields.Selection(selection_add=[("invoice", "Invoice")], ondelete={"invoice": "set default"})
    invoice_ids = fields.Many2many("account.move", string="Invoices", readonly=True, copy=False)
    # The receivable lines to reconcile with, chosen when reserving.
    line_ids = fields.Many2many("account.move.line", string="Journal items", readonly=True, copy=False)
    payment_id = fields.Many2one("account.payment", readonly=True, copy=False, index="btree_not_null")

    def _book_charge(self):
        """Register the charged amount as a payment, reconcile what is still open, leave the rest as credit.

        Rule 12: the amount is what was charged and the date is the charge's, whatever happened to the invoice.
        """
        if self.origin != "invoice":
            return super()._book_charge()
        lines = self._open_lines()
        self._make_payment(lines)
        self.env["account.payment.register"]._reconcile_payments([{"payment": self.payment_id, "to_reconcile": lines}])
        # also where nothing was open any more: the invoice shows what was paid for it
        self._settled_moves().matched_payment_ids |= self.payment_id
        return self._booking_note(self.payment_id)

    def _make_payment(self, lines):
        """Make and post the payment; see `_book_charge`.

        :param lines: what it is to be matched with
        """
        values = self._prepare_payment_values(lines)
        method_line = self.env["account.payment.method.line"].browse(values["payment_method_line_id"])
        # With the Accounting app, a method line without an outstanding account makes no journal entry: the invoice
        # would stay due, and could be charged again. A charge must always have one.
        register = self.env["account.payment.register"].with_context(
            force_payment_move=not method_line.payment_account_id
        )
        to_process = [{"create_vals": values}]
        self.payment_id = register._init_payments(to_process)
        register._post_payments(to_process)

    def _purpose(self):
        """Hook: what was paid, for people."""
        return ", ".join(self.sudo().invoice_ids.mapped("display_name"))

    def _settled_moves(self):
        """The documents that this transaction's payment is matched with."""
        return self.invoice_ids

    def _open_lines(self):
        """What is still due of what this charge was for. The lines are others than those chosen when reserving where
        the invoice was reset to draft meanwhile."""
        lines = self.line_ids | self._settled_moves().line_ids.filtered(
            lambda line: line.account_id.id == self.booking_values["destination_account_id"]
        )
        return lines.filtered(lambda line: line.parent_state == "posted" and not line.reconciled)

    def _prepare_payment_values(self, lines):
        values = dict(self.booking_values)
        write_off_lines = values.pop("write_off_line_vals")
        residual = values.pop("residual")
        as_asked = (
            self.currency_id.compare_amounts(self.charged_amount, self.amount) == 0
            and set(lines) == set(self.line_ids)
            and self.currency_id.compare_amounts(abs(sum(lines.mapped("amount_residual_currency"))), residual) == 0
        )
        if not self.env["account.payment.method.line"].browse(values["payment_method_line_id"]).exists():
            # taken off the journal meanwhile, perhaps to be added anew
            journal = self.env["account.journal"].browse(values["journal_id"])
            values["payment_method_line_id"] = journal._nets_method_line(values["payment_type"]).id
        values |= {
            "date": self.charge_date,
            "amount": abs(self.charged_amount),
            "memo": " · ".join(filter(None, [values["memo"], self._payment_reference()])),
            "payment_reference": self.order_id,
            # A discount belongs to the payment it was granted for: not when anything changed meanwhile.
            "write_off_line_vals": write_off_lines if as_asked else [],
        }
        return values

    def _payment_reference(self):
        """What an accountant needs to find the charge in what NETS pays out."""
        return "/".join(filter(None, [self.terminal_identifier, self.session_number, self.stan]))

    def _booking_note(self, payment):
        notes = []
        if payment.move_id and payment.move_id.date != self.charge_date:
            notes.append(
                self.env._(
                    "The card was charged on %(charge_date)s. A lock date doesn't allow an entry on that day, so the "
                    "payment is booked on %(booking_date)s.",
                    charge_date=format_date(self.env, self.charge_date),
                    booking_date=format_date(self.env, payment.move_id.date),
                )
            )
        _liquidity, counterpart, _writeoff = payment._seek_for_lines()
        credit = abs(sum(counterpart.mapped("amount_residual_currency")))
        if not self.currency_id.is_zero(credit):
            notes.append(self._leftover_note(credit))
        if self.tip_amount or self.surcharge_amount:
            notes.append(
                self.env._(
                    "%(extra)s of the charge was added on the terminal as a tip or surcharge.",
                    extra=self._format_amount(self.tip_amount + self.surcharge_amount),
                )
            )
        note = " ".join(notes)
        for invoice in self.invoice_ids:
            if note:
                invoice.message_post(body=note)
        return note

    def _leftover_note(self, amount):
        return self.env._(
            "%(credit)s of the charge is more than what was still due. It is the customer's credit: refund it, "
            "or match it with another invoice.",
            credit=self._format_amount(amount),
        )

    def _tell_targets(self):
        return super()._tell_targets() + [(invoice, "nets_connect_cloud") for invoice in self.invoice_ids]

    def retry(self, request_id, terminal_id):
        """Ask once more for a payment that was not charged.

        :param str request_id: made by the client, new for each press
        :param int terminal_id: where to charge now
        :return: what `read_progress` returns
        :raise UserError: where it can't be repeated; nothing was sent then
        """
        self.ensure_one()
        self._check_may_run()
        if existing := self._find_request(request_id):
            return existing.read_progress()
        if self.sudo().state not in NOT_CHARGED_STATES:
            raise refusal(self.env, "payment_not_failed")
        if waiting := self.invoice_ids._nets_wait_for_terminal(terminal_id, request_id):
            return [waiting]
        return self.invoice_ids._nets_start_card_payment(
            abs(self.amount), terminal_id, request_id, previous=self
        ).read_progress()

    def _reservation_values_of_invoices(self, lines, others):
        """The links of a reservation to what it pays.

        :param lines: account.move.line, to be reconciled with
        :param others: account.move that it concerns besides
        """
        return {
            "origin": "invoice",
            "invoice_ids": [Command.set((lines.move_id | others).ids)],
            "line_ids": [Command.set(lines.ids)],
        }
