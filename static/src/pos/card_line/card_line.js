import {usePos} from "@point_of_sale/app/hooks/pos_hook";
import {PriceFormatter} from "@point_of_sale/app/components/price_formatter/price_formatter";
import {_t} from "@web/core/l10n/translation";
import {ask} from "@point_of_sale/app/utils/make_awaitable_dialog";
import {useService} from "@web/core/utils/hooks";
import {Component, useEffect, useRef, useState} from "@odoo/owl";
import {CardPopup} from "../card_popup/card_popup";

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
    this.state = useState(this.desk.stateOf(this.props.line.uuid));
    this.choices = useState(this.desk.choices);
    const root = useRef("root");
    // What happens, and its *Abort*, is in sight, however many lines there are.
    useEffect(
      () => {
        root.el.scrollIntoView({block: "nearest"});
      },
      () => [this.isRunning, this.view?.label]
    );
  }

  // --- how it stands --- //

  get progress() {
    return this.state.progress;
  }

  get isRunning() {
    return this.desk.isRunning(this.line);
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

  get isUnknown() {
    return this.progress?.state === "unknown";
  }

  get isAborting() {
    return this.progress?.progress === "aborting";
  }

  get isUnsigned() {
    return this.isDone && this.progress?.signature === "required";
  }

  get terminals() {
    return this.desk.terminalsOf(this.line.payment_method_id);
  }

  get terminal() {
    return this.desk.terminalOf(this.line.payment_method_id, this.choices);
  }

  get isPlayMoney() {
    const environment = this.progress?.environment || this.terminal?.environment;
    return Boolean(environment) && environment !== "production";
  }

  get terminalName() {
    return this.progress?.terminal_name || this.terminal?.name || "";
  }

  get card() {
    const {card_brand: brand, card_no: number} = this.line;
    return this.progress?.card || [brand, number && `•••• ${number}`].filter(Boolean).join(" ");
  }

  get authorisation() {
    return this.progress?.authorisation_code || this.line.payment_method_authcode || "";
  }

  /** What the amount is made of, where the customer added something on the terminal. */
  get additions() {
    const format = this.env.utils.formatCurrency;
    const {tip_amount: tip, surcharge_amount: surcharge} = this.progress || {};
    return [
      tip && _t("Tip %(amount)s", {amount: format(tip)}),
      surcharge && _t("Surcharge %(amount)s", {amount: format(surcharge)}),
    ]
      .filter(Boolean)
      .join(" · ");
  }

  /** NETS' own words, where they say something else. */
  get detail() {
    const {detail, label} = this.progress || {};
    return this.state.waiting || !detail || detail.toLowerCase() === label.toLowerCase()
      ? ""
      : detail;
  }

  /** @returns {{icon: string, color: string, label: string, explanation: string} | null} what the cashier reads first */
  get view() {
    const {progress, state} = this;
    if (state.disconnected && this.isRunning) {
      return {
        icon: "fa-plug",
        color: "text-danger",
        label: _t("No connection to Odoo"),
        explanation: _t(
          "The terminal may still charge the card. The result comes by itself as soon as the connection is back: don't charge again."
        ),
      };
    }
    if (state.waiting) {
      return {
        icon: "fa-hourglass-half",
        color: "text-warning",
        label: state.waiting.label,
        explanation: state.waiting.explanation,
      };
    }
    if (state.sending && !progress) {
      return {icon: "fa-circle-o-notch fa-spin", color: "text-primary", label: _t("Sending…")};
    }
    if (!progress) {
      return this.viewWithoutProgress;
    }
    if (progress.without_order) {
      return {
        icon: "fa-exclamation-triangle",
        color: "text-danger",
        label: _t("Charged, but not for this order"),
        explanation: _t(
          "The card was charged when this order could not take it any more. A manager finds the charge in the list of card transactions, and refunds it or attaches it to an order."
        ),
      };
    }
    const {label, explanation} = progress;
    return {...this.look, label, explanation};
  }

  get viewWithoutProgress() {
    if (this.isRunning) {
      return {
        icon: "fa-circle-o-notch fa-spin",
        color: "text-warning",
        label: _t("Asking how this payment stands…"),
      };
    }
    if (this.isDone) {
      return {
        icon: "fa-check-circle",
        color: "text-success",
        label: this.line.payment_status === "reversed" ? _t("Reversed") : _t("Successful"),
      };
    }
    return null;
  }

  /** Icon and colour that say at a glance how it stands; the same as in the back office. */
  get look() {
    const {state, to_book: toBook, progress: doing, looking_up: isLookedUp} = this.progress;
    if (state === "approved") {
      return toBook && this.progress.booking_failed
        ? {icon: "fa-exclamation-triangle", color: "text-warning"}
        : {icon: "fa-check-circle", color: "text-success"};
    }
    if (state === "unknown" || doing === "interrupted" || isLookedUp) {
      return {icon: "fa-refresh fa-spin", color: "text-warning"};
    }
    if (state === "pending") {
      return doing === "aborting"
        ? {icon: "fa-hand-paper-o", color: "text-warning"}
        : {icon: "fa-credit-card", color: "text-primary"};
    }
    return {icon: "fa-times-circle", color: "text-danger"};
  }

  // --- what may be done --- //

  get canDelete() {
    return this.isOpen;
  }

  get canSend() {
    return this.isOpen && !this.isFailed;
  }

  get canTryAgain() {
    return (
      this.isFailed &&
      !this.progress.without_order &&
      (this.progress.can_retry || this.terminal?.id !== this.progress.terminal_id) &&
      !this.progress.looking_up
    );
  }

  get canAbort() {
    return this.progress?.state === "pending" && !this.desk.isVoid(this.line, this.progress);
  }

  /** For a failed one, too: what the terminal shows may prove that it was charged all the same. */
  get canGetLastResult() {
    if (this.isUnknown) {
      return this.isRunning;
    }
    const {state, can_look_up: canLookUp, looking_up: isLookedUp} = this.progress || {};
    return this.isFailed && state === "failed" && (canLookUp || isLookedUp);
  }

  get canSettle() {
    return this.isUnknown && this.desk.isManager;
  }

  get canRecordByHand() {
    return this.isFailed && Boolean(this.progress.can_record_by_hand);
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

  get sendLabel() {
    if (this.line.nets.reversal) {
      return _t("Reverse");
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
    this.desk.charge(this.line);
  }

  async reverse() {
    const amount = this.env.utils.formatCurrency(this.line.getAmount());
    const confirmed = await ask(this.dialog, {
      title: _t("Reverse the card payment"),
      body: _t("The terminal takes back its last payment of %(amount)s. No card is needed.", {
        amount,
      }),
      confirmLabel: _t("Reverse"),
    });
    if (confirmed) {
      await this.desk.reverse(this.line);
    }
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
      confirm: (values) => this.desk.settle(this.line, values),
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
      confirm: (values) => this.desk.recordByHand(this.line, values),
    });
  }
}
