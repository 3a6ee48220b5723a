"""The JavaScript unit tests of `static/tests/unit`, run by hoot in a browser."""

from odoo.tests import HttpCase, no_retry, tagged

from odoo.addons.web.tests import test_js

SUITE = "@nets_connect_cloud"
# Odoo's own tests of the till, with this addon loaded.
CORE_SUITES = ("@point_of_sale", "@pos_restaurant", "@pos_hr")


@tagged("post_install", "-at_install")
class TestHoot(HttpCase):
    @no_retry
    def test_unit(self):
        # A filter that matches nothing would run all of Odoo's own tests: make sure that it matches.
        assets, _external = self.env["ir.qweb"]._get_asset_content("web.assets_unit_tests")
        ours = [asset["url"] for asset in assets if asset["url"].startswith("/nets_connect_cloud/static/tests/unit/")]
        self.assertGreaterEqual(len([url for url in ours if url.endswith(".test.js")]), 3)
        suites = "&".join(f"id={test_js.HOOTCommon._generate_hash(self, suite)}" for suite in (SUITE, *CORE_SUITES))
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&{suites}",
            "",
            "",
            login="admin",
            timeout=1500,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=test_js.unit_test_error_checker,
        )
