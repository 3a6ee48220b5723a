"""The customer's signature: somebody compares it with the one on the card."""

import uuid

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ...const import NOT_CHARGED_STATES
from ...messages import refusal
from .rows import lock_rows


class NetsTransaction(models.Model):
    """A card that asks for a signature is charged before anybody has looked at it. Declining it has the payment
    reversed."""

    _inherit = "nets.transaction"

    signature_open = fields.Boolean(compute="_compute_signature_open", search="_search_signature_open")

    _signature_index = models.Index("(id DESC) WHERE signature IN ('required', 'declined')")

    # === COMPUTE METHODS === #

    @api.depends("signature", "to_book", "refund_ids.state")
    def _compute_signature_open(self):
        still_open = self.filtered_domain(self._signature_open_domain())
        for transaction in self:
            transaction.signature_open = transaction in still_open

    @api.model
    def _search_signature_open(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented
        return self._signature_open_domain()

    # === ACTION METHODS === #

    def action_accept_signature(self):
        """In the log: the signature is the one on the card."""
        self.sign(True, str(uuid.uuid4()))

    def action_decline_signature(self):
        """In the log: the signature isn't the one on the card. Opens the dialog that shows how the payment is
        reversed.

        :raise UserError: where it can't be, with the cause
        """
        [progress] = self.sign(False, str(uuid.uuid4()))
        if progress.get("waiting"):
            raise UserError(progress["explanation"])
        return self.browse(progress["id"])._dialog_action()

    # === BUSINESS METHODS === #

    @api.model
    def _signature_open_domain(self):
        """Charged on a signature that nobody has accepted, and nothing of it has gone back, or is going back."""
        return (
            Domain("signature", "in", ("required", "declined"))
            & Domain("to_book", "=", False)
            & ~Domain("refund_ids", "any", [("state", "not in", NOT_CHARGED_STATES)])
        )

    def _may_accept_declined(self):
        """Whether the person may accept a signature that somebody has declined."""
        return self.env.user.has_group("nets_connect_cloud.group_manager")

    def sign(self, accepted, request_id):
        """Somebody has compared the customer's signature. Declining it has the payment reversed.

        :param bool accepted: it is the one on the card
        :param str request_id: made by the client, new for each press
        :return: what `read_progress` returns: of this transaction, or of its reversal; or, in a list, what the reversal
            has to wait for
        :raise AccessError: where the person may not say it
        :raise UserError: where no signature is asked for, or the payment can't be reversed any more
        """
        self.ensure_one()
        self._check_may_run()
        origin = self._origin_model()
        origin._check_may_change(self)
        press = origin._press_back(self, request_id)
        # two people may say different things at the same moment
        for records in press.to_lock():
            lock_rows(records)
        transaction = self.sudo()
        going_back = transaction.refund_ids.filtered(
            lambda refund: refund.kind == "reversal" and refund.state not in NOT_CHARGED_STATES
        )
        if going_back and not accepted and transaction.signature == "declined":
            # pressed again
            return going_back[:1].sudo(False).read_progress()
        if not transaction.signature_open:
            raise refusal(self.env, "no_signature")
        if accepted and transaction.signature == "declined" and not self._may_accept_declined():
            raise refusal(self.env, "rights_signature", error=AccessError)
        answered = self
        if not accepted:
            answered, waiting = self._press(press)
            if waiting:
                return [waiting]
        transaction._correct({"signature": "accepted" if accepted else "declined"}, ("approved",))
        transaction._tell()
        return answered.read_progress()
