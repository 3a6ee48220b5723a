import {ClosePosPopup} from "@point_of_sale/app/components/popups/closing_popup/closing_popup";
import {_t} from "@web/core/l10n/translation";
import {patch} from "@web/core/utils/patch";
import {CardPopup} from "../card_popup/card_popup";

ClosePosPopup.props = [...ClosePosPopup.props, "nets?"];

patch(ClosePosPopup.prototype, {
  getInitialState() {
    return {...super.getInitialState(...arguments), nets: this.props.nets, netsAllowed: false};
  },

  /** @returns {{key: string, title: string, rows: Object[]}[]} what a person has to look at before closing */
  get netsIssues() {
    const titles = {
      unresolved: _t("Result not known yet"),
      without_order: _t("Charged, but belongs to no paid order"),
      without_transaction: _t("Card payment without a charge"),
      by_hand: _t("Recorded or settled by hand"),
      reported: _t("Reported by a browser, not compared with the terminal's report yet"),
    };
    return Object.entries(titles)
      .map(([key, title]) => ({key, title, rows: this.state.nets?.[key] || []}))
      .filter(({rows}) => rows.length);
  },

  /** What is unresolved, or charged without an order, stops the closing. */
  get netsBlocks() {
    return this.netsIssues.some(({rows}) => rows.some(({blocking}) => blocking));
  },

  get netsMayCloseAnyway() {
    return this.pos.nets.isManager;
  },

  /** @returns {boolean} whether terminals prove what this method took: nobody counts it up or down */
  netsIsProven(methodId) {
    return this.pos.models["pos.payment.method"].get(methodId)?.use_payment_terminal === "nets";
  },

  getDifference(paymentId) {
    return this.netsIsProven(paymentId) ? 0 : super.getDifference(...arguments);
  },

  canConfirm() {
    return !this.netsBlocks && super.canConfirm(...arguments);
  },

  /** A row leads to its order: to its payment where that is open, else to where it can be refunded. */
  async openNetsOrder({order_uuid: uuid}) {
    const {pos} = this;
    const [order] = [
      pos.models["pos.order"].getBy("uuid", uuid) ||
        (await pos.data.loadServerOrders([["uuid", "=", uuid]])),
    ].flat();
    if (!order) {
      return;
    }
    this.props.close();
    if (order.finalized) {
      const stateOverride = {
        filter: "SYNCED",
        search: {fieldName: "REFERENCE", searchTerm: order.getName()},
        selectedOrderUuid: uuid,
      };
      pos.navigate("TicketScreen", {stateOverride});
    } else {
      pos.setOrder(order);
      pos.navigate("PaymentScreen", {orderUuid: uuid});
    }
  },

  closeNetsAnyway() {
    this.dialog.add(CardPopup, {
      title: _t("Close anyway"),
      intro: _t(
        "The register closes although a card payment isn't settled. What turns out to have been charged is booked as a separate payment, for you to match later. Your name and reason are kept."
      ),
      confirmLabel: _t("Allow closing"),
      confirm: async ({reason}) => {
        this.state.nets = await this.pos.data.call("pos.session", "nets_allow_closing", [
          [this.pos.session.id],
          reason,
          this.pos.nets.cashierName,
          this.pos.nets.employeeId,
        ]);
        this.state.netsAllowed = true;
        // the orders are free: their cards don't bind them here any more, either
        await this.pos.deviceSync.readDataFromServer();
        await this.pos.nets.resume();
      },
    });
  },
});
