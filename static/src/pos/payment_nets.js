import {PaymentInterface} from "@point_of_sale/app/utils/payment/payment_interface";
import {register_payment_method} from "@point_of_sale/app/services/pos_store";

/**
 * What Odoo calls for payment methods with *NETS* as terminal. All that happens lives in `CardDesk` and its
 * `CardPayment`s, since a payment outlives the screen it was started on.
 */
export class PaymentNets extends PaymentInterface {
  get desk() {
    return this.pos.nets;
  }

  /** @returns {import("./card_payment").CardPayment} */
  paymentOf(uuid) {
    return this.desk.paymentOf({uuid});
  }

  /** Where the terminal isn't clear, the cashier chooses it first. */
  get fastPayments() {
    return Boolean(this.desk.terminalOf(this.payment_method_id));
  }

  /** @returns {Promise<boolean>} whether the card was charged, once that is known */
  sendPaymentRequest(uuid) {
    return this.paymentOf(uuid).charge();
  }

  /**
   * Aborting is a request: what the terminal answers to the payment decides.
   *
   * @returns {Promise<boolean>} false, since nothing is known yet
   */
  async sendPaymentCancel(order, uuid) {
    await this.paymentOf(uuid).abort();
    return false;
  }

  /** @returns {Promise<boolean>} whether the terminal reversed the payment, once that is known */
  sendPaymentReversal(uuid) {
    return this.paymentOf(uuid).reverse();
  }
}

register_payment_method("nets", PaymentNets);
