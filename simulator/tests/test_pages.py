"""The pages, in a real browser: what a person sees and does."""

import re
import shutil

import pytest
from conftest import DESK, until
from playwright.sync_api import expect, sync_playwright
from test_service import mode

LAPTOP = {"width": 1366, "height": 768}
TABLET = {"width": 768, "height": 1024}

# Which of these elements the window doesn't show whole, as long as nobody scrolls.
OUT_OF_SIGHT = """(elements) => elements
    .filter((element) => element.checkVisibility())
    .filter((element) => {
        const {top, left, bottom, right} = element.getBoundingClientRect();
        return top < 0 || left < 0 || bottom > innerHeight || right > innerWidth;
    })
    .map((element) => element.id || element.textContent)"""

# Which of these lists are narrower than the longest of their choices.
CUT_OFF = """(lists) => lists
    .filter((list) => {
        const width = list.offsetWidth;
        list.style.width = "max-content";
        const wanted = list.offsetWidth;
        list.style.width = "";
        return wanted > width;
    })
    .map((list) => list.name || list.id)"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, sim):
    """The front desk's page, live. An error in its script fails the test."""
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{sim.url}/terminal/{DESK}")
    expect(display(page)).to_contain_text("Welcome")
    yield page
    page.close()
    assert errors == []


@pytest.fixture
def overview(browser, sim):
    """The overview, live. An error in its script fails the test."""
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(sim.url)
    expect(page.get_by_role("link", name=re.compile("Front desk"))).to_contain_text("Ready")
    yield page
    page.close()
    assert errors == []


@pytest.fixture
def pending(sim, page):
    """The client's call for 125,00; the page shows it."""
    pending = sim.background(sim.purchase, 12500, "INV-7")
    expect(display(page)).to_contain_text("NOK 125,00")
    return pending


def display(page):
    return page.get_by_role("status", name="Display")


def key(page, name):
    return page.get_by_role("button", name=name, exact=True)


def card(page, name):
    return page.get_by_role("radio", name=re.compile(name))


def out_of_sight(page):
    """What of a terminal's page has to be scrolled to: its display, its keys, the cards, what happens next."""
    needed = page.locator("#display, #keypad button, [data-key], #cards .card, #scene, #next, #next ~ *")
    return needed.evaluate_all(OUT_OF_SIGHT)


def overflow(page):
    """By how many pixels a page is wider than its window."""
    return page.evaluate("document.scrollingElement.scrollWidth - innerWidth")


def test_tap_and_the_receipt_prints(page, pending):
    expect(display(page)).to_contain_text("Tap or insert card")
    key(page, "Tap").click()
    expect(display(page)).to_contain_text("Approved")
    assert pending.result().status_code == 201
    expect(page.locator("#paper")).to_have_class(re.compile("printing"))
    expect(page.locator("#paper-text")).to_contain_text("APPROVED")
    expect(page.locator("#receipts pre")).to_contain_text("CUSTOMER'S COPY")
    key(page, "Merchant").click()
    expect(page.locator("#receipts pre")).to_contain_text("MERCHANT'S COPY")


def test_insert_and_pin_with_the_keyboard_alone(page, pending):
    card(page, "Visa").focus()
    page.keyboard.press("ArrowDown")
    expect(card(page, "Mastercard")).to_be_checked()
    key(page, "Insert").focus()
    page.keyboard.press("Enter")
    expect(display(page)).to_contain_text("Enter PIN")
    page.keyboard.type("99")
    expect(page.get_by_label("2 of 4 digits")).to_be_visible()
    page.locator("body").evaluate("document.activeElement.blur()")
    page.keyboard.press("Enter")
    expect(page.locator("#dots")).to_have_class(re.compile("short"))
    page.keyboard.type("99")
    page.keyboard.press("Enter")
    expect(display(page)).to_contain_text("Wrong PIN, 2 left")
    page.keyboard.type("12345")
    page.keyboard.press("Enter")
    expect(display(page)).to_contain_text("Remove card")
    page.keyboard.press("Enter")
    args = mode(pending.result())
    assert (args["CardIssuerName"], args["CVM"]) == ("Mastercard", "0")


def test_pin_with_the_pad_and_the_card_taken_out(page, pending):
    key(page, "Insert").click()
    for name in ("1", "1", "Clear", "1", "2", "3", "4", "OK"):
        key(page, name).click()
    expect(display(page)).to_contain_text("Approved")
    page.locator("#inserted").click()
    assert mode(pending.result())["Result"] == "0"
    expect(page.locator("#inserted")).to_be_hidden()


def test_a_card_without_money_is_declined_in_words(page, pending):
    card(page, "Empty").click()
    page.get_by_role("button", name="Hold the chosen card").click()
    expect(display(page)).to_contain_text("Insufficient funds")
    assert mode(pending.result())["ResponseCode"] == "51"


def test_the_red_button_and_escape_cancel(sim, page, pending):
    page.get_by_label("Keys of the terminal").get_by_role("button", name="Cancel").click()
    expect(display(page)).to_contain_text("Transaction cancelled")
    assert mode(pending.result())["RejectionReason"] == "2:1"
    again = sim.background(sim.purchase, 100)
    expect(display(page)).to_contain_text("NOK 1,00")
    page.keyboard.press("Escape")
    assert mode(again.result())["RejectionReason"] == "2:1"


def test_a_signature_is_drawn_and_given(page, pending):
    card(page, "Traveller").click()
    key(page, "Insert").click()
    expect(display(page)).to_contain_text("Please sign")
    box = page.locator("#signature").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 50)
    page.mouse.up()
    ink = "canvas => canvas.getContext('2d').getImageData(0, 0, 240, 70).data.some(Boolean)"
    assert page.locator("#signature").evaluate(ink)
    key(page, "Sign").click()
    page.locator("#inserted").click()
    assert mode(pending.result())["CVM"] == "1"


def test_the_plug_is_pulled(page, pending):
    page.get_by_role("switch", name="Power").click()
    expect(page.locator("#display")).to_have_attribute("data-look", "off")
    assert mode(pending.result())["Result"] == "99"
    page.get_by_role("switch", name="Power").click()
    expect(display(page)).to_contain_text("Welcome")


def test_the_network_is_cut_and_comes_back(sim, page):
    network = page.get_by_role("switch", name="Network")
    network.click()
    expect(network).not_to_be_checked()
    assert sim.purchase().json()["failure"]["error"].startswith("8013")
    network.click()
    expect(network).to_be_checked()


def test_a_sale_by_hand(sim, page):
    page.keyboard.type("07500")
    expect(display(page)).to_contain_text("NOK 75,00")
    page.keyboard.press("Enter")
    expect(display(page)).to_contain_text("Approved")
    assert [(e["amount"], e["origin"]) for e in sim.ledger()] == [(7500, "terminal")]


def test_a_key_that_is_too_late_is_explained(sim, page, pending):
    # The page still shows the PIN prompt when the terminal has moved on.
    page.route("**/press", lambda route: sim.press("cancel") and route.continue_())
    key(page, "Tap").click()
    expect(page.get_by_role("alert")).to_contain_text("tap does nothing in phase result")
    pending.result()


def test_the_overview_follows_terminals_ledger_and_switches(overview, sim):
    page = overview
    desk = page.get_by_role("link", name=re.compile("Front desk"))
    expect(page.get_by_text("Play money")).to_be_visible()
    pending = sim.background(sim.purchase, 12500, "INV-8")
    expect(desk).to_contain_text("Waiting for a card")
    sim.press("tap")
    pending.result()
    expect(page.locator("#ledger")).to_contain_text("INV-8")
    page.get_by_label("Login").select_option("Refused")
    until(lambda: sim.control("GET", "service")["login"] == "refused")
    sim.service(cool_down=7)
    expect(page.get_by_label("Busy after a payment")).to_have_value("7")
    desk.click()
    expect(page).to_have_url(f"{sim.url}/terminal/{DESK}")


def test_each_switch_is_explained_in_a_sentence_and_each_choice_in_words(overview, sim):
    for name, switch in sim.control("GET", "switches")["switches"].items():
        control = overview.locator(f"[name={name}]")
        hint = overview.locator(f"#{control.get_attribute('aria-describedby')}").inner_text()
        assert re.fullmatch(r"[A-Z]\S*( \S+){3,}\.", hint), f"{name}: {hint!r}"
        words = control.locator("option").all_text_contents()
        assert len(set(words)) == len(switch["choices"] or []), f"{name}: {words}"
        assert [word for word in words if not re.match("[A-Z]", word) or "_" in word] == [], name


@pytest.mark.parametrize("size", [LAPTOP, TABLET], ids=lambda size: size["width"])
def test_the_overview_is_as_wide_as_its_window(overview, sim, size):
    sim.script({"outcome": "approved"})
    sim.purchase(123456789, "AN-ORDER-OF-20-SIGNS")
    overview.set_viewport_size(size)
    expect(overview.locator("#ledger")).to_contain_text("AN-ORDER-OF-20-SIGNS")
    assert overflow(overview) <= 0
    assert overview.locator("select").evaluate_all(CUT_OFF) == []


def test_all_that_a_payment_needs_is_in_sight_on_a_small_laptop(page, sim):
    page.set_viewport_size(LAPTOP)
    page.add_style_tag(content="* {animation: none !important}")  # nothing is measured while it moves
    page.get_by_role("combobox", name="What happens next").select_option("The card wants a signature")
    expect(key(page, "Forget it")).to_be_visible()
    assert out_of_sight(page) == []
    key(page, "Forget it").click()
    expect(key(page, "Forget it")).to_be_hidden()
    pending = sim.background(sim.purchase, 123456789, "AN-ORDER-OF-20-SIGNS")
    expect(display(page)).to_contain_text("Tap or insert card")
    assert out_of_sight(page) == []
    key(page, "Insert").click()
    expect(display(page)).to_contain_text("Enter PIN")
    assert out_of_sight(page) == []
    assert overflow(page) <= 0
    assert page.locator("select").evaluate_all(CUT_OFF) == []
    sim.press("cancel")
    sim.press("remove_card")
    pending.result()


def test_what_happens_next_is_chosen_in_words(page, sim):
    chosen = page.get_by_role("combobox", name="What happens next")
    chosen.select_option("The terminal isn't connected to NETS")
    expect(page.locator("#next")).to_contain_text("It happens with the next payment")
    assert "8013" in sim.purchase(12500).text
    expect(page.locator("#next")).to_contain_text("Choose what the next payment meets")
    chosen.select_option("The bank refuses to reverse the payment")
    expect(page.locator("#now")).to_contain_text("2 scripted")
    key(page, "Forget it").click()
    expect(key(page, "Forget it")).to_be_hidden()


def test_the_terminal_s_page_leads_to_the_switches(page):
    page.set_viewport_size(LAPTOP)
    page.get_by_role("link", name="overview, under “The service”").click()
    expect(page.get_by_label("Baxi.Agent")).to_be_attached()
    expect(page.get_by_label("Login")).to_be_in_viewport()
