"""The JavaScript unit tests of `static/tests/unit`, run by hoot in a browser."""

import os

from odoo.tests import HttpCase, no_retry, tagged

from odoo.addons.web.tests import test_js

SUITE = "@nets_connect_cloud"
# Odoo's own tests of what this addon changes in the till; all of the till's with CORE_HOOT=1, which takes minutes.
CORE_SUITES = (
    "@point_of_sale/unit/components/payment_screen",
    "@point_of_sale/unit/components/order_summary",
    "@point_of_sale/unit/tools/order_payment_validation",
    "@pos_restaurant/unit/components/split_bill_screen",
    "@pos_restaurant/unit/components/tip_screen",
    "@pos_hr/unit/components/screens/payment_screen",
)
ALL_CORE_SUITES = ("@point_of_sale", "@pos_restaurant", "@pos_hr")


@tagged("post_install", "-at_install")
class TestHoot(HttpCase):
    @no_retry
    def test_unit(self):
        # A filter that matches nothing would run all of Odoo's own tests: make sure that it matches.
        assets, _external = self.env["ir.qweb"]._get_asset_content("web.assets_unit_tests")
        urls = {asset["url"] for asset in assets}
        ours = [url for url in urls if url.startswith("/nets_connect_cloud/static/tests/unit/")]
        self.assertGreaterEqual(len([url for url in ours if url.endswith(".test.js")]), 3)
        for name in CORE_SUITES:
            module, path = name.removeprefix("@").split("/", 1)
            self.assertIn(f"/{module}/static/tests/{path}.test.js", urls)
        names = (SUITE, *(ALL_CORE_SUITES if os.environ.get("CORE_HOOT") else CORE_SUITES))
        suites = "&".join(f"id={test_js.HOOTCommon._generate_hash(self, name)}" for name in names)
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&{suites}",
            "",
            "",
            login="admin",
            timeout=1500,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=test_js.unit_test_error_checker,
        )
