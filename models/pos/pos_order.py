from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_is_zero

from ...const import UNRESOLVED_STATES
from ...messages import refusal
from ..engine.nets_transaction import lock_rows


class PosOrder(models.Model):
    """Orders that are paid on a terminal: nothing goes round a card that is being charged (rule 14)."""

    _inherit = "pos.order"

    # === CRUD METHODS === #

    def write(self, vals):
        state = vals.get("state")
        if state == "cancel":
            self._nets_check_removable()
        elif state == "paid" or (state == "done" and "draft" in self.mapped("state")):
            self._nets_check_payable()
        if "session_id" in vals:
            self._nets_check_move(vals["session_id"])
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charged(self):
        self._nets_check_removable()

    # === ACTION METHODS === #

    def action_nets_transactions(self):
        """Show what terminals did for these orders."""
        action = self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_transaction_pos_action")
        return action | {"domain": [("pos_order_uuid", "in", self.mapped("uuid"))]}

    # === RULE 14: NO WAY ROUND A CARD === #

    def _nets_check_resolved(self):
        """:raise UserError: while a card transaction of these orders is unresolved, with what to do"""
        if unresolved := self._nets_unresolved()[:1]:
            raise UserError(unresolved._pos_in_the_way().as_text())

    def _nets_check_removable(self):
        """:raise UserError: where a card is being charged, or was charged, for one of these orders"""
        self._nets_lock()
        self._nets_check_resolved()
        if charged := self._nets_charged()[:1]:
            raise UserError(charged._pos_in_the_way().as_text())

    def _nets_check_payable(self):
        """:raise UserError: where one of these orders isn't paid by what its lines say"""
        self._nets_lock()
        self._nets_check_resolved()
        if unsigned := self._nets_charged().filtered(lambda card: card.signature in ("required", "declined"))[:1]:
            raise UserError(unsigned._pos_unsigned().as_text())
        cards = self.payment_ids.filtered(
            lambda line: line.payment_method_id._nets_is_terminal() and not line.currency_id.is_zero(line.amount)
        )
        known = self.env["nets.transaction"]._pos_of_lines(cards.mapped("uuid"))
        for line in cards:
            if line.uuid not in known:
                raise refusal(
                    self.env,
                    "line_without_charge",
                    amount=line.currency_id.format(line.amount),
                    order=line.pos_order_id._nets_name(),
                )

    def _nets_check_move(self, session_id):
        """:raise UserError: where an order would leave the session that its card payment belongs to"""
        for order in self.filtered(lambda order: order.session_id.id != session_id):
            if not session_id:
                order._nets_check_removable()
            elif order.session_id.state != "closed":
                # out of a session that is closed it may go on in the next one
                order._nets_lock()
                order._nets_check_resolved()

    # === SYNC === #

    def _process_saved_order(self, draft):
        if self.state == "draft":
            self._nets_check_total()
        return super()._process_saved_order(draft)

    def _nets_check_total(self):
        """What is on this order is worth what cards are charged for it, whatever a till believes.

        :raise UserError: where somebody took off what a card pays: the difference would become change in cash
        """
        cards = self._nets_on_cards()
        if self.currency_id.is_zero(cards):
            return
        if self._nets_extra_lines(self._nets_charged()) or self._nets_is_below(cards):
            # a till that hasn't loaded all lines yet, or what the terminal added, sends a total without them
            self._nets_refresh_totals()
        if self._nets_is_below(cards):
            raise refusal(
                self.env,
                "order_below_cards",
                amount=self.currency_id.format(cards),
                order=self._nets_name(),
                total=self.currency_id.format(self.amount_total),
            )

    # === LOCK === #

    def _nets_lock(self):
        """Rule 3: only one at a time looks at what is due on these orders, or changes their payments."""
        lock_rows(self)

    def _nets_name(self):
        """What a person finds an order by: one that isn't paid has no name yet. Empty for no order."""
        return (self.name if self.name != "/" else self.pos_reference) or self.display_name or ""

    # === WHAT IS LEFT TO PAY === #

    def _nets_unresolved(self):
        """The card transactions of these orders that are running, of unknown result, or charged and not booked."""
        return (
            self.env["nets.transaction"]
            .sudo()
            .search(
                [
                    ("pos_order_id", "in", self.ids),
                    ("without_order", "=", False),
                    "|",
                    ("state", "in", UNRESOLVED_STATES),
                    ("to_book", "=", True),
                ]
            )
        )

    def _nets_charged(self):
        """The card transactions that these orders were charged or refunded by, and that weren't taken back."""
        transactions = (
            self.env["nets.transaction"]
            .sudo()
            .search(
                [
                    ("pos_order_id", "in", self.ids),
                    ("without_order", "=", False),
                    ("state", "=", "approved"),
                ]
            )
        )
        return transactions.filtered(
            lambda transaction: (
                not transaction._pos_takes_back_line() and transaction._pos_take_back().state != "approved"
            )
        )

    def _nets_charged_unpaid(self):
        """Of those of these orders that aren't paid: what they were charged, and is booked on them."""
        charged = self.filtered(lambda order: order.state == "draft")._nets_charged()
        return charged.filtered(lambda transaction: not transaction.to_book).sorted("id")

    def _nets_on_cards(self):
        """What of this order cards pay, or are asked for at this moment; signed."""
        cards = (self._nets_unresolved() | self._nets_charged()).filtered(lambda card: not card._pos_takes_back_line())
        # what the terminal adds is on the order once it is booked
        return sum(card.amount if card.to_book or card.state != "approved" else card.charged_amount for card in cards)

    def _nets_is_below(self, amount):
        """Whether this order is worth less than this; in a refund, whether it gives back less."""
        due = self._nets_due()
        return self.currency_id.compare_amounts(*((due, amount) if amount > 0 else (amount, due))) < 0

    def _nets_taken(self, payment):
        """What the lines besides this one have paid, signed."""
        return sum(line.amount for line in self.payment_ids - payment if line._nets_is_paid())

    def _nets_left(self, payment):
        """What may be asked on a payment line: the total, less what the other lines have paid. Negative in a refund."""
        return self.currency_id.round(self._nets_due() - self._nets_taken(payment))

    def _nets_due(self):
        """What is to be paid in all, as Odoo rounds it. Negative in a refund."""
        self.ensure_one()
        total = self.amount_total
        refunded = self.refunded_order_id
        if refunded and float_is_zero(refunded.amount_total + total, precision_rounding=self.currency_id.rounding):
            # as Odoo does: the whole order goes back as it was paid
            total = -refunded.amount_paid
        if self.config_id.cash_rounding:
            rounded = self._get_rounded_amount(total, force_round=True)
            total = max(total, rounded, key=abs)
        return total

    # === WHAT THE TERMINAL ADDED === #

    def _nets_add_extra_lines(self, transaction):
        """Put the tip and the surcharge of a charge on the order, so that its total is what was charged."""
        self.ensure_one()
        tip, surcharge = transaction._extra_amounts()
        if self.currency_id.is_zero(tip + surcharge):
            # nothing that a charge could fail to be booked for
            self.amount_paid = self._compute_amount_paid()
            return
        if not self.currency_id.is_zero(tip):
            self._nets_add_extra_line(transaction._pos_extra_line_uuid("tip"), self._nets_tip_product(), tip)
        if not self.currency_id.is_zero(surcharge):
            product = self._nets_surcharge_product()
            self._nets_add_extra_line(transaction._pos_extra_line_uuid("surcharge"), product, surcharge)
        self._nets_refresh_totals()

    def _nets_remove_extra_lines(self, transaction):
        """Take off what `_nets_add_extra_lines` put on the order, after the terminal took the payment back."""
        self.ensure_one()
        self.amount_paid = self._compute_amount_paid()
        if extra := self._nets_extra_lines(transaction):
            extra.unlink()
            self._nets_refresh_totals()

    def _nets_extra_lines(self, transactions):
        uuids = transactions._pos_extra_line_uuids()
        return self.lines.filtered(lambda line: line.uuid in uuids)

    def _nets_refresh_totals(self):
        """Compute what the till also computes, but without the lines that it doesn't know yet."""
        self.ensure_one()
        tips = self.lines.filtered(lambda line: line.product_id == self._nets_tip_product())
        tip = self.currency_id.round(sum(tips.mapped("price_subtotal_incl")))
        if self.currency_id.compare_amounts(tip, self.tip_amount) != 0:
            self.write({"is_tipped": tip > 0, "tip_amount": tip})
        self._compute_prices()

    def _nets_add_extra_line(self, line_uuid, product, amount):
        """Add a line that raises the total by `amount`, to the cent."""
        if self.lines.filtered(lambda line: line.uuid == line_uuid):
            return
        taxes = product.taxes_id.filtered_domain(self.env["account.tax"]._check_company_domain(self.company_id))
        self._compute_prices()
        total = self.currency_id.round(self.amount_total + amount)
        with self.env.cr.savepoint() as savepoint:
            self.env["pos.order.line"].create(self._prepare_extra_line(line_uuid, product, taxes, amount))
            self._compute_prices()
            if self.currency_id.compare_amounts(self.amount_total, total) == 0:
                return
            savepoint.rollback()
        # Rounding of taxes stands in the way. The total has to be what was charged.
        self.env["pos.order.line"].create(self._prepare_extra_line(line_uuid, product, taxes.browse(), amount))

    def _prepare_extra_line(self, line_uuid, product, taxes, amount):
        """:param amount: with taxes"""
        applied = self.fiscal_position_id.map_tax(taxes)
        computed = applied.with_context(force_price_include=True).compute_all(
            amount, self.currency_id, 1, product=product, partner=self.partner_id
        )
        untaxed = computed["total_excluded"]
        return {
            "order_id": self.id,
            "uuid": line_uuid,
            "product_id": product.id,
            "full_product_name": product.display_name,
            "qty": 1,
            "price_unit": amount if all(tax.price_include for tax in applied) else untaxed,
            "price_subtotal": untaxed,
            "price_subtotal_incl": amount,
            "tax_ids": [fields.Command.set(taxes.ids)],
        }

    def _nets_tip_product(self):
        products = self.config_id.tip_product_id | self.env["product.product"].browse(
            self.env["ir.model.data"]._xmlid_to_res_id("point_of_sale.product_product_tip")
        )
        usable = products.exists().filtered(
            lambda product: not product.company_id or product.company_id in self.company_id.parent_ids
        )
        return usable[:1] or self._nets_surcharge_product()

    def _nets_surcharge_product(self):
        return self.env.ref("nets_connect_cloud.product_surcharge")
