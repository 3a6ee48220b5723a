/** What the unit tests share. */

import {beforeEach} from "@odoo/hoot";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {registry} from "@web/core/registry";

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

/**
 * What `nets.transaction.read_progress` returns for one transaction.
 *
 * @param {Object} values what differs from a payment that waits for the card
 * @returns {Object}
 */
export function progressOf(values = {}) {
  return {
    id: 42,
    state: "pending",
    kind: "purchase",
    progress: "card",
    label: "Waiting for the card",
    explanation: "The customer can present the card at the terminal now.",
    detail: "",
    amount: "$ 250.00",
    terminal_id: 7,
    terminal_name: "Front desk",
    environment: "simulator",
    user_name: "Clerk",
    card: "",
    authorisation_code: "",
    can_abort: true,
    can_retry: false,
    retry_wait: 0,
    booked: false,
    booking_failed: false,
    to_book: false,
    note: "",
    alert: "",
    refund_of_id: false,
    pays_out_ids: [],
    ...values,
  };
}

export const APPROVED = {
  state: "approved",
  progress: "",
  label: "Successful",
  explanation: "The card was charged.",
  card: "Visa •••• 1234",
  authorisation_code: "A00101",
  can_abort: false,
  booked: true,
};

export const DECLINED = {
  state: "failed",
  progress: "",
  label: "Insufficient funds",
  explanation: "Nothing was charged. Try another card.",
  detail: "Do not honour",
  can_abort: false,
  can_retry: true,
};

export const UNKNOWN = {
  state: "unknown",
  progress: "",
  label: "Connection interrupted",
  explanation: "The result is being fetched.",
  can_abort: false,
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
