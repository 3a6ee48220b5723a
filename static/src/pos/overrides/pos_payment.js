import {PosPayment} from "@point_of_sale/app/models/pos_payment";
import {patch} from "@web/core/utils/patch";
import {RUNNING} from "../card_payment";

patch(PosPayment.prototype, {
  initState() {
    super.initState(...arguments);
    this.uiState = {...this.uiState, nets: {}};
  },

  /**
   * What a card line is to do besides its amount, kept through a reload.
   *
   * @returns {{reversal: boolean, refundOf: number | false, refundOfName: string}}
   */
  get nets() {
    return {reversal: false, refundOf: false, refundOfName: "", ...this.uiState?.nets};
  },

  isNets() {
    return this.payment_method_id?.use_payment_terminal === "nets";
  },

  /** Whether nothing was charged for it, and nothing runs. */
  isOpen() {
    return ["pending", "retry"].includes(this.payment_status);
  },

  /** Whether money moved, and has not been reversed. */
  isCharged() {
    return this.payment_status === "done" && this.amount !== 0;
  },

  /** Whether a card is charged, or may be at this moment. */
  isBinding() {
    return this.isNets() && (RUNNING.includes(this.payment_status) || this.isCharged());
  },

  /** What binds the order never loses its line. */
  delete(opts = {}) {
    if (opts.backend && this.isBinding()) {
      return false;
    }
    return super.delete(...arguments);
  },

  /** Its status says what became of the card, and not only *done* or *retry*. */
  pay() {
    if (this.isNets()) {
      return this.payment_method_id.payment_terminal.sendPaymentRequest(this.uuid);
    }
    return super.pay(...arguments);
  },
});
