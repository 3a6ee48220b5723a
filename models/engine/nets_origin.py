from odoo import api, models
from odoo.exceptions import AccessError

from ...messages import refusal


class NetsOrigin(models.AbstractModel):
    """What a transaction is for, and so how it is booked and told: the engine's hooks, and there are no others.

    Each origin has a model of its own, `nets.origin.<origin>`, which inherits this one. The engine finds it with
    `nets.transaction._origin_model` and knows nothing else of what a terminal is used for.
    """

    _name = "nets.origin"
    _description = "What a card transaction is for"

    # === BOOK === #

    # Whether somebody stands at a counter until it is booked: it doesn't wait behind what nobody waits for.
    _stands_at_counter = False

    @api.model
    def _book(self, transaction):
        """Make the entries of this charge; once, since only `nets.transaction._book` calls it.

        :param transaction: with all rights, in its company, locked
        :return: what a person should know about the booking, as a list of notes (`messages.describe_notes`), or nothing
        :raise Exception: whatever accounting refuses with
        """
        raise refusal(self.env, "nothing_to_book")

    @api.model
    def _booked_as(self, transaction):
        """What the entries are found by, as text, for the story of a transaction."""
        return ""

    # === TELL === #

    @api.model
    def _tell(self, transaction, news):
        """Tell the screens that watch, besides that of the person who started it, that there is news.

        :param dict news: what to tell them, see `nets.transaction._tell`
        """

    @api.model
    def _progress(self, transaction):
        """What this origin says differently from the engine, or in addition.

        :return: dict of some keys of `progress.Progress`
        """
        return {}

    @api.model
    def _message(self, transaction, progress):
        """The words for this transaction as it is now, where they differ from a payment's.

        :return: messages.Message, or None
        """
        return

    @api.model
    def _documents(self, transactions):
        """The documents that these are for, and that the user may read.

        :return: {transaction: list of names}
        """
        return {}

    @api.model
    def _found_by(self, text):
        """What finds transactions of this origin by what somebody typed. Each has an index, so that the log isn't read.

        :param str text: the beginning of a document's or a payment's name
        :return: list of Domain on nets.transaction
        """
        return []

    @api.model
    def _purpose(self, transaction):
        """What it was for, as a person calls it."""
        return ", ".join(self._documents(transaction).get(transaction, []))

    # === SIGN === #

    @api.model
    def _press_back(self, transaction, request_id):
        """The press that has the terminal reverse this payment.

        :return: Press
        :raise UserError: where that isn't done here
        """
        raise refusal(self.env, "no_signature")

    # === KEPT LONG ENOUGH === #

    @api.model
    def _remove_receipts(self, transactions):
        """The receipts and card details of these are removed: what was copied of them goes, too.

        :param transactions: with all rights
        """

    # === CHANGE, GIVE BACK, TRY AGAIN === #

    @api.model
    def _check_may_change(self, transaction):
        """:raise AccessError: where the user may not change what another person's transaction is for"""
        raise refusal(self.env, "rights_another", error=AccessError)

    @api.model
    def _check_may_give_back(self, transaction):
        """:raise AccessError: where the user may not give the money of this payment back; mostly the same question"""
        self._check_may_change(transaction)

    @api.model
    def _press_again(self, transaction, request_id, terminal_id):
        """The press that asks once more for what wasn't done: the same amount, document and booking (rule 28).

        :return: Press
        :raise UserError: where it isn't tried again here
        """
        raise refusal(self.env, "not_tried_again")


class NetsOriginNone(models.AbstractModel):
    """Test payments: nothing is booked, and the person who pressed watches."""

    _name = "nets.origin.none"
    _inherit = "nets.origin"
    _description = "Test payment"

    @api.model
    def _tell(self, transaction, news):
        transaction._send_news(transaction.user_id.partner_id, news)

    @api.model
    def _check_may_change(self, transaction):
        transaction.terminal_id.check_access("write")

    @api.model
    def _progress(self, transaction):
        values = {"title": self.env._("Test payment"), "can_retry": False}
        if transaction.state == "approved" and not transaction.alert:
            amount = transaction.currency_id.format(transaction.charged_amount)
            # NETS' answers don't include the currency: only who stands there sees it
            values["question"] = self.env._("Did the terminal show %(amount)s?", amount=amount)
        return values
