"""What a person wants a terminal to do, from the press of a button to the reservation."""

from ...const import ADMINISTRATIONS
from ...messages import refusal


class Press:
    """A press of a button that sends something to a terminal.

    One class for each kind of press, which says only what is particular to it. `nets.transaction._press` takes all of
    them through the same steps in the same order, so that a new kind can't forget a guard:

        rights → repeated? → lock → standing already? → wait? → document → number → terminal → amount → wait for the
        terminal? → rehearse → reserve

    Whatever a client sent (ids, amounts) is compared with the records here, after they are locked.
    """

    kind = "purchase"
    origin = "none"
    # What a person says of a card that was taken on the terminal without Odoo: nothing is sent.
    is_by_hand = False
    # Set by `check_document` at the latest.
    amount = 0.0  # signed, major units
    currency = None
    company = None
    partner = None

    def __init__(self, env, request_id, terminal_id=False, previous=None):
        """
        :param env: of the person who presses
        :param str request_id: made by the client, new for each press; a repeat returns the first one's transaction
        :param int terminal_id: where
        :param previous: the transaction that this one repeats
        """
        self.env = env
        self.request_id = request_id
        self.terminal = env["nets.terminal"].browse(terminal_id)
        self.previous = previous or env["nets.transaction"]
        self.refund_of = env["nets.transaction"]

    # === WHAT IS PARTICULAR TO A KIND OF PRESS === #

    def check_rights(self):
        """:raise AccessError: where the person may not do this with these documents"""

    def is_repeated_by(self, transaction):
        """Whether a transaction that was made with this request id is what this press asks for."""
        return transaction.kind == self.kind

    def to_lock(self):
        """The records whose debt this press looks at, always in this order: documents, then card payments."""
        return [self.refund_of]

    def standing(self):
        """What stands for this press already, found after the lock, regardless of the request id.

        :return: nets.transaction, mostly empty
        """
        return self.env["nets.transaction"]

    def check_document(self):
        """Refuse a document that this can't be done with, and set amount, currency, company, terminal …; after the
        lock.

        :raise UserError: with the cause in plain words
        """

    def check_amount(self):
        """Refuse an amount that is more than the document is worth; the terminal is known to be usable here.

        :raise UserError: with the cause in plain words
        """

    def check_giving_back(self):
        """Refuse to give money back where the company doesn't allow that; what it goes to is known here.

        :raise AccessError, UserError: with what to do
        """

    def wait(self):
        """What this press has to wait for besides its terminal.

        :return: dict for the client, see `nets.transaction._waiting`; nothing where it needn't wait
        """

    def values(self):
        """What the reservation keeps besides, so that booking needs nobody and nothing else."""
        return {}

    def rehearse(self, reservation):
        """Try what will be booked once this is done, and roll it back.

        :param dict reservation: what is about to be reserved
        :raise UserError: where it would be refused today
        """

    # === THE SAME FOR ALL === #

    def reservation(self):
        """:return: dict of values of nets.transaction"""
        return {
            "kind": self.kind,
            "origin": self.origin,
            "terminal_id": self.terminal.id,
            "request_id": self.request_id,
            "amount": self.amount,
            "currency_id": self.currency.id,
            "company_id": self.company.id,
            "partner_id": self.partner.id if self.partner else False,
            "refund_of_id": self.refund_of.id,
            "retry_of_id": self.previous.id,
            **self.values(),
        }


class AdministrationPress(Press):
    """An operation of a terminal that moves no money. It may wipe the terminal's last result, so it comes in and goes
    out like a payment (rule 2)."""

    kind = "administration"

    def __init__(self, env, request_id, terminal, administration):
        """:param str administration: a key of `ADMINISTRATION_SELECTION`"""
        super().__init__(env, request_id, terminal.id)
        self.administration = administration

    def check_rights(self):
        self.terminal._check_may_administer(self.administration)

    def is_repeated_by(self, transaction):
        return transaction.administration == self.administration and transaction.terminal_id == self.terminal

    def check_document(self):
        self.terminal = self.terminal.sudo()
        if not self.terminal.active or self.administration not in ADMINISTRATIONS[self.terminal.type]:
            raise refusal(self.env, "administration_not_possible")
        self.currency = self.terminal.currency_id
        self.company = self.terminal.company_id

    def values(self):
        return {"administration": self.administration}


class TestPaymentPress(Press):
    """A payment of 1.00 in play money, to see that everything works. It isn't booked."""

    amount = 1.0

    def check_rights(self):
        self.terminal.check_access("write")

    def check_document(self):
        if self.terminal.environment == "production":
            raise refusal(self.env, "test_payment_in_production")
        self.currency = self.terminal.currency_id
        self.company = self.terminal.company_id
