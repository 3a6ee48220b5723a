import {usePos} from "@point_of_sale/app/hooks/pos_hook";
import {PriceFormatter} from "@point_of_sale/app/components/price_formatter/price_formatter";
import {_t} from "@web/core/l10n/translation";
import {ask} from "@point_of_sale/app/utils/make_awaitable_dialog";
import {useService} from "@web/core/utils/hooks";
import {Component, useEffect, useRef, useState} from "@odoo/owl";
import {CardPopup} from "../card_popup/card_popup";
import {LOOKS, isPlayMoney} from "../../common/progress";
import {formatSeconds, knownBy, useClock} from "../../common/clock";
import {agentDesk} from "../../common/agent_desk";
import {isRunning} from "../card_payment";
import {retryLabel} from "../../common/press";

/** How many other terminals have a button of their own. */
const MOST_TERMINALS = 3;

/** What the terminal would have printed, for the till's printer. */
class CardPaper extends Component {
  static template = "nets_connect_cloud.CardPaper";
  static props = {text: String};
}

/**
 * A card payment among the payment lines: what the terminal is doing, what became of it, and what to do next.
 */
export class CardLine extends Component {
  static template = "nets_connect_cloud.CardLine";
  static components = {PriceFormatter};
  static props = {
    line: Object,
    select: Function,
    deleteLine: Function,
  };

  setup() {
    this.pos = usePos();
    this.ui = useService("ui");
    this.dialog = useService("dialog");
    this.desk = this.pos.nets;
    this.line = useState(this.props.line);
    this.payment = this.desk.paymentOf(this.props.line);
    this.state = useState(this.payment.state);
    this.choices = useState(this.desk.choices);
    this.displays = useState(agentDesk.displays);
    this.clock = useClock(() => this.state.startedAt || this.state.knownAt);
    const root = useRef("root");
    // What happens, and its *Abort*, is in sight, however many lines there are.
    useEffect(
      () => {
        root.el.scrollIntoView({block: "nearest"});
      },
      () => [this.isRunning, this.view?.label]
    );
  }

  // --- its state --- //

  get progress() {
    return this.state.progress;
  }

  get isRunning() {
    return isRunning(this.state, this.line);
  }

  get isDone() {
    return ["done", "reversed"].includes(this.line.payment_status) && !this.isRunning;
  }

  /** Nothing was charged, nothing runs: amount and terminal can be changed. */
  get isOpen() {
    return !this.isRunning && !this.isDone;
  }

  get isFailed() {
    return this.isOpen && Boolean(this.progress);
  }

  get givesBack() {
    return this.line.getAmount() < 0;
  }

  get isUnsigned() {
    return this.isDone && Boolean(this.progress?.signature);
  }

  get terminals() {
    return this.desk.terminalsOf(this.line.payment_method_id);
  }

  get terminal() {
    return this.desk.terminalOf(this.line.payment_method_id, this.choices);
  }

  /** What the terminal shows at this moment, where it says so. */
  get display() {
    const {id, state, display} = this.progress || {};
    return state === "pending" && !this.state.waiting ? this.displays[id] || display : "";
  }

  /** @returns {string} how long it takes already */
  get seconds() {
    const {startedAt, waiting, disconnected} = this.state;
    return startedAt && !waiting && !disconnected ? formatSeconds(this.clock.now - startedAt) : "";
  }

  /** @returns {{text: string, left: string} | null} the end of a wait that the rules of money ask for */
  get knownBy() {
    const {knownAt, disconnected} = this.state;
    return disconnected ? null : knownBy(knownAt, this.clock.now);
  }

  get isPlayMoney() {
    return isPlayMoney((this.progress || this.terminal)?.environment);
  }

  get terminalName() {
    return this.progress ? this.progress.terminal_name : this.terminal?.name;
  }

  get card() {
    const {card_brand: brand, card_no: number} = this.line;
    return this.progress?.card || [brand, number && `•••• ${number}`].filter(Boolean).join(" ");
  }

  get authorisation() {
    return this.progress?.authorisation_code || this.line.payment_method_authcode || "";
  }

  /** @returns {{icon: string, tone: string, label: string, explanation: string} | null} what the cashier reads first */
  get view() {
    const {progress, state} = this;
    if (state.disconnected && this.isRunning) {
      return {
        ...LOOKS.disconnected,
        label: _t("No connection to Odoo"),
        explanation: _t(
          "The terminal may still charge the card. The result comes automatically as soon as the connection is back: don't charge again."
        ),
      };
    }
    if (state.waiting) {
      const {label, explanation} = state.waiting;
      return {...LOOKS.waiting, label, explanation};
    }
    if (progress) {
      const {look, label, explanation} = progress;
      return {...LOOKS[look], label, explanation};
    }
    if (state.sending) {
      return {...LOOKS.sending, label: _t("Sending…"), explanation: ""};
    }
    if (this.isRunning) {
      return {...LOOKS.sending, label: _t("Asking how this payment stands…"), explanation: ""};
    }
    if (this.isDone) {
      const isReversed = this.line.payment_status === "reversed";
      const label = isReversed ? _t("Reversed") : _t("Successful");
      return {...LOOKS.approved, label, explanation: ""};
    }
    return null;
  }

  /** Done, with nothing that anybody has to do: it takes little room, since other lines may follow. */
  get isSettled() {
    return this.isDone && !this.isUnsigned && Boolean(this.view);
  }

  // --- what may be done --- //

  get canDelete() {
    return this.isOpen;
  }

  get canSend() {
    return this.isOpen && !this.isFailed;
  }

  get canTryAgain() {
    const {can_retry: canRetry, lookup, state, terminal_id: terminalId} = this.progress || {};
    // what doesn't help on this terminal may help on another one
    const elsewhere = ["failed", "aborted"].includes(state) && this.terminal?.id !== terminalId;
    return this.isFailed && lookup !== "running" && (canRetry || elsewhere);
  }

  /**
   * For one that failed for a technical reason, too: what the terminal shows may prove that it was charged all the same.
   * A refusal is certain.
   */
  get canGetLastResult() {
    const {state, look, lookup} = this.progress || {};
    return state === "unknown"
      ? this.isRunning
      : this.isFailed &&
          state === "failed" &&
          ["trouble", "unknown"].includes(look) &&
          Boolean(lookup);
  }

  /** @returns {Object[]} where to go on at once, while an earlier payment on this terminal is waited for */
  get otherTerminals() {
    return this.line.nets.reversal
      ? []
      : this.terminals.filter(({id}) => id !== this.terminal?.id).slice(0, MOST_TERMINALS);
  }

  /** @returns {Object | undefined} where the next customer can pay, while it takes time to know this result */
  get terminalForNext() {
    return this.progress?.look === "unknown" && this.isRunning ? this.otherTerminals[0] : undefined;
  }

  get canSettle() {
    return this.progress?.state === "unknown" && this.desk.isManager;
  }

  get canRecordByHand() {
    return this.isFailed && this.progress.can_record_by_hand && this.desk.isManagerHere;
  }

  get canReverse() {
    return (
      this.isDone &&
      !this.isUnsigned &&
      this.line.isCharged() &&
      !this.givesBack &&
      !this.line.pos_order_id?.finalized
    );
  }

  useLabel(terminal) {
    return _t("Use %(terminal)s", {terminal: terminal.name});
  }

  get serveNextLabel() {
    return _t("Serve the next customer on %(terminal)s", {terminal: this.terminalForNext.name});
  }

  get retryLabel() {
    return retryLabel(this.state.waitSeconds);
  }

  get sendLabel() {
    if (this.line.nets.reversal) {
      return _t("Reverse: undo the card payment, no card needed");
    }
    return this.givesBack ? _t("Refund") : _t("Send");
  }

  // --- what the cashier does --- //

  select() {
    if (this.isOpen) {
      this.props.select();
    }
  }

  chooseTerminal(ev) {
    this.desk.chooseTerminal(this.line.payment_method_id, Number(ev.target.value));
    this.state.error = "";
  }

  send() {
    this.pos.numberBuffer.capture();
    this.payment.charge();
  }

  async reverse() {
    const amount = this.env.utils.formatCurrency(this.line.getAmount());
    const confirmed = await ask(this.dialog, {
      title: _t("Reverse the card payment"),
      body: _t("The terminal reverses its last payment of %(amount)s. No card is needed.", {
        amount,
      }),
      confirmLabel: _t("Reverse"),
    });
    if (confirmed) {
      await this.payment.reverse();
    }
  }

  /** Leave this order to itself: its result comes automatically. */
  serveNext() {
    this.desk.chooseTerminal(this.line.payment_method_id, this.terminalForNext.id);
    const order = this.pos.addNewOrder();
    this.pos.navigate("ProductScreen", {orderUuid: order.uuid});
  }

  async printToSign() {
    await this.pos.printer.print(CardPaper, {text: this.progress.paper}, {webPrintFallback: true});
  }

  refundInstead() {
    this.line.uiState.nets = {...this.line.nets, reversal: false};
    this.state.error = "";
    this.send();
  }

  settle() {
    this.dialog.add(CardPopup, {
      title: _t("Settle by hand"),
      intro: _t(
        "Look at the terminal's journal or the customer's receipt: was the card charged? What you say is kept with your name. If NETS proves otherwise later, that wins."
      ),
      asksOutcome: true,
      amount: this.line.getAmount(),
      currency: this.pos.currency,
      confirmLabel: _t("Settle"),
      outcomeLabels: this.givesBack
        ? {charged: _t("Settle as refunded"), not: _t("Settle as not refunded")}
        : {charged: _t("Settle as charged"), not: _t("Settle as not charged")},
      confirm: (values) => this.payment.settle(values),
    });
  }

  recordByHand() {
    this.dialog.add(CardPopup, {
      title: _t("Record a payment by hand"),
      intro: _t(
        "NETS can't be reached from here. Type the amount on the terminal itself, let the customer pay, and enter the number from its receipt. The payment is marked, and listed when the register is closed."
      ),
      asksReference: true,
      amount: this.line.getAmount(),
      currency: this.pos.currency,
      confirmLabel: _t("Record"),
      confirm: (values) => this.payment.recordByHand(values),
    });
  }
}
