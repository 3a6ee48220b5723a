import logging

import psycopg2
import psycopg2.errors
from psycopg2.extras import Json

from odoo import models
from odoo.tools import SQL

from ...const import BOOKING_DELAYS
from ...messages import note_of_error
from .own_words import own_words
from .rows import NOW

_logger = logging.getLogger(__name__)


class NetsTransaction(models.Model):
    """Phase 4, book: a charge becomes a payment, once."""

    _inherit = "nets.transaction"

    def _book(self):
        """Make the accounting payment of a charge, once, no matter who asks and how often.

        Rule 12: with the rights of the person who started it checked when reserving, and not again now.
        What can't be booked stays *charged, not booked*, is explained, and is tried again later.

        :return: whether it is booked now
        """
        self.ensure_one()
        self._lock()
        if not self.to_book:
            return bool(self.booked_at)
        try:
            with self.env.cr.savepoint():
                # what booking writes says what was charged; a refusal rolls this back, too
                self._compare_and_set({"to_book": False}, ("approved",))
                user = self.user_id if self.user_id.active else self.env.user
                own = self.with_user(user).sudo().with_company(self.company_id).with_context(lang=user.lang)
                with own_words(own) as booker:
                    notes = booker._origin_model()._book(booker)
                    # all that accounting computes later must be computed, or refused, inside the savepoint
                    self.env.flush_all()
        except psycopg2.OperationalError:
            raise  # a serialization failure: the whole phase is repeated
        except Exception as error:  # accounting, and anything installed beside it, may refuse in any way
            self.env.invalidate_all()
            _logger.warning("Transaction %s is charged, but can't be booked", self.order_id, exc_info=True)
            delay = BOOKING_DELAYS[min(self.booking_attempts, len(BOOKING_DELAYS) - 1)]
            self._compare_and_set(
                {
                    "booking_error_notes": Json(note_of_error(error)),
                    "booking_attempts": SQL("booking_attempts + 1"),
                    "next_booking_at": SQL("%s + %s * interval '1 second'", NOW, delay),
                },
                ("approved",),
            )
            self._tell()
            return False
        self._compare_and_set(
            {
                "to_book": False,
                "booked_at": NOW,
                "booking_error_notes": None,
                "next_booking_at": None,
                "booking_notes": Json(notes) if notes else None,
            },
            ("approved",),
        )
        self._tell()
        return True

    def action_book_again(self):
        """Try to book a charge that accounting refused, after its cause is gone.

        :raise AccessError: for users who neither started it, nor may change what it is for, nor manage card payments
        """
        if self.env.user.has_group("nets_connect_cloud.group_manager"):
            self._check_may_run()
        else:
            self._check_may_act()
        for transaction in self.sudo().filtered("to_book"):
            transaction.message_post(body=self.env._("Booking tried again"), author_id=self.env.user.partner_id.id)
            transaction._book()
