"""The dialog: what it refuses, who sees what, and that it never starts anything twice."""

import json
import re

from pages import CardDialog, money
from playwright.sync_api import expect


def test_closing_the_dialog_stops_nothing_and_the_banner_leads_back(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(480)
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(terminal)
    dialog.expect_status("Waiting for the card", "You may close this window")
    dialog.close()

    page.expect_banner(money(480), terminal.name, "Waiting for the card")
    page.show_running().expect_status("Waiting for the card", money(480), terminal.name)

    page.reload()
    page.expect_banner("Waiting for the card")
    dialog = page.show_running().expect_status("Waiting for the card")
    expect(dialog.button("Abort")).to_be_enabled()

    terminal.asks_for_card()
    terminal.press("tap")
    dialog.expect_closed()
    expect(page.banner).to_have_count(0)
    page.expect_due(0)


def test_the_banner_alone_follows_the_payment_to_its_end(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(480)
    page = open_invoice(invoice)
    page.pay_by_card().pay_on(terminal).expect_status("Waiting for the card").close()
    page.expect_banner("Waiting for the card")
    terminal.asks_for_card()
    terminal.press("tap")
    expect(page.banner).to_have_count(0)
    page.expect_due(0)
    page.expect_paid()
    page.expect_not_reloaded()


def test_the_person_who_closed_the_dialog_learns_that_nothing_was_charged(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(480)
    page = open_invoice(invoice)
    page.pay_by_card().pay_on(terminal).expect_status("Waiting for the card").close()
    page.expect_banner("Waiting for the card")
    terminal.asks_for_card()
    terminal.press("tap", card="no_funds")
    page.expect_notification("Insufficient funds")
    expect(page.banner).to_have_count(0)
    page.expect_due(480)


def test_pay_by_card_shows_the_running_payment_instead_of_a_second_one(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(480)
    page = open_invoice(invoice)
    page.pay_by_card().pay_on(terminal).expect_status("Waiting for the card").close()

    dialog = page.pay_by_card().expect_status("Waiting for the card")
    expect(dialog.button("Process card")).to_have_count(0)
    terminal.press("tap")
    dialog.expect_closed()
    assert len(terminal.purchases()) == 1


def test_a_colleague_sees_the_same_and_sees_it_end(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(480)
    colleague = open_invoice(invoice, "demo")  # has it open before anything happens
    page = open_invoice(invoice)
    dialog = page.pay_by_card().pay_on(terminal)

    colleague.expect_banner("Waiting for the card", money(480), terminal.name)
    colleagues_dialog = colleague.show_running().expect_status("Waiting for the card", money(480))
    terminal.asks_for_card()
    terminal.press("tap")

    for who, what in ((page, dialog), (colleague, colleagues_dialog)):
        what.expect_closed()
        expect(who.banner).to_have_count(0)
        who.expect_due(0)
        who.expect_not_reloaded()


def test_a_colleague_may_abort_it(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(480)
    transaction = clinic.press_pay(invoice, terminal, user="admin")
    terminal.asks_for_card()
    colleague = open_invoice(invoice, "demo")
    colleague.show_running().abort().expect_status("Aborted", "Nothing was charged")
    assert clinic.state(transaction) == "aborted"
    assert clinic.read("nets.transaction", transaction, "abort_requested_by_id")[1] == "Marc Demo"


def test_a_double_click_charges_once_and_does_not_abort(clinic, terminal, open_invoice, subtests):
    invoice = clinic.make_invoice(260)
    page = open_invoice(invoice)
    for number, interval in enumerate((0, 150, 400), 1):
        with subtests.test(f"{interval} ms apart"):
            dialog = page.pay_by_card().choose(terminal)
            dialog.amount.fill("60")
            box = dialog.button("Process card").bounding_box()
            mouse = dialog.page.mouse
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            mouse.click(x, y)
            dialog.page.wait_for_timeout(interval)  # how fast the person is, not a wait for something
            mouse.click(x, y)

            dialog.expect_status("Waiting for the card")
            terminal.asks_for_card()
            terminal.press("tap")
            dialog.expect_closed()
            assert len(terminal.purchases()) == number
    assert len(clinic.transactions(invoice)) == 3
    assert terminal.charges() == [6000] * 3


def test_a_press_whose_answer_is_lost_can_be_pressed_again_and_charges_once(clinic, terminal, open_invoice, open_page):
    invoice = clinic.make_invoice(260)
    dialog = open_invoice(invoice).pay_by_card().choose(terminal)

    def lose_the_answer(route):
        route.fetch()  # the press reaches Odoo …
        route.abort("connectionreset")  # … and its answer doesn't come back

    address = "**/web/dataset/call_kw/account.move/nets_start_card_payment"
    dialog.page.route(address, lose_the_answer, times=1)
    dialog.process().expect_refusal("Odoo can't be reached", "it will not be started twice")
    terminal.asks_for_card()
    dialog.process().expect_status("Waiting for the card")
    terminal.press("tap")
    dialog.expect_closed()
    assert len(clinic.transactions(invoice)) == 1
    assert terminal.charges() == [26000]
    open_page.errors.clear()  # the lost connection was on purpose


def test_a_wrong_amount_is_refused_beside_the_field(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(500)
    dialog = open_invoice(invoice).pay_by_card().choose(terminal)
    for typed, said in (
        ("0", "Enter an amount greater than zero"),
        ("500.01", "500.00 is due"),
        ("-5", "Enter an amount greater than zero"),
        ("12.345", "decimals"),
        ("five", "isn't a number"),
        ("", "Enter an amount greater than zero"),
    ):
        dialog.pay_on(terminal, amount=typed).expect_refusal(said)
        # the form is still there, with what was typed
        expect(dialog.amount).to_have_value(typed)
    assert terminal.purchases() == []
    # and works
    dialog.amount.fill("500")
    terminal.play("approved")
    dialog.process().expect_closed()
    assert terminal.charges() == [50000]


def test_a_busy_terminal_is_refused_at_once_with_who_and_what(clinic, terminal, open_invoice):
    first, second = clinic.make_invoice(110), clinic.make_invoice(220)
    page = open_invoice(first, "admin")
    running = page.pay_by_card().pay_on(terminal).expect_status("Waiting for the card")
    terminal.asks_for_card()

    dialog = open_invoice(second, "demo").pay_by_card().pay_on(terminal)
    dialog.expect_refusal(f"{terminal.name} is busy", money(110), "Mitchell Admin", "choose another terminal")
    assert len(terminal.purchases()) == 1

    other = clinic.make_terminal()
    terminal.press("tap")
    running.expect_closed()
    # what was refused can be done as soon as the terminal is free
    terminal.play("approved")
    dialog.process().expect_closed()
    assert terminal.charges() == [11000, 22000]
    assert other.charges() == []


def test_one_invoice_in_two_browsers_on_two_terminals_is_charged_once(clinic, open_invoice):
    here, there = clinic.make_terminals(2)
    invoice = clinic.make_invoice(330)
    mine = open_invoice(invoice, "admin")
    dialog = mine.pay_by_card().choose(here)
    theirs = open_invoice(invoice, "demo").pay_by_card().choose(there)

    dialog.process().expect_status("Waiting for the card")
    theirs.process().expect_refusal("is being charged already", "nothing is charged twice")
    here.asks_for_card()
    here.press("tap")
    dialog.expect_closed()
    theirs.process().expect_refusal("is paid already")
    assert (here.charges(), there.charges()) == ([33000], [])
    assert there.purchases() == []


def test_the_whole_flow_works_with_the_keyboard(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(900)
    page = open_invoice(invoice)
    keyboard = page.page.keyboard
    keyboard.press("Alt+Shift+G")
    dialog = CardDialog(page.page).expect_open()

    expect(dialog.amount).to_be_focused()
    keyboard.type("350")  # the proposal is selected, so it is replaced
    keyboard.press("Tab")
    expect(dialog.terminal).to_be_focused()
    # as a person: keys that come faster, and a Tab, are a barcode to the Point of Sale's scanner
    keyboard.type(terminal.name, delay=200)
    expect(dialog.terminal).to_have_value(str(terminal.id))
    keyboard.press("Tab")
    expect(dialog.button("Process card")).to_be_focused()
    keyboard.press("Enter")
    dialog.expect_status("Waiting for the card", money(350))
    # pressing Enter once more must not abort
    expect(dialog.button("Abort")).not_to_be_focused()

    terminal.asks_for_card()
    terminal.press("cancel")
    dialog.expect_status("Cancelled by the customer")
    expect(dialog.button("Try again")).to_be_focused()
    keyboard.press("Enter")
    dialog.expect_status("Waiting for the card")
    terminal.asks_for_card()
    keyboard.press("Tab")
    expect(dialog.footer_button("Close")).to_be_focused()
    keyboard.press("Tab")
    expect(dialog.button("Abort")).to_be_focused()
    keyboard.press("Enter")
    dialog.expect_status("Aborted")

    keyboard.press("Escape")
    dialog.expect_closed()
    assert terminal.charges() == []


def test_escape_closes_the_window_and_the_payment_goes_on(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(900)
    page = open_invoice(invoice)
    dialog = page.pay_by_card().choose(terminal)
    dialog.amount.press("Enter")
    dialog.expect_status("Waiting for the card")
    page.page.keyboard.press("Escape")
    dialog.expect_closed()
    # the keyboard is where it was
    expect(page.button("Pay by card")).to_be_focused()
    page.expect_banner("Waiting for the card")
    terminal.asks_for_card()
    terminal.press("tap")
    expect(page.banner).to_have_count(0)
    page.expect_due(0)


def test_what_is_behind_the_dialog_does_not_move_away_from_under_a_click(clinic, terminal, open_invoice):
    page = open_invoice(clinic.make_invoice(900))
    other = page.page.get_by_role("tab", name="Other Info")
    before = other.bounding_box()["y"]
    terminal.play(outcome="approved", wait="card")
    dialog = page.pay_by_card().pay_on(terminal)
    dialog.expect_status("Waiting for the card")
    # the invoice knows of it
    expect(page.page.get_by_role("tab", name="Card transactions")).to_have_count(1)
    held = []

    def hold(route):
        held.append(route)

    page.page.route("**/web_read", hold)
    terminal.asks_for_card()
    terminal.press("tap")
    dialog.expect_closed()
    assert other.bounding_box()["y"] == before, "before it has been read again"
    # Odoo shows another tab of an invoice once it has been read
    other.click()
    for route in held:
        route.continue_()
    page.page.unroute("**/web_read")
    page.expect_paid()
    assert other.bounding_box()["y"] == before
    expect(other).to_have_class(re.compile(r"\bactive\b"))


def test_the_keyboard_goes_on_beside_a_button_that_is_gone(clinic, terminal, open_invoice):
    page = open_invoice(clinic.make_invoice(900))
    terminal.play("approved")
    page.button("Pay by card").focus()
    page.page.keyboard.press("Enter")
    dialog = CardDialog(page.page).expect_open()
    dialog.choose(terminal).amount.press("Enter")
    dialog.expect_closed()
    page.expect_paid()
    expect(page.button("Pay by card")).to_have_count(0)
    page.page.wait_for_function("document.activeElement.matches('.o_statusbar_buttons')")
    # nothing that a second Enter would press
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("Tab")
    assert page.page.evaluate("Boolean(document.activeElement.closest('.o_form_statusbar'))")


def test_a_screen_reader_hears_what_happens(clinic, terminal, open_invoice):
    invoice = clinic.make_invoice(900)
    terminal.play(outcome="insufficient_funds", wait={"release": True})
    page = open_invoice(invoice)
    dialog = page.pay_by_card()
    root = page.page.get_by_role("dialog", name="Card payment")
    expect(root).to_be_visible()
    expect(root.get_by_role("textbox", name="Amount")).to_be_visible()
    expect(root.get_by_role("combobox", name="Terminal")).to_be_visible()
    # a live region is read out only where it was there before its text
    status = dialog.status.element_handle()
    assert status.text_content().strip() == ""

    dialog.pay_on(terminal, amount="0").expect_refusal("greater than zero")
    dialog.pay_on(terminal, amount="900").expect_status("Waiting for the card")
    terminal.asks_for_card()
    terminal.release()
    dialog.expect_status("Insufficient funds")
    assert status.evaluate("element => element.isConnected"), "another live region was put in its place"
    assert status.get_attribute("aria-live") == "polite"
    for icon in root.locator("i.fa").all():
        assert icon.get_attribute("aria-hidden") == "true"
    dialog.close()
    terminal.play(outcome="approved", wait={"release": True})
    clinic.press_pay(invoice, terminal)
    expect(page.page.get_by_role("status").filter(has_text="Card payment of")).to_be_visible()
    terminal.asks_for_card()
    terminal.release()
    page.expect_due(0)


def test_without_the_right_there_is_no_button_and_no_way_round_it(clinic, terminal, open_invoice):
    clinic.make_user("auditor", "base.group_user", "account.group_account_readonly")
    invoice = clinic.make_invoice(140)
    running = clinic.press_pay(invoice, terminal)
    terminal.asks_for_card()

    page = open_invoice(invoice, "auditor")
    for name in ("Pay by card", "Confirm and pay by card"):
        expect(page.button(name)).to_have_count(0)
    expect(page.banner).to_have_count(0)
    expect(page.page.get_by_role("tab", name="Card transactions")).to_have_count(0)

    auditor = clinic.user("auditor")
    other = clinic.make_terminal()
    for model, method, *args in (
        ("account.move", "nets_start_card_payment", [invoice], 140, other.id, "request-of-an-auditor"),
        ("account.move", "nets_card_payment_data", [invoice]),
        ("nets.transaction", "abort", [running]),
        ("nets.transaction", "retry", [running], "another-request", other.id),
    ):
        said = clinic.refusal(lambda model=model, method=method, args=args: auditor.call(model, method, *args))
        assert "not allowed" in said or "may not use card terminals" in said, (method, said)
    assert other.purchases() == []
    assert json.dumps(terminal.wait("card")["transaction"]["amount"]) == "14000", "still waiting, not aborted"
    terminal.press("tap")
    clinic.wait_for_end(running)
