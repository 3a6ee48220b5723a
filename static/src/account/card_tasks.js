import {_t} from "@web/core/l10n/translation";
import {CardTask, cardTasks} from "../engine/card_task";
import {CardPaymentChoice, CreditNoteChoice, WholeChoice} from "./card_choices";

/** @typedef {import("../engine/card_task").Choice} Choice */

/** Charge a card for invoices. */
class PaymentTask extends CardTask {
  Choices = WholeChoice;

  get invoiceIds() {
    return this.description.invoice_ids;
  }

  load(orm) {
    return orm.call("account.move", "nets_card_payment_data", [this.invoiceIds], {
      previous_id: this.previousId,
    });
  }

  /** What was filled in in Odoo's *Pay* is sent as it is; else only where it is clear on which terminal. */
  atOnce(form) {
    const {wizard_id: wizardId, start} = this.description;
    if (wizardId) {
      // it has a request id of its own
      return () => ["account.payment.register", "nets_process_card", [[wizardId]], {}];
    }
    if (!start || !form.has_usual_terminal || form.transaction_id) {
      return null;
    }
    const {amount, terminal_id: terminalId} = form;
    return (requestId) => this.request({amount, terminalId, requestId});
  }

  /** @param {Choice} choice */
  request({amount, terminalId, requestId}) {
    const values = {request_id: requestId, previous_id: this.previousId};
    return [
      "account.move",
      "nets_start_card_payment",
      [this.invoiceIds, amount, terminalId],
      values,
    ];
  }

  title(documents) {
    return documents ? _t("Card payment: %(invoices)s", {invoices: documents}) : super.title();
  }

  due({customer, due}) {
    return _t("%(customer)s: %(due)s due", {customer, due});
  }

  get running() {
    return _t("You may close this window: the payment goes on, and the invoice shows it.");
  }
}

/** Give money of a card payment back to a card. */
class RefundTask extends CardTask {
  givesBack = true;
  Choices = CreditNoteChoice;
  creditNoteId = false;

  get refundOfId() {
    return this.description.refund_of_id;
  }

  async load(orm) {
    const form = await orm.call("nets.transaction", "refund_data", [[this.refundOfId]], {
      invoice_id: this.description.invoice_id,
      previous_id: this.previousId,
    });
    this.creditNoteId = form.credit_note_id;
    return form;
  }

  /** @param {Choice} choice */
  request({amount, terminalId, requestId}) {
    const values = {
      request_id: requestId,
      credit_note_id: this.creditNoteId,
      invoice_id: this.description.invoice_id,
      previous_id: this.previousId,
    };
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

/** Have the terminal reverse its last payment. */
class ReversalTask extends RefundTask {
  isFixed = true;
  Choices = null;

  load(orm) {
    return orm.call("nets.transaction", "refund_data", [[this.refundOfId]], {reversal: true});
  }

  request({requestId}) {
    return ["nets.transaction", "start_reversal", [[this.refundOfId]], {request_id: requestId}];
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
class PayOutTask extends PaymentTask {
  givesBack = true;
  Choices = CardPaymentChoice;
  cardPaymentId = false;

  async load(orm) {
    const form = await orm.call("account.move", "nets_payout_data", [this.invoiceIds], {
      previous_id: this.previousId,
    });
    this.cardPaymentId = form.card_payment_id;
    return form;
  }

  /** @param {Choice} choice */
  request({amount, terminalId, requestId}) {
    const values = {
      request_id: requestId,
      refund_of_id: this.cardPaymentId,
      previous_id: this.previousId,
    };
    return ["account.move", "nets_start_payout", [this.invoiceIds, amount, terminalId], values];
  }

  title(documents) {
    return documents ? _t("Card refund: %(invoices)s", {invoices: documents}) : _t("Card refund");
  }

  due({customer, due}) {
    return _t("%(customer)s: %(due)s left to pay out", {customer, due});
  }

  get running() {
    return _t("You may close this window: the refund goes on, and the invoice shows it.");
  }
}

cardTasks
  .add("payment", PaymentTask)
  .add("payout", PayOutTask)
  .add("refund", RefundTask)
  .add("reversal", ReversalTask);
