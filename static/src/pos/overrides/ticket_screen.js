import {TicketScreen} from "@point_of_sale/app/screens/ticket_screen/ticket_screen";
import {_t} from "@web/core/l10n/translation";
import {ask} from "@point_of_sale/app/utils/make_awaitable_dialog";
import {patch} from "@web/core/utils/patch";

patch(TicketScreen.prototype, {
  /**
   * @param {Object} order
   * @returns {Object | undefined} the card payment of a paid order that the terminal may still reverse as a whole
   */
  reversibleLine(order) {
    const lines = order?.payment_ids.filter((line) => line.isNets() && line.getAmount() > 0) || [];
    const isWhole = order?.lines.every((line) => line.qty > 0 && !line.refundedQty);
    return order?.finalized && isWhole && lines.length === 1 ? lines[0] : undefined;
  },

  /** What is charged, or may be, never looks unpaid. */
  getStatus(order) {
    const {nets} = this.pos;
    const running = !order.finalized && nets.runningLine(order);
    if (running) {
      return _t("Card running");
    }
    const charged = order.finalized ? [] : nets.chargedLines(order);
    if (charged.length) {
      const amount = charged.reduce((sum, line) => sum + line.getAmount(), 0);
      return _t("Card: %(amount)s paid", {amount: this.env.utils.formatCurrency(amount)});
    }
    return super.getStatus(...arguments);
  },

  /** Refund the whole order, and pay that by having the terminal reverse its payment. */
  async onReverseCard(order) {
    const original = this.reversibleLine(order);
    const amount = this.env.utils.formatCurrency(original.getAmount());
    const confirmed = await ask(this.dialog, {
      title: _t("Reverse the card payment"),
      body: _t(
        "The terminal reverses its last payment of %(amount)s, which refunds the whole order. No card is needed.",
        {amount}
      ),
      confirmLabel: _t("Reverse"),
    });
    if (!confirmed) {
      return;
    }
    this.state.selectedOrderlineIds[order.id] = order.lines[0].id;
    for (const line of order.lines) {
      this.getToRefundDetail(line).qty = line.qty;
    }
    await this.onDoRefund();
    const refund = this.pos.getOrder();
    if (refund.lines[0]?.refunded_orderline_id?.order_id !== order) {
      return;
    }
    const {nets} = this.pos;
    const line = nets.addRefundLine(refund, original.payment_method_id, -original.getAmount(), {
      reversal: true,
    });
    await nets.paymentOf(line).charge();
  },
});
