"""The transaction log and receipts, as a person uses them."""

import re
import zipfile
from datetime import date, timedelta

import pytest
from pages import LAPTOP, PHONE, CardDialog, LogPage, TransactionPage, expect_to_fit, go_on, money, shoot
from playwright.sync_api import expect

from stack import wait_until


@pytest.fixture
def history(clinic):
    """A group of two sites: on one a payment, a refusal, an abort and a refund; on the other a colleague's payment."""
    create = clinic.admin.call
    group = create("nets.location", "create", [{"name": "Harbour", "company_id": clinic.ref("demo_company")}])[0]
    north, south = create(
        "nets.location",
        "create",
        [
            {"name": f"Harbour {name}", "company_id": clinic.ref("demo_company"), "parent_id": group}
            for name in ("North", "South")
        ],
    )
    here, there = clinic.make_terminal(location_id=north), clinic.make_terminal(location_id=south)
    customer = clinic.make_customer("Harbour Ferries")
    clinic.made = {}

    def pay(amount, terminal, play, user="admin", customer=None):
        terminal.play(outcome=play)
        clinic.made[amount] = clinic.press_pay(clinic.make_invoice(amount, customer), terminal, user=user)
        clinic.wait_for_end(clinic.made[amount])

    pay(310, here, "approved", customer=customer)
    pay(320, here, "insufficient_funds")
    here.hold()
    clinic.made[315] = clinic.press_pay(clinic.make_invoice(315), here)
    here.asks_for_card()
    create("nets.transaction", "abort", [clinic.made[315]])
    clinic.wait_for_end(clinic.made[315])
    here.play("approved")
    clinic.made[-10] = clinic.press_refund(clinic.made[310], here, -10)
    clinic.wait_for_end(clinic.made[-10])
    pay(330, there, "approved", user="demo")
    yield here, there
    create("nets.location", "write", [group, north, south], {"active": False})


ALL = (330, -10, 315, 320, 310)


def test_what_is_looked_for_is_found(clinic, history, open_page):
    _here, there = history
    page = open_page("admin", LogPage.PATH)
    log = LogPage(page)

    # sites and terminals, in the panel: a group has what its sites have
    log.panel("Harbour")
    log.expect_asked(*ALL)
    expect(page.locator("tfoot td").filter(has_text=money(630))).to_be_visible()
    log.panel("Harbour South")
    log.expect_asked(330)
    log.panel("Harbour")
    log.panel(f"{there.name} ({there.identifier})")
    log.expect_asked(330)
    log.panel(f"{there.name} ({there.identifier})")
    log.expect_asked(*ALL)

    # each filter of the menu
    for name, found in {
        "Successful": (330, -10, 310),
        "Failed": (320,),
        "Aborted": (315,),
        "Pending": (),
        "Today": ALL,
        "Mine": (-10, 315, 320, 310),
        "Charged, not booked": (),
        "Charged, without a payment": (),
        "Connect@Cloud": ALL,
        "Baxi.Agent": (),
        "Production": (),
        "Test and simulator": ALL,
    }.items():
        log.filter(name)
        log.expect_asked(*found)
        log.filter(name)
    log.expect_asked(*ALL)
    log.filter("Failed", "Aborted")
    log.expect_asked(315, 320)
    log.filter("Failed", "Aborted")

    # start and end date: the end belongs to it
    created = [moment[:10] for moment in clinic.read_each("nets.transaction", clinic.made.values(), "create_date")]
    first, last = date.fromisoformat(min(created)), date.fromisoformat(max(created))
    for label, day, found in (
        ("From", first, ALL),
        ("From", last + timedelta(days=1), ()),
        ("To", last, ALL),
        ("To", first - timedelta(days=1), ()),
    ):
        log.search(label, f"{day:%m/%d/%Y}")
        log.expect_asked(*found)
        log.forget()

    # what a receipt, an invoice or a person says
    sold = clinic.read("nets.transaction", clinic.made[310], "order_id", "authorisation_code", "invoice_ids")
    for label, text, found in (
        ("Reference", sold["order_id"][:8].lower(), (310,)),
        # each terminal counts for itself
        ("STAN", clinic.read("nets.transaction", clinic.made[-10], "stan"), (-10,)),
        ("Authorisation", sold["authorisation_code"], (310,)),
        ("Last four digits", "0000", ()),
        ("Amount", "310", (310,)),
        ("Amount", "10", (-10,)),
        ("Invoice", clinic.read("account.move", sold["invoice_ids"][0], "name"), (-10, 310)),
        ("Customer", "Harbour Ferries", (-10, 310)),
        ("Terminal ID", there.identifier, (330,)),
        ("Started by", "Marc Demo", (330,)),
    ):
        log.search(label, text)
        log.expect_asked(*found)
        log.forget()
    log.expect_asked(*ALL)

    # groups, with their totals
    groups = page.locator(".o_group_header")
    for name, found in {
        "Site": {"Harbour North (4)": 300, "Harbour South (1)": 330},
        "Result": {"Successful (3)": 630, "Failed (1)": 320, "Aborted (1)": 315},
        "Kind": {"Payment (4)": 640, "Refund (1)": 10},
        "Currency": {"NOK (5)": 630},
    }.items():
        log.filter(name)
        expect(groups).to_have_count(len(found))
        for group, total in found.items():
            expect(groups.filter(has_text=group)).to_contain_text(money(total))
        log.filter(name)
    log.expect_asked(*ALL)

    # the same from one box, with Enter
    box = page.locator(".o_searchview_input")
    memo = clinic.read("account.payment", clinic.read("nets.transaction", clinic.made[310], "payment_id")[0], "memo")
    for text, found in (
        (memo, (310,)),
        ("310", (310,)),
        ("Harbour Ferries", (-10, 310)),
        (sold["authorisation_code"], (310,)),
        (there.name, (330,)),
    ):
        box.fill(text)
        # what Enter chooses is there a moment later
        expect(page.locator(".o_searchview_autocomplete .dropdown-item").first).to_contain_text("Anything")
        box.press("Enter")
        log.expect_asked(*found)
        log.forget()
    log.expect_asked(*ALL)

    # start and end date in sight
    page.locator(".o_nets_from").fill(f"{last:%m/%d/%Y}")
    page.locator(".o_nets_from").press("Enter")
    log.expect_asked(*ALL)
    page.locator(".o_nets_from").fill(f"{last + timedelta(days=1):%m/%d/%Y}")
    page.locator(".o_nets_from").press("Enter")
    log.expect_asked()
    log.forget()
    log.expect_asked(*ALL)
    expect(page.locator(".o_nets_from")).to_have_value("")

    with page.expect_download() as download:
        page.locator(".o_cp_action_menus, .o_cog_menu").first.locator("button").first.click()
        page.get_by_role("menuitem", name=re.compile("Export All")).click()
    assert download.value.suggested_filename.endswith(".xlsx")
    columns = _first_row(download.value.path())
    assert {"Kind", "STAN", "Authorisation", "Session", "Document", "Result"} <= columns, columns


def _first_row(path):
    with zipfile.ZipFile(path) as book:
        return set(re.findall(r"<t[^>]*>([^<]*)</t>", book.read("xl/sharedStrings.xml").decode()))


def test_nothing_is_cut_on_a_small_laptop(clinic, history, open_page):
    page = open_page("admin", LogPage.PATH)
    page.set_viewport_size(LAPTOP)
    log = LogPage(page)
    log.panel("Harbour")
    log.expect_asked(*ALL)
    page.locator(".o_search_panel .oi-panel-right").click()
    expect(page.locator(".o_search_panel")).to_have_count(0)
    expect(log.row(310).locator("td[name=result]")).to_have_text("Partly refunded")
    shoot(page, "log-1366")
    log.expect_nothing_cut()
    header, button = page.locator("thead th").last, log.button(330, "action_refund")
    assert header.bounding_box()["y"] + header.bounding_box()["height"] <= button.bounding_box()["y"]


def test_a_row_prints_refunds_and_reverses(clinic, history, open_page):
    here, there = history
    page = open_page("admin", LogPage.PATH)
    log = LogPage(page)
    log.panel("Harbour")
    log.expect_asked(*ALL)

    # each row offers what makes sense there
    for amount, names in {
        310: {"action_print_receipt", "action_refund"},  # a part of it went back: it can't be reversed any more
        320: {"action_print_receipt", "action_get_last_result"},
        330: {"action_print_receipt", "action_refund", "action_reverse"},
        -10: {"action_print_receipt"},
    }.items():
        for name in ("action_print_receipt", "action_get_last_result", "action_refund", "action_reverse"):
            expect(log.button(amount, name)).to_have_count(1 if name in names else 0)

    # a receipt, and the same again
    prints = lambda: clinic.read("nets.transaction", clinic.made[310], "customer_receipt_prints")
    window = page.locator(".modal")
    log.button(310, "action_print_receipt").click()
    expect(window.get_by_label("Customer's receipt")).to_be_checked()
    expect(window.get_by_text("marked as a copy")).to_be_hidden()
    with page.expect_download() as download:
        window.get_by_role("button", name="Print").click()
    assert download.value.suggested_filename.endswith(".pdf")
    expect(window).to_have_count(0)
    assert prints() == 1
    log.button(310, "action_print_receipt").click()
    expect(window.get_by_text("Printed before: this one is marked as a copy")).to_be_visible()
    window.get_by_label("Both receipts").check()
    window.get_by_label("A4").check()
    with page.expect_download() as download:
        window.get_by_role("button", name="Print").click()
    assert download.value.path().stat().st_size > 1000
    expect(window).to_have_count(0)
    assert prints() == 2

    # many at once
    page.locator("thead .o_list_record_selector input").check()
    page.locator(".o_cp_action_menus").get_by_role("button", name="Print").click()
    page.get_by_role("menuitem", name="Receipts").click()
    expect(window.get_by_text("Printed before: this one is marked as a copy")).to_be_visible()
    window.get_by_role("button", name="Discard").click()

    # money goes back
    log.button(310, "action_refund").click()
    CardDialog(page).expect_open().escape()
    expect(log.button(310, "action_refund")).to_be_focused()
    here.play("approved")
    log.button(310, "action_refund").click()
    dialog = CardDialog(page).expect_open()
    expect(dialog.amount).to_have_value("-300.00")
    dialog.process().expect_closed()
    log.expect_asked(-300, *ALL)
    # nothing is left to refund: the keyboard is in the row that it was in
    expect(log.row(310).locator("td:focus")).to_have_count(1)
    there.play("approved")
    log.button(330, "action_reverse").click()
    dialog = CardDialog(page).expect_open()
    dialog.button("Reverse").click()
    dialog.expect_closed()
    log.expect_asked(-330, -300, *ALL)
    assert there.kinds() == ["purchase", "reversal"]

    # the whole story, from top to bottom, and the receipt as it came
    log.open(310)
    story = page.locator(".o_nets_story li")
    expect(story.locator("strong")).to_have_text(
        ["Payment", "Sent to the terminal", "Successful", "Booked", "Refund", "Refund"]
    )
    expect(story.first).to_contain_text(money(310))
    expect(story.first).to_contain_text(f"{here.name} ({here.identifier})")
    expect(story.last).to_contain_text(money(300))
    page.get_by_role("tab", name="Receipts").click()
    expect(page.locator(".o_nets_receipt").first).to_contain_text("APPROVED")
    page.get_by_role("tab", name="Raw answer").click()
    expect(page.locator("div[name=raw_answer]")).to_contain_text("localModeEventArgs")
    page.get_by_text("Printed: the customer's receipt, the merchant's receipt").wait_for()

    # on a phone: cards instead of a list, and nothing to scroll sideways
    page.set_viewport_size(PHONE)
    go_on(page, TransactionPage.path(clinic.made[330]))
    expect(story.last).to_contain_text(money(330))
    expect_to_fit(page)
    go_on(page, LogPage.PATH)
    card = page.locator(".o_kanban_record").filter(has_text=f"{here.name} ({here.identifier})").nth(1)
    expect(card).to_contain_text(money(10))
    expect_to_fit(page)
    card = page.locator(".o_kanban_record").filter(has_text=money(330)).last
    card.get_by_role("button", name="Print receipt").click()
    expect(window.get_by_label("Customer's receipt")).to_be_visible()
    expect_to_fit(page)


def test_what_the_terminal_printed_or_never_gave(clinic, terminal, open_page):
    """Its own printer's receipts are copies here; where there is none, a confirmation is offered."""
    clinic.admin.call("nets.terminal", "write", [terminal.id], {"printer": "terminal"})
    wait_until(
        lambda: clinic.read("nets.terminal", terminal.id, "printer_applied") == "terminal", 20, "the printer's setting"
    )
    terminal.play("approved", {"outcome": "approved", "receipts": False})
    for amount in (340, 350):
        clinic.wait_for_end(clinic.press_pay(clinic.make_invoice(amount), terminal))
    page = open_page("admin", LogPage.PATH)
    log = LogPage(page)
    log.search("Terminal ID", terminal.identifier)
    log.expect_asked(350, 340)
    expect(log.button(350, "action_print_receipt")).to_have_count(0)
    log.button(340, "action_print_receipt").click()
    expect(page.locator(".modal").get_by_text("The terminal printed it itself")).to_be_visible()
    page.locator(".modal").get_by_role("button", name="Discard").click()
    log.open(350)
    page.get_by_role("button", name="Print confirmation").click()
    expect(page.locator(".modal").get_by_text("a confirmation made from Odoo's records")).to_be_visible()
    page.locator(".modal").get_by_role("button", name="Discard").click()


def test_takings_are_looked_at_on_purpose(history, open_page):
    page = open_page("admin", "/odoo/action-nets_connect_cloud.nets_transaction_analysis_action")
    expect(page.locator(".o_graph_renderer canvas")).to_be_visible()
    takings = LogPage(page)
    takings.panel("Harbour")
    page.get_by_role("button", name="Pivot View").click()
    for favourite, text in {
        "Takings by card, 12 months": "Visa",
        "Takings by terminal and session, 12 months": history[0].name,
        "Why cards were not charged, 12 months": "Insufficient funds",
        "Seconds to answer, 12 months": history[1].name,
    }.items():
        takings.filter(favourite)
        expect(page.locator("div.o_pivot")).to_contain_text(text)
