import {patch} from "@web/core/utils/patch";
import {PaymentPage} from "@pos_self_order/app/pages/payment_page/payment_page";

import {isNetsMethod, KioskCard} from "./kiosk_card";

patch(PaymentPage.prototype, {
  async startPayment() {
    const {selfOrder, selectedPaymentMethod: method} = this;
    if (!isNetsMethod(method)) {
      return super.startPayment(...arguments);
    }
    selfOrder.paymentError = false;
    // what is below stays as Odoo has it: its own way back is open where the card's page couldn't even begin
    const order = await selfOrder.sendDraftOrderToServer();
    if (!order) {
      selfOrder.paymentError = true;
      return undefined;
    }
    selfOrder.dialog.add(KioskCard, {order, method, selfOrder, back: () => this.back()});
    return undefined;
  },
});
