import re
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

import stack

PAGES = sorted((Path(stack.ROOT) / "docs" / "counter").glob("*.html"))
PAGE_OF_A_PDF = re.compile(rb"/Type\s*/Page(?![a-z])")


@pytest.fixture(scope="module")
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(stack.BROWSER), args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_a_page_to_hang_up_is_one_sheet_with_its_pictures(page, file):
    page.goto(file.as_uri())
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(PAGE_OF_A_PDF.findall(pdf)) == 1
    missing = "() => Array.from(document.images).filter((image) => !image.naturalWidth).map((image) => image.src)"
    assert page.evaluate(missing) == []
    assert page.locator("img").count() >= 2


def test_each_page_is_there_in_six_languages():
    assert {file.stem for file in PAGES} == {
        f"{who}.{language}" for who in ("cashier", "accountant") for language in ("da", "en", "fi", "it", "nb", "sv")
    }
