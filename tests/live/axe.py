"""An accessibility check by a kept library, axe-core, which comes from npm like the linters: no part of the addon."""

import subprocess

import pytest

import stack as machinery

AXE = machinery.ROOT / "node_modules/axe-core/axe.min.js"
# Findings that keep somebody from using the page.
GRAVE = ("serious", "critical")
# What Odoo's own components have of it, wherever they stand: rule → their elements.
OF_ODOO = {
    "aria-allowed-attr": ".o-dropdown, .o-autocomplete--input, .o_tag",
    "autocomplete-valid": ".o_select_menu_input",
    "label": ".o_list_record_selector input",
}
RUN = """async ([selectors, ofOdoo]) => {
    const include = selectors.map((selector) => [selector]);
    const {violations} = await axe.run({include}, {resultTypes: ["violations"]});
    const isOurs = (rule) => ({target}) => !(rule in ofOdoo) || !document.querySelector(target).matches(ofOdoo[rule]);
    return violations.flatMap(({id, impact, help, nodes}) => nodes.filter(isOurs(id)).map(
        ({html, failureSummary}) => ({impact, text: `${id} (${help}): ${html.slice(0, 300)} ${failureSummary}`})));
}"""


@pytest.fixture(scope="session")
def axe_source():
    """Return the library's source; it is fetched where it isn't here yet."""
    subprocess.run([machinery.ROOT / "script/bootstrap", "lint"], timeout=600, check=True)
    return AXE.read_text()


def grave_findings(page, source, *selectors):
    """Return what the library finds within these elements, as text.

    :param str source: of the library
    :param selectors: each has to be there
    """
    for selector in selectors:
        assert page.locator(selector).count(), selector
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(source)
    return [found["text"] for found in page.evaluate(RUN, [list(selectors), OF_ODOO]) if found["impact"] in GRAVE]
