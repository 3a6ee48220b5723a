from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...const import NOT_CHARGED_STATES
from ...messages import refusal
from .const import POS_TERMINAL_CODE

# What says that a line was paid on a terminal.
PROVEN_STATUSES = ("done", "reversed", "reversing")
# What moves money from one place to another.
MONEY_FIELDS = ("amount", "payment_method_id", "pos_order_id")


class PosPayment(models.Model):
    """A payment line that a terminal charges: what it says is its transaction's to decide, not the till's (rule 14).

    A till may know less than the server, and sends what it knows: that is corrected silently, and the till learns it
    from the answer. What a person does on purpose is refused with words. Nothing here asks who is calling: a value is
    right where it is the transaction's own.
    """

    _inherit = "pos.payment"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self._nets_check_unused([vals["uuid"] for vals in vals_list if vals.get("uuid")])
        vals_list = [self._nets_check_new(vals) for vals in vals_list]
        orders = self.env["pos.order"].browse({vals["pos_order_id"] for vals in vals_list if vals.get("pos_order_id")})
        with orders._nets_guarded():
            return super().create(vals_list)

    def write(self, vals):
        # what a line is called by till and server never changes
        vals = {name: value for name, value in vals.items() if name != "uuid"}
        known = self.env["nets.transaction"]._pos_of_lines(self.mapped("uuid"))
        charged = self.filtered(lambda payment: payment.uuid in known)
        orders = self.env["pos.order"]
        if any(name in vals for name in MONEY_FIELDS):
            orders = self.pos_order_id | orders.browse(vals.get("pos_order_id"))
        result = True
        with orders._nets_guarded():
            for payment in charged:
                said = payment._nets_check_own(known[payment.uuid], vals)
                result = super(PosPayment, payment).write(said)
            if others := self - charged:
                result = super(PosPayment, others).write(others._nets_check_change(vals))
        return result

    def unlink(self):
        with self.pos_order_id._nets_guarded():
            return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_charged(self):
        known = self.env["nets.transaction"]._pos_of_lines(self.mapped("uuid"))
        for transaction in known.values():
            # a line that the terminal reversed stands for nothing any more
            if transaction._pos_line_values()["payment_status"] != "reversed":
                raise UserError(transaction._pos_in_the_way().as_text())
        orders = self.pos_order_id
        orders._nets_lock()
        orders._nets_check_resolved()

    # === ACTION METHODS === #

    @api.model
    def action_nets_without_transaction(self):
        """List the card payments of paid orders that no terminal charged: rule 15, outside of a session's closing.

        An action and no filter: a till loads each field of this model, for each of its payments.
        """
        action = self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.pos_payment_unproven_action")
        return action | {"domain": [("id", "in", self._nets_without_charge().ids)]}

    def action_nets_transactions(self):
        """Show what terminals did for these payments."""
        action = self.env["ir.actions.act_window"]._for_xml_id("nets_connect_cloud.nets_transaction_pos_action")
        return action | {"domain": [("pos_payment_id", "in", self.ids)]}

    # === BUSINESS METHODS === #

    @api.model
    def _nets_without_charge(self, session=None):
        """Card payments of paid orders that no terminal charged. The guards below let none be made; they come from
        elsewhere, for example from an import, or from another program that writes into the database.

        What was paid before its method took cards on terminals isn't one of them.

        :param session: pos.session, all where not given
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """SELECT payment.id
                     FROM pos_payment payment
                     JOIN pos_payment_method method ON method.id = payment.payment_method_id
                     JOIN pos_order "order" ON "order".id = payment.pos_order_id
                    WHERE method.use_payment_terminal = %(terminal)s
                      AND payment.payment_date >= method.nets_since
                      AND payment.amount <> 0
                      AND "order".state NOT IN ('draft', 'cancel')
                      AND %(of_session)s
                      AND NOT EXISTS (SELECT FROM nets_transaction transaction
                                       WHERE transaction.pos_payment_id = payment.id
                                         AND transaction.state NOT IN %(not_charged)s
                                         AND transaction.without_order IS NOT TRUE)
                 ORDER BY payment.id DESC""",
                terminal=POS_TERMINAL_CODE,
                of_session=SQL("payment.session_id = %s", session.id) if session else SQL("TRUE"),
                not_charged=tuple(NOT_CHARGED_STATES),
            )
        )
        return self.browse([row[0] for row in self.env.cr.fetchall()])._filtered_access("read")

    def _nets_check_without_charge(self):
        """:raise UserError: where this isn't a card payment of a paid order that no terminal charged"""
        if self not in self._nets_without_charge(self.session_id):
            raise refusal(self.env, "payment_has_charge")

    def _nets_transaction(self):
        """What runs on this line, or charged it; with all rights, perhaps empty."""
        self.ensure_one()
        transactions = self.env["nets.transaction"]
        return transactions._pos_of_lines([self.uuid]).get(self.uuid, transactions)

    def _nets_check_terminal_method(self):
        """:raise UserError: where the line's method takes no cards on NETS terminals"""
        if not self.payment_method_id._nets_is_terminal():
            raise refusal(self.env, "method_not_nets", method=self.payment_method_id.name)

    @api.model
    def _nets_check_unused(self, uuids):
        """:raise UserError: where a line that a terminal was used for would be made again: the proof of its charge is
        its transaction's link to the first one"""
        if uuids and self.env["nets.transaction"].sudo().search_count([("pos_payment_uuid", "in", uuids)], limit=1):
            raise refusal(self.env, "line_used")

    @api.model
    def _nets_check_new(self, vals):
        """:return: `vals` as they may be created
        :raise UserError: where an order can't have another payment line now"""
        order = self.env["pos.order"].browse(vals.get("pos_order_id"))
        order._nets_lock()
        is_card = self.env["pos.payment.method"].browse(vals.get("payment_method_id"))._nets_is_terminal()
        if not (is_card and self.env["nets.transaction"]._pos_wait_for_booking(order)):
            # the next card's line moves no money, and waits automatically for the booking of the one before
            order._nets_check_resolved()
        if not is_card:
            return vals
        if order.state != "draft":
            self._nets_refuse_recording()
        return {**vals, "payment_status": self._nets_unproven(vals.get("payment_status")) or "pending"}

    def _nets_check_own(self, transaction, vals):
        """:return: `vals` with what the transaction says, for all that it says
        :raise UserError: where the payment of an order that is paid should become another"""
        said = transaction._pos_line_values()
        if self.pos_order_id.state != "draft" and self._nets_moved_money(vals):
            raise UserError(transaction._pos_in_the_way().as_text())
        return {name: said.get(name, value) for name, value in vals.items()}

    def _nets_check_change(self, vals):
        """:return: `vals` as they may be written on lines that nothing runs on, and that nothing charged
        :raise UserError: while another card line of the order is unresolved, or where one is made up"""
        moved = self.filtered(lambda payment: payment._nets_moved_money(vals))
        if moved:
            orders = moved.pos_order_id | self.env["pos.order"].browse(vals.get("pos_order_id"))
            orders._nets_lock()
            orders._nets_check_resolved()
        method = self.env["pos.payment.method"].browse(vals.get("payment_method_id"))
        if not (method or self.payment_method_id)._nets_is_terminal():
            return vals
        if any(payment.pos_order_id.state != "draft" for payment in moved):
            self._nets_refuse_recording()
        if "payment_status" in vals and not self._nets_unproven(vals["payment_status"]):
            vals = {name: value for name, value in vals.items() if name != "payment_status"}
        return vals

    def _nets_moved_money(self, vals):
        """Whether these values would change how much is paid, how, or for what."""
        self.ensure_one()
        return any(
            self.currency_id.compare_amounts(vals[name] or 0, self.amount) != 0
            if name == "amount"
            else (vals[name] or False) != self[name].id
            for name in MONEY_FIELDS
            if name in vals
        )

    @api.model
    def _nets_unproven(self, status):
        """:return: the status, empty where it claims what only a transaction can prove"""
        return False if status in PROVEN_STATUSES else status

    def _nets_refuse_recording(self):
        raise refusal(self.env, "card_by_hand")

    def _nets_is_paid(self):
        """Whether this line stands for money that was paid."""
        self.ensure_one()
        if self.payment_method_id._nets_is_terminal():
            return self.payment_status in PROVEN_STATUSES
        # lines without a terminal have no status
        return not self.payment_status or self.payment_status in PROVEN_STATUSES
