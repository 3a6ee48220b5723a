import {OrderSummary} from "@point_of_sale/app/screens/product_screen/order_summary/order_summary";
import {patch} from "@web/core/utils/patch";

/** What the customer is paying for stays as it is while the card runs. */
patch(OrderSummary.prototype, {
  async updateSelectedOrderline() {
    if (this.pos.refuseWhileCardRuns(this.currentOrder)) {
      this.numberBuffer.reset();
      return undefined;
    }
    return super.updateSelectedOrderline(...arguments);
  },

  async onOrderlineLongPress() {
    return this.pos.refuseWhileCardRuns(this.currentOrder)
      ? false
      : super.onOrderlineLongPress(...arguments);
  },
});
