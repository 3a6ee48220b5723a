/**
 * What the server says of one transaction: the one contract between the server and all screens. `progress.py` in the
 * engine says the same in Python, with what each value means, and a test compares the two. Every key is always there;
 * what doesn't apply is empty, false, zero or null. Texts are in the user's language, amounts in major units.
 *
 * The screens show it. On their own they know only what the server can't: that something is on its way to it, that a
 * press is held here, and that there is no connection.
 *
 * @typedef {Object} Progress
 * @property {number} id of the record
 * @property {number} version rises with each change of the transaction, or of what gives it back, see `isOlder`
 * @property {"pending" | "unknown" | "approved" | "failed" | "aborted"} state
 * @property {"purchase" | "refund" | "reversal" | "administration"} kind
 * @property {boolean} finished nothing moves any more without somebody's doing
 * @property {"running" | "aborting" | "unknown" | "approved" | "signature" | "unbooked" | "refused" | "aborted" | "trouble"} look its state at a glance, see `LOOKS`
 * @property {string} title what is done, where a window can't say it of a document
 * @property {string} label of the catalogue's message
 * @property {string} explanation of the catalogue's message
 * @property {string} detail NETS' own words
 * @property {string} advice what to compare where a result stays unknown
 * @property {string} lookup_message what the last lookup showed
 * @property {string} note what accounting notes about the booking
 * @property {string} alert what contradicts what was known before
 * @property {string} question what only somebody at the terminal can answer, with yes or no
 * @property {string} paper a report, or the receipt that the customer signs
 * @property {string} amount formatted, negative where money goes back
 * @property {string} additions what the customer added on the terminal, in words
 * @property {string} card brand and last four digits
 * @property {string} authorisation_code
 * @property {number} terminal_id
 * @property {string} terminal_name
 * @property {"production" | "test" | "simulator"} environment
 * @property {"" | "possible" | "running"} abort
 * @property {"" | "possible" | "running"} lookup get last result
 * @property {boolean} can_retry on the same terminal
 * @property {number} retry_wait seconds until that makes sense
 * @property {"" | "required" | "declined"} signature whether to accept or decline it; once declined, to decline it again
 * @property {boolean} can_settle by hand, by a manager
 * @property {number} report_id that can be opened
 * @property {string} display what the terminal shows at this moment, word by word
 * @property {number} elapsed seconds since it was asked for, while it is open
 * @property {number} known_in seconds until the result is known at the latest, where that can be said
 * @property {Object | null} agent what this browser has to do itself, see `AgentJob`
 * @property {Object | null} task what it was asked for, see `CardTask`
 * @property {"" | "pending" | "waitingCard" | "waitingCancel" | "reversing" | "done" | "reversed" | "retry"} payment_status of the order's line, in Odoo's words
 * @property {number} payment_amount what the order's line says, signed
 * @property {number} refundable what of it is left to refund
 * @property {Object | null} paid what the screen takes over of the order, where only its line changed, see `Paid`
 * @property {boolean} can_record_by_hand what the terminal took where NETS can't be reached
 */

/**
 * What the screen takes over of an order once a card was charged for it.
 *
 * @typedef {Object} Paid
 * @property {Object} payment fields of the line
 * @property {string} write_date of the order, in UTC
 */

/**
 * The answer to a press that has to wait; it is repeated with the same request id.
 *
 * @typedef {Object} Waiting
 * @property {boolean} waiting
 * @property {string} label what is waited for
 * @property {string} explanation
 * @property {string} advice what to compare where it takes long
 * @property {number} known_in as in `Progress`, of what is waited for
 * @property {Object | null} agent what this browser has to do itself, see `AgentJob`
 */

/**
 * What only a browser can do, since the server can't reach the terminal's agent.
 *
 * @typedef {Object} AgentJob
 * @property {"send" | "look_up"} kind
 * @property {number} transaction_id
 * @property {number} terminal_id of the record
 * @property {string} terminal its 8 digits
 * @property {string} address of the agent: ws:// or wss://
 * @property {string} ecr_id what this Odoo calls itself
 * @property {number} customer_timeout seconds that a customer may take
 * @property {number} due_in seconds until it makes sense
 */

/** Icon and Bootstrap's colour of each look, the same on every screen. */
export const LOOKS = {
  running: {icon: "fa-credit-card", tone: "primary"},
  aborting: {icon: "fa-hand-paper-o", tone: "secondary"},
  unknown: {icon: "fa-refresh fa-spin", tone: "warning"},
  approved: {icon: "fa-check-circle", tone: "success"},
  signature: {icon: "fa-pencil", tone: "warning"},
  unbooked: {icon: "fa-exclamation-triangle", tone: "warning"},
  refused: {icon: "fa-times-circle", tone: "danger"},
  aborted: {icon: "fa-ban", tone: "muted"},
  trouble: {icon: "fa-exclamation-triangle", tone: "warning"},
  // what only the screen itself can know
  sending: {icon: "fa-circle-o-notch fa-spin", tone: "primary"},
  waiting: {icon: "fa-hourglass-half", tone: "warning"},
  disconnected: {icon: "fa-plug", tone: "warning"},
};

/**
 * News come by several ways, and may overtake each other.
 *
 * @param {Progress} progress
 * @param {Progress | null} known what is shown
 * @returns {boolean} whether it tells what was before that
 */
export function isOlder(progress, known) {
  return known?.id === progress.id && progress.version < known.version;
}

/** Whether real cards are not charged there. */
export function isPlayMoney(environment) {
  return Boolean(environment) && environment !== "production";
}
