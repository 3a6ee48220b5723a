"""No text is cut off in any language: the till's line, the dialog and the log, where there is little room."""

import pytest
import states
from fitting import unfit_texts
from languages import CODES, install_ours
from pages import LAPTOP, PHONE, TABLET, CardDialog, LogPage, leave
from playwright.sync_api import expect
from till import Shop, Till

import stack as machinery

LINE = ".o_nets_card_line"
# The method's and the terminal's
NAMES = ".payment-name, td[name=terminal_label], td[name=document], td[name=partner_id]"


def test_each_translation_is_looked_at():
    assert set(CODES) == {file.stem for file in (machinery.ROOT / "i18n").glob("*.po")}


def test_what_does_not_fit_is_found(clinic, terminal, open_invoice):
    page = open_invoice(clinic.make_invoice(100)).page
    page.get_by_role("button", name="Pay by card").click()
    dialog = CardDialog(page).expect_open()
    assert unfit_texts(page, ".o_nets_card_dialog") == []
    button = dialog.root.locator(".modal-footer .btn-primary")
    text = button.inner_text().strip()
    for style in ("width: 3rem; white-space: nowrap; overflow: hidden", "width: 3rem; white-space: nowrap"):
        button.evaluate("(element, style) => element.setAttribute('style', style)", style)
        assert [each for each in unfit_texts(page, ".o_nets_card_dialog") if each.startswith(text)], style
    button.evaluate("(element) => element.removeAttribute('style')")
    assert unfit_texts(page, ".o_nets_card_dialog") == []


# The open ones among what is made come to an end at some time, which a busy machine reaches with all languages.
@pytest.mark.parametrize("codes", [list(CODES)[first::4] for first in range(4)], ids="-".join)
def test_no_text_is_cut(clinic, simulator, open_page, subtests, codes):
    shop = Shop(clinic, clinic.make_terminals(2))
    shop.make_product("Zither lesson", 1050)
    clinic.make_user("polyglot", "point_of_sale.group_pos_manager", "account.group_account_invoice")
    invoice = clinic.make_invoice(1050)
    polyglot = clinic.admin.call("res.users", "search", [("login", "=", "polyglot")])
    with states.made(clinic, simulator) as made:
        for code in codes:
            clinic.admin.call("res.users", "write", polyglot, {"lang": install_ours(clinic.admin, code)})
            till = Till(open_page("polyglot", shop.path)).expect_open().add("Zither lesson").to_payment()
            for size in (TABLET, PHONE):
                till.page.set_viewport_size(size)
                shown = [("open", False, {}), *((name, transaction, {}) for name, transaction in made.items())]
                shown += [("waiting", False, states.WAITING), ("offline", made["running"], states.DISCONNECTED)]
                for name, transaction, state in shown:
                    till.page.evaluate(states.SHOW_ON_LINE, [transaction, {"can_settle": True}, state])
                    expect(till.card_lines.locator(".o_nets_label")).to_have_count(0 if name == "open" else 1)
                    with subtests.test(code, name=name, width=size["width"]):
                        assert not unfit_texts(till.page, LINE, names=NAMES)
            page = till.page
            page.set_viewport_size(LAPTOP)
            page.goto(LogPage.PATH)
            expect(page.locator(".o_nets_log .o_data_row").first).to_be_visible()
            with subtests.test(code, name="log"):
                assert not unfit_texts(page, ".o_nets_log thead", ".o_nets_log tbody", ".o_nets_log tfoot", names=NAMES)
            page.set_viewport_size(PHONE)
            for name, transaction in made.items():
                if name == "approved":  # closes the dialog
                    continue
                page.evaluate(states.OPEN_DIALOG, transaction)
                expect(page.locator(".o_nets_card_dialog .o_nets_label")).to_be_visible()
                with subtests.test(code, name=f"dialog {name}"):
                    assert not unfit_texts(page, ".o_nets_card_dialog", names=NAMES)
                page.evaluate(states.CLOSE_DIALOGS)
                CardDialog(page).expect_closed()
            page.evaluate(states.OPEN_FORM, invoice)
            expect(CardDialog(page).root.locator("input").first).to_be_visible()
            with subtests.test(code, name="dialog, before it is sent"):
                assert not unfit_texts(page, ".o_nets_card_dialog", names=NAMES)
            page.evaluate(states.CLOSE_DIALOGS)
            leave(page)
    shop.close_session()
