import {Component, useState} from "@odoo/owl";

/** What the person chooses besides amount and terminal; kept in the task, which asks the server for it. */
class Choice extends Component {
  static props = {
    task: Object,
    form: Object,
    disabled: Boolean,
    setAmount: Function,
  };

  setup() {
    this.task = useState(this.props.task);
  }

  /** @param {{left: number} | undefined} chosen what bounds the amount */
  propose(chosen) {
    const {left} = this.props.form;
    this.props.setAmount(-Math.min(left, chosen ? chosen.left : left));
  }
}

/** All of it, where the next instalment or a discount is proposed. */
export class WholeChoice extends Choice {
  static template = "nets_connect_cloud.WholeChoice";
}

/** Whether the invoice is due again, or a refund is matched with a credit note. */
export class CreditNoteChoice extends Choice {
  static template = "nets_connect_cloud.CreditNoteChoice";

  choose(creditNote) {
    this.task.creditNoteId = creditNote ? creditNote.id : false;
    this.propose(creditNote);
  }
}

/** Which card payment a credit note pays back. */
export class CardPaymentChoice extends Choice {
  static template = "nets_connect_cloud.CardPaymentChoice";

  onChange(ev) {
    const cardPayment = this.props.form.card_payments.find(
      ({id}) => id === Number(ev.target.value)
    );
    this.task.cardPaymentId = cardPayment ? cardPayment.id : false;
    this.propose(cardPayment);
  }
}
