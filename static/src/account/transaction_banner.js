import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {user} from "@web/core/user";
import {useBus, useService} from "@web/core/utils/hooks";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {Component, onWillDestroy, useState} from "@odoo/owl";
import {LOOKS} from "../common/progress";
import {CHANGED, seen} from "../engine/card_dialog";

/**
 * Shows on an invoice that a card is being charged for it, to everybody who has the invoice open, and refreshes the
 * invoice when that has ended.
 */
export class TransactionBanner extends Component {
  static template = "nets_connect_cloud.TransactionBanner";
  static props = {...standardWidgetProps};

  setup() {
    this.action = useService("action");
    this.notification = useService("notification");
    this.transactions = useService("nets_transaction");
    this.state = useState({progress: null});
    this.seen = useState(seen);
    this.invoiceId = null;
    this.transactionId = null;
    /** The invoice on its way back from the server, and the transaction it is read again for. */
    this.reading = null;
    this.readFor = null;
    // The invoice stays the same object when it is read again: its values have to be observed.
    useRecordObserver((record) => this.attach(record));
    useBus(this.env.bus, CHANGED, (ev) => {
      ev.preventDefault();
      this.refresh(this.readFor);
    });
    onWillDestroy(() => this.detach());
  }

  attach(record) {
    if (record.resId !== this.invoiceId) {
      this.detach();
      this.invoiceId = record.resId;
      if (this.invoiceId) {
        const {invoiceId} = this;
        this.leaveInvoice = this.transactions.listen(
          `nets_connect_cloud.invoice_${invoiceId}`,
          (message) => message.invoice_id === invoiceId,
          (message) => this.onNews(message)
        );
      }
    }
    this.follow(record.data.nets_open_transaction_id?.id || null);
  }

  detach() {
    this.leaveInvoice?.();
    this.leaveInvoice = null;
    this.follow(null);
  }

  follow(transactionId) {
    if (transactionId === this.transactionId) {
      return;
    }
    this.watcher?.stop();
    this.watcher = null;
    this.transactionId = transactionId;
    this.state.progress = null;
    if (transactionId) {
      this.watcher = this.transactions.watch(transactionId, (progress) => {
        const wasFinished = this.state.progress?.finished;
        this.state.progress = progress;
        if (progress.finished) {
          // the invoice is told how it ends; what stays open, as a signature, is still followed
          if (!wasFinished) {
            this.tellRefusal(progress);
          }
          this.refresh(transactionId);
        }
      });
    }
  }

  /** Somebody started, or finished, a transaction of this invoice. */
  onNews({transaction_id: id, told_user_id: toldId}) {
    const {progress} = this.state;
    // where it is shown above this page, that reads it again at its end
    const isInDialog = toldId === user.userId && seen.dialogs > 0;
    // while it runs, its watcher knows better; when it ended, it may have been booked after all
    if (!isInDialog && (!this.transactionId || progress?.finished)) {
      this.refresh(id);
    }
  }

  /** The person who closed the dialog has to learn that nothing was charged: the banner goes away. */
  tellRefusal({state, label, explanation}) {
    if (state !== "approved" && !seen.dialogs) {
      this.notification.add(explanation, {title: label, type: "danger", sticky: true});
    }
  }

  /**
   * Read the invoice again. Several ask for that when a transaction ends: once is enough.
   *
   * @param {number | null} transactionId for which one
   */
  async refresh(transactionId) {
    if (!this.reading || this.readFor !== transactionId) {
      const reading = Promise.resolve(this.reading).then(() => this.read());
      Object.assign(this, {reading, readFor: transactionId});
      await reading.finally(() => {
        if (this.reading === reading) {
          Object.assign(this, {reading: null, readFor: null});
        }
      });
    }
  }

  async read() {
    const {record} = this.props;
    // what the person is typing is worth more than fresh figures
    if (!(await record.isDirty())) {
      await record.load();
    }
    // still this one: what gave it back, or didn't, may have changed what is to be said of it
    const {progress} = this.state;
    if (progress?.finished && record.data.nets_open_transaction_id?.id === progress.id) {
      this.watcher?.ask();
    }
  }

  /** What a dialog shows, or has shown to its end, isn't said twice; a signature is still to be looked at. */
  get isShown() {
    const {dialogs, progress} = this.seen;
    const {id} = this.state.progress || {};
    const isSeen = progress?.id === id && progress?.finished && !progress.signature;
    return Boolean(id) && !dialogs && !isSeen;
  }

  get look() {
    return LOOKS[this.state.progress.look];
  }

  get text() {
    const {kind, label, amount, terminal_name: terminal} = this.state.progress;
    if (kind === "refund") {
      return _t("Card refund on %(terminal)s (%(amount)s): %(label)s", {amount, terminal, label});
    }
    if (kind === "reversal") {
      return _t("Reversal on %(terminal)s (%(amount)s): %(label)s", {amount, terminal, label});
    }
    return _t("Card payment of %(amount)s on %(terminal)s: %(label)s", {amount, terminal, label});
  }

  async show() {
    await this.action.doAction({
      type: "ir.actions.client",
      tag: "nets_connect_cloud.card_dialog",
      params: {transaction_id: this.transactionId},
    });
  }
}

export const transactionBanner = {
  component: TransactionBanner,
  fieldDependencies: [{name: "nets_open_transaction_id", type: "many2one"}],
};

registry.category("view_widgets").add("nets_transaction_banner", transactionBanner);
