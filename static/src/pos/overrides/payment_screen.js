import {AlertDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {NumberPopup} from "@point_of_sale/app/components/popups/number_popup/number_popup";
import {PaymentScreen} from "@point_of_sale/app/screens/payment_screen/payment_screen";
import {_t} from "@web/core/l10n/translation";
import {enhancedButtons} from "@point_of_sale/app/components/numpad/numpad";
import {makeAwaitable} from "@point_of_sale/app/utils/make_awaitable_dialog";
import {parseFloat} from "@web/views/fields/parsers";
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
    const typed = this.typedLine;
    await this.pos.nets.settling(order);
    if (this.refuseWhileCardRuns()) {
      return false;
    }
    const isNets = paymentMethod.use_payment_terminal === "nets";
    for (const line of order.payment_ids.filter((each) => each.isNets())) {
      const isOther = line.payment_method_id !== paymentMethod;
      if (line.payment_status === "retry" || (line.payment_status === "pending" && isOther)) {
        // Nothing was charged for it: another way to pay takes its place.
        order.removePaymentline(line);
      }
    }
    if (isNets && typed?.pos_order_id === order && !order.isRefund) {
      // The amount was typed before it was said how that is paid.
      const amount = typed.getAmount();
      order.removePaymentline(typed);
      return this.payPartByCard(paymentMethod, amount);
    }
    if (isNets && order.remainingDue < 0) {
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

  /**
   * Charge a card for a part of what is due; the rest stays due.
   *
   * @param {Object} paymentMethod
   * @param {number} amount what is due, where it is more or nothing
   */
  async payPartByCard(paymentMethod, amount) {
    const order = this.currentOrder;
    const {status, data: line} = order.addPaymentline(paymentMethod);
    if (!status) {
      this.dialog.add(AlertDialog, {title: _t("Not possible now"), body: line});
      return false;
    }
    if (amount > 0 && amount < line.getAmount()) {
      line.setAmount(amount);
    }
    return this.sendUnsent(line);
  },

  /** Where there is room for no keys, the amount is asked for. */
  async splitOnCards(paymentMethod) {
    const order = this.currentOrder;
    await this.pos.nets.settling(order);
    if (this.refuseWhileCardRuns()) {
      return;
    }
    const amount = await makeAwaitable(this.dialog, NumberPopup, {
      title: _t("Amount on this card"),
      subtitle: _t("%(amount)s is due", {
        amount: this.env.utils.formatCurrency(order.remainingDue),
      }),
      buttons: enhancedButtons(),
    });
    if (amount) {
      for (const line of order.payment_ids.filter((each) => each.isNets() && each.isOpen())) {
        order.removePaymentline(line);
      }
      await this.payPartByCard(paymentMethod, parseFloat(amount));
    }
  },

  /** @returns {Object | undefined} the terminal method that a part of what is due can be paid with */
  get splitMethod() {
    return this.currentOrder.remainingDue > 0 && !this.pos.nets.runningLine(this.currentOrder)
      ? this.payment_methods_from_config.find(
          ({use_payment_terminal: terminal}) => terminal === "nets"
        )
      : undefined;
  },

  /** Odoo returns them in the order of their ids, the newest first: they stay where the cashier saw them. */
  get paymentLines() {
    const lines = super.paymentLines;
    if (!lines.some((line) => line.isNets())) {
      return lines;
    }
    const age = ({id}) => (typeof id === "number" ? id : Infinity);
    return [...lines].sort((a, b) => (age(a) === age(b) ? 0 : age(a) - age(b)));
  },

  updateSelectedPaymentline() {
    if (this.pos.nets.runningLine(this.currentOrder)) {
      this.numberBuffer.reset();
      return undefined;
    }
    const before = new Set(this.currentOrder.payment_ids);
    const result = super.updateSelectedPaymentline(...arguments);
    const selected = this.selectedPaymentLine;
    if (selected && !before.has(selected)) {
      // Odoo made a line of its first method for what was typed.
      this.typedUuid = selected.uuid;
    }
    return result;
  },

  /** @returns {Object | undefined} the line that typing made, as long as nothing else was chosen */
  get typedLine() {
    const line = this.selectedPaymentLine;
    return line && line.uuid === this.typedUuid && !line.isNets() ? line : undefined;
  },

  selectPaymentLine() {
    // now it is said how that amount is paid
    this.typedUuid = null;
    return super.selectPaymentLine(...arguments);
  },

  async addTip() {
    return this.refuseWhileCardRuns() ? undefined : super.addTip(...arguments);
  },

  deletePaymentLine(uuid) {
    const line = this.paymentLines.find((each) => each.uuid === uuid);
    const isKept = this.refuseWhileCardRuns() || (line.isNets() && line.isCharged());
    return isKept ? undefined : super.deletePaymentLine(...arguments);
  },

  async sendPaymentRequest(line) {
    if (line.isNets()) {
      this.numberBuffer.capture();
      return this.pos.nets.paymentOf(line).charge();
    }
    return this.refuseWhileCardRuns() ? undefined : super.sendPaymentRequest(...arguments);
  },

  async sendPaymentCancel(line) {
    return line.isNets()
      ? this.pos.nets.paymentOf(line).abort()
      : super.sendPaymentCancel(...arguments);
  },

  async sendPaymentReverse(line) {
    return line.isNets()
      ? this.pos.nets.paymentOf(line).reverse()
      : super.sendPaymentReverse(...arguments);
  },

  /** What became of a card is settled with a reason, by a manager, in the line itself. */
  async sendForceDone(line) {
    return line.isNets() ? undefined : super.sendForceDone(...arguments);
  },
});
