import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useBus, useService} from "@web/core/utils/hooks";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {Component, onWillDestroy, useState} from "@odoo/owl";
import {LOOKS} from "../common/progress";
import {CHANGED} from "../engine/card_dialog";

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
    this.invoiceId = null;
    this.transactionId = null;
    // The invoice stays the same object when it is read again: its values have to be observed.
    useRecordObserver((record) => this.attach(record));
    useBus(this.env.bus, CHANGED, (ev) => {
      ev.preventDefault();
      this.refresh();
    });
    onWillDestroy(() => this.detach());
  }

  attach(record) {
    if (record.resId !== this.invoiceId) {
      this.detach();
      this.invoiceId = record.resId;
      if (this.invoiceId) {
        const channel = `nets_connect_cloud.invoice_${this.invoiceId}`;
        this.leaveInvoice = this.transactions.listen(channel, () => this.onNews());
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
        this.state.progress = progress;
        if (progress.finished) {
          // the invoice is told how it ends
          this.watcher.stop();
          this.tellRefusal(progress);
          this.refresh();
        }
      });
    }
  }

  /** Somebody started, or finished, a transaction of this invoice. */
  onNews() {
    const {progress} = this.state;
    // while it runs, its watcher knows better; when it ended, it may have been booked after all
    if (!this.transactionId || progress?.finished) {
      this.refresh();
    }
  }

  /** The person who closed the dialog has to learn that nothing was charged: the banner goes away. */
  tellRefusal({state, label, explanation}) {
    if (state !== "approved" && !document.querySelector(".o_nets_card_dialog")) {
      this.notification.add(explanation, {title: label, type: "danger", sticky: true});
    }
  }

  async refresh() {
    const {record} = this.props;
    // what the person is typing is worth more than fresh figures
    if (!(await record.isDirty())) {
      await record.load();
    }
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
