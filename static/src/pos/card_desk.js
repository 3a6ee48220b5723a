import {browser} from "@web/core/browser/browser";
import {delay} from "@web/core/utils/concurrency";
import {_t} from "@web/core/l10n/translation";
import {user} from "@web/core/user";
import {EventBus, markRaw, reactive} from "@odoo/owl";
import {CardPayment} from "./card_payment";
import {explain} from "../common/press";

/** How often it is looked whether a charge is booked, in milliseconds. */
const BOOKING_INTERVAL = 50;

/**
 * The card payments of this till, its terminals, and what may be done with an order meanwhile.
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
    /** @type {Map<string, CardPayment>} by the uuid of their lines */
    this.payments = new Map();
    this.choices = reactive({});
    /** @type {Set<Promise>} what is being saved at this moment; each ends, whatever becomes of it */
    this.syncs = new Set();
    pos.data.connectWebSocket("NETS_TRANSACTION", (message) => this.onMessage(message));
    window.addEventListener("pos-network-online", () => this.resume());
  }

  get transactions() {
    return this.pos.env.services.nets_transaction;
  }

  call(method, args, kwargs = {}) {
    return this.pos.data.call("nets.transaction", method, args, kwargs);
  }

  // --- card payments --- //

  /**
   * @param {Object} line a payment line
   * @returns {CardPayment}
   */
  paymentOf({uuid}) {
    if (!this.payments.has(uuid)) {
      this.payments.set(uuid, new CardPayment(this, uuid));
    }
    return this.payments.get(uuid);
  }

  lineOf(uuid) {
    return this.pos.models["pos.payment"].getBy("uuid", uuid);
  }

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
   * Ask the server for the state of card lines, and follow them from there: after a reload, in another tab, on another
   * till, or when the connection is back.
   *
   * @param {Object[]} lines by default all that may be running
   */
  async resume(lines = this.openLines()) {
    const payments = lines.map((line) => this.paymentOf(line));
    const open = payments.filter(({line, state}) => line && !state.sending);
    if (!open.length) {
      return;
    }
    const news = new Map(open.map((payment) => [payment, payment.news]));
    let found = {};
    try {
      found = await this.call("pos_progress", [open.map(({uuid}) => uuid)]);
    } catch (error) {
      explain(error);
      for (const payment of open.filter(({isRunning}) => isRunning)) {
        payment.state.disconnected = true;
        payment.later(() => this.resume([payment]));
      }
      return;
    }
    const overtaken = [];
    for (const payment of open) {
      const {state, uuid} = payment;
      if (state.sending || state.waiting) {
        continue;
      }
      state.disconnected = false;
      if (payment.news !== news.get(payment)) {
        // It may tell of the payment, where a reversal of it is followed since.
        overtaken.push(payment);
      } else if (found[uuid]) {
        payment.follow(found[uuid]);
      } else if (payment.isRunning) {
        // The page was closed before the server learned of it.
        payment.release("pending");
      }
    }
    if (overtaken.length) {
      await this.resume(overtaken);
    }
  }

  /**
   * There is news, of whatever till of this register.
   *
   * @param {{payment_uuid: string, transaction_id: number, told_user_id: number | false}} message who is told apart what
   *  it is
   */
  onMessage({payment_uuid: uuid, transaction_id: transactionId, told_user_id: toldId}) {
    const line = this.lineOf(uuid);
    const payment = line && this.paymentOf(line);
    if (toldId === user.userId && payment?.state.progress?.id === transactionId) {
      return;
    }
    if (payment?.isFollowing(transactionId)) {
      payment.watcher.ask();
    } else if (line && !line.pos_order_id?.finalized) {
      this.resume([line]);
    }
  }

  // --- what may be done with an order --- //

  /** Whether a card may be charged, or given money back, for this line at this moment. */
  isRunning(line) {
    return line.isNets() && this.paymentOf(line).isRunning;
  }

  /** @returns the card line of an order that may be charged at this moment, if any */
  runningLine(order) {
    return order?.payment_ids.find((line) => this.isRunning(line));
  }

  /** @returns {Object[]} the card lines of an order that were charged */
  chargedLines(order) {
    return (order?.payment_ids || []).filter((line) => line.isNets() && line.isCharged());
  }

  /** @returns the card line of an order that was charged, if any */
  chargedLine(order) {
    return this.chargedLines(order)[0];
  }

  /** @returns the card line of an order whose signature isn't accepted, if any */
  unsignedLine(order) {
    return order?.payment_ids.find(
      (line) => line.isNets() && this.paymentOf(line).state.progress?.signature
    );
  }

  /**
   * The cashier reads the result a moment before it is booked, and before the order has come back from the server: a
   * cashier who goes on at once waits for that.
   */
  async settling(order) {
    const payments = () =>
      (order?.payment_ids || [])
        .filter((line) => line.isNets())
        .map((line) => this.paymentOf(line));
    while (payments().some(({isBeingBooked}) => isBeingBooked)) {
      await delay(BOOKING_INTERVAL);
    }
    await Promise.all(payments().map(({reloading}) => reloading));
  }

  /**
   * What a person reads who tries to go round a running card payment.
   *
   * @param {Object} line
   * @returns {{title: string, body: string}}
   */
  explainRunning(line) {
    const amount = this.pos.env.utils.formatCurrency(Math.abs(line.getAmount()));
    if (this.paymentOf(line).state.progress?.look === "unbooked") {
      return {
        title: _t("Charged, not booked"),
        body: _t(
          "The card payment of %(amount)s was charged, but accounting refused it. Nothing else can be done with this order until it is booked, which happens automatically once the cause is gone.",
          {amount}
        ),
      };
    }
    if (line.payment_status === "reversing") {
      return {
        title: _t("A card payment is being reversed"),
        body: _t(
          "It isn't known yet whether the terminal reversed the %(amount)s. Wait for it on the payment screen. Nothing else can be done with this order until then.",
          {amount}
        ),
      };
    }
    if (line.getAmount() < 0) {
      return {
        title: _t("A card refund is running"),
        body: _t(
          "The result of the card refund of %(amount)s isn't known yet. Wait for it, or abort it on the payment screen. Nothing else can be done with this order until then.",
          {amount}
        ),
      };
    }
    return {
      title: _t("A card payment is running"),
      body: _t(
        "The result of the card payment of %(amount)s isn't known yet. Wait for it, or abort it on the payment screen. Nothing else can be done with this order until then.",
        {amount}
      ),
    };
  }

  /**
   * Whether cards were charged more than the order's total, so that their money would be paid out in cash.
   *
   * Products may have been taken off it after the charge: here, on another till, or by splitting the bill.
   */
  isOvercharged(order) {
    const {currency} = this.pos;
    const cards = this.chargedLines(order);
    const others = order.amountPaid - cards.reduce((sum, line) => sum + line.getAmount(), 0);
    const excess = currency.round(Math.abs(order.change) - Math.abs(others));
    return cards.length > 0 && excess > 0 && !currency.isZero(excess);
  }

  /** @returns {{title: string, body: string}} what a person reads about that */
  explainOvercharged(order) {
    const format = this.pos.env.utils.formatCurrency;
    return {
      title: _t("More was charged than the order's total"),
      body: _t(
        "%(paid)s is paid, but the order's total is only %(total)s. Money from a card isn't given back in cash: put the products back on the order, or reverse the card payment.",
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
   * @param {Object} choices for those who want to be told of changes: reactive ones
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

  /** @returns {Object | undefined} a reversal runs on the terminal that was paid on, regardless of what is chosen here */
  terminalFor(line) {
    const method = line.payment_method_id;
    return (
      this.terminalOf(method) || (line.nets.reversal ? this.terminalsOf(method)[0] : undefined)
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

  // --- people --- //

  /** With employees at the till: both the cashier and the Odoo user, whose rights the server asks for. */
  get isManager() {
    return this.pos.user.raw.role === "manager" && this.pos.getCashier()?._role === "manager";
  }

  /** Whether the person here may do what managers do at a till, whoever logged in to Odoo. */
  get isManagerHere() {
    return !this.pos.config.module_pos_hr || this.pos.getCashier()?._role === "manager";
  }

  /** @returns {number | false} who is here, where employees log in at the till */
  get employeeId() {
    return (this.pos.config.module_pos_hr && this.pos.getCashier()?.id) || false;
  }

  get cashierName() {
    return this.pos.getCashier()?.name || "";
  }

  // --- refunds --- //

  /** @returns {Object[]} lines of the order that is refunded, whose cards were charged */
  chargedLinesOf(order) {
    const original = order.lines.find((line) => line.refunded_orderline_id)?.refunded_orderline_id
      .order_id;
    return this.chargedLines(original).sort((a, b) => a.id - b.id);
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
        explain(error);
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
}
