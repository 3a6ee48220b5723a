import {patch} from "@web/core/utils/patch";
import {SelfOrder} from "@pos_self_order/app/services/self_order_service";

import {isNetsMethod} from "./kiosk_card";

/** Cards are a way of payment at a kiosk: the customer is led to the page of payment. */
patch(SelfOrder.prototype, {
  async setup() {
    await super.setup(...arguments);
    this.netsListeners = new Set();
    this.data.connectWebSocket("NETS_TRANSACTION", () =>
      this.netsListeners.forEach((hear) => hear())
    );
  },

  /**
   * Hear that something became known of a card payment of this Point of Sale, perhaps of another kiosk's.
   *
   * @param {() => void} hear
   * @returns {() => void} stops it
   */
  onNetsNews(hear) {
    this.netsListeners.add(hear);
    return () => this.netsListeners.delete(hear);
  },

  filterPaymentMethods(methods) {
    const others = super.filterPaymentMethods(...arguments);
    const cards = this.kioskMode ? methods.filter(isNetsMethod) : [];
    return [...new Set([...others, ...cards])];
  },
});
