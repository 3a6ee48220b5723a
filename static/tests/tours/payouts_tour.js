import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("nets_set_up_books", {
  steps: () => [
    {trigger: ".o_data_row td:contains(Test account)", run: "click"},
    {
      content: "One click",
      trigger: ".o_statusbar_buttons button:contains(Set up the books)",
      run: "click",
    },
    {trigger: ".o_notification:contains(The books are ready):contains(NETS clearing)"},
    {
      content: "Done, and not offered again",
      trigger:
        ".o_form_view:not(:has(.o_statusbar_buttons button:contains(Set up the books))) .nav-link:contains(Books)",
      run: "click",
    },
    {trigger: ".o_field_widget[name=clearing_account_id] input:value(NETS clearing)"},
    {trigger: ".o_field_widget[name=clearing_journal_id] input:value(Cards)"},
  ],
});

tours.add("nets_sessions", {
  steps: () => [
    {trigger: ".o_data_row [name=agreement_label]:contains(Agrees)"},
    {
      content: "The one that differs says by how much, and what to look for",
      trigger: ".o_data_row [name=agreement_label]:contains(Differs by)",
      run: "click",
    },
    {trigger: ".alert-danger:contains(taken on the terminal by hand)"},
    {trigger: ".o_statusbar_buttons button:contains(Agree)", run: "click"},
    {
      trigger: ".modal .o_field_widget[name=note] input",
      run: "edit A card was typed on the terminal",
    },
    {trigger: ".modal .modal-footer button:contains(Agree)", run: "click"},
    {
      content: "The stamp",
      trigger: ".alert-success:contains(Agreed by):contains(A card was typed on the terminal)",
    },
  ],
});

const PASTED = `Terminal ID;Session;Foo;Bar
90000001;021;000101;100,00
90000001;021;000102;50,00`;

const meaning = (heading, name) => [
  {
    trigger: `.modal .o_data_row:has(td[name=heading]:contains(${heading})) td[name=meaning]`,
    run: "click",
  },
  {
    trigger: ".modal .o_selected_row td[name=meaning] .o_select_menu_toggler",
    run: "click",
  },
  {trigger: `.o_select_menu_menu .o_select_menu_item:contains(${name})`, run: "click"},
];

tours.add("nets_payout_import", {
  steps: () => [
    {trigger: ".o_control_panel button:contains(Import payout)", run: "click"},
    {
      content: "Pasted, with headings that nobody knows",
      trigger: ".modal .o_field_widget[name=pasted] textarea",
      run({anchor}) {
        anchor.value = PASTED;
        anchor.dispatchEvent(new Event("input", {bubbles: true}));
        anchor.dispatchEvent(new Event("change", {bubbles: true}));
      },
    },
    {trigger: ".modal .modal-footer button:contains(Read)", run: "click"},
    {
      content: "What is known is proposed",
      trigger:
        ".modal .o_data_row:has(td[name=heading]:contains(Session)) td[name=meaning]:contains(Session)",
    },
    ...meaning("Foo", "STAN"),
    ...meaning("Bar", "Amount"),
    {trigger: ".modal .modal-footer button:contains(Import)", run: "click"},
    {
      content: "Each line is known, and says why",
      timeout: 60000,
      trigger:
        ".o_field_widget[name=line_ids] .o_data_row:contains(Certain):contains(STAN and amount)",
    },
    {
      content: "The accounting",
      trigger: ".o_statusbar_buttons button:contains(Reconcile)",
      run: "click",
    },
    {
      content: "Booked, and the bank's line is matched",
      timeout: 60000,
      trigger: ".o_statusbar_status button.o_arrow_button_current:contains(At the bank)",
    },
    {trigger: ".oe_stat_button:contains(Entry)"},
  ],
});
