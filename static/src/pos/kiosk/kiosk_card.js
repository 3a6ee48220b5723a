import {browser} from "@web/core/browser/browser";
import {Component, onMounted, onWillUnmount, useExternalListener, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {ConnectionLostError, rpc} from "@web/core/network/rpc";

import {countDown, explain, Press, retryLabel} from "../../common/press";
import {LOOKS} from "../../common/progress";

/** How often the server is asked, in milliseconds: bus messages get lost. */
const POLL_INTERVAL = 2000;
/** After how many seconds without a touch the kiosk is free for the next customer. */
const LEAVE_AFTER = 60;

export function isNetsMethod(method) {
  return method?.use_payment_terminal === "nets";
}

/**
 * What a kiosk is told of a card payment, see `_nets_kiosk_progress` on the server.
 *
 * @typedef {Object} KioskAnswer
 * @property {boolean} waiting nothing was started yet
 * @property {string} label
 * @property {string} explanation
 * @property {string} look see `LOOKS`
 * @property {boolean} paid the order is complete
 * @property {boolean} finished nothing moves any more
 * @property {boolean} charged a card was charged, or may have been
 * @property {boolean} can_abort
 * @property {boolean} can_retry
 * @property {number} retry_wait seconds
 * @property {Object} [order] records of the paid order
 */

/**
 * A customer pays by card at a kiosk: from the terminal's first word to the confirmation, or back to the order.
 *
 * The server charges, books and completes the order, whether or not this page is open. Whoever walks away leaves the
 * kiosk to the next customer: an order that wasn't charged is cancelled, any other is left to the server, and to the
 * counter.
 */
export class KioskCard extends Component {
  static template = "nets_connect_cloud.KioskCard";
  static props = {
    order: Object,
    method: Object,
    selfOrder: Object,
    back: Function,
    close: Function,
  };

  setup() {
    this.order = this.props.order;
    this.number = this.order.tracking_number;
    this.state = useState({
      /** @type {KioskAnswer | null} */
      answer: null,
      sending: false,
      waiting: null,
      disconnected: false,
      error: "",
      waitSeconds: 0,
      leaveSeconds: 0,
    });
    onMounted(() => {
      this.stopHearing = this.props.selfOrder.onNetsNews(() => this.ask("progress"));
      this.pay();
    });
    onWillUnmount(() => this.end());
    useExternalListener(window, "click", () => this.isLeaving && this.startLeaving(), {
      capture: true,
    });
  }

  end() {
    this.isEnded = true;
    this.press?.stop();
    this.stopHearing?.();
    this.stopCounting?.();
    this.stayHere();
    browser.clearTimeout(this.timer);
  }

  // --- what the customer sees --- #

  get shown() {
    const {answer, waiting, error, sending} = this.state;
    if (error) {
      return {look: "trouble", label: _t("Paying by card isn't possible now"), explanation: error};
    }
    if (waiting) {
      return {...waiting, look: "waiting"};
    }
    if (!answer || sending) {
      return {look: "sending", label: _t("Connecting to the terminal…"), explanation: ""};
    }
    return answer;
  }

  get icon() {
    const {icon, tone} = LOOKS[this.shown.look];
    return `fa fa-5x ${icon} text-${tone}`;
  }

  get amount() {
    return this.props.selfOrder.formatMonetary(this.order.amount_total);
  }

  /** Nothing was charged, and nothing runs. */
  get isFree() {
    const {answer, error, sending} = this.state;
    return !sending && Boolean(error || (answer?.finished && !answer.charged));
  }

  get canStop() {
    const {answer, waiting, sending} = this.state;
    return !sending && Boolean(waiting || (answer?.can_abort && !this.isFree));
  }

  get canRetry() {
    return this.isFree && (Boolean(this.state.error) || this.state.answer.can_retry);
  }

  /** The rest is done without this customer, or at the counter. */
  get isForTheCounter() {
    const {answer, error} = this.state;
    return (
      !error &&
      Boolean(answer?.charged) &&
      ["unknown", "unbooked", "signature", "trouble"].includes(answer.look)
    );
  }

  get retryLabel() {
    return retryLabel(this.state.waitSeconds);
  }

  // --- pay --- #

  async pay() {
    const {state} = this;
    Object.assign(state, {answer: null, error: ""});
    this.stayHere();
    this.press = new Press(state);
    try {
      const answer = await this.press.send(
        (requestId) =>
          this.call("pay", {payment_method_id: this.props.method.id, request_id: requestId}),
        {insist: true}
      );
      if (answer) {
        this.show(answer);
      }
    } catch (error) {
      state.error = explain(error);
      this.startLeaving();
    } finally {
      state.sending = false;
    }
  }

  /** @returns {Promise<KioskAnswer[]>} */
  call(what, values = {}) {
    return rpc(`/nets_connect_cloud/kiosk/${what}`, {
      access_token: this.props.selfOrder.access_token,
      order_access_token: this.order.access_token,
      ...values,
    });
  }

  async ask(what) {
    const {state} = this;
    if (!state.answer || this.isEnded) {
      return;
    }
    const asked = state.answer;
    try {
      const [answer] = await this.call(what);
      // a newer one came in, or another press began
      if (state.answer === asked && !this.isEnded) {
        this.show(answer);
      }
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) {
        state.error = explain(error);
        this.startLeaving();
        return;
      }
      state.disconnected = true;
      this.askLater();
    }
  }

  askLater() {
    browser.clearTimeout(this.timer);
    this.timer = browser.setTimeout(() => this.ask("progress"), POLL_INTERVAL);
  }

  /** @param {KioskAnswer} answer */
  show(answer) {
    const {selfOrder} = this.props;
    Object.assign(this.state, {answer, disconnected: false});
    if (answer.paid) {
      // also where what is installed beside it can't show this order
      this.startLeaving();
      this.load(answer.order);
      this.props.close();
      selfOrder.confirmationPage(
        "order",
        selfOrder.config.self_ordering_mode,
        this.order.access_token
      );
      return;
    }
    if (answer.finished || this.isForTheCounter) {
      if (!this.isLeaving) {
        this.startLeaving();
      }
    } else {
      this.stayHere();
    }
    if (answer.finished) {
      this.stopCounting?.();
      this.stopCounting = countDown(this.state, answer.retry_wait);
    }
    if (!answer.finished || this.isForTheCounter) {
      this.askLater();
    }
  }

  /** @param {Object} records of the paid order, by model; of its products those that this kiosk has stay as they are */
  load(records) {
    const {models} = this.props.selfOrder;
    const isNew = (model) => (values) => !models[model].get(values.id);
    const news = {...records};
    for (const model of ["product.template", "product.product"]) {
      news[model] = records[model].filter(isNew(model));
    }
    models.connectNewData(news);
  }

  stop() {
    if (this.state.waiting) {
      this.press.stop();
      this.state.waiting = null;
      this.back();
    } else {
      this.ask("abort");
    }
  }

  // --- leave --- #

  back() {
    this.props.close();
    this.props.back();
  }

  startLeaving() {
    this.stayHere();
    this.isLeaving = true;
    this.state.leaveSeconds = LEAVE_AFTER;
    this.leaving = browser.setInterval(() => {
      this.state.leaveSeconds -= 1;
      if (this.state.leaveSeconds <= 0) {
        this.leave();
      }
    }, 1000);
  }

  stayHere() {
    this.isLeaving = false;
    browser.clearInterval(this.leaving);
  }

  /** The kiosk is free for the next customer, with an order of their own. */
  async leave() {
    const {order} = this;
    const {selfOrder} = this.props;
    const isFree = this.isFree;
    this.end();
    if (isFree) {
      // refused where the server knows better: it isn't removed then
      await selfOrder.cancelBackendOrder();
    }
    this.props.close();
    if (order.state !== "cancel") {
      selfOrder.data.localDeleteCascade(order);
    }
    selfOrder.selectedOrderUuid = null;
    selfOrder.router.navigate("default");
  }
}
