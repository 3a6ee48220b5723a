"""Screens that wait for nothing: the log, and the settings. What waits is shown in `tests/live`."""

from odoo.tests import HttpCase, tagged

from ...connect_cloud import ConnectCloudError, Reason
from ..common import CardPaymentCommon, approved, declined


@tagged("post_install", "-at_install")
class TestTour(CardPaymentCommon, HttpCase):
    def test_the_log(self):
        successful = self.charge(self.make_invoice(10), outcome=approved(1000))
        refused = self.charge(
            self.make_invoice(20), outcome=declined(reason=Reason.INSUFFICIENT_FUNDS, message="Not enough money")
        )
        unknown = self.lose(self.make_invoice(30))
        # a person settles by hand what the terminal was asked for, and couldn't say
        unknown._record_lookup(None, None, ConnectCloudError(Reason.SERVICE_ERROR))
        self.looked_up(unknown)
        self.start_tour(
            "/odoo/action-nets_connect_cloud.nets_transaction_action", "nets_transaction_log", login="nets_manager"
        )
        self.assertRecordValues(
            successful | refused | unknown,
            [
                {"state": "approved", "settled_by_id": False},
                {"state": "failed", "settled_by_id": False},
                {"state": "failed", "settled_by_id": self.manager.id},
            ],
        )

    def test_the_settings(self):
        self.manager.group_ids |= self.env.ref("base.group_system")
        self.start_tour("/odoo/settings", "nets_settings", login="nets_manager")
        self.assertFalse(self.company.nets_confirm_and_pay)
