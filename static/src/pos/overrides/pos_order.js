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
});
