import {AccountPaymentField} from "@account/components/account_payment_field/account_payment_field";
import {patch} from "@web/core/utils/patch";

/** The pop-over of a card payment under an invoice's total offers its refund. */
patch(AccountPaymentField.prototype, {
  onInfoClick(ev, line) {
    return super.onInfoClick(ev, {
      ...line,
      onNetsRefund: (action) => this.netsGiveBack(action, line),
    });
  },

  /**
   * @param {"action_refund" | "action_reverse"} method
   * @param {Object} line the row of the payment
   */
  async netsGiveBack(method, line) {
    this.popover.close();
    const action = await this.orm.call("nets.transaction", method, [[line.nets_transaction_id]], {
      context: {nets_invoice_id: this.props.record.resId},
    });
    this.action.doAction(action);
  },
});
