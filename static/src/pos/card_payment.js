import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {uuid as newRequestId} from "@web/core/utils/strings";
import {markRaw, reactive} from "@odoo/owl";
import {Press, abortIsLost, countDown, explain} from "../common/press";
import {momentIn} from "../common/clock";
import {isOlder} from "../common/progress";
import {takeOver, takeOverLine} from "./take_over";

/** How often Odoo is asked again where it didn't answer, in milliseconds. */
const REPEAT_INTERVAL = 2000;
/** Odoo's names for a payment line whose card may be charged at this moment … */
export const RUNNING = ["waiting", "waitingCard", "waitingCancel", "reversing"];
/** … and for one whose card was, or whose charge was reversed. */
const SETTLED = ["done", "reversed"];

/** @typedef {import("../common/progress").Progress} Progress */

/**
 * What the till knows of a card payment besides its line's fields.
 *
 * @typedef {Object} CardState
 * @property {Progress | null} progress of its newest transaction
 * @property {import("../common/progress").Waiting | null} waiting what has to be resolved before this one starts
 * @property {boolean} sending a request is on its way to Odoo, or is sent again until there is an answer
 * @property {boolean} disconnected Odoo doesn't answer; it is asked again and again
 * @property {string} error why Odoo refused
 * @property {number} waitSeconds until *Try again* makes sense
 * @property {number} startedAt when what is open was asked for, by this device's clock, in milliseconds; else 0
 * @property {number} knownAt when its result is known at the latest, likewise; 0 where nobody can say
 */

/**
 * @param {CardState} state
 * @param {Object | undefined} line
 * @returns {boolean} whether a card may be charged, or given money back, at this moment
 */
export function isRunning({sending, waiting, progress}, line) {
  return (
    sending || Boolean(waiting) || isBeingBooked(progress) || RUNNING.includes(line?.payment_status)
  );
}

/** @param {Progress | null} progress */
function isBeingBooked(progress) {
  return progress?.state === "approved" && !progress.finished && progress.look !== "unbooked";
}

/**
 * One card payment of this till: it sends it to Odoo's server, follows it, and has its line say what the server says.
 *
 * The transaction lives on the server. What is here is lost with the page, and asked for again by the line's uuid. Its
 * methods come in the order of a payment's life: send → follow → finish.
 */
export class CardPayment {
  /**
   * @param {import("./card_desk").CardDesk} desk
   * @param {string} uuid of the payment line, which outlives its record
   */
  constructor(desk, uuid) {
    markRaw(this);
    this.desk = desk;
    this.uuid = uuid;
    /** @type {CardState} for the screen */
    this.state = reactive({
      progress: null,
      waiting: null,
      sending: false,
      disconnected: false,
      error: "",
      waitSeconds: 0,
      startedAt: 0,
      knownAt: 0,
    });
    /** How often its progress came in: an answer that was asked for before is older. */
    this.news = 0;
    /** What is asked for until Odoo answers, and the line's status where nothing is started after all. */
    this.press = null;
    this.started = null;
    this.statusBefore = "pending";
    /** What follows its transaction until it is finished, with that transaction's id. */
    this.watcher = null;
    /** Resolves what was asked for, once it is known whether it was done; with the status that says so. */
    this.outcome = null;
    /** The order on its way back from the server. */
    this.reloading = null;
    this.timer = null;
  }

  get line() {
    return this.desk.lineOf(this.uuid);
  }

  get order() {
    return this.line?.pos_order_id;
  }

  get isRunning() {
    return isRunning(this.state, this.line);
  }

  /** Charged, and booked in a moment. Where accounting refuses, nobody waits for it. */
  get isBeingBooked() {
    return isBeingBooked(this.state.progress);
  }

  // --- send --- //

  /**
   * Charge a card for the line, or give money back where its amount is negative.
   *
   * @returns {Promise<boolean>} whether that was done, once it is known
   */
  charge() {
    const {reversal, refundOf} = this.line.nets;
    return this.send("pos_start", (terminal, requestId) => [
      [this.uuid, terminal.id, this.line.getAmount(), requestId],
      {cashier: this.desk.cashierName, reversal, refund_of_id: refundOf},
    ]);
  }

  /**
   * NETS is down, and the card was taken on the terminal by hand.
   *
   * @param {{reference: string, reason: string}} values
   */
  recordByHand({reference, reason}) {
    return this.send("pos_record_by_hand", (terminal, requestId) => [
      [this.uuid, terminal.id, this.line.getAmount(), reference, reason, requestId],
      {cashier: this.desk.cashierName, employee_id: this.desk.employeeId},
    ]);
  }

  /** Have the terminal reverse its last payment. */
  async reverse() {
    await this.desk.settling(this.order);
    return this.isRunning
      ? false
      : this.takeBack("pos_reverse", (requestId) => [this.uuid, requestId]);
  }

  /** The card wants a signature: the cashier has compared it, and accepts it or has the payment reversed. */
  async sign(accepted) {
    const {id} = this.state.progress;
    if (accepted) {
      await this.ask("sign", [[id], true, newRequestId()]);
      if (!this.state.progress.signature && this.line?.isCharged()) {
        // nothing is left to do, as after a card that needs no signature
        this.desk.bus.trigger("approved", {line: this.line});
      }
    } else {
      await this.takeBack("sign", (requestId) => [[id], false, requestId]);
    }
  }

  /**
   * Sync the order, so that till and server agree on it before money moves, and start the transaction.
   *
   * @param {string} method of nets.transaction
   * @param {(terminal: Object, requestId: string) => [Array, Object]} prepare its arguments
   * @returns {Promise<boolean>} whether it was done, once that is known
   */
  async send(method, prepare) {
    const {desk, line, state} = this;
    const order = line.pos_order_id;
    await desk.settling(order);
    const running = desk.runningLine(order);
    if (running) {
      state.error = running === line ? state.error : desk.explainRunning(running).body;
      return false;
    }
    const terminal = desk.terminalFor(line);
    if (!terminal || !line.getAmount()) {
      state.error = terminal ? _t("Enter an amount first.") : _t("Choose a terminal first.");
      return false;
    }
    Object.assign(state, {sending: true, progress: null, error: "", disconnected: false});
    const outcome = this.expect("done");
    try {
      await this.sync(order);
    } catch (error) {
      state.sending = false;
      state.error = explain(
        error,
        _t(
          "Odoo can't be reached, so nothing was sent to the terminal. Try again when the connection is back, or use another way to pay."
        )
      );
      this.release("pending");
      return outcome;
    }
    // From here on it may run, also where this page never learns of it.
    this.setStatus("waitingCard");
    this.started = this.start("pending", method, (requestId) => prepare(terminal, requestId));
    await this.started;
    return outcome;
  }

  /**
   * @param {string} method of nets.transaction
   * @param {(requestId: string) => Array} prepare its arguments
   * @returns {Promise<boolean>} whether the terminal reversed the payment, once that is known
   */
  async takeBack(method, prepare) {
    this.setStatus("reversing");
    const outcome = this.expect("reversed");
    await this.start("done", method, (requestId) => [prepare(requestId), {}]);
    return outcome;
  }

  /**
   * Have Odoo start a transaction: it is asked until it has answered.
   *
   * @param {string} statusBefore of the line, where nothing was started
   * @param {string} method of nets.transaction
   * @param {(requestId: string) => [Array, Object]} prepare its arguments
   */
  async start(statusBefore, method, prepare) {
    const {state} = this;
    state.error = "";
    this.clearTimer();
    this.statusBefore = statusBefore;
    this.press = new Press(state);
    try {
      const call = (requestId) => this.desk.call(method, ...prepare(requestId));
      const progress = await this.press.send(call, {insist: true});
      if (progress) {
        this.follow(progress);
      }
    } catch (error) {
      await this.afterRefusal(explain(error));
    } finally {
      state.sending = false;
    }
  }

  /** Odoo refused. An earlier attempt of the same request may have arrived, though, so the server is asked. */
  async afterRefusal(error) {
    let progress = null;
    try {
      progress = (await this.desk.call("pos_progress", [[this.uuid]]))[this.uuid];
    } catch (unknown) {
      // The line stays as it is, locked: `resume` finds out.
      explain(unknown);
      this.later(() => this.desk.resume([this.line]));
      this.state.error = error;
      return;
    }
    if (progress && !["failed", "aborted"].includes(progress.state)) {
      this.follow(progress);
    } else {
      this.release(this.statusBefore);
    }
    this.state.error = error;
  }

  /** Give up a payment that waits for an earlier one on its terminal: nothing was started. */
  stopWaiting() {
    if (!this.state.sending) {
      this.press.stop();
      Object.assign(this.state, {waiting: null, knownAt: 0});
      this.release(this.statusBefore);
    }
  }

  /** Don't wait for an earlier payment any longer: take another terminal. */
  async useTerminal(terminal) {
    if (this.state.sending) {
      return;
    }
    this.stopWaiting();
    await this.started;
    this.desk.chooseTerminal(this.line.payment_method_id, terminal.id);
    await this.charge();
  }

  /** Have the server know this order as it is here. */
  async sync(order) {
    const {pos, syncs} = this.desk;
    // The same order may be among what is being saved: sent twice at once, the server refuses one of the two.
    while (syncs.size) {
      await Promise.all(syncs);
    }
    await pos.syncAllOrders({orders: [order], throw: true, force: true});
  }

  // --- ask --- //

  /** A request: what the terminal answers to the payment decides. */
  async abort() {
    await this.ask("abort", [[this.state.progress.id]], abortIsLost());
  }

  /** Ask the terminal at once what became of it. */
  async getLastResult() {
    await this.ask("get_last_result", [[this.state.progress.id]]);
  }

  /**
   * A manager has looked at the terminal's journal.
   *
   * @param {{charged: boolean, reason: string, amount: number, reference: string}} values
   * @raise {RPCError} where Odoo refuses
   */
  async settle({charged, reason, amount, reference}) {
    const args = [this.state.progress.id, charged, reason, amount, reference];
    const [progress] = await this.desk.call("pos_settle", args, {
      cashier: this.desk.cashierName,
      employee_id: this.desk.employeeId,
    });
    this.follow(progress);
  }

  /** Do something with the transaction, and show what became of it. */
  async ask(method, args, lost) {
    const {state} = this;
    state.error = "";
    try {
      const [progress] = await this.desk.call(method, args);
      this.follow(progress);
    } catch (error) {
      state.error = explain(error, lost);
    }
  }

  // --- follow --- //

  /**
   * Show a transaction at its line, and follow it until it is finished.
   *
   * @param {Progress} progress
   */
  follow(progress) {
    if (isOlder(progress, this.state.progress)) {
      return;
    }
    if (!progress.finished && !this.isFollowing(progress.id)) {
      this.unwatch();
      const watcher = this.desk.transactions.watch(progress.id, (news) => this.show(news), {
        onConnection: (connected) => (this.state.disconnected = !connected),
        known: progress,
      });
      this.watcher = {transactionId: progress.id, ...watcher};
    }
    this.show(progress);
  }

  isFollowing(transactionId) {
    return this.watcher?.transactionId === transactionId;
  }

  unwatch() {
    this.watcher?.stop();
    this.watcher = null;
  }

  /** @param {Progress} progress */
  show(progress) {
    const {line, order, state} = this;
    if (!line || order?.finalized) {
      const wasFollowed = Boolean(this.watcher);
      this.unwatch();
      if (line && wasFollowed) {
        this.desk.bus.trigger("finalized", {order});
      }
      return;
    }
    const isNewlyUnbooked = progress.look === "unbooked" && state.progress?.look !== "unbooked";
    const isOpen = ["pending", "unknown"].includes(progress.state);
    const before = state.progress?.id === progress.id ? state.startedAt : 0;
    Object.assign(state, {
      progress,
      disconnected: false,
      startedAt: isOpen ? momentIn(-progress.elapsed, before) : 0,
      knownAt: progress.known_in ? momentIn(progress.known_in, state.knownAt) : 0,
    });
    this.news += 1;
    if (progress.finished) {
      this.finish(progress);
      return;
    }
    const {payment_status: status} = progress;
    // The customer may go. Finishing the order waits for the booking, see `CardDesk.settling`.
    const isCharged = status === "waitingCard" && this.isBeingBooked && !this.differs(progress);
    this.setStatus(isCharged ? "done" : status);
    if (isNewlyUnbooked) {
      this.resolve(false);
      this.tellElsewhere(progress);
    }
  }

  // --- finish --- //

  /** Its result is known: the line gets what the server has, and those who wait for the end are told. */
  async finish(progress) {
    const {line} = this;
    const {payment_status: status} = progress;
    const before = line.payment_status;
    // Odoo's own sync, after what another till did with the order, may have brought the result before its news.
    const isNews = before !== status || this.isFollowing(progress.id);
    this.unwatch();
    // a reversal that failed leaves the order as it was
    const isKept = status === "done" && (before === "reversing" || progress.state !== "approved");
    const changes = SETTLED.includes(status) && !isKept && (isNews || this.differs(progress));
    if (changes) {
      this.reloading = this.reload(progress);
      const isReloaded = await this.reloading;
      this.reloading = null;
      // Where something else was started meanwhile, what it comes to counts.
      if (!isReloaded || this.state.progress?.id !== progress.id) {
        return;
      }
    }
    this.setStatus(status);
    this.stopCounting?.();
    this.stopCounting = countDown(this.state, progress.retry_wait);
    this.resolve(status);
    if (isNews) {
      this.tellElsewhere(progress);
    }
    if (changes && status === "done") {
      this.desk.bus.trigger("approved", {line});
    }
    if (RUNNING.includes(status)) {
      // another till sent the line once more
      this.later(() => this.desk.resume([this.line]));
    }
  }

  /** Tip and surcharge are added on the server, and what was reversed is nothing any more. */
  differs(progress) {
    return !this.desk.pos.currency.isZero(progress.payment_amount - this.line.getAmount());
  }

  /**
   * Take over what the server has of the order: tip and surcharge, the card, and what was charged.
   *
   * @returns {Promise<boolean>} false where Odoo can't be reached; it goes on automatically
   */
  async reload(progress) {
    try {
      if (progress.paid && !this.differs(progress)) {
        takeOverLine(this.line, progress.paid);
      } else {
        await takeOver(this.desk.pos, this.order);
      }
      return true;
    } catch (error) {
      explain(error);
      this.state.disconnected = true;
      this.later(() => this.show(progress));
      return false;
    }
  }

  /** A cashier who has gone on to something else, another table for example, is told of the end, too. */
  tellElsewhere(progress) {
    const {pos} = this.desk;
    const {order} = this;
    const {current, params} = pos.router.state;
    if (order && (current !== "PaymentScreen" || params.orderUuid !== order.uuid)) {
      pos.notification.add(`${order.getName()}: ${progress.amount}`, {
        title: progress.label,
        type: progress.look === "approved" ? "success" : "warning",
        sticky: progress.look !== "approved",
      });
    }
  }

  /** Nothing runs for this line. */
  release(status) {
    this.setStatus(status);
    this.resolve(status);
  }

  /** The server knows it already: nothing that has to be synced. */
  setStatus(status) {
    const {line, order} = this;
    if (!line || line.payment_status === status) {
      return;
    }
    const wasDirty = [line._dirty, order._dirty];
    line.setPaymentStatus(status);
    [line._dirty, order._dirty] = wasDirty;
  }

  /**
   * @param {string} status of the line once what is asked for was done
   * @returns {Promise<boolean>} whether it was, once that is known
   */
  expect(status) {
    this.resolve("");
    const {promise, resolve} = Promise.withResolvers();
    this.outcome = {status, resolve};
    return promise;
  }

  /** @param {string} status of the line */
  resolve(status) {
    this.outcome?.resolve(status === this.outcome.status);
    this.outcome = null;
  }

  later(action) {
    this.clearTimer();
    this.timer = browser.setTimeout(action, REPEAT_INTERVAL);
  }

  clearTimer() {
    browser.clearTimeout(this.timer);
  }
}
