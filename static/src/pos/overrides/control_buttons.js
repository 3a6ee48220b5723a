import {ControlButtons} from "@point_of_sale/app/screens/product_screen/control_buttons/control_buttons";
import {patch} from "@web/core/utils/patch";

/** What the customer is paying for stays as it is while the card runs. */
patch(ControlButtons.prototype, {
  async clickFiscalPosition() {
    return this.pos.refuseWhileCardRuns(this.currentOrder)
      ? undefined
      : super.clickFiscalPosition(...arguments);
  },
});
