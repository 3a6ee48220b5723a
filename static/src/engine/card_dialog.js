import {getCurrency} from "@web/core/currency";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {ConnectionLostError} from "@web/core/network/rpc";
import {registry} from "@web/core/registry";
import {useAutofocus, useChildRef, useService} from "@web/core/utils/hooks";
import {formatFloat} from "@web/views/fields/formatters";
import {InvalidNumberError, parseFloat} from "@web/views/fields/parsers";
import {
  Component,
  onMounted,
  onWillDestroy,
  onWillStart,
  reactive,
  useEffect,
  useState,
} from "@odoo/owl";
import {agentDesk} from "../common/agent_desk";
import {knownBy, momentIn, useClock} from "../common/clock";
import {Press, abortIsLost, countDown, explain, retryLabel} from "../common/press";
import {LOOKS, isOlder, isPlayMoney} from "../common/progress";
import {makeTask} from "./card_task";
import {rememberFocus} from "./focus_return";

/** @typedef {import("../common/progress").Progress} Progress */
/** @typedef {import("./card_task").Request} Request */

/** Cancelled by a page that reads itself again in its place. */
export const CHANGED = "nets_connect_cloud:changed";

/**
 * What a person sees in a card dialog, or saw there last. A page behind needn't show it, too: where it appeared or went
 * with the dialog, all that is under it would move, away from under a click.
 */
export const seen = reactive({dialogs: 0, progress: null});

/**
 * The dialog in which a person charges a card for documents, or gives money back to one, and sees what the terminal is
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
    onChanged: Function,
    close: Function,
  };

  setup() {
    this.action = useService("action");
    this.orm = useService("orm");
    this.notification = useService("notification");
    this.transactions = useService("nets_transaction");
    this.state = useState({
      form: null,
      amount: "",
      terminalId: false,
      progress: null,
      sending: false,
      waiting: null,
      disconnected: false,
      error: "",
      waitSeconds: 0,
      saidNo: false,
      knownAt: 0,
    });
    this.clock = useClock(() => this.state.knownAt);
    this.displays = useState(agentDesk.displays);
    this.task = this.props.task;
    this.press = null;
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
      this.press?.stop();
      this.stopCounting?.();
      this.isClosed = true;
    });
  }

  async load() {
    if (this.props.transactionId) {
      await this.show(this.props.transactionId);
      return;
    }
    await this.loadForm();
    const {form} = this.state;
    const request = this.task.atOnce(form);
    if (request) {
      this.send(request);
    } else if (form.transaction_id) {
      await this.show(form.transaction_id);
    }
  }

  async loadForm() {
    const form = await this.task.load(this.orm);
    this.state.form = form;
    agentDesk.recover(form.terminals);
    this.state.terminalId = form.terminal_id;
    this.setAmount(form.amount);
  }

  setAmount(amount) {
    const [, digits] = getCurrency(this.state.form.currency_id)?.digits || [16, 2];
    this.state.amount = formatFloat(amount, {digits: [16, digits]});
  }

  async show(transactionId) {
    const [progress] = await this.orm.call("nets.transaction", "read_progress", [[transactionId]]);
    // what a button on the server started, the page sends that opened this
    agentDesk.take(progress);
    this.follow(progress);
  }

  // --- what the template asks --- //

  get title() {
    return this.state.progress?.title || this.task.title(this.state.form?.title);
  }

  get currencySymbol() {
    return getCurrency(this.state.form.currency_id)?.symbol || "";
  }

  get chosenTerminal() {
    return this.state.form?.terminals.find(({id}) => id === this.state.terminalId);
  }

  get isPlayMoney() {
    return isPlayMoney((this.state.progress || this.chosenTerminal)?.environment);
  }

  get look() {
    return LOOKS[this.state.waiting ? "waiting" : this.state.progress.look];
  }

  /** What the terminal shows at this moment, where it says so. */
  get display() {
    const {id, state, display} = this.state.progress;
    return state === "pending" ? this.displays[id] || display : "";
  }

  /** @returns {{text: string, left: string} | null} the end of a wait that the rules of money ask for */
  get knownBy() {
    return knownBy(this.state.knownAt, this.clock.now);
  }

  /** What may be done with this window meanwhile. */
  get meanwhile() {
    return this.state.progress.id in this.displays
      ? _t("You may close this window, but leave the page open: this browser drives the terminal.")
      : this.task.running;
  }

  /** Offered where the answer was lost; and for what is known as failed, to anyone who looks it up afterwards. */
  get canGetLastResult() {
    const {state, lookup} = this.state.progress;
    return Boolean(lookup) && (state === "unknown" || Boolean(this.props.transactionId));
  }

  get canRetry() {
    return this.state.progress.can_retry && !this.task.retryElsewhere;
  }

  get retryLabel() {
    return retryLabel(this.state.waitSeconds);
  }

  get canProcess() {
    return !this.state.sending && Boolean(this.state.terminalId);
  }

  // --- what the person does --- //

  onTerminalChange(ev) {
    this.state.terminalId = Number(ev.target.value);
    this.state.error = "";
  }

  /** The keyboards of some tablets have digits only: the minus sign is added automatically. */
  onAmountChange() {
    const amount = this.parseAmount();
    if (this.task.givesBack && amount !== null) {
      this.setAmount(amount);
    }
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
    const {terminalId} = this.state;
    await this.send((requestId) => this.task.request({amount, terminalId, requestId}));
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
    const {id, terminal_id: terminalId} = this.state.progress;
    const values = {terminal_id: this.state.terminalId || terminalId};
    await this.send((requestId) => [
      "nets.transaction",
      "retry",
      [[id]],
      {...values, request_id: requestId},
    ]);
  }

  /** Back to amount and terminal, after a payment that was not charged. */
  async change() {
    const terminalId = this.state.progress.terminal_id;
    this.watcher?.stop();
    this.task.previousId = this.state.progress.id;
    await this.loadForm();
    this.state.terminalId = terminalId;
    this.state.progress = null;
    this.state.error = "";
  }

  /** The card asks for a signature: the person has compared it, and accepts it or has the payment reversed. */
  async sign(accepted) {
    const {id} = this.state.progress;
    await this.send((requestId) => ["nets.transaction", "sign", [[id], accepted, requestId], {}]);
  }

  /**
   * Ask the server to start something. Where its answer is lost, the person presses again, and it is one press.
   *
   * @param {(requestId: string) => Request} request
   */
  async send(request) {
    const {state} = this;
    if (state.sending) {
      return;
    }
    state.error = "";
    this.press ||= new Press(state);
    try {
      const progress = await this.press.send((requestId) => this.orm.call(...request(requestId)));
      if (progress) {
        this.press = null;
        this.props.onChanged();
        this.env.bus.trigger(CHANGED);
        this.follow(progress);
      }
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) {
        this.press = null;
      }
      state.error = explain(
        error,
        _t(
          "Odoo can't be reached, so it isn't known whether the payment was started. Press again when the connection is back: it will not be started twice."
        )
      );
    } finally {
      state.sending = false;
    }
  }

  /** Ask the terminal at once what became of it, and follow that. */
  getLastResult() {
    return this.ask("get_last_result");
  }

  /** What the terminal's journal says: a manager writes it down, where nothing else tells the result. */
  async settle() {
    const {id} = this.state.progress;
    await this.action.doAction("nets_connect_cloud.nets_transaction_settle_action", {
      additionalContext: {active_model: "nets.transaction", active_id: id, active_ids: [id]},
      onClose: () => this.ask("read_progress"),
    });
  }

  /** Where the terminal showed another amount or currency than Odoo books, it has to be corrected here. */
  async openTerminal() {
    this.props.close();
    await this.action.doAction({
      type: "ir.actions.act_window",
      res_model: "nets.terminal",
      res_id: this.state.progress.terminal_id,
      views: [[false, "form"]],
    });
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
    return this.ask("abort", abortIsLost());
  }

  /**
   * Do something with the transaction that is shown, and follow what becomes of it.
   *
   * @param {string} method of nets.transaction
   * @param {string} lost what to say where Odoo can't be reached, if anything particular
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
      this.state.error = explain(error, lost);
    }
  }

  // --- what the terminal does --- //

  /** @param {Progress} progress */
  follow(progress) {
    if (this.isClosed || isOlder(progress, this.state.progress)) {
      return;
    }
    this.watcher?.stop();
    this.onProgress(progress);
    if (!progress.finished || progress.signature) {
      this.watcher = this.transactions.watch(progress.id, (news) => this.onProgress(news), {
        known: progress,
      });
    }
  }

  /** @param {Progress} progress */
  onProgress(progress) {
    const before = this.state.progress;
    const wasFinished = before?.id === progress.id && before.finished;
    this.state.progress = progress;
    seen.progress = progress;
    this.state.knownAt = progress.known_in ? momentIn(progress.known_in, this.state.knownAt) : 0;
    if (progress.task) {
      this.task = makeTask(progress.task);
    }
    if (["pending", "unknown"].includes(progress.state)) {
      return;
    }
    this.props.onChanged();
    const isRead =
      progress.kind === "administration" ||
      progress.signature ||
      progress.question ||
      (progress.alert && progress.title);
    if (!progress.finished || isRead) {
      // somebody has to read it, or say something
      return;
    }
    if (progress.state === "approved") {
      this.closeApproved(progress);
    } else if (progress.retry_wait && !wasFinished) {
      this.stopCounting?.();
      this.stopCounting = countDown(this.state, progress.retry_wait);
    }
  }

  closeApproved(progress) {
    const details = [progress.amount, progress.card, progress.authorisation_code];
    const {action} = this;
    const receipt = (name, method) => ({
      name,
      onClick: async () =>
        action.doAction(
          await this.env.services.orm.call("nets.transaction", method, [[progress.id]])
        ),
    });
    this.notification.add(details.filter(Boolean).join(" · "), {
      title: progress.label,
      type: "success",
      // time to reach for the receipt, which is also with the payment
      autocloseDelay: 10_000,
      buttons: [
        receipt(_t("Print receipt"), "action_print_receipt"),
        receipt(_t("Send receipt"), "action_send_receipt"),
      ],
    });
    for (const text of [progress.note, progress.alert].filter(Boolean)) {
      this.notification.add(text, {type: "warning", sticky: true});
    }
    this.props.close();
  }
}

/**
 * Client action that opens the dialog above the current view, and has what is behind read again when something changed.
 *
 * In its place, where that can be: made anew, the view would swallow a click, and forget where the focus was.
 *
 * @param {Object} options of the action; `onClose` of a view's button reads its records again
 * @returns {Object | null} an action that closes the window it was called from, for example *Pay*
 */
function openCardDialog(env, action, options) {
  const {transaction_id: transactionId, task} = action.params;
  let changed = Boolean(transactionId);
  // a window is gone when this ends, and what it would read again with it
  const fromWindow = Boolean(document.querySelector(".o_dialog"));
  const giveFocusBack = rememberFocus();
  const refresh = async () => {
    if (!env.bus.dispatchEvent(new CustomEvent(CHANGED, {cancelable: true}))) {
      return null;
    }
    return options?.onClose && !fromWindow
      ? options.onClose()
      : env.services.action.doAction("soft_reload");
  };
  seen.dialogs++;
  env.services.dialog.add(
    CardDialog,
    {
      task: makeTask(task),
      transactionId: transactionId || false,
      onChanged: () => (changed = true),
    },
    {
      onClose: () => {
        seen.dialogs--;
        return giveFocusBack(changed ? refresh() : null);
      },
    }
  );
  return fromWindow ? {type: "ir.actions.act_window_close"} : null;
}

registry.category("actions").add("nets_connect_cloud.card_dialog", openCardDialog);
