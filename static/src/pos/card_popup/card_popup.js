import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {formatFloat} from "@web/views/fields/formatters";
import {InvalidNumberError, parseFloat} from "@web/views/fields/parsers";
import {useChildRef} from "@web/core/utils/hooks";
import {Component, onMounted, useState} from "@odoo/owl";
import {explain} from "../../common/press";

/**
 * What a person has to say before something is settled by hand: the outcome, amount and reference from the terminal's
 * journal, and always a reason.
 */
export class CardPopup extends Component {
  static template = "nets_connect_cloud.CardPopup";
  static components = {Dialog};
  static props = {
    title: String,
    intro: String,
    confirmLabel: String,
    outcomeLabels: {type: Object, optional: true},
    confirm: Function,
    asksOutcome: {type: Boolean, optional: true},
    asksReference: {type: Boolean, optional: true},
    amount: {type: Number, optional: true},
    currency: {type: Object, optional: true},
    close: Function,
  };

  setup() {
    const {amount, currency} = this.props;
    this.state = useState({
      charged: this.props.asksOutcome ? null : true,
      amount: amount ? formatFloat(amount, {digits: [16, currency.decimal_places]}) : "",
      reference: "",
      reason: "",
      error: "",
      busy: false,
    });
    this.modal = useChildRef();
    onMounted(() => this.modal.el.setAttribute("aria-label", this.props.title));
  }

  /** @returns {string} the button, which says as what */
  get confirmLabel() {
    const {charged} = this.state;
    const {confirmLabel, outcomeLabels} = this.props;
    if (!outcomeLabels || charged === null) {
      return confirmLabel;
    }
    return charged ? outcomeLabels.charged : outcomeLabels.not;
  }

  get asksReference() {
    return this.props.asksReference || (this.props.asksOutcome && this.state.charged);
  }

  get asksAmount() {
    return this.props.asksOutcome && this.state.charged;
  }

  /** @returns {string} what is missing, in words */
  get complaint() {
    const {charged, reference, reason} = this.state;
    if (charged === null) {
      return _t("Say whether the card was charged.");
    }
    if (this.asksReference && !reference.trim()) {
      return _t("Enter the number that is printed on the terminal's receipt.");
    }
    return reason.trim() ? "" : _t("Enter a reason.");
  }

  async confirm() {
    this.state.error = this.complaint;
    if (this.state.error || this.state.busy) {
      return;
    }
    let amount = 0;
    try {
      amount = this.asksAmount ? parseFloat(this.state.amount) : this.props.amount;
    } catch (error) {
      if (!(error instanceof InvalidNumberError)) {
        throw error;
      }
      this.state.error = _t("The amount isn't a number. Enter it in digits.");
      return;
    }
    const {charged, reference, reason} = this.state;
    this.state.busy = true;
    try {
      await this.props.confirm({
        charged,
        amount,
        reference: reference.trim(),
        reason: reason.trim(),
      });
      this.props.close();
    } catch (error) {
      this.state.error = explain(error);
    } finally {
      this.state.busy = false;
    }
  }
}
