import {registry} from "@web/core/registry";

const row = (amount) => `.o_data_row:has([name=amount]:contains(${amount}))`;

/** From a form back to the list. */
const backToTheLog = {
  content: "Back to the log",
  trigger: ".o_breadcrumb a:contains(Card transactions)",
  run: "click",
};

const assertReadonly = {
  content: "Nothing can be entered, deleted or duplicated",
  trigger: ".o_form_view .o_form_readonly, .o_form_view",
  run() {
    const editable = document.querySelectorAll(
      ".o_form_sheet input:not([type=checkbox]):not([readonly]), .o_form_sheet textarea:not([readonly])"
    );
    if (editable.length) {
      throw new Error(
        `The log can be edited: ${editable[0].closest("[name]")?.getAttribute("name")}`
      );
    }
    if (document.querySelector(".o_form_button_create, .o_form_button_save:not(.invisible *)")) {
      throw new Error("The log offers to create or save");
    }
  },
};

registry.category("web_tour.tours").add("nets_transaction_log", {
  steps: () => [
    {
      content: "The newest is on top, and each says how it ended",
      trigger: `${row("30.00")} [name=result]:contains(Unknown)`,
    },
    {trigger: `${row("20.00")} [name=result]:contains(Failed)`},
    {trigger: `${row("20.00")} [name=message]:contains(Insufficient funds)`},
    {trigger: `${row("10.00")} [name=result]:contains(Successful)`},
    {trigger: `${row("10.00")} [name=card_label]:contains(1234)`},
    {
      content: "The log can't be added to",
      trigger: ".o_control_panel:not(:has(.o_list_button_add))",
    },

    {content: "A successful one", trigger: `${row("10.00")} [name=message]`, run: "click"},
    {trigger: ".o_form_view .o_field_widget[name=message]:contains(Successful)"},
    {trigger: ".o_field_widget[name=charged_amount]:contains(10.00)"},
    {trigger: ".o_field_widget[name=authorisation_code]:contains(A00101)"},
    {trigger: ".o_field_widget[name=payment_id] a"},
    {
      content: "Nothing to book or to settle",
      trigger:
        ".o_form_view:not(:has(button[name=action_book_again])):not(:contains(Settle by hand))",
    },
    assertReadonly,
    {content: "Its receipts", trigger: ".nav-link:contains(Receipts)", run: "click"},
    {trigger: ".o_field_widget[name=customer_receipt]:contains(CUSTOMER)"},
    backToTheLog,

    {content: "A refused one", trigger: `${row("20.00")} [name=message]`, run: "click"},
    {trigger: ".o_form_view .o_field_widget[name=message]:contains(Insufficient funds)"},
    {trigger: ".o_field_widget[name=nets_message]:contains(Not enough money)"},
    assertReadonly,
    backToTheLog,

    {content: "One that isn't known", trigger: `${row("30.00")} [name=message]`, run: "click"},
    {trigger: ".o_form_view .alert:contains(The result is being fetched automatically)"},
    assertReadonly,
    {
      content: "The manager read the terminal's journal",
      trigger: "button:contains(Settle by hand)",
      run: "click",
    },
    {trigger: ".modal label:contains(Nothing was charged)", run: "click"},
    {
      content: "No amount is asked for where nothing was charged",
      trigger: ".modal:not(:has(.o_field_widget[name=amount]))",
    },
    {
      trigger: ".modal .o_field_widget[name=reason] input",
      run: "edit Not in the terminal's journal",
    },
    {trigger: ".modal button[name=action_settle]", run: "click"},
    {
      content: "It is settled",
      trigger:
        ".o_form_view .o_field_widget[name=settlement_reason]:contains(Not in the terminal's)",
    },
    {trigger: "body:not(:has(.modal)) .o_field_widget[name=message]:contains(Settled by hand)"},
  ],
});
