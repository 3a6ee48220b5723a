import {Chrome} from "@point_of_sale/app/pos_app";
import {LOOKS} from "../../common/progress";
import {_t} from "@web/core/l10n/translation";
import {formatSeconds, useClock} from "../../common/clock";
import {usePos} from "@point_of_sale/app/hooks/pos_hook";
import {Component, reactive, useComponent} from "@odoo/owl";

/**
 * On every screen of the till: the orders whose card runs, or was charged without the order being finished. None of them
 * looks unpaid, and none is forgotten.
 */
export class CardBar extends Component {
  static template = "nets_connect_cloud.CardBar";
  static props = {};

  setup() {
    this.pos = usePos();
    const component = useComponent();
    this.onNews = () => component.render();
    this.clock = useClock(() => this.cards.some(({startedAt}) => startedAt));
  }

  get cards() {
    const {current, params} = this.pos.router.state;
    return this.pos.models["pos.order"]
      .filter((order) => !order.finalized)
      .map((order) => this.cardOf(order))
      .filter((card) => card)
      .map((card) => ({
        ...card,
        // its own screen says more
        isHere: current === "PaymentScreen" && params.orderUuid === card.order.uuid,
      }))
      .filter(({isHere}) => !isHere)
      .sort(
        (a, b) =>
          b.isRunning - a.isRunning || a.name.localeCompare(b.name, undefined, {numeric: true})
      );
  }

  /** @returns {Object | null} what the bar says of an order */
  cardOf(order) {
    const {nets} = this.pos;
    const lines = order.payment_ids.filter((line) => line.isNets());
    // told of what only these know, too
    const states = new Map(
      lines.map((line) => [line, reactive(nets.paymentOf(line).state, this.onNews)])
    );
    const running = lines.find((line) => nets.isRunning(line));
    const charged = nets.chargedLines(order);
    if (!running && !charged.length) {
      return null;
    }
    const amounts = (running ? [running] : charged).map((line) => line.getAmount());
    const {progress, startedAt} = running ? states.get(running) : {};
    const look = running ? LOOKS[progress?.look || "sending"] : LOOKS.approved;
    return {
      order,
      look,
      startedAt,
      isRunning: Boolean(running),
      name: order.getName(),
      method: (running || charged[0]).payment_method_id.name,
      amount: this.env.utils.formatCurrency(amounts.reduce((sum, amount) => sum + amount, 0)),
      label: running ? progress?.label || _t("running") : _t("paid"),
    };
  }

  seconds(card) {
    return card.startedAt ? formatSeconds(this.clock.now - card.startedAt) : "";
  }

  /** Who isn't logged in sees that a card is running, and no more. */
  get canOpen() {
    return !["LoginScreen", "SaverScreen"].includes(this.pos.router.state.current);
  }

  open({order}) {
    this.pos.setOrder(order);
    this.pos.navigate("PaymentScreen", {orderUuid: order.uuid});
  }
}

Chrome.components = {...Chrome.components, CardBar};
