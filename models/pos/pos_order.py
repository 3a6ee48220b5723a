from contextlib import contextmanager, nullcontext

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...const import NOT_CHARGED_STATES, UNRESOLVED_STATES
from ...messages import refusal
from ..engine.rows import lock_rows

# The states of an order that isn't paid.
OPEN_STATES = ("draft", "cancel")
# What an order is, besides its lines: it stays as it is while a card runs. The table comes with restaurants.
FROZEN_FIELDS = (
    "uuid",
    "company_id",
    "session_id",
    "config_id",
    "partner_id",
    "pricelist_id",
    "fiscal_position_id",
    "table_id",
)
# What stays as it is once a card was charged.
BOUND_FIELDS = ("uuid", "company_id")
# What is computed from the lines. A till may know less of them than the server.
TOTAL_FIELDS = ("amount_total", "amount_tax", "amount_paid", "amount_return", "is_tipped", "tip_amount")
GUARDED_FIELDS = {"lines", "payment_ids", *FROZEN_FIELDS, *TOTAL_FIELDS}
# The orders that are being changed, in the cache of the cursor: unlike a context, no client can set it.
CHANGING = "nets_connect_cloud.changing_orders"


class PosOrder(models.Model):
    """Orders that are paid on a terminal: nothing goes round a card that is being charged (rules 14, 18 and 19).

    All that changes an order or its lines passes `_nets_guarded`, and all that ends it `_nets_check_payable`.
    """

    _inherit = "pos.order"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if all((vals.get("state") or "draft") in OPEN_STATES for vals in vals_list):
            return super().create(vals_list)
        with self.env.cr.savepoint():
            orders = super().create(vals_list)
            orders.filtered(lambda order: order.state not in OPEN_STATES)._nets_check_payable()
        return orders

    def write(self, vals):
        if vals.get("state") == "cancel" or not vals.get("session_id", True):
            self._nets_check_removable()
        ending = vals.get("state", "draft") not in OPEN_STATES and any(order.state in OPEN_STATES for order in self)
        if not ending and not GUARDED_FIELDS & vals.keys():
            return super().write(vals)
        with self._nets_guarded(ending):
            return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charged(self):
        self._nets_check_removable()

    # === ACTION METHODS === #

    def action_nets_transactions(self):
        """Show what terminals did for these orders."""
        action = self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_transaction_pos_action")
        return action | {"domain": [("pos_order_id", "in", self.ids)]}

    # === RULE 19: FROZEN IN THE MODEL === #

    @contextmanager
    def _nets_guarded(self, ending=False, lock=False):
        """Change these orders, or their lines, no matter who asks for it.

        The change is compared when it is complete, since a till sends all that it knows, changed or not: an order whose
        card runs is what it was before; one that was charged hasn't become worth less than its cards; and one that ends
        is paid by what its lines say. Otherwise nothing of the change remains, also where its caller catches the error.

        :param bool ending: whether orders may end by it
        :param bool lock: whether it may leave the row of the order as it is, by which the next card would see it
        :raise UserError: saying what is in the way, and what to do
        """
        orders = self.browse(set(self.ids) - self.env.cr.cache.get(CHANGING, frozenset()))
        if lock:
            orders._nets_lock()
        kept = {order: order._nets_facts() for order in orders._nets_bound()}
        open_orders = self.filtered(lambda order: order.state in OPEN_STATES) if ending else self.browse()
        # where nothing is compared, there is nothing to go back from
        with self.env.cr.savepoint() if kept or open_orders else nullcontext():
            with orders._nets_unguarded():
                yield
            for order, facts in kept.items():
                order._nets_check_kept(facts)
            open_orders.filtered(lambda order: order.state not in OPEN_STATES)._nets_check_payable()

    @contextmanager
    def _nets_unguarded(self):
        """Change these orders without comparing what they were: as a part of a change that is compared, or because a
        charge itself changes them."""
        cache = self.env.cr.cache
        outer = cache.get(CHANGING, frozenset())
        cache[CHANGING] = outer | set(self.ids)
        try:
            yield
        finally:
            cache[CHANGING] = outer

    def _nets_bound(self):
        """:return: those of these orders that a card runs for, or was charged for"""
        cards = self.env["nets.transaction"].sudo()
        if self.ids:
            cards = cards.search(
                [
                    ("pos_order_id", "in", self.ids),
                    ("without_order", "=", False),
                    ("state", "not in", NOT_CHARGED_STATES),
                ]
            )
        return cards.pos_order_id.with_env(self.env)

    def _nets_facts(self):
        """What of an order that a card runs for, or was charged for, is compared.

        :return: (whether it isn't paid yet, what it is worth, what its payment lines come to, what mustn't change)
        """
        names, lines = BOUND_FIELDS, set()
        if self._nets_unresolved():
            names = FROZEN_FIELDS
            lines = {(line.id, line.product_id.id, line.qty) for line in self.lines}
        fixed = [lines, *(self[name] for name in names if name in self._fields)]
        return self.state in OPEN_STATES, self._nets_worth(), self._compute_amount_paid(), fixed

    def _nets_check_kept(self, facts):
        """:raise UserError: where a change of this order goes round a card"""
        was_open, was_worth, was_paid, was_fixed = facts
        _is_open, worth, paid, fixed = self._nets_facts()
        is_worth_kept = self.currency_id.compare_amounts(worth, was_worth) == 0
        is_paid_kept = self.currency_id.compare_amounts(paid, was_paid) == 0
        if fixed != was_fixed or (self._nets_unresolved() and not is_worth_kept):
            raise UserError((self._nets_unresolved() or self._nets_charged())[:1]._pos_in_the_way().as_text())
        if abs(worth) < abs(was_worth) or worth * was_worth < 0:
            self._nets_check_worth()
        if not was_open and not (is_worth_kept and is_paid_kept):
            raise refusal(self.env, "order_paid_stays", order=self._nets_name())
        if self.state == "draft":
            self._nets_refresh_totals()

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

    # === RULE 18: CHECKED AT EVERY END === #

    def _nets_check_payable(self):
        """The one check of the money of orders that end, through any door.

        :raise UserError: where one of these orders isn't paid by what its lines say
        """
        self._nets_lock()
        self._nets_check_resolved()
        for order in self:
            order._nets_check_paid()

    def _nets_check_paid(self):
        cards = self.payment_ids.filtered(lambda line: line.payment_method_id._nets_is_terminal())
        if not cards and not self._nets_bound():
            return
        charged = self._nets_charged()
        if unsigned := charged.filtered(lambda card: card.signature in ("required", "declined"))[:1]:
            raise UserError(unsigned._pos_unsigned().as_text())
        for line in cards.filtered(lambda line: not line.currency_id.is_zero(line.amount)):
            card = charged.filtered(lambda card, line=line: card.pos_payment_id == line)
            if not card or self.currency_id.compare_amounts(card.charged_amount, line.amount) != 0:
                raise refusal(
                    self.env,
                    "line_without_charge",
                    amount=line.currency_id.format(line.amount),
                    order=self._nets_name(),
                )
        self._nets_check_worth()
        worth, paid = self._nets_worth(), self._compute_amount_paid()
        if self.currency_id.compare_amounts(abs(worth - paid), self._nets_rounding()) > 0:
            raise refusal(
                self.env,
                "order_not_paid",
                order=self._nets_name(),
                paid=self.currency_id.format(paid),
                total=self.currency_id.format(worth),
            )

    def _nets_check_worth(self):
        """What is on this order is worth what cards are charged for it, regardless of what a till believes.

        :raise UserError: where somebody took off what a card pays: the difference would become change in cash
        """
        cards = self._nets_on_cards()
        if self.currency_id.is_zero(cards):
            return
        worth = self._nets_worth()
        sign = 1 if cards > 0 else -1
        if self.currency_id.compare_amounts(sign * (cards - worth), self._nets_rounding()) > 0:
            raise refusal(
                self.env,
                "order_below_cards",
                amount=self.currency_id.format(cards),
                order=self._nets_name(),
                total=self.currency_id.format(worth),
            )

    # === LOCK === #

    def _nets_lock(self):
        """Rule 3: only one at a time looks at what is due on these orders, or changes their payments. An order that no
        card can pay is left alone."""
        lock_rows(self.filtered(lambda order: order._nets_methods()._nets_is_terminal()))

    def _nets_methods(self):
        """The methods that these orders may be paid by, or that a line of theirs has since before that was changed."""
        return self.config_id.payment_method_ids | self.payment_ids.payment_method_id

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
        """The card transactions that these orders were charged or refunded by, and that weren't reversed."""
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

    def _nets_left(self, payment):
        """What may be asked on a payment line: what the lines of this order come to, less what the other payment lines
        paid of it. Money that went the other way raises nothing.

        :param payment: pos.payment, perhaps empty
        :return: float, negative in a refund
        """
        due = self._nets_due()
        sign = 1 if due > 0 else -1
        taken = sum(max(0, sign * line.amount) for line in self.payment_ids - payment if line._nets_is_paid())
        return self.currency_id.round(sign * max(0, abs(due) - taken))

    def _nets_due(self):
        """What is to be paid in all: what the lines come to, or that as Odoo rounds it for cash, if that is more."""
        worth = self._nets_worth()
        rounded = self._get_rounded_amount(worth, force_round=True) if self.config_id.cash_rounding else worth
        return max(worth, rounded, key=abs)

    def _nets_totals(self):
        """:return: (total, taxes) of the lines of this order, computed here and not rounded for cash"""
        self.ensure_one()
        taxes = self.env["account.tax"]
        base_lines = self._prepare_tax_base_line_values()
        taxes._add_tax_details_in_base_lines(base_lines, self.company_id)
        taxes._round_base_lines_tax_details(base_lines, self.company_id)
        totals = taxes._get_tax_totals_summary(base_lines, self.currency_id, self.company_id)
        # Odoo computes those of refunds with the sign turned
        sign = -1 if self.amount_total < 0 else 1
        return tuple(
            self.currency_id.round(sign * totals[name]) for name in ("total_amount_currency", "tax_amount_currency")
        )

    def _nets_worth(self):
        """The total of the lines of this order: not what a client says that it is. Negative in a refund."""
        return self._nets_totals()[0]

    def _nets_rounding(self):
        """How far what is paid may be from what the lines come to, where Odoo rounds for cash. A card may be asked for
        the rounded total, and the terminal may add to that."""
        if not self.config_id.cash_rounding:
            return 0
        method = self.config_id.rounding_method
        return self.currency_id.round(method.rounding / (2 if method.rounding_method == "HALF-UP" else 1))

    # === WHAT THE TERMINAL ADDED === #

    def _nets_add_extra_lines(self, transaction):
        """Put the tip and the surcharge of a charge on the order, so that its total is what was charged."""
        self.ensure_one()
        tip, surcharge = transaction._extra_amounts()
        if not self.currency_id.is_zero(tip):
            transaction.pos_tip_line_id = self._nets_add_extra_line(self._nets_tip_product(), tip)
        if not self.currency_id.is_zero(surcharge):
            transaction.pos_surcharge_line_id = self._nets_add_extra_line(self._nets_surcharge_product(), surcharge)
        if transaction._pos_extra_lines():
            self._nets_refresh_totals()
        else:
            # nothing that a charge could fail to be booked for
            self._nets_write({"amount_paid": self._compute_amount_paid()})

    def _nets_remove_extra_lines(self, transaction):
        """Take off what `_nets_add_extra_lines` put on the order, after the terminal reversed the payment."""
        self.ensure_one()
        self._nets_write({"amount_paid": self._compute_amount_paid()})
        if extra := transaction._pos_extra_lines():
            with self._nets_unguarded():
                extra.unlink()
            self._nets_refresh_totals()

    def _nets_refresh_totals(self):
        """Compute what the till also computes, but without the lines that it doesn't know yet."""
        self.ensure_one()
        total, tax = self._nets_totals()
        paid = self._compute_amount_paid()
        tips = self.lines.filtered(lambda line: line.product_id == self._nets_tip_product())
        tip = sum(tips.mapped("price_subtotal_incl"))
        values = {
            "amount_total": total,
            "amount_tax": tax,
            "amount_paid": paid,
            "amount_difference": paid - total,
            "tip_amount": tip,
        }
        if any(self.currency_id.compare_amounts(self[name], value) for name, value in values.items()):
            self._nets_write({**values, "is_tipped": tip > 0})

    def _nets_write(self, vals):
        with self._nets_unguarded():
            self.write(vals)

    def _nets_add_extra_line(self, product, amount):
        """Add a line that raises the total by `amount`, to the cent.

        :return: pos.order.line
        """
        lines = self.env["pos.order.line"]
        taxes = product.taxes_id.filtered_domain(self.env["account.tax"]._check_company_domain(self.company_id))
        total = self.currency_id.round(self._nets_worth() + amount)
        with self._nets_unguarded():
            with self.env.cr.savepoint() as savepoint:
                line = lines.create(self._prepare_extra_line(product, taxes, amount))
                if self.currency_id.compare_amounts(self._nets_worth(), total) == 0:
                    return line
                savepoint.rollback()
            # Rounding of taxes gets in the way. The total has to be what was charged.
            return lines.create(self._prepare_extra_line(product, taxes.browse(), amount))

    def _prepare_extra_line(self, product, taxes, amount):
        """:param amount: with taxes"""
        applied = self.fiscal_position_id.map_tax(taxes)
        computed = applied.with_context(force_price_include=True).compute_all(
            amount, self.currency_id, 1, product=product, partner=self.partner_id
        )
        untaxed = computed["total_excluded"]
        return {
            "order_id": self.id,
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
