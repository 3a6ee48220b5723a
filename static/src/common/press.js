import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {ConnectionLostError, RPCError} from "@web/core/network/rpc";
import {uuid} from "@web/core/utils/strings";
import {agentDesk} from "./agent_desk";
import {momentIn} from "./clock";

/** How often what was not answered, or has to wait, is asked for again, in milliseconds. */
const REPEAT_INTERVAL = 2000;

/** @typedef {import("./progress").Progress} Progress */
/** @typedef {import("./progress").Waiting} Waiting */

/**
 * What a screen knows of a press, kept in its own reactive state.
 *
 * @typedef {Object} PressState
 * @property {boolean} sending it is on its way to Odoo, or is sent again until there is an answer
 * @property {Waiting | null} waiting what has to be resolved before it starts
 * @property {boolean} disconnected Odoo didn't answer
 * @property {number} knownAt when what is waited for is known at the latest, by this device's clock; 0 where nobody can say
 */

/**
 * One press of a button is one request: its id goes with every attempt until the server has answered, so that it is one
 * transaction, however often it arrives.
 *
 * Where an earlier transaction on the terminal has to be resolved first, nothing is started: the press is held here, and
 * repeated until it is.
 */
export class Press {
  /** @param {PressState} state */
  constructor(state) {
    this.state = state;
    this.requestId = uuid();
    this.isStopped = false;
  }

  /**
   * @param {(requestId: string) => Promise<(Progress | Waiting)[]>} call
   * @param {{insist: boolean}} options whether to ask again automatically where Odoo can't be reached
   * @returns {Promise<Progress | null>} null where it was stopped before anything was started. `sending` stays true
   *  until the caller has shown the answer
   * @raise {ConnectionLostError} it isn't known whether it arrived: the same press can be sent once more
   * @raise {RPCError} it was refused
   */
  async send(call, {insist = false} = {}) {
    const {state} = this;
    while (!this.isStopped) {
      state.sending = true;
      try {
        const [answer] = await call(this.requestId);
        state.disconnected = false;
        state.waiting = answer.waiting ? answer : null;
        state.knownAt = answer.known_in ? momentIn(answer.known_in, state.knownAt) : 0;
        agentDesk.take(answer);
        if (!answer.waiting) {
          return answer;
        }
        state.sending = false;
      } catch (error) {
        state.disconnected = error instanceof ConnectionLostError;
        if (!state.disconnected) {
          state.waiting = null;
          throw error;
        }
        if (!insist && !state.waiting) {
          throw error;
        }
        // it may have arrived: nothing else is offered meanwhile
      }
      await this.pause();
    }
    return null;
  }

  pause() {
    const {promise, resolve} = Promise.withResolvers();
    this.resume = resolve;
    this.timer = browser.setTimeout(resolve, REPEAT_INTERVAL);
    return promise;
  }

  /** Not to be asked for again. */
  stop() {
    this.isStopped = true;
    browser.clearTimeout(this.timer);
    this.resume?.();
  }
}

/**
 * @param {Error} error
 * @param {string} lost what to say where the connection is lost
 * @returns {string} what a person reads
 * @raise what isn't an answer of the server, or its absence
 */
export function explain(error, lost = _t("Odoo can't be reached. Try again in a moment.")) {
  if (error instanceof ConnectionLostError) {
    return lost;
  }
  if (error instanceof RPCError) {
    return error.data?.message || error.message;
  }
  throw error;
}

/** @returns {string} what to do instead where an abort doesn't reach Odoo */
export function abortIsLost() {
  return _t("Odoo can't be reached. Press the red button on the terminal.");
}

/**
 * Count `state.waitSeconds` down to zero.
 *
 * @param {{waitSeconds: number}} state reactive
 * @param {number} seconds
 * @returns {() => void} stops it
 */
export function countDown(state, seconds) {
  state.waitSeconds = seconds;
  if (!seconds) {
    return () => undefined;
  }
  const timer = browser.setInterval(() => {
    state.waitSeconds -= 1;
    if (state.waitSeconds <= 0) {
      browser.clearInterval(timer);
    }
  }, 1000);
  return () => browser.clearInterval(timer);
}

/** @returns {string} the label of *Try again*, with the seconds until it makes sense */
export function retryLabel(seconds) {
  return seconds > 0 ? _t("Try again (%(seconds)s s)", {seconds}) : _t("Try again");
}
