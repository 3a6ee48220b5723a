import {browser} from "@web/core/browser/browser";
import {getCurrency} from "@web/core/currency";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {ConnectionLostError, RPCError} from "@web/core/network/rpc";
import {registry} from "@web/core/registry";
import {useAutofocus, useChildRef, useService} from "@web/core/utils/hooks";
import {uuid} from "@web/core/utils/strings";
import {formatFloat} from "@web/views/fields/formatters";
import {InvalidNumberError, parseFloat} from "@web/views/fields/parsers";
import {Component, onMounted, onWillDestroy, onWillStart, useEffect, useState} from "@odoo/owl";
import {isFinished} from "../common/transaction_service";
import {taskOfAction, taskOfTransaction} from "./card_tasks";

/** How often a payment that waits for its terminal is asked for again, in milliseconds. */
const REPEAT_INTERVAL = 2000;

/**
 * The dialog in which a person charges a card for invoices, or gives money back to one, and sees what the terminal is
 * doing.
 *
 * It only shows and asks: the transaction lives on the server, so closing the dialog stops nothing.
 */
export class CardDialog extends Component {
  static template = "nets_connect_cloud.CardDialog";
  static components = {Dialog};
  static props = {
    task: Object,
    transactionId: {type: [Number, Boolean], optional: true},
    start: {type: Boolean, optional: true},
    wizardId: {type: [Number, Boolean], optional: true},
    onChanged: Function,
    close: Function,
  };

  setup() {
    this.action = useService("action");
    this.orm = useService("orm");
    this.notification = useService("notification");
    this.transactions = useService("nets_transaction");
    this.state = useState({
      payment: null,
      amount: "",
      terminalId: false,
      creditNoteId: false,
      cardPaymentId: false,
      progress: null,
      // An earlier payment on the terminal that has to be resolved before this one can start.
      waiting: null,
      error: "",
      sending: false,
      waitSeconds: 0,
    });
    this.task = this.props.task;
    // One press is one request, however often it has to be sent.
    this.requestId = null;
    this.watcher = null;
    useAutofocus({refName: "amount", selectAll: true});
    useAutofocus({refName: "again"});
    this.modal = useChildRef();
    onMounted(() => this.modal.el.setAttribute("aria-label", this.title));
    // The button that was pressed is gone with each step: the keyboard must not fall out of the dialog.
    useEffect(
      () => {
        if (document.activeElement === document.body) {
          this.modal.el.focus();
        }
      },
      () => [this.state.progress?.state, this.state.sending]
    );
    onWillStart(() => this.load());
    onWillDestroy(() => {
      this.watcher?.stop();
      browser.clearInterval(this.waitTimer);
      browser.clearTimeout(this.repeatTimer);
      this.isClosed = true;
    });
  }

  async load() {
    if (this.props.transactionId) {
      await this.show(this.props.transactionId);
      return;
    }
    await this.loadPayment();
    if (this.props.wizardId) {
      this.send("account.payment.register", "nets_process_card", [[this.props.wizardId]]);
    } else if (this.state.payment.transaction_id) {
      await this.show(this.state.payment.transaction_id);
    } else if (this.props.start && this.state.payment.has_usual_terminal) {
      this.process();
    }
  }

  async loadPayment() {
    const payment = await this.task.load(this.orm);
    this.state.payment = payment;
    this.state.terminalId = payment.terminal_id;
    this.state.creditNoteId = payment.credit_note_id || false;
    this.state.cardPaymentId = payment.card_payment_id || false;
    this.setAmount(payment.amount);
  }

  setAmount(amount) {
    const [, digits] = getCurrency(this.state.payment.currency_id)?.digits || [16, 2];
    this.state.amount = formatFloat(amount, {digits: [16, digits]});
  }

  async show(transactionId) {
    const [progress] = await this.orm.call("nets.transaction", "read_progress", [[transactionId]]);
    this.follow(progress);
  }

  // --- what the template asks --- //

  get title() {
    return this.state.progress?.title || this.task.title(this.state.payment?.title);
  }

  get currencySymbol() {
    return getCurrency(this.state.payment.currency_id)?.symbol || "";
  }

  get chosenTerminal() {
    return this.state.payment?.terminals.find(({id}) => id === this.state.terminalId);
  }

  get isPlayMoney() {
    const environment = this.state.progress?.environment || this.chosenTerminal?.environment;
    return Boolean(environment) && environment !== "production";
  }

  /** Offered where the answer was lost; and for what is known as failed, to whoever looks it up afterwards. */
  get canGetLastResult() {
    const {state, can_look_up: canLookUp, looking_up: isLookedUp} = this.state.progress;
    return (state === "unknown" || Boolean(this.props.transactionId)) && (canLookUp || isLookedUp);
  }

  /** What a line of the Point of Sale asked for is followed here, but tried again where its order is. */
  get isOfTill() {
    return Boolean(this.state.progress.payment_uuid);
  }

  get canRetry() {
    return this.state.progress.can_retry && !this.isOfTill;
  }

  get isRunning() {
    return this.state.progress && !isFinished(this.state.progress);
  }

  /** Icon and colour that say at a glance how it stands. */
  get look() {
    const {state, to_book: toBook, progress} = this.state.progress;
    if (state === "approved") {
      return toBook
        ? {icon: "fa-exclamation-triangle", color: "text-warning"}
        : {icon: "fa-check-circle", color: "text-success"};
    }
    if (state === "unknown" || progress === "interrupted" || this.state.progress.looking_up) {
      return {icon: "fa-refresh fa-spin", color: "text-warning"};
    }
    if (state === "pending") {
      return progress === "aborting"
        ? {icon: "fa-hand-paper-o", color: "text-warning"}
        : {icon: "fa-credit-card", color: "text-primary"};
    }
    return {icon: "fa-times-circle", color: "text-danger"};
  }

  get canProcess() {
    return !this.state.sending && Boolean(this.state.terminalId);
  }

  // --- what the person does --- //

  onTerminalChange(ev) {
    this.state.terminalId = Number(ev.target.value);
    this.state.error = "";
  }

  /** The keyboards of some tablets have digits only: the minus sign comes by itself. */
  onAmountChange() {
    const amount = this.parseAmount();
    if (this.task.givesBack && amount !== null) {
      this.setAmount(amount);
    }
  }

  onCreditNoteChange(creditNoteId) {
    const {credit_notes: creditNotes, left} = this.state.payment;
    const creditNote = creditNotes.find(({id}) => id === creditNoteId);
    this.state.creditNoteId = creditNoteId;
    this.setAmount(-Math.min(left, creditNote ? creditNote.left : left));
  }

  onCardPaymentChange(ev) {
    const {card_payments: cardPayments, left} = this.state.payment;
    const cardPayment = cardPayments.find(({id}) => id === Number(ev.target.value));
    this.state.cardPaymentId = cardPayment ? cardPayment.id : false;
    this.setAmount(-Math.min(left, cardPayment ? cardPayment.left : left));
  }

  onAmountKeydown(ev) {
    if (ev.key === "Enter" && this.canProcess) {
      this.process();
    }
  }

  async process() {
    const amount = this.parseAmount();
    if (amount === null) {
      this.state.error = _t("The amount isn't a number. Enter it in digits.");
      return;
    }
    const {terminalId, creditNoteId, cardPaymentId} = this.state;
    const [model, method, args, kwargs] = this.task.request({
      amount,
      terminalId,
      creditNoteId,
      cardPaymentId,
    });
    await this.send(model, method, args, {...kwargs, request_id: this.pressId});
  }

  /** @returns {number | null} negative where money goes back, also without a minus sign */
  parseAmount() {
    try {
      const amount = parseFloat(this.state.amount);
      return this.task.givesBack ? -Math.abs(amount) : amount;
    } catch (error) {
      if (!(error instanceof InvalidNumberError)) {
        throw error;
      }
      return null;
    }
  }

  async tryAgain() {
    await this.send("nets.transaction", "retry", [[this.state.progress.id]], {
      terminal_id: this.state.terminalId || this.state.progress.terminal_id,
      request_id: this.pressId,
    });
  }

  /** Back to amount and terminal, after a payment that was not charged. */
  async change() {
    const terminalId = this.state.progress.terminal_id;
    this.task.previousId = this.state.progress.id;
    await this.loadPayment();
    this.state.terminalId = terminalId;
    this.state.progress = null;
    this.state.error = "";
  }

  /** One press is one request: the same id goes with every attempt until the server has answered. */
  get pressId() {
    this.requestId ||= uuid();
    return this.requestId;
  }

  /**
   * Ask the server to start a payment. However often this arrives, it is one payment.
   *
   * Where an earlier payment on the terminal has to be resolved first, nothing is started: this one is held here, and
   * asked for again until it is.
   */
  async send(model, method, args, kwargs = {}) {
    if (this.state.sending) {
      return;
    }
    this.state.sending = true;
    this.state.error = "";
    try {
      const [answer] = await this.orm.call(model, method, args, kwargs);
      if (answer.waiting) {
        this.state.waiting = answer;
      } else {
        this.state.waiting = null;
        this.requestId = null;
        this.props.onChanged();
        this.follow(answer);
      }
    } catch (error) {
      if (error instanceof ConnectionLostError) {
        this.state.error = _t(
          "Odoo can't be reached, so it isn't known whether the payment was started. Press again when the connection is back: it will not be started twice."
        );
      } else if (error instanceof RPCError) {
        this.state.waiting = null;
        this.requestId = null;
        this.state.error = error.data?.message || error.message;
      } else {
        throw error;
      }
    } finally {
      this.state.sending = false;
    }
    if (this.state.waiting && !this.isClosed) {
      const repeat = () => this.send(model, method, args, kwargs);
      this.repeatTimer = browser.setTimeout(repeat, REPEAT_INTERVAL);
    }
  }

  /** Ask the terminal at once what became of it, and follow that. */
  getLastResult() {
    return this.ask("get_last_result", _t("Odoo can't be reached. Try again in a moment."));
  }

  async openReport() {
    this.props.close();
    await this.action.doAction({
      type: "ir.actions.act_window",
      res_model: "nets.report",
      res_id: this.state.progress.report_id,
      views: [[false, "form"]],
    });
  }

  abort() {
    return this.ask("abort", _t("Odoo can't be reached. Press the red button on the terminal."));
  }

  /**
   * Do something with the transaction that is shown, and follow what becomes of it.
   *
   * @param {string} method of nets.transaction
   * @param {string} lost what to say where Odoo can't be reached
   */
  async ask(method, lost) {
    const {id} = this.state.progress;
    this.state.error = "";
    try {
      const [progress] = await this.orm.call("nets.transaction", method, [[id]]);
      // Where it ended meanwhile, and was tried again, that is shown.
      if (this.state.progress.id === id) {
        this.follow(progress);
      }
    } catch (error) {
      if (!(error instanceof RPCError || error instanceof ConnectionLostError)) {
        throw error;
      }
      this.state.error = error.data?.message || lost;
    }
  }

  // --- what the terminal does --- //

  follow(progress) {
    if (this.isClosed) {
      return;
    }
    this.watcher?.stop();
    this.onProgress(progress);
    if (this.state.progress && !isFinished(progress)) {
      this.watcher = this.transactions.watch(progress.id, (news) => this.onProgress(news));
    }
  }

  onProgress(progress) {
    this.state.progress = progress;
    this.task = taskOfTransaction(progress, this.task);
    if (!isFinished(progress)) {
      return;
    }
    this.props.onChanged();
    if (progress.kind === "administration") {
      // there is something to read
      return;
    }
    if (progress.state === "approved" && !progress.to_book) {
      this.closeApproved(progress);
    } else if (progress.retry_wait) {
      this.waitBeforeRetry(progress.retry_wait);
    }
  }

  closeApproved(progress) {
    const details = [progress.amount, progress.card, progress.authorisation_code];
    this.notification.add(details.filter(Boolean).join(" · "), {
      title: progress.label,
      type: "success",
    });
    for (const text of [progress.note, progress.alert].filter(Boolean)) {
      this.notification.add(text, {type: "warning", sticky: true});
    }
    this.props.close();
  }

  waitBeforeRetry(seconds) {
    browser.clearInterval(this.waitTimer);
    this.state.waitSeconds = seconds;
    this.waitTimer = browser.setInterval(() => {
      this.state.waitSeconds -= 1;
      if (this.state.waitSeconds <= 0) {
        browser.clearInterval(this.waitTimer);
      }
    }, 1000);
  }
}

/**
 * Client action that opens the dialog above the current view, and refreshes the view when something changed.
 *
 * @returns {Object} an action that closes the window it was called from, for example *Pay*
 */
function openCardDialog(env, action) {
  const {transaction_id: transactionId, wizard_id: wizardId, start} = action.params;
  let changed = Boolean(transactionId);
  const refresh = () => env.services.action.doAction("soft_reload");
  env.services.dialog.add(
    CardDialog,
    {
      task: taskOfAction(action.params),
      transactionId: transactionId || false,
      wizardId: wizardId || false,
      start: Boolean(start),
      onChanged: () => (changed = true),
    },
    {onClose: () => changed && refresh()}
  );
  return {type: "ir.actions.act_window_close"};
}

registry.category("actions").add("nets_connect_cloud.card_dialog", openCardDialog);
