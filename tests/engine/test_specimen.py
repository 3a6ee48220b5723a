"""What of a transaction may be passed on."""

import json

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from ..common import CardPaymentCommon, approved

ANSWER = {"result": [{"localModeEventArgs": {"Result": 0, "TruncatedPAN": "**1234"}, "customerReceipt": "Zither Shop"}]}


@tagged("post_install", "-at_install")
class TestSpecimen(CardPaymentCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = {"company_id": cls.company.id, "company_ids": [(6, 0, cls.company.ids)]}
        groups = "base.group_user,nets_connect_cloud.group_admin"
        cls.admin = new_test_user(cls.env, "nets_terminal_admin", groups, password="nets_terminal_admin", **company)

    def setUp(self):
        super().setUp()
        outcome = approved(500, raw=json.dumps(ANSWER), customer_receipt="Zither Shop")
        self.transaction = self.charge(self.make_invoice(5), outcome=outcome)

    def test_it_tells_how_it_went_and_of_nobody(self):
        self.authenticate(self.admin.login, self.admin.login)
        action = self.transaction.with_user(self.admin).action_download_specimen()
        response = self.url_open(action["url"])
        self.assertIn("attachment", response.headers["Content-Disposition"])
        said = response.json()
        self.assertEqual(
            (said["kind"], said["state"], said["amount"], said["charged"]), ("purchase", "approved", 500, 500)
        )
        self.assertEqual(json.loads(said["answer"])["result"][0]["localModeEventArgs"]["Result"], 0)
        secrets = self.transaction.terminal_id.account_id
        for hidden in (
            "Zither",
            "1234",
            secrets.username,
            self.transaction.terminal_identifier,
            self.transaction.partner_id.name,
        ):
            self.assertNotIn(hidden, response.text)

    def test_only_for_administrators_of_the_terminals(self):
        for user in (self.clerk, self.manager):
            with self.subTest(user.login), self.assertRaisesRegex(AccessError, "You may not do this on card terminals"):
                self.transaction.with_user(user).action_download_specimen()
        self.authenticate("nets_clerk", "nets_clerk")
        self.assertNotEqual(self.url_open(f"/nets_connect_cloud/specimen/{self.transaction.id}.json").status_code, 200)
        self.assertEqual(self.url_open("/nets_connect_cloud/specimen/999999999.json").status_code, 404)
