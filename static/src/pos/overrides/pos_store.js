import {AlertDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {PosStore} from "@point_of_sale/app/services/pos_store";
import {_t} from "@web/core/l10n/translation";
import {patch} from "@web/core/utils/patch";
import {CardDesk} from "../card_desk";

patch(PosStore.prototype, {
  async processServerData() {
    await super.processServerData(...arguments);
    this.nets = new CardDesk(this);
  },

  async afterProcessServerData() {
    const result = await super.afterProcessServerData(...arguments);
    // After a reload, a crash, or in another tab: what was running goes on.
    this.nets.resume();
    return result;
  },

  /** @returns {boolean} whether a card payment of this order is running, which the cashier then reads */
  refuseWhileCardRuns(order) {
    const running = this.nets.runningLine(order);
    if (running) {
      this.dialog.add(AlertDialog, this.nets.explainRunning(running));
    }
    return Boolean(running);
  },

  /** What the customer is paying for stays as it is while the card runs. */
  async addLineToOrder(vals, order) {
    return this.refuseWhileCardRuns(order) ? undefined : super.addLineToOrder(...arguments);
  },

  async setDiscountFromUI(line) {
    if (!this.refuseWhileCardRuns(line.order_id)) {
      await super.setDiscountFromUI(...arguments);
    }
  },

  /** An order with a card that is charged, or may be at this moment, isn't thrown away. */
  async _onBeforeDeleteOrder(order) {
    if (this.refuseWhileCardRuns(order)) {
      return false;
    }
    const charged = this.nets.chargedLine(order);
    if (charged) {
      this.dialog.add(AlertDialog, {
        title: _t("A card was charged"),
        body: _t(
          "A card was charged %(amount)s for this order. Reverse that payment first, or complete the order and refund it.",
          {amount: this.env.utils.formatCurrency(charged.getAmount())}
        ),
      });
      return false;
    }
    return await super._onBeforeDeleteOrder(...arguments);
  },

  /** A card takes a minute: it is paid in the payment screen, where the cashier sees what the terminal does. */
  async validateOrderFast(paymentMethod) {
    const order = this.getOrder();
    const isRunning = Boolean(this.nets.runningLine(order));
    if (!isRunning && paymentMethod.use_payment_terminal !== "nets") {
      return super.validateOrderFast(...arguments);
    }
    if (!isRunning) {
      this.nets.fastMethod = {orderUuid: order.uuid, paymentMethod};
    }
    await this.pay();
    if (this.router.state.current !== "PaymentScreen") {
      this.nets.fastMethod = null;
    }
    return false;
  },
});
