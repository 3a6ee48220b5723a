import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {Component, onWillDestroy, onWillUpdateProps, useState} from "@odoo/owl";
import {isFinished} from "../common/transaction_service";

/**
 * Shows on an invoice that a card is being charged for it, to everybody who has the invoice open, and refreshes the
 * invoice when that has ended.
 */
export class TransactionBanner extends Component {
  static template = "nets_connect_cloud.TransactionBanner";
  static props = {...standardWidgetProps};

  setup() {
    this.action = useService("action");
    this.orm = useService("orm");
    this.transactions = useService("nets_transaction");
    this.state = useState({progress: null});
    this.invoiceId = null;
    this.transactionId = null;
    this.attach(this.props.record);
    onWillUpdateProps(({record}) => this.attach(record));
    onWillDestroy(() => this.detach());
  }

  attach(record) {
    if (record.resId !== this.invoiceId) {
      this.detach();
      this.invoiceId = record.resId;
      if (this.invoiceId) {
        this.leaveInvoice = this.transactions.watchInvoice(this.invoiceId, () => this.onNews());
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
        if (isFinished(progress)) {
          this.refresh();
        }
      });
    }
  }

  /** Somebody started, or finished, a transaction of this invoice. */
  onNews() {
    if (!this.transactionId) {
      this.refresh();
    }
  }

  async refresh() {
    const {record} = this.props;
    // what the person is typing is worth more than fresh figures
    if (!(await record.isDirty())) {
      await record.load();
    }
  }

  get alertClass() {
    return ["unknown", "approved"].includes(this.state.progress.state)
      ? "alert-warning"
      : "alert-info";
  }

  get text() {
    const {label, amount, terminal_name: terminal} = this.state.progress;
    return _t("Card payment of %(amount)s on %(terminal)s: %(label)s", {amount, terminal, label});
  }

  async show() {
    await this.action.doAction({
      type: "ir.actions.client",
      tag: "nets_connect_cloud.card_dialog",
      params: {invoice_ids: [this.invoiceId], transaction_id: this.transactionId},
    });
  }
}

export const transactionBanner = {
  component: TransactionBanner,
  fieldDependencies: [{name: "nets_open_transaction_id", type: "many2one"}],
};

registry.category("view_widgets").add("nets_transaction_banner", transactionBanner);
