import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("nets_settings", {
  steps: () => [
    {
      content: "The block of settings",
      trigger: "#nets_connect_cloud:contains(NETS Connect@Cloud account)",
    },
    {
      trigger: "#nets_connect_cloud .o_field_widget[name=nets_confirm_and_pay] input:checked",
      run: "click",
    },
    {trigger: ".o_form_button_save", run: "click", expectUnloadPage: true},
    {trigger: "#nets_connect_cloud .o_field_widget[name=nets_confirm_and_pay] input:not(:checked)"},

    {
      content: "To the accounts",
      trigger: "#nets_connect_cloud button.btn-link:contains(accounts)",
      run: "click",
    },
    {trigger: ".o_data_row td:contains(Test account)", run: "click"},
    {
      content: "The password that is set isn't shown",
      trigger: ".o_field_widget[name=password] input[type=password]:placeholder-shown",
    },
    {trigger: ".o_field_widget[name=username] input:value(shop)"},
    {trigger: ".o_back_button, .o_breadcrumb a:contains(Settings)", run: "click"},
    {trigger: ".o_data_row td:contains(Test account)"},
    {trigger: ".o_breadcrumb a:contains(Settings)", run: "click"},

    {
      content: "To the terminals",
      trigger: "#nets_terminals button.btn-link:contains(Terminals)",
      run: "click",
    },
    {trigger: ".o_data_row td:contains(90000001)"},
    {trigger: ".o_breadcrumb a:contains(Settings)", run: "click"},
    {
      content: "To the log, at the top right of the terminals' section",
      trigger: "#nets_terminals button:contains(Transaction log)",
      run({anchor}) {
        const section = anchor.closest("#nets_terminals").getBoundingClientRect();
        const {top, right} = anchor.getBoundingClientRect();
        if (top - section.top > 40 || section.right - right > 40) {
          throw new Error("The log isn't at the top right of the section");
        }
        anchor.click();
      },
    },
    {trigger: ".o_breadcrumb:contains(Card transactions)"},
  ],
});
