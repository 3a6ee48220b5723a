import {PaymentScreen} from "@point_of_sale/app/screens/payment_screen/payment_screen";
import {patch} from "@web/core/utils/patch";
import {useBus} from "@web/core/utils/hooks";
import {onMounted} from "@odoo/owl";

patch(PaymentScreen.prototype, {
  setup() {
    super.setup(...arguments);
    useBus(this.pos.nets.bus, "approved", ({detail}) => this.onCardApproved(detail.line));
    useBus(this.pos.nets.bus, "finalized", ({detail}) => this.onFinalizedElsewhere(detail.order));
    onMounted(() => this.onMountedNets());
  },

  onMountedNets() {
    const {nets} = this.pos;
    nets.resume(this.currentOrder.payment_ids.filter((line) => line.isNets()));
    const fast = nets.fastMethod;
    nets.fastMethod = null;
    if (fast?.orderUuid === this.currentOrder.uuid && !nets.runningLine(this.currentOrder)) {
      this.addNewPaymentLine(fast.paymentMethod);
    }
  },

  refuseWhileCardRuns() {
    return this.pos.refuseWhileCardRuns(this.currentOrder);
  },

  /** Another till has finished the order: nothing is left to do here but its receipt. */
  onFinalizedElsewhere(order) {
    if (order.uuid === this.currentOrder.uuid) {
      this.pos.navigate("ReceiptScreen", {orderUuid: order.uuid});
    }
  },

  onCardApproved(line) {
    const order = line.pos_order_id;
    if (order?.finalized) {
      this.onFinalizedElsewhere(order);
      return;
    }
    if (
      order?.uuid === this.currentOrder.uuid &&
      this.pos.config.auto_validate_terminal_payment &&
      order.isPaid() &&
      !order.isRefundInProcess() &&
      !this.pos.nets.runningLine(order) &&
      !this.pos.nets.unsignedLine(order)
    ) {
      this.validateOrder(false);
    }
  },

  async addNewPaymentLine(paymentMethod) {
    const order = this.currentOrder;
    await this.pos.nets.settling(order);
    if (this.refuseWhileCardRuns()) {
      return false;
    }
    for (const line of order.payment_ids.filter(
      (each) => each.isNets() && each.payment_status === "retry"
    )) {
      // Nothing was charged for it: another way to pay takes its place.
      order.removePaymentline(line);
    }
    if (paymentMethod.use_payment_terminal === "nets" && order.remainingDue < 0) {
      return this.addCardRefundLines(paymentMethod);
    }
    const unsent = order.payment_ids.find(
      (line) =>
        line.isNets() &&
        line.payment_method_id === paymentMethod &&
        line.payment_status === "pending"
    );
    if (unsent) {
      return this.sendUnsent(unsent);
    }
    return super.addNewPaymentLine(...arguments);
  },

  /** Pressed again: what isn't sent yet is meant, and not another card. */
  async sendUnsent(line) {
    this.currentOrder.selectPaymentline(line);
    if (line.payment_method_id.payment_terminal.fastPayments) {
      await this.sendPaymentRequest(line);
    }
    return true;
  },

  /** Money goes back to the cards it came from: a line for each of them, with what is left to refund. */
  async addCardRefundLines(paymentMethod) {
    const order = this.currentOrder;
    const cards = await this.pos.nets.refundableCards(order);
    let due = -order.remainingDue;
    const lines = [];
    for (const card of cards) {
      const amount = Math.min(card.left, due);
      if (this.pos.currency.isZero(amount)) {
        continue;
      }
      due = this.pos.currency.round(due - amount);
      lines.push(this.pos.nets.addRefundLine(order, paymentMethod, -amount, card));
    }
    if (!lines.length) {
      return order.addPaymentline(paymentMethod).status;
    }
    order.selectPaymentline(lines[0]);
    this.numberBuffer.reset();
    return true;
  },

  updateSelectedPaymentline() {
    if (this.pos.nets.runningLine(this.currentOrder)) {
      this.numberBuffer.reset();
      return;
    }
    super.updateSelectedPaymentline(...arguments);
  },

  async addTip() {
    if (!this.refuseWhileCardRuns()) {
      await super.addTip(...arguments);
    }
  },

  deletePaymentLine(uuid) {
    if (this.refuseWhileCardRuns()) {
      return;
    }
    const line = this.paymentLines.find((each) => each.uuid === uuid);
    if (line.isNets() && line.isCharged()) {
      return;
    }
    super.deletePaymentLine(...arguments);
  },

  async sendPaymentRequest(line) {
    if (line.isNets()) {
      this.numberBuffer.capture();
      await this.pos.nets.paymentOf(line).charge();
    } else if (!this.refuseWhileCardRuns()) {
      await super.sendPaymentRequest(...arguments);
    }
  },

  async sendPaymentCancel(line) {
    await (line.isNets()
      ? this.pos.nets.paymentOf(line).abort()
      : super.sendPaymentCancel(...arguments));
  },

  async sendPaymentReverse(line) {
    await (line.isNets()
      ? this.pos.nets.paymentOf(line).reverse()
      : super.sendPaymentReverse(...arguments));
  },

  /** What became of a card is settled with a reason, by a manager, in the line itself. */
  async sendForceDone(line) {
    if (!line.isNets()) {
      await super.sendForceDone(...arguments);
    }
  },
});
