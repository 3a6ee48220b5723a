import {PosOrder} from "@point_of_sale/app/models/pos_order";
import {patch} from "@web/core/utils/patch";

patch(PosOrder.prototype, {
  /** Without a status, core takes a line of a refund for paid before anything was sent. */
  addPaymentline() {
    const result = super.addPaymentline(...arguments);
    if (result.status && result.data.isNets() && !result.data.payment_status) {
      result.data.setPaymentStatus("pending");
    }
    return result;
  },

  get hasBindingCard() {
    return this.payment_ids.some((line) => line.isBinding());
  },

  /** Prices and taxes stay what they are once a card is asked for them, no matter who the customer turns out to be. */
  updatePricelistAndFiscalPosition() {
    return this.hasBindingCard ? undefined : super.updatePricelistAndFiscalPosition(...arguments);
  },

  setPricelist() {
    return this.hasBindingCard ? undefined : super.setPricelist(...arguments);
  },

  /**
   * With cash rounding of all methods, what a terminal adds may leave less than a coin to pay. A card that pays what the
   * order comes to before it is rounded has paid it.
   */
  get remainingDue() {
    const due = super.remainingDue;
    const isRounding =
      this.config.hasGlobalRounding &&
      Math.abs(due) < this.config.rounding_method.rounding &&
      this.currency.round(Math.abs(this.priceIncl) - Math.abs(this.amountPaid)) <= 0;
    return isRounding && this.hasBindingCard ? 0 : due;
  },
});
