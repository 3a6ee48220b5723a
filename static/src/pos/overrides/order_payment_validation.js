import {AlertDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import OrderPaymentValidation from "@point_of_sale/app/utils/order_payment_validation";
import {_t} from "@web/core/l10n/translation";
import {patch} from "@web/core/utils/patch";

patch(OrderPaymentValidation.prototype, {
  /** Core deletes unfinished payment lines here: no way round a card that may be charged at this moment. */
  async validateOrder() {
    const {nets, dialog} = this.pos;
    await nets.settling(this.order);
    if (this.pos.refuseWhileCardRuns(this.order)) {
      return false;
    }
    if (nets.isOvercharged(this.order)) {
      dialog.add(AlertDialog, nets.explainOvercharged(this.order));
      return false;
    }
    if (nets.unsignedLine(this.order)) {
      dialog.add(AlertDialog, {
        title: _t("Check the signature"),
        body: _t(
          "The card was charged on a signature. Compare it with the card, and say whether it is right, before you validate the order."
        ),
      });
      return false;
    }
    return super.validateOrder(...arguments);
  },
});
