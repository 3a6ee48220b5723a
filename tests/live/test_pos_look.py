"""What a cashier reads from a metre away: the size of the words, the colour of the area, and what can be pressed."""

import colorsys
import re

import states
from languages import install_ours
from pages import PHONE, TABLET, leave
from playwright.sync_api import expect
from till import BOSS, Shop, Till

# Red only where the card or its bank refused.
COLOURS = {
    "running": "blue",
    "aborting": "grey",
    "unknown": "orange",
    "refused": "red",
    "cancelled": "grey",
    "trouble": "orange",
    "twice": "orange",
    "signature": "orange",
    "approved": "green",
}
HUES = {"red": 20, "orange": 70, "green": 170, "blue": 280, "red again": 360}


def colour(text):
    """The name of a colour that a browser tells as `rgb(…)`."""
    red, green, blue, *_opacity = (float(number) / 255 for number in re.findall(r"[\d.]+", text))
    hue, _lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    if saturation < 0.2:
        return "grey"
    return next(name for name, end in HUES.items() if hue * 360 <= end).split()[0]


def test_a_state_is_read_from_a_metre_away(clinic, simulator, open_page, subtests):
    shop = Shop(clinic, clinic.make_terminals(2))
    shop.make_product("Zither lesson", 1050)
    till = Till(open_page(BOSS, shop.path)).expect_open().add("Zither lesson").to_payment()
    page, line = till.page, till.page.locator(".o_nets_card_line")
    with states.made(clinic, simulator) as made:
        assert set(made) == set(COLOURS)
        for size in (TABLET, PHONE):
            page.set_viewport_size(size)
            for name, transaction in made.items():
                page.evaluate(states.SHOW_ON_LINE, [transaction, {"can_settle": True}])
                area = line.locator(".o_nets_state")
                expect(area.locator(".o_nets_label")).to_have_count(1)
                with subtests.test(name, width=size["width"]):
                    style = area.evaluate("(element) => getComputedStyle(element).backgroundColor")
                    assert colour(style) == COLOURS[name], style
                    for words in area.locator(".o_nets_label, .o_nets_seconds").all():
                        assert words.evaluate("(element) => parseFloat(getComputedStyle(element).fontSize)") >= 32
                    assert area.bounding_box()["width"] >= line.bounding_box()["width"] - 4 or name == "approved"
                    for button in line.get_by_role("button").all():
                        if button.is_visible():
                            expect(button).to_be_in_viewport(ratio=0.9)
    leave(page)
    shop.close_session()


TO_PAST_ORDER = """() => {
    const order = posmodel.models["pos.order"].find((each) => each.finalized && each.payment_ids.length === 1);
    const search = {fieldName: "REFERENCE", searchTerm: order.getName()};
    posmodel.navigate("TicketScreen", {
        stateOverride: {filter: "SYNCED", search, selectedOrderUuid: order.uuid}});
}"""


def test_what_can_be_pressed_is_in_sight_with_two_cards_and_beside_a_past_order(clinic, open_page):
    clinic.make_user("langes-wort", "point_of_sale.group_pos_manager")
    user = clinic.admin.call("res.users", "search", [("login", "=", "langes-wort")])
    [terminal] = clinic.make_terminals(1)
    shop = Shop(clinic, [terminal])
    shop.make_product("Zither lesson", 300)
    till = Till(open_page("langes-wort", shop.path)).expect_open().add("Zither lesson").to_payment()
    page = till.page
    till.pay_a_part(terminal, 200)
    clinic.admin.call("res.users", "write", user, {"lang": install_ours(clinic.admin, "de")})
    # with a browser's own bar
    page.set_viewport_size({**PHONE, "height": 760})
    till.reload()
    terminal.hold()
    till.pay_by("Card")
    expect(page.locator(".o_nets_abort")).to_have_count(1)
    for button in (".o_nets_abort", ".payment-screen .next", ".payment-screen .back-button"):
        expect(page.locator(button)).to_be_in_viewport(ratio=0.9)
    terminal.asks_for_card()
    terminal.release()
    till.expect_receipt()

    page.set_viewport_size(TABLET)
    till.next_order().add("Zither lesson").to_payment()
    terminal.play("approved")
    till.pay_by("Card").expect_receipt()
    page.evaluate(TO_PAST_ORDER)
    expect(page.locator(".o_nets_reverse_order")).to_be_visible()
    right = page.viewport_size["width"]
    for button in page.locator(".control-buttons button").all():
        box = button.bounding_box()
        assert box["x"] + box["width"] <= right
    leave(page)
    shop.close_session()
