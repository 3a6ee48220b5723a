import {browser} from "@web/core/browser/browser";
import {readDocument, readSoftware} from "./messages";
import {AgentSession} from "./session";
import {AgentError} from "./transport";

export {AgentError};

/** How long a test looks at what the terminal shows, in milliseconds. */
export const TEST_TIME = 1500;

/**
 * The agents that a page talks to. It knows neither Odoo's server nor its records: what is sent is told by whoever asks,
 * and what came is handed on as it came.
 */
export class AgentDriver {
  /** @param {{WebSocket?: typeof WebSocket, isSecurePage?: boolean}} options of the transport */
  constructor(options = {}) {
    this.options = options;
    this.sessions = new Map();
  }

  /**
   * @param {{address: string, terminal: string, ecrId: string}} where `ws` or `wss`; 8 digits; a name of this page
   * @returns {AgentSession} the same for the same three; it isn't opened by that
   */
  session(where) {
    const key = JSON.stringify([where.address, where.terminal, where.ecrId]);
    if (!this.sessions.has(key)) {
      this.sessions.set(key, new AgentSession(where, this.options));
    }
    return this.sessions.get(key);
  }

  /**
   * Open it, and look.
   *
   * @param {{address: string, terminal: string, ecrId: string}} where
   * @returns {Promise<{opened: boolean, reason: string, code: string, info: string, displays: string[],
   *  software: string, messages: string[]}>} `reason` as of an `AgentError`, "" where it opened; `software` is a
   *  version, where one is told
   */
  async test(where) {
    const session = this.session(where);
    const isOurs = session.state === "closed";
    const displays = [];
    const onDisplay = ({detail}) => displays.push(detail.text);
    session.bus.addEventListener("display", onDisplay);
    const seen = {opened: false, reason: "", code: "", info: ""};
    let messages = [];
    try {
      await session.open();
      seen.opened = true;
      await new Promise((resolve) => {
        browser.setTimeout(resolve, TEST_TIME);
      });
      messages = session.openMessages;
    } catch (error) {
      if (!(error instanceof AgentError)) {
        throw error;
      }
      const {reason, code, info} = error;
      Object.assign(seen, {reason, code, info});
      ({messages} = error);
    } finally {
      session.bus.removeEventListener("display", onDisplay);
      if (isOurs && !session.command && !session.holders) {
        session.close();
      }
    }
    if (!displays.length) {
      const shown = messages.flatMap(readDocument).filter(({kind}) => kind === "display");
      displays.push(...shown.map(({text}) => text));
    }
    const software = messages.map(readSoftware).find(Boolean) || "";
    return {...seen, displays, software, messages};
  }
}
