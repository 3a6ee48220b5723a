import {browser} from "@web/core/browser/browser";
import {delay} from "@web/core/utils/concurrency";
import {_t} from "@web/core/l10n/translation";
import {ConnectionLostError, RPCError} from "@web/core/network/rpc";
import {uuid as newRequestId} from "@web/core/utils/strings";
import {EventBus, markRaw, reactive} from "@odoo/owl";
import {isFinished} from "../common/transaction_service";

/** How often what was not answered, or has to wait, is asked for again, in milliseconds. */
const REPEAT_INTERVAL = 2000;
/** How often it is looked whether Odoo's own sync has ended, in milliseconds. */
const SYNC_INTERVAL = 50;
/** Odoo's names for a payment line whose card may be charged at this moment. */
export const RUNNING = ["waiting", "waitingCard", "waitingCancel", "reversing"];

/**
 * What the till knows of a card line besides its fields.
 *
 * @typedef {Object} CardState
 * @property {import("../common/transaction_service").Progress | null} progress of its newest transaction
 * @property {Object | null} waiting an earlier payment on the terminal that has to be resolved before this one starts
 * @property {number} news how often its transaction's progress came in: an answer that was asked for before is older
 * @property {boolean} sending a request is on its way to Odoo, or is sent again until there is an answer
 * @property {boolean} disconnected Odoo doesn't answer; it is asked again and again
 * @property {string} error why Odoo refused
 * @property {number} waitSeconds until *Try again* makes sense
 * @property {string} statusBefore of the line, where nothing is started after all
 */

/**
 * The card payments of this till: it sends them to Odoo's server, follows them, and says what may be done meanwhile.
 *
 * The transaction lives on the server. What is here is lost with the page, and asked for again by the line's uuid.
 */
export class CardDesk {
  constructor(pos) {
    markRaw(this);
    this.pos = pos;
    /**
     * Triggers `approved` with the payment line, once its order is what the server has, and `finalized` with the order,
     * where another till was faster to finish it.
     */
    this.bus = new EventBus();
    this.states = new Map();
    this.watchers = new Map();
    this.timers = new Map();
    this.ends = new Map();
    this.reloads = new Map();
    this.choices = reactive({});
    pos.data.connectWebSocket("NETS_TRANSACTION", (message) => this.onMessage(message));
    window.addEventListener("pos-network-online", () => this.resume());
  }

  get transactions() {
    return this.pos.env.services.nets_transaction;
  }

  // --- what is known of a line --- //

  /**
   * @param {string} uuid of a payment line
   * @returns {CardState} reactive
   */
  stateOf(uuid) {
    if (!this.states.has(uuid)) {
      this.states.set(
        uuid,
        reactive({
          progress: null,
          waiting: null,
          news: 0,
          sending: false,
          disconnected: false,
          error: "",
          waitSeconds: 0,
          statusBefore: "pending",
        })
      );
    }
    return this.states.get(uuid);
  }

  lineOf(uuid) {
    return this.pos.models["pos.payment"].getBy("uuid", uuid);
  }

  /** Whether a card may be charged, or given money back, for this line at this moment. */
  isRunning(line) {
    if (!line.isNets()) {
      return false;
    }
    const state = this.states.get(line.uuid);
    return Boolean(state?.sending || state?.waiting) || RUNNING.includes(line.payment_status);
  }

  /** @returns the card line of an order that may be charged at this moment, if any */
  runningLine(order) {
    return order?.payment_ids.find((line) => this.isRunning(line));
  }

  /** @returns the card line of an order that was charged, if any */
  chargedLine(order) {
    return order?.payment_ids.find((line) => line.isNets() && line.isCharged());
  }

  /** @returns the card line of an order whose signature nobody has looked at yet, if any */
  unsignedLine(order) {
    return order?.payment_ids.find(
      (line) => line.isNets() && this.states.get(line.uuid)?.progress?.signature === "required"
    );
  }

  /**
   * What a person reads who tries to go round a running card payment.
   *
   * @param {Object} line
   * @returns {{title: string, body: string}}
   */
  explainRunning(line) {
    const amount = this.pos.env.utils.formatCurrency(line.getAmount());
    if (this.states.get(line.uuid)?.progress?.booking_failed) {
      return {
        title: _t("Charged, not booked"),
        body: _t(
          "The card payment of %(amount)s was charged, but accounting refused it. Nothing else can be done with this order until it is booked, which happens by itself once the cause is gone.",
          {amount}
        ),
      };
    }
    return {
      title: _t("A card payment is running"),
      body: _t(
        "The result of the card payment of %(amount)s isn't known yet. Wait for it, or abort it in the payment screen. Nothing else can be done with this order until then.",
        {amount}
      ),
    };
  }

  /**
   * Whether cards were charged more than the order comes to, so that their money would be paid out in cash.
   *
   * Products may have been taken off it after the charge: here, on another till, or by splitting the bill.
   */
  isOvercharged(order) {
    const {currency} = this.pos;
    const cards = order.payment_ids.filter((line) => line.isNets() && line.isCharged());
    const others = order.amountPaid - cards.reduce((sum, line) => sum + line.getAmount(), 0);
    const excess = currency.round(Math.abs(order.change) - Math.abs(others));
    return cards.length > 0 && excess > 0 && !currency.isZero(excess);
  }

  /** @returns {{title: string, body: string}} what a person reads about that */
  explainOvercharged(order) {
    const format = this.pos.env.utils.formatCurrency;
    return {
      title: _t("More was charged than the order comes to"),
      body: _t(
        "%(paid)s is paid, but the order comes to %(total)s only. Money from a card isn't given back in cash: put the products back on the order, or reverse the card payment.",
        {paid: format(order.amountPaid), total: format(order.totalDue)}
      ),
    };
  }

  // --- terminals --- //

  /** @returns {Object[]} terminals that a payment method may use */
  terminalsOf(method) {
    const allowed = method.nets_terminal_ids || [];
    return allowed.length ? allowed : this.pos.models["nets.terminal"]?.getAll() || [];
  }

  /**
   * @param {Object} method
   * @param {Object} choices for who wants to hear of changes: reactive ones
   * @returns {Object | undefined} the terminal used last on this device, else the default, else the only one
   */
  terminalOf(method, choices = this.choices) {
    const terminals = this.terminalsOf(method);
    const chosen = choices[method.id] ?? this.rememberedTerminal(method);
    return (
      terminals.find(({id}) => id === chosen) ||
      terminals.find(({id}) => id === method.nets_default_terminal_id?.id) ||
      (terminals.length === 1 ? terminals[0] : undefined)
    );
  }

  chooseTerminal(method, terminalId) {
    this.choices[method.id] = terminalId;
    browser.localStorage.setItem(this.storageKey(method), terminalId);
  }

  rememberedTerminal(method) {
    return Number(browser.localStorage.getItem(this.storageKey(method)));
  }

  storageKey(method) {
    return `nets_connect_cloud.terminal.${odoo.info?.db}.${method.id}`;
  }

  // --- what the cashier does --- //

  /**
   * Charge a card for a line, or give money back where its amount is negative.
   *
   * @param {Object} line
   * @returns {Promise<boolean>} whether that was done, once it is known
   */
  charge(line) {
    const {reversal, refundOf} = line.nets;
    return this.send(line, "pos_start", (terminal, requestId) => [
      [line.uuid, terminal.id, line.getAmount(), requestId],
      {cashier: this.cashierName, reversal, refund_of_id: refundOf},
    ]);
  }

  /**
   * NETS is down, and the card was taken on the terminal by hand.
   *
   * @param {Object} line
   * @param {{reference: string, reason: string}} values
   */
  recordByHand(line, {reference, reason}) {
    return this.send(line, "pos_record_by_hand", (terminal, requestId) => [
      [line.uuid, terminal.id, line.getAmount(), reference, reason, requestId],
      {cashier: this.cashierName},
    ]);
  }

  /** Have the terminal take back its last payment. */
  async reverse(line) {
    await this.settling(line.pos_order_id);
    if (this.isRunning(line)) {
      return false;
    }
    this.setStatus(line, "reversing");
    const end = this.endOf(line);
    await this.start(line, "pos_reverse", [line.uuid, newRequestId()], {}, "done");
    return end;
  }

  /** A wish: what the terminal answers to the payment decides. */
  async abort(line) {
    await this.ask(line, "abort", [[this.stateOf(line.uuid).progress.id]]);
  }

  /** Ask the terminal at once what became of it. */
  async getLastResult(line) {
    await this.ask(line, "get_last_result", [[this.stateOf(line.uuid).progress.id]]);
  }

  /** The card wants a signature: the cashier has compared it, and accepts it or has the payment taken back. */
  async sign(line, accepted) {
    const args = [[this.stateOf(line.uuid).progress.id], accepted];
    if (accepted) {
      await this.ask(line, "pos_sign", args);
    } else {
      this.setStatus(line, "reversing");
      await this.start(line, "pos_sign", args, {}, "done");
    }
  }

  /**
   * A manager has looked at the terminal's journal.
   *
   * @param {Object} line
   * @param {{charged: boolean, reason: string, amount: number, reference: string}} values
   * @raise {RPCError} where Odoo refuses
   */
  async settle(line, {charged, reason, amount, reference}) {
    const {id} = this.stateOf(line.uuid).progress;
    const [progress] = await this.call("pos_settle", [id, charged, reason, amount, reference], {
      cashier: this.cashierName,
    });
    this.follow(line, progress);
  }

  /** Give up a payment that waits for an earlier one on its terminal: nothing was started. */
  stopWaiting(line) {
    const state = this.stateOf(line.uuid);
    if (!state.sending) {
      this.clearTimer(line.uuid);
      state.waiting = null;
      this.release(line, state.statusBefore);
    }
  }

  /** With employees at the till: both who stands there and the Odoo user, whose rights the server asks for. */
  get isManager() {
    const {user} = this.pos;
    return user.raw.role === "manager" && this.pos.getCashier()?._role === "manager";
  }

  get cashierName() {
    return this.pos.getCashier()?.name || "";
  }

  // --- refunds --- //

  /** @returns {Object[]} lines of the order that is refunded, whose cards were charged */
  chargedLinesOf(order) {
    const original = order.lines.find((line) => line.refunded_orderline_id)?.refunded_orderline_id
      .order_id;
    const lines = (original?.payment_ids || []).filter((line) => line.isNets() && line.isCharged());
    return lines.sort((a, b) => a.id - b.id);
  }

  /**
   * The cards that the money of a refund order came from, without those that have a line already.
   *
   * @param {Object} order
   * @returns {Promise<{refundOf: number | false, refundOfName: string, left: number}[]>}
   */
  async refundableCards(order) {
    const lines = this.chargedLinesOf(order);
    let found = {};
    if (lines.length) {
      try {
        found = await this.call("pos_progress", [lines.map((line) => line.uuid)]);
      } catch (error) {
        // The server finds the card, and checks the amount, when the refund is sent.
        this.explain(error);
      }
    }
    const taken = order.payment_ids.map((line) => line.nets.refundOf).filter(Boolean);
    return lines
      .map((line) => ({
        refundOf: found[line.uuid]?.id || false,
        refundOfName: found[line.uuid]?.card || "",
        left: found[line.uuid]?.refundable ?? line.getAmount(),
      }))
      .filter(({refundOf}) => !refundOf || !taken.includes(refundOf));
  }

  /**
   * @param {Object} order
   * @param {Object} method
   * @param {number} amount negative
   * @param {Object} nets what is kept with the line, see `PosPayment.nets`
   * @returns {Object} a payment line that isn't sent yet
   */
  addRefundLine(order, method, amount, {refundOf = false, refundOfName = "", reversal = false}) {
    const line = this.pos.models["pos.payment"].create({
      pos_order_id: order,
      payment_method_id: method,
    });
    line.uiState.nets = {refundOf, refundOfName, reversal};
    line.setAmount(amount);
    line.setPaymentStatus("pending");
    order.selectPaymentline(line);
    return line;
  }

  // --- sending --- //

  /**
   * Sync the order, so that till and server agree on it before money moves, and start the transaction.
   *
   * @param {Object} line
   * @param {string} method of nets.transaction
   * @param {(terminal: Object, requestId: string) => [Array, Object]} prepare arguments; one press is one request id
   * @returns {Promise<boolean>} whether it was done, once that is known
   */
  async send(line, method, prepare) {
    const order = line.pos_order_id;
    const state = this.stateOf(line.uuid);
    await this.settling(order);
    const running = this.runningLine(order);
    if (running) {
      state.error = running === line ? state.error : this.explainRunning(running).body;
      return false;
    }
    const cardMethod = line.payment_method_id;
    // A reversal runs on the terminal that was paid on, whatever is chosen here.
    const terminal =
      this.terminalOf(cardMethod) || (line.nets.reversal && this.terminalsOf(cardMethod)[0]);
    if (!terminal || !line.getAmount()) {
      state.error = terminal ? _t("Enter an amount first.") : _t("Choose a terminal first.");
      return false;
    }
    Object.assign(state, {sending: true, progress: null, error: "", disconnected: false});
    const end = this.endOf(line);
    try {
      await this.sync(order);
    } catch (error) {
      state.sending = false;
      state.error = this.explain(
        error,
        _t(
          "Odoo can't be reached, so nothing was sent to the terminal. Try again when the connection is back, or take another way of payment."
        )
      );
      this.release(line, "pending");
      return end;
    }
    // From here on it may run, also where this page never hears of it.
    this.setStatus(line, "waitingCard");
    const [args, kwargs] = prepare(terminal, newRequestId());
    await this.start(line, method, args, kwargs, "pending");
    return end;
  }

  /**
   * Ask the server to start a transaction. However often this arrives, it is one.
   *
   * Where Odoo can't be reached, or an earlier payment on the terminal has to be resolved first, the same request is
   * sent again until there is an answer.
   *
   * @param {string} statusBefore of the line, where nothing was started
   */
  async start(line, method, args, kwargs, statusBefore) {
    const state = this.stateOf(line.uuid);
    Object.assign(state, {sending: true, error: "", statusBefore});
    try {
      const [answer] = await this.call(method, args, kwargs);
      state.disconnected = false;
      state.waiting = answer.waiting ? answer : null;
      if (!answer.waiting) {
        this.follow(line, answer);
      }
    } catch (error) {
      state.disconnected = error instanceof ConnectionLostError;
      if (!state.disconnected) {
        state.waiting = null;
        await this.afterRefusal(line, this.explain(error), statusBefore);
      }
    } finally {
      // Unanswered, it may have been heard.
      state.sending = state.disconnected;
    }
    if (state.waiting || state.disconnected) {
      this.later(line.uuid, () => this.start(line, method, args, kwargs, statusBefore));
    }
  }

  /** Odoo refused. An earlier attempt of the same request may have been heard, though, so the server is asked. */
  async afterRefusal(line, error, statusBefore) {
    let progress = null;
    try {
      progress = (await this.call("pos_progress", [[line.uuid]]))[line.uuid];
    } catch (unknown) {
      // The line stays as it is, locked: `resume` finds out.
      this.explain(unknown);
      this.later(line.uuid, () => this.resume([line]));
      this.stateOf(line.uuid).error = error;
      return;
    }
    if (progress && !["failed", "aborted"].includes(progress.state)) {
      this.follow(line, progress);
    } else {
      this.release(line, statusBefore);
    }
    this.stateOf(line.uuid).error = error;
  }

  /** Do something with a line's transaction, and show what became of it. */
  async ask(line, method, args) {
    const state = this.stateOf(line.uuid);
    state.error = "";
    try {
      const [progress] = await this.call(method, args);
      this.follow(line, progress);
    } catch (error) {
      state.error = this.explain(
        error,
        method === "abort"
          ? _t("Odoo can't be reached. Press the red button on the terminal.")
          : _t("Odoo can't be reached. Try again in a moment.")
      );
    }
  }

  call(method, args, kwargs = {}) {
    return this.pos.data.call("nets.transaction", method, args, kwargs);
  }

  /**
   * @param {Error} error
   * @param {string} lost what to say where the connection is lost
   * @returns {string} what a person reads
   * @raise what isn't an answer of the server, or its absence
   */
  explain(error, lost = _t("Odoo can't be reached.")) {
    if (error instanceof ConnectionLostError) {
      return lost;
    }
    if (error instanceof RPCError) {
      return error.data?.message || error.message;
    }
    throw error;
  }

  /** Have the server know this order as it is here. */
  async sync(order) {
    // Where a sync of the same order is under way, core would do nothing.
    while (this.pos.syncingOrders.has(order.uuid)) {
      await delay(SYNC_INTERVAL);
    }
    await this.pos.syncAllOrders({orders: [order], throw: true, force: true});
  }

  // --- following --- //

  /** Show a transaction at its line, and follow it until it is finished. */
  follow(line, progress) {
    const {uuid} = line;
    if (!isFinished(progress) && !this.isFollowed(uuid, progress)) {
      this.unwatch(uuid);
      this.watchers.set(uuid, {
        transactionId: progress.id,
        ...this.transactions.watch(
          progress.id,
          (news) => this.show(uuid, news),
          (connected) => (this.stateOf(uuid).disconnected = !connected)
        ),
      });
    }
    this.show(uuid, progress);
  }

  /** Whether a transaction is the one that this till follows at a line. */
  isFollowed(uuid, progress) {
    return this.watchers.get(uuid)?.transactionId === progress.id;
  }

  unwatch(uuid) {
    this.watchers.get(uuid)?.stop();
    this.watchers.delete(uuid);
  }

  show(uuid, progress) {
    const line = this.lineOf(uuid);
    if (!line || line.pos_order_id?.finalized) {
      const isFollowed = this.watchers.has(uuid);
      this.unwatch(uuid);
      if (line && isFollowed) {
        this.bus.trigger("finalized", {order: line.pos_order_id});
      }
      return;
    }
    const state = this.stateOf(uuid);
    state.progress = progress;
    state.news += 1;
    state.disconnected = false;
    const status = this.statusOf(line, progress);
    if (isFinished(progress)) {
      this.finish(line, progress, status);
    } else {
      this.setStatus(line, status);
    }
  }

  /** A reversal of the line itself, and not one that settles a refund. */
  isVoid(line, progress) {
    return progress.kind === "reversal" && line.getAmount() >= 0;
  }

  /** @returns {string} Odoo's name for where a line stands */
  statusOf(line, progress) {
    const {state, progress: doing} = progress;
    const isOpen =
      ["pending", "unknown"].includes(state) || (state === "approved" && progress.to_book);
    if (this.isVoid(line, progress)) {
      return isOpen ? "reversing" : state === "approved" ? "reversed" : "done";
    }
    if (isOpen) {
      return doing === "aborting" ? "waitingCancel" : "waitingCard";
    }
    if (state === "approved" && !progress.without_order) {
      return progress.reversed ? "reversed" : "done";
    }
    return "retry";
  }

  /** The server knows it by itself: nothing that has to be synced. */
  setStatus(line, status) {
    if (line.payment_status === status) {
      return;
    }
    const order = line.pos_order_id;
    const wasDirty = [line._dirty, order._dirty];
    line.setPaymentStatus(status);
    [line._dirty, order._dirty] = wasDirty;
  }

  /** Its result is known: the line gets what the server has, and whoever waits for the end hears of it. */
  async finish(line, progress, status) {
    const {uuid} = line;
    const before = line.payment_status;
    // Odoo's own sync, after what another till did with the order, may have brought the result before its news.
    const isNews = before !== status || this.isFollowed(uuid, progress);
    this.unwatch(uuid);
    const isNotReversed =
      status === "done" && (before === "reversing" || this.isVoid(line, progress));
    const changes =
      ["done", "reversed"].includes(status) &&
      !isNotReversed &&
      (isNews || this.differs(line, progress, status));
    if (changes) {
      const order = line.pos_order_id;
      const reload = this.reload(line, progress);
      this.reloads.set(order.uuid, reload);
      const isReloaded = await reload;
      this.reloads.delete(order.uuid);
      // Where something else was started meanwhile, what it comes to counts.
      if (!isReloaded || this.stateOf(uuid).progress?.id !== progress.id) {
        return;
      }
    }
    this.setStatus(line, status);
    this.waitBeforeRetry(uuid, progress.retry_wait);
    this.end(uuid, ["done", "reversed"].includes(status) && progress.state === "approved");
    if (isNews) {
      this.tellElsewhere(line, progress);
    }
    if (changes && status === "done") {
      this.bus.trigger("approved", {line});
    }
  }

  /** Who has gone on to something else, another table for example, hears of the end, too. */
  tellElsewhere(line, progress) {
    const {current, params} = this.pos.router.state;
    const order = line.pos_order_id;
    if (current !== "PaymentScreen" || params.orderUuid !== order.uuid) {
      this.pos.notification.add(`${order.getName()}: ${progress.amount}`, {
        title: progress.label,
        type: progress.state === "approved" ? "success" : "warning",
        sticky: progress.state !== "approved",
      });
    }
  }

  /** Tip and surcharge are added on the server. */
  differs(line, progress, status) {
    const charged = status === "reversed" ? 0 : progress.charged_amount;
    return charged !== undefined && !this.pos.currency.isZero(charged - line.getAmount());
  }

  /**
   * Take the order as the server has it: with tip and surcharge, the card, and what was charged.
   *
   * @returns {Promise<boolean>} false where Odoo can't be reached; it goes on by itself
   */
  async reload(line, progress) {
    const order = line.pos_order_id;
    try {
      // What the cashier changed meanwhile, a customer for example.
      if (order.isDirty()) {
        await this.sync(order);
      }
    } catch (error) {
      // It isn't worth a lost result.
      this.explain(error);
    }
    try {
      await this.pos.data.loadServerOrders([["uuid", "=", order.uuid]]);
      return true;
    } catch (error) {
      this.explain(error);
      this.stateOf(line.uuid).disconnected = true;
      this.later(line.uuid, () => this.show(line.uuid, progress));
      return false;
    }
  }

  /**
   * The cashier reads the result a moment before it is booked, and before the order has come back from the server: who
   * goes on at once waits for that.
   */
  async settling(order) {
    while (order?.payment_ids.some((line) => this.isBeingBooked(line))) {
      await delay(SYNC_INTERVAL);
    }
    await this.reloads.get(order?.uuid);
  }

  /** Charged, and booked in a moment. Where accounting refuses, nobody waits for it. */
  isBeingBooked(line) {
    const {progress} = this.states.get(line.uuid) || {};
    return progress?.state === "approved" && progress.to_book && !progress.booking_failed;
  }

  /** @returns {Promise<boolean>} whether what was asked for was done, once that is known */
  endOf(line) {
    this.end(line.uuid, false);
    const {promise, resolve} = Promise.withResolvers();
    this.ends.set(line.uuid, resolve);
    return promise;
  }

  end(uuid, success) {
    this.ends.get(uuid)?.(success);
    this.ends.delete(uuid);
  }

  /** Nothing runs for this line. */
  release(line, status) {
    this.setStatus(line, status);
    this.end(line.uuid, false);
  }

  waitBeforeRetry(uuid, seconds) {
    const state = this.stateOf(uuid);
    state.waitSeconds = seconds || 0;
    const count = () => {
      if (state.waitSeconds > 0) {
        state.waitSeconds -= 1;
        this.later(uuid, count, 1000);
      }
    };
    if (seconds) {
      this.later(uuid, count, 1000);
    }
  }

  later(uuid, action, pause = REPEAT_INTERVAL) {
    this.clearTimer(uuid);
    this.timers.set(uuid, browser.setTimeout(action, pause));
  }

  clearTimer(uuid) {
    browser.clearTimeout(this.timers.get(uuid));
    this.timers.delete(uuid);
  }

  // --- taking up again --- //

  /** @returns {Object[]} card lines of open orders whose end isn't known here */
  openLines() {
    return this.pos.models["pos.payment"].filter(
      (line) =>
        line.isNets() &&
        line.pos_order_id &&
        !line.pos_order_id.finalized &&
        !["done", "reversed"].includes(line.payment_status)
    );
  }

  /**
   * Ask the server where card lines stand, and follow them from there: after a reload, in another tab, on another
   * till, or when the connection is back.
   *
   * @param {Object[]} lines by default all that may be running
   */
  async resume(lines = this.openLines()) {
    const open = lines.filter((line) => !this.stateOf(line.uuid).sending);
    if (!open.length) {
      return;
    }
    const news = new Map(open.map((line) => [line, this.stateOf(line.uuid).news]));
    let found = {};
    try {
      found = await this.call("pos_progress", [open.map((line) => line.uuid)]);
    } catch (error) {
      this.explain(error);
      for (const line of open.filter((each) => this.isRunning(each))) {
        this.stateOf(line.uuid).disconnected = true;
        this.later(line.uuid, () => this.resume([line]));
      }
      return;
    }
    const overtaken = [];
    for (const line of open) {
      const state = this.stateOf(line.uuid);
      if (state.sending || state.waiting) {
        continue;
      }
      state.disconnected = false;
      if (state.news !== news.get(line)) {
        // It may tell of the payment, where a reversal of it is followed since.
        overtaken.push(line);
      } else if (found[line.uuid]) {
        this.follow(line, found[line.uuid]);
      } else if (this.isRunning(line)) {
        // The page was closed before the server heard of it.
        this.release(line, "pending");
      }
    }
    if (overtaken.length) {
      await this.resume(overtaken);
    }
  }

  /** @param {{payment_uuid: string, transaction_id: number}} message that there is news, and nothing else */
  onMessage({payment_uuid: uuid, transaction_id: transactionId}) {
    const watcher = this.watchers.get(uuid);
    if (watcher?.transactionId === transactionId) {
      watcher.ask();
      return;
    }
    const line = this.lineOf(uuid);
    if (line && !line.pos_order_id?.finalized) {
      this.resume([line]);
    }
  }
}
