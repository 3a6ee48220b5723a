"""What a cashier reads from a metre away: the size of the words, the colour of the area, and what can be pressed."""

import colorsys
import re

import states
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
