import {EventBus} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {
  ADMINISTRATION,
  ALREADY_OPEN,
  TRANSFERS,
  isFor,
  openRequest,
  readDocument,
  writeRequest,
} from "./messages";
import {AgentError, AgentTransport, reconnectDelay} from "./transport";

/** @typedef {import("./messages").AgentMessage} AgentMessage */
/** @typedef {import("./messages").Request} Request */

/** Times in milliseconds. */
export const TIMES = {
  open: 5000, // the agent may say nothing to *Open*
  openShown: 1000, // the same, once the terminal shows something
  lastResult: 15000,
  settle: 10000, // how long `TerminalReady` may be behind a result
  quiet: 10000, // how long a result may be behind `TerminalReady`
  refused: 30000, // how long something may come behind an error that wasn't the end
  idle: 15000, // a connection that nobody uses is closed: the agent may take one client alone
};
export const CUSTOMER_TIME = 300; // seconds

/** The first ones say how it began, the newest how it stands. */
const MAX_MESSAGES = 200;
const FIRST_MESSAGES = 20;

/** Codes that say that the terminal is gone. */
const LOST_CODES = ["7014", "7016", "8013", "9000"];

/**
 * One thing that is asked of the agent, and what it says meanwhile. A session has one at a time.
 */
class Command {
  /** @param {AgentSession} session */
  constructor(session) {
    this.session = session;
    this.messages = [];
  }

  /** @returns {boolean} whether the session is ours now */
  take() {
    if (this.session.command) {
      return false;
    }
    this.session.command = this;
    this.session.setState();
    return true;
  }

  leave() {
    if (this.session.command === this) {
      this.session.command = null;
      this.session.setState();
    }
  }

  /** @param {string} text */
  note(text) {
    this.messages.push(text);
    if (this.messages.length > MAX_MESSAGES) {
      this.messages.splice(FIRST_MESSAGES, 1);
    }
  }
}

/** `Open`, or *send the latest financial result*: it ends with the first thing that says so. */
class Question extends Command {
  /**
   * @param {AgentSession} session
   * @param {(message: AgentMessage) => string | null} judge a message; what it returns is the end
   */
  constructor(session, judge) {
    super(session);
    this.judge = judge;
  }

  /**
   * @param {string} xml
   * @param {number} timeout milliseconds
   * @returns {Promise<string>} how it ended: as judged, "timeout" or "closed"
   */
  ask(xml, timeout) {
    const {promise, resolve} = Promise.withResolvers();
    this.resolve = resolve;
    this.wait(timeout);
    if (!this.session.write(xml)) {
      this.finish("closed");
    }
    return promise;
  }

  wait(timeout) {
    browser.clearTimeout(this.timer);
    this.timer = browser.setTimeout(() => this.finish("timeout"), timeout);
  }

  finish(end) {
    browser.clearTimeout(this.timer);
    this.resolve?.(end);
  }

  onDocument(text, messages) {
    this.note(text);
    for (const message of messages) {
      const end = this.judge(message);
      if (end !== null) {
        this.refusal = message;
        this.finish(end);
        return true;
      }
    }
    return false;
  }

  onClose() {
    this.finish("closed");
  }
}

/**
 * What may be the end of a run: the server says whether it is.
 *
 * @typedef {Object} Candidate
 * @property {"local_mode" | "rejected" | "error"} kind
 * @property {string[]} messages the documents since the request was written, in their order
 */

/**
 * A payment, refund, reversal or administration, as long as it is listened to. To be iterated over:
 *
 *     for await (const candidate of run) {
 *         if (await isEnd(candidate)) break;
 *     }
 *
 * It goes on listening until that breaks, or until nothing more will come; `trouble` says why then.
 */
export class AgentRun extends Command {
  /**
   * @param {AgentSession} session
   * @param {Request} request
   * @param {{customerTimeout?: number, onDisplay?: (text: string) => void}} options seconds
   */
  constructor(session, request, {customerTimeout = CUSTOMER_TIME, onDisplay} = {}) {
    super(session);
    this.xml = writeRequest(session, request);
    this.customerTimeout = customerTimeout * 1000;
    this.onDisplay = onDisplay;
    /** @type {"" | "closed" | "timeout" | "not_written" | "busy"} */
    this.trouble = "";
    this.candidates = [];
    this.isWritten = false;
    this.hasAborted = false;
    this.hasBegun = false; // the terminal said something
    this.isReady = false; // and is free again
  }

  async *[Symbol.asyncIterator]() {
    if (!(await this.start())) {
      return;
    }
    try {
      for (let found = await this.next(); found; found = await this.next()) {
        this.last = found;
        yield found;
      }
    } finally {
      this.end();
    }
  }

  /** @returns {Promise<boolean>} whether the request was written */
  async start() {
    if (!this.take()) {
      this.trouble = "busy";
      return false;
    }
    await this.session.settled;
    if (!(await this.isConnected()) || !this.session.write(this.xml)) {
      this.trouble = "not_written";
      this.leave();
      return false;
    }
    this.isWritten = true;
    this.customerTimer = browser.setTimeout(() => this.stop("timeout"), this.customerTimeout);
    return true;
  }

  /** @returns {Promise<boolean>} whether the session is open, on a connection that nothing old comes over */
  async isConnected() {
    const {session} = this;
    try {
      if (session.isSoiled || session.opening) {
        await session.openAfresh();
      }
      return session.isOpen;
    } catch (error) {
      if (!(error instanceof AgentError)) {
        throw error;
      }
      return false;
    }
  }

  next() {
    if (this.candidates.length) {
      return this.candidates.shift();
    }
    if (this.trouble) {
      return null;
    }
    const {promise, resolve} = Promise.withResolvers();
    this.wake = resolve;
    return promise;
  }

  offer(candidate) {
    if (this.wake) {
      const {wake} = this;
      this.wake = null;
      wake(candidate);
    } else if (candidate) {
      this.candidates.push(candidate);
    }
  }

  stop(trouble) {
    this.trouble ||= trouble;
    this.offer(null);
  }

  end() {
    browser.clearTimeout(this.customerTimer);
    browser.clearTimeout(this.quietTimer);
    // What still comes of this one, or of its abort, would pass for an answer to the next.
    this.session.isSoiled ||= this.trouble === "timeout" || this.hasAborted;
    if (!this.trouble) {
      const isResult = this.last.kind === "local_mode";
      this.session.lastEnd = isResult ? this.last.messages.at(-1) : "";
      if (!this.isReady) {
        this.session.settle();
      }
    }
    this.leave();
  }

  /** Ask the terminal to cancel, which decides nothing; @returns {boolean} whether it was written */
  abort() {
    if (!this.isWritten || this.session.command !== this) {
      return false;
    }
    this.hasAborted = true;
    const request = {method: "administration", adm_code: ADMINISTRATION.cancel};
    return this.session.write(writeRequest(this.session, request));
  }

  onDocument(text, messages) {
    // The end of the one before may come twice, and name nothing that tells it from ours.
    const isRepeated = !this.hasBegun && text === this.session.lastEnd;
    if (!this.isWritten || isRepeated) {
      return false;
    }
    this.note(text);
    for (const message of messages) {
      this.onMessage(message);
    }
    return true;
  }

  onMessage({kind, text, code}) {
    if (kind === "ready") {
      this.isReady = this.hasBegun;
      if (this.isReady) {
        this.waitQuietly(TIMES.quiet);
      }
    } else if (kind === "error" || kind === "rejected") {
      // Later it may be about something else, the abort for example, while a card is being charged.
      if (!this.hasBegun && !this.hasAborted) {
        this.offer({kind, messages: [...this.messages]});
      }
      if (!this.hasAborted || LOST_CODES.includes(code)) {
        this.waitQuietly(TIMES.refused);
      }
    } else {
      this.hasBegun = true;
      if (this.quietTimer) {
        this.waitQuietly(this.quietTime); // it isn't quiet; a terminal that is free shows something, too
      }
      if (kind === "display") {
        this.onDisplay?.(text);
      } else if (kind === "local_mode") {
        this.offer({kind, messages: [...this.messages]});
      }
    }
  }

  /** @param {number} time milliseconds after which it ends, unless anything is said */
  waitQuietly(time) {
    browser.clearTimeout(this.quietTimer);
    this.quietTime = time;
    this.quietTimer = browser.setTimeout(() => this.stop("timeout"), time);
  }

  onClose() {
    if (this.isWritten) {
      this.stop("closed");
    }
  }
}

/**
 * A page's conversation with one agent: open, then one thing at a time.
 *
 * `bus` has these events: "display" {text}, "state" {state}, "connect" and "disconnect" {}, and "stray" {messages}: a
 * result that came while nothing was asked.
 */
export class AgentSession {
  /**
   * @param {{address: string, terminal: string, ecrId: string}} where `ws` or `wss`; 8 digits; a name of this page
   * @param {{WebSocket?: typeof WebSocket, isSecurePage?: boolean}} options of the transport
   */
  constructor({address, terminal, ecrId}, options = {}) {
    Object.assign(this, {address, terminal, ecrId, options});
    this.bus = new EventBus();
    this.transport = null;
    this.command = null;
    this.opening = null;
    this.lastEnd = ""; // the result that ended the run before
    this.isSoiled = false; // answers may still come to what nobody waits for any more
    this.settled = Promise.resolve(); // once the terminal is ready for the next
    this.onReady = () => undefined;
    this.holders = 0;
    this.failures = 0; // to connect again
    /** @type {"closed" | "opening" | "ready" | "busy"} */
    this.state = "closed";
    this.openMessages = [];
  }

  get isOpen() {
    return Boolean(this.transport?.isOpen);
  }

  setState() {
    const isReady = this.isOpen && !this.opening;
    const state = this.opening ? "opening" : isReady ? (this.command ? "busy" : "ready") : "closed";
    if (state !== this.state) {
      this.state = state;
      this.bus.trigger("state", {state});
    }
    this.waitIdly();
  }

  // === OPEN AND CLOSED === //

  /**
   * Open it, where it isn't; whoever calls meanwhile waits for the same.
   *
   * @returns {Promise<void>}
   * @raise {AgentError}
   */
  open() {
    if (this.isOpen && !this.opening && (!this.isSoiled || this.command)) {
      return Promise.resolve();
    }
    return this.openAfresh();
  }

  /** Open it on a new connection, which doesn't get what answers something on the old one. */
  openAfresh() {
    if (this.opening) {
      return this.opening;
    }
    this.opening = this.connect().finally(() => {
      this.opening = null;
      this.setState();
    });
    this.setState();
    return this.opening.then(() => this.bus.trigger("connect", {}));
  }

  async connect() {
    await this.disconnect(); // an agent may take one client alone
    const transport = new AgentTransport(this.address, {
      ...this.options,
      onDocument: (text) => this.onDocument(text),
      onClose: () => this.onClose(),
    });
    this.transport = transport;
    try {
      await transport.connect();
      await this.sayOpen();
      this.isSoiled = false;
      this.failures = 0;
    } catch (error) {
      this.disconnect();
      throw error;
    }
  }

  async sayOpen() {
    const ends = {ready: "open", rejected: "rejected", error: "rejected"};
    const question = new Question(this, ({kind}) => {
      if (kind === "display") {
        question.wait(TIMES.openShown);
      }
      return ends[kind] || null;
    });
    this.greeting = question;
    const end = await question.ask(openRequest(this), TIMES.open);
    this.greeting = null;
    this.openMessages = question.messages;
    const {code = "", text: info = ""} = question.refusal || {};
    if (end === "closed" || (end === "rejected" && code !== ALREADY_OPEN)) {
      throw new AgentError(end, {code, info, messages: question.messages});
    }
  }

  /** End the connection, as long as nobody opens it again. */
  close() {
    browser.clearTimeout(this.retryTimer);
    this.disconnect();
    this.setState();
  }

  /** @returns {Promise<void> | undefined} once it is closed by both sides */
  disconnect() {
    const isClosed = this.transport?.close();
    this.transport = null;
    this.onReady();
    this.greeting?.onClose();
    this.command?.onClose();
    return isClosed;
  }

  onClose() {
    const wasOpen = !this.opening;
    this.disconnect();
    if (wasOpen) {
      this.setState();
      this.bus.trigger("disconnect", {});
      this.retry();
    }
  }

  /**
   * Keep it open, and open it again when it is lost, until that is released.
   *
   * @returns {() => void} releases it
   */
  keep() {
    this.holders++;
    this.waitIdly();
    let isHeld = true;
    return () => {
      if (isHeld) {
        isHeld = false;
        this.holders--;
        this.waitIdly();
      }
    };
  }

  retry() {
    browser.clearTimeout(this.retryTimer);
    if (!this.holders) {
      return;
    }
    this.retryTimer = browser.setTimeout(async () => {
      this.failures++;
      try {
        await this.open();
      } catch {
        // agents are stopped and started: it is tried as long as somebody needs it
        this.retry();
      }
    }, reconnectDelay(this.failures));
  }

  waitIdly() {
    browser.clearTimeout(this.idleTimer);
    if (!this.holders) {
      browser.clearTimeout(this.retryTimer);
      if (this.state === "ready") {
        this.idleTimer = browser.setTimeout(() => this.close(), TIMES.idle);
      }
    }
  }

  // === WHAT IS SAID === //

  /** @returns {boolean} false: not one byte was handed to the connection */
  write(xml) {
    return Boolean(this.transport?.send(xml));
  }

  onDocument(text) {
    const messages = readDocument(text);
    if (!messages.every((message) => isFor(message, this))) {
      return; // another page's, on the same agent
    }
    for (const {kind, text: line} of messages) {
      if (kind === "display") {
        this.bus.trigger("display", {text: line});
      } else if (kind === "ready") {
        this.onReady();
      }
    }
    const isTaken = Boolean((this.greeting || this.command)?.onDocument(text, messages));
    const isResult = messages.some(({kind}) => kind === "local_mode" || kind === "last_result");
    if (isResult && !isTaken) {
      this.bus.trigger("stray", {messages: [text]});
    }
  }

  /** A result came, and `TerminalReady` has not yet: before, the terminal takes nothing. */
  settle() {
    const {promise, resolve} = Promise.withResolvers();
    browser.setTimeout(resolve, TIMES.settle);
    this.settled = promise;
    this.onReady = resolve;
  }

  // === WHAT SCREENS CALL === //

  /**
   * Ask the terminal for its latest financial result. It opens the connection where needed.
   *
   * @param {{timeout?: number}} options milliseconds
   * @returns {Promise<{messages: string[], reason: string}>} the documents that came, and why there is no result in
   *  them: "", "error", "rejected", "timeout", "busy" (something else is asked on this session) or an `AgentReason`
   */
  async lastResult({timeout = TIMES.lastResult} = {}) {
    const ends = {last_result: "", error: "error", rejected: "rejected"};
    const question = new Question(this, ({kind}) => ends[kind] ?? null);
    if (!question.take()) {
      return {messages: [], reason: "busy"};
    }
    try {
      await (this.isSoiled ? this.openAfresh() : this.open());
      await this.settled;
      const request = {method: "administration", adm_code: ADMINISTRATION.lastResult};
      const reason = await question.ask(writeRequest(this, request), timeout);
      this.isSoiled ||= reason === "timeout";
      return {messages: question.messages, reason};
    } catch (error) {
      if (!(error instanceof AgentError)) {
        throw error;
      }
      this.setState();
      return {messages: error.messages, reason: error.reason};
    } finally {
      question.leave();
    }
  }

  /**
   * @param {Request} request
   * @param {{customerTimeout?: number, onDisplay?: (text: string) => void}} options
   * @returns {AgentRun} it starts when it is iterated over, on an open session; it opens none itself but instead of a
   *  connection over which something old may still come
   */
  run(request, options) {
    return new AgentRun(this, request, options);
  }

  /** @param {number} amount minor units */
  pay(amount, options) {
    return this.transfer(TRANSFERS.purchase, amount, options);
  }

  /** @param {number} amount minor units */
  refund(amount, options) {
    return this.transfer(TRANSFERS.refund, amount, options);
  }

  /** @param {number} amount minor units, of the payment that is taken back */
  reverse(amount, options) {
    return this.transfer(TRANSFERS.reversal, amount, options);
  }

  transfer(type, amount, options) {
    return this.run({method: "transfer", transaction_type: type, amount}, options);
  }

  reconcile(options) {
    return this.administrate(ADMINISTRATION.reconciliation, options);
  }

  xReport(options) {
    return this.administrate(ADMINISTRATION.xReport, options);
  }

  zReport(options) {
    return this.administrate(ADMINISTRATION.zReport, options);
  }

  administrate(code, options) {
    return this.run({method: "administration", adm_code: code}, options);
  }
}
