import {_t} from "@web/core/l10n/translation";

/**
 * What the card dialog is opened for: where its figures come from, what *Process card* asks the server for, and the
 * words that differ. Amounts of tasks with `givesBack` are negative.
 *
 * @typedef {Object} Choice what the person chose in the dialog
 * @property {number} amount
 * @property {number} terminalId
 * @property {number | false} creditNoteId
 * @property {number | false} cardPaymentId
 */

/** Charge a card for invoices. */
class PaymentTask {
  givesBack = false;
  isFixed = false;

  constructor(invoiceIds) {
    this.invoiceIds = invoiceIds;
  }

  load(orm) {
    return orm.call("account.move", "nets_card_payment_data", [this.invoiceIds]);
  }

  /** @param {Choice} choice */
  request({amount, terminalId}) {
    return ["account.move", "nets_start_card_payment", [this.invoiceIds, amount, terminalId], {}];
  }

  title(documents) {
    return documents ? _t("Card payment: %(invoices)s", {invoices: documents}) : _t("Card payment");
  }

  due({customer, due}) {
    return _t("%(customer)s: %(due)s due", {customer, due});
  }

  get button() {
    return _t("Process card");
  }

  get running() {
    return _t("You may close this window: the payment goes on, and the invoice shows it.");
  }
}

/** Give money back to a card. */
class RefundTask extends PaymentTask {
  givesBack = true;

  constructor(refundOfId, invoiceId) {
    super([]);
    this.refundOfId = refundOfId;
    this.invoiceId = invoiceId;
  }

  load(orm) {
    return orm.call("nets.transaction", "refund_data", [[this.refundOfId]], {
      invoice_id: this.invoiceId,
    });
  }

  /** @param {Choice} choice */
  request({amount, terminalId, creditNoteId}) {
    const values = {credit_note_id: creditNoteId, invoice_id: this.invoiceId};
    return ["nets.transaction", "start_refund", [[this.refundOfId], amount, terminalId], values];
  }

  title(documents) {
    return documents ? _t("Card refund: %(invoices)s", {invoices: documents}) : _t("Card refund");
  }

  due({customer, due, card}) {
    return card
      ? _t("%(customer)s, %(card)s: %(due)s left to refund", {customer, card, due})
      : _t("%(customer)s: %(due)s left to refund", {customer, due});
  }

  get running() {
    return _t("You may close this window: the refund goes on, and the invoice shows it.");
  }
}

/** Have the terminal take back its last payment. */
class ReversalTask extends RefundTask {
  isFixed = true;

  load(orm) {
    return orm.call("nets.transaction", "refund_data", [[this.refundOfId]], {reversal: true});
  }

  request() {
    return ["nets.transaction", "start_reversal", [[this.refundOfId]], {}];
  }

  title(documents) {
    return documents
      ? _t("Reverse card payment: %(invoices)s", {invoices: documents})
      : _t("Reverse card payment");
  }

  due({customer, card}) {
    return [customer, card].filter(Boolean).join(", ");
  }

  get button() {
    return _t("Reverse");
  }
}

/** Pay credit notes out on a card. */
class PayOutTask extends RefundTask {
  constructor(creditNoteIds) {
    super(false, false);
    this.creditNoteIds = creditNoteIds;
  }

  load(orm) {
    return orm.call("account.move", "nets_payout_data", [this.creditNoteIds]);
  }

  /** @param {Choice} choice */
  request({amount, terminalId, cardPaymentId}) {
    return [
      "account.move",
      "nets_start_payout",
      [this.creditNoteIds, amount, terminalId],
      {refund_of_id: cardPaymentId},
    ];
  }

  due({customer, due}) {
    return _t("%(customer)s: %(due)s left to pay out", {customer, due});
  }
}

/**
 * @param {Object} params of the client action
 * @returns {PaymentTask}
 */
export function taskOfAction(params) {
  if (params.reversal) {
    return new ReversalTask(params.refund_of_id);
  }
  if (params.refund_of_id) {
    return new RefundTask(params.refund_of_id, params.invoice_id);
  }
  const documents = params.invoice_ids || [];
  return params.pay_out ? new PayOutTask(documents) : new PaymentTask(documents);
}

/**
 * What a transaction was started for, so that it can be changed and tried again.
 *
 * @param {import("../common/transaction_service").Progress} progress
 * @param {PaymentTask} task what the dialog was opened for
 * @returns {PaymentTask}
 */
export function taskOfTransaction(progress, task) {
  if (progress.pays_out_ids?.length) {
    return new PayOutTask(progress.pays_out_ids);
  }
  if (progress.kind === "reversal") {
    return new ReversalTask(progress.refund_of_id);
  }
  if (progress.kind === "refund") {
    return new RefundTask(progress.refund_of_id, task.invoiceId || task.invoiceIds[0] || false);
  }
  if (!task.invoiceIds.length && progress.invoice_ids?.length) {
    return new PaymentTask(progress.invoice_ids);
  }
  return task;
}
