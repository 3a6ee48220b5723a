import {browser} from "@web/core/browser/browser";
import {DocumentReader} from "./frames";

/** How long a connection may take to open, in milliseconds. */
export const CONNECT_TIME = 10000;
/** How long it may take to be closed by both sides. */
const CLOSE_TIME = 2000;

/** @returns {number} milliseconds before the next attempt to connect again, after so many that failed */
export function reconnectDelay(failures) {
  return Math.min(30000, 1000 * 2 ** Math.min(failures, 10));
}

/**
 * Why the agent can't be used.
 *
 * @typedef {"address" | "blocked" | "refused" | "timeout" | "rejected" | "closed"} AgentReason
 *  address: no address of a WebSocket; blocked: the browser doesn't let this page (https) open `ws`; refused: nobody
 *  listens there, or the certificate isn't trusted; timeout: it didn't open in time; rejected: the agent answered *Open*
 *  with a refusal; closed: the connection ended while it was opened
 */
export class AgentError extends Error {
  /**
   * @param {AgentReason} reason
   * @param {{code?: string, info?: string, messages?: string[]}} details of a rejection, and the raw messages
   */
  constructor(reason, {code = "", info = "", messages = []} = {}) {
    super(["Baxi.Agent:", reason, code, info].filter(Boolean).join(" "));
    this.name = "AgentError";
    this.reason = reason;
    this.code = code;
    this.info = info;
    this.messages = messages;
  }
}

/** Whether browsers take this host for the computer itself, which pages with https may open without TLS. */
function isLoopback(hostname) {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** One connection to an agent: XML documents out and in. It isn't opened a second time. */
export class AgentTransport {
  /**
   * @param {string} address
   * @param {Object} options
   * @param {typeof WebSocket} [options.WebSocket]
   * @param {boolean} [options.isSecurePage]
   * @param {(text: string) => void} options.onDocument
   * @param {() => void} options.onClose an open connection has ended, by whomever but us
   */
  constructor(address, {WebSocket, isSecurePage, onDocument, onClose}) {
    this.address = address;
    this.WebSocket = WebSocket || window.WebSocket;
    this.isSecurePage = isSecurePage ?? browser.location.protocol === "https:";
    this.onDocument = onDocument;
    this.onClose = onClose;
    this.reader = new DocumentReader();
    this.socket = null;
  }

  get isOpen() {
    return this.socket?.readyState === 1;
  }

  /**
   * @returns {Promise<void>}
   * @raise {AgentError}
   */
  async connect() {
    let url = null;
    try {
      url = new URL(this.address);
    } catch {
      throw new AgentError("address");
    }
    if (!["ws:", "wss:"].includes(url.protocol)) {
      throw new AgentError("address");
    }
    // Browsers say no more than that it failed.
    const isMixed = this.isSecurePage && url.protocol === "ws:" && !isLoopback(url.hostname);
    const {promise, resolve, reject} = Promise.withResolvers();
    const fail = (reason) => {
      this.close();
      reject(new AgentError(reason));
    };
    try {
      this.socket = new this.WebSocket(this.address);
    } catch (error) {
      throw new AgentError(error.name === "SecurityError" || isMixed ? "blocked" : "address");
    }
    const {socket} = this;
    const timer = browser.setTimeout(() => fail("timeout"), CONNECT_TIME);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      browser.clearTimeout(timer);
      socket.onclose = () => {
        this.detach();
        this.onClose();
      };
      resolve();
    };
    socket.onclose = () => {
      browser.clearTimeout(timer);
      fail(isMixed ? "blocked" : "refused");
    };
    socket.onmessage = ({data}) => this.reader.push(data).forEach(this.onDocument);
    return promise;
  }

  /**
   * @param {string} text
   * @returns {boolean} false: not one byte of it was handed to the connection
   */
  send(text) {
    if (!this.isOpen) {
      return false;
    }
    this.socket.send(text);
    return true;
  }

  /** @returns {Promise<void>} once both sides have closed it, or after a while */
  async close() {
    const {socket} = this;
    if (!socket) {
      return;
    }
    this.detach();
    const {promise, resolve} = Promise.withResolvers();
    const timer = browser.setTimeout(resolve, CLOSE_TIME);
    socket.onclose = resolve;
    socket.close();
    await promise;
    browser.clearTimeout(timer);
  }

  detach() {
    if (this.socket) {
      Object.assign(this.socket, {onopen: null, onclose: null, onmessage: null});
      this.socket = null;
    }
  }
}
