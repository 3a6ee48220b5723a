"""Nobody is kept from a card payment by how it is shown: what a kept library finds on the screens of ours."""

import pytest
import states
from axe import axe_source, grave_findings
from pages import CardDialog, LogPage, leave
from playwright.sync_api import expect
from till import BOSS, Shop, Till

__all__ = ["axe_source"]


@pytest.fixture
def made(clinic, simulator):
    with states.made(clinic, simulator) as made:
        yield made


def test_no_grave_finding_in_the_back_office(clinic, made, open_page, axe_source, subtests):
    page = open_page("admin", LogPage.PATH)
    LogPage(page)
    expect(page.locator(".o_data_row").first).to_be_visible()
    with subtests.test("log"):
        assert not grave_findings(page, axe_source, ".o_nets_log .o_data_row", ".o_nets_range")
    made.pop("approved")  # closes the dialog
    for name, transaction in made.items():
        page.evaluate(states.OPEN_DIALOG, transaction)
        expect(page.locator(".o_nets_card_dialog .o_nets_label")).to_be_visible()
        with subtests.test(name):
            assert not grave_findings(page, axe_source, ".modal:has(.o_nets_card_dialog)")
        page.evaluate(states.CLOSE_DIALOGS)
        CardDialog(page).expect_closed()
    page.goto(f"/odoo/action-account.action_move_out_invoice_type/{clinic.make_invoice(100)}")
    page.get_by_role("button", name="Pay by card").click()
    CardDialog(page).expect_open()
    with subtests.test("form"):
        assert not grave_findings(page, axe_source, ".modal:has(.o_nets_card_dialog)")
    page.goto("/odoo/settings")
    expect(page.locator("#nets_terminals")).to_be_visible()
    with subtests.test("settings"):
        settings = [f"#nets_{name}" for name in ("connect_cloud", "terminals", "recovery", "retention")]
        assert not grave_findings(page, axe_source, *settings)


def test_no_grave_finding_at_the_till(clinic, made, open_page, axe_source, subtests):
    shop = Shop(clinic, clinic.make_terminals(2))
    shop.make_product("Zither lesson", 1050)
    till = Till(open_page(BOSS, shop.path)).expect_open().add("Zither lesson").to_payment()
    page = till.page
    for name, transaction in {"open": False, **made}.items():
        page.evaluate(states.SHOW_ON_LINE, [transaction, {}])
        expect(till.card_lines.locator(".o_nets_label")).to_have_count(1 if transaction else 0)
        with subtests.test(name):
            assert not grave_findings(page, axe_source, ".o_nets_card_line")
    page.evaluate(states.SHOW_ON_LINE, [made["unknown"], {"can_settle": True}])
    till.card_line().button("Settle by hand").click()
    expect(page.locator(".o_nets_card_popup")).to_be_visible()
    with subtests.test("pop-up"):
        assert not grave_findings(page, axe_source, ".modal:has(.o_nets_card_popup)")
    page.evaluate(states.SHOW_ON_LINE, [made["running"], {}])
    till.begin()
    expect(page.locator(".o_nets_card_bar")).to_be_visible()
    with subtests.test("bar"):
        assert not grave_findings(page, axe_source, ".o_nets_card_bar")
    leave(page)
    shop.close_session()
