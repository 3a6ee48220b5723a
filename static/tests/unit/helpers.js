/** What the unit tests share. */

import * as hootDom from "@odoo/hoot-dom";
import {beforeEach} from "@odoo/hoot";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {patchWithCleanup} from "@web/../tests/web_test_helpers";
import {registry} from "@web/core/registry";

/** A busy machine needs more than the 12 frames that hoot waits for what comes over the (mocked) network. */
const PATIENCE = 5000;

export function waitFor(target, options) {
  return hootDom.waitFor(target, {timeout: PATIENCE, ...options});
}

export function waitUntil(predicate, options) {
  return hootDom.waitUntil(predicate, {timeout: PATIENCE, ...options});
}

/** The web client: the addon's tests load the till's code, too, whose services would start a till. */
export function defineBackend() {
  defineMailModels();
  beforeEach(() => {
    const services = registry.category("services");
    const gone = new Set(["pos_data"]);
    for (let before = 0; before < gone.size;) {
      before = gone.size;
      for (const [name, {dependencies = []}] of services.getEntries()) {
        if (dependencies.some((dependency) => gone.has(dependency))) {
          gone.add(name);
        }
      }
    }
    gone.forEach((name) => services.remove(name));
  });
}

/** Start a bus, and wait until it can bring messages. */
export async function startBus(env) {
  const {bus_service: bus} = env.services;
  const {promise, resolve} = Promise.withResolvers();
  bus.addEventListener("BUS:CONNECT", resolve);
  await bus.start();
  await promise;
}

/** No bus: what is watched is asked for every few seconds. */
export function withoutBus(env) {
  patchWithCleanup(env.services.bus_service, {
    get workerState() {
      return "DISCONNECTED";
    },
    set workerState(_state) {
      // it stays so
    },
  });
}

/**
 * What `nets.transaction.read_progress` returns for one transaction: all keys of the contract, and no others.
 *
 * @param {Object} values what differs from a payment that waits for the card
 * @returns {import("@nets_connect_cloud/common/progress").Progress}
 */
export function progressOf(values = {}) {
  const progress = {
    id: 42,
    version: 0,
    state: "pending",
    kind: "purchase",
    finished: false,
    look: "running",
    title: "",
    label: "Waiting for the card",
    explanation: "The customer can present the card at the terminal now.",
    detail: "",
    advice: "",
    lookup_message: "",
    note: "",
    alert: "",
    question: "",
    paper: "",
    amount: "$ 250.00",
    additions: "",
    card: "",
    authorisation_code: "",
    terminal_id: 7,
    terminal_name: "Front desk",
    environment: "simulator",
    abort: "possible",
    lookup: "",
    can_retry: false,
    retry_wait: 0,
    signature: "",
    can_settle: false,
    report_id: 0,
    display: "",
    elapsed: 0,
    known_in: 0,
    agent: null,
    task: null,
    payment_status: "waitingCard",
    payment_amount: 0,
    refundable: 0,
    paid: null,
    can_record_by_hand: false,
  };
  const unknown = Object.keys(values).filter((key) => !(key in progress));
  if (unknown.length) {
    throw new Error(`The server says nothing of the kind: ${unknown}`);
  }
  return {...progress, ...values};
}

export const APPROVED = {
  version: 5,
  state: "approved",
  finished: true,
  look: "approved",
  label: "Successful",
  explanation: "The card was charged.",
  card: "Visa •••• 1234",
  authorisation_code: "A00101",
  abort: "",
  payment_status: "done",
};

/** Charged, and booked in a moment. */
export const UNBOOKED = {...APPROVED, version: 4, finished: false, payment_status: "waitingCard"};

export const DECLINED = {
  version: 5,
  state: "failed",
  finished: true,
  look: "refused",
  label: "Insufficient funds",
  explanation: "Nothing was charged. Try another card.",
  detail: "Do not honour",
  abort: "",
  can_retry: true,
  payment_status: "retry",
};

export const ABORTING = {
  version: 1,
  look: "aborting",
  label: "Aborting…",
  abort: "running",
  payment_status: "waitingCancel",
};

export const UNKNOWN = {
  version: 2,
  state: "unknown",
  look: "unknown",
  label: "Connection interrupted",
  explanation: "The result is being fetched.",
  abort: "",
};

/**
 * What `account.move.nets_card_payment_data` returns.
 *
 * @param {Object} values what differs
 * @returns {Object}
 */
export function paymentOf(values = {}) {
  return {
    title: "INV/2026/00001",
    customer: "Havnegata Bakery",
    transaction_id: false,
    amount: 1050,
    due: "$ 1,050.00",
    currency_id: 1,
    terminal_id: 7,
    has_usual_terminal: true,
    terminals: [
      {id: 7, name: "Front desk", location: "Shop", environment: "simulator"},
      {id: 8, name: "Back office", location: "", environment: "production"},
    ],
    ...values,
  };
}
