"""What of a transaction may be passed on, where this client and the real NETS understand each other differently."""

import json

from odoo import models, release
from odoo.exceptions import AccessError
from odoo.modules.module import get_manifest

from ...connect_cloud.specimen import specimen
from ...messages import refusal

# What says how it went. No names, no card, no document, no terminal, and nothing of the account but where it is.
TOLD = ("kind", "administration", "environment", "state", "reason", "nets_code", "order_id")
TIMES = ("create_date", "sent_at", "recorded_at", "abort_requested_at", "booked_at", "next_lookup_at")


class NetsTransaction(models.Model):
    """An export of the raw answer, without secrets and card data."""

    _inherit = "nets.transaction"

    def action_download_specimen(self):
        """Download what may be shown to others of this transaction.

        :return: the action
        :raise AccessError: for users who don't administer the terminals
        """
        self.ensure_one()
        self._check_may_export()
        return {
            "type": "ir.actions.act_url",
            "url": f"/nets_connect_cloud/specimen/{self.id}.json",
            "target": "download",
        }

    def _check_may_export(self):
        self.check_access("read")
        if not self.env.user.has_group("nets_connect_cloud.group_admin"):
            raise refusal(self.env, "rights_administration", error=AccessError)

    def _specimen(self):
        """How this transaction went, as text in JSON: what may be shown to others.

        :raise AccessError: as `action_download_specimen`
        """
        self._check_may_export()
        transaction = self.sudo()
        terminal = transaction.terminal_id
        said = {
            "addon": get_manifest("nets_connect_cloud")["version"],
            "odoo": release.version,
            "terminal": {"type": terminal.type, "used_by_hand": terminal.used_by_hand, "zone": terminal.location_id.tz},
            "currency": transaction.currency_id.name,
            "amount": transaction._to_minor_units(transaction.amount),
            "charged": transaction._to_minor_units(transaction.charged_amount),
            **{name: transaction[name] or None for name in TOLD},
            **{name: str(transaction[name]) if transaction[name] else None for name in TIMES},
            "lookups": transaction.lookup_count,
            "lookup": transaction.lookup,
            "answer": specimen(transaction.raw_answer or ""),
        }
        return json.dumps(said, indent=2, ensure_ascii=False)
