"""What the tests share: a company with terminals and invoices, and the answers that NETS gives.

All cursors of a test are one and its post-commit hooks are dropped, so no thread ever starts here: the phases of a
transaction are called one by one, with the outcomes that the client would have returned. Threads, real time and the
wire itself are tested against a real server (`tests/live`).
"""

import uuid
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta, timezone
from unittest.mock import patch
from zoneinfo import ZoneInfo

from odoo import SUPERUSER_ID, Command, api
from odoo.modules.registry import Registry
from odoo.tests import new_test_user
from odoo.tests.common import get_db_name
from odoo.tools import SQL

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .. import listener
from ..connect_cloud import (
    Card,
    ConnectCloudClient,
    ConnectCloudError,
    LastTransaction,
    Outcome,
    OutcomeState,
    Reason,
)

TERMINAL_ZONE = "Europe/Oslo"
COMPANY = "Company of the card tests"
AGENT_ADDRESS = "ws://127.0.0.1:8010"


# === WHAT NETS ANSWERS === #


def terminal_time(seconds=0):
    """The terminal's clock, as NETS sends it: local time without a zone.

    :param seconds: from now, negative for earlier
    """
    moment = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return moment.astimezone(ZoneInfo(TERMINAL_ZONE)).strftime("%Y%m%d%H%M%S")


def _ran(state, number, values):
    """An outcome of something that ran on the terminal.

    :param number: the terminal's own number (STAN) of the transaction, or None where it was cancelled too early
    """
    stan = f"{number:06}" if number else ""
    authorisation = f"A{number:05}" if number else ""
    return Outcome(
        **{
            "state": state,
            "stan_auth": stan + authorisation,
            "stan": stan,
            "authorisation_code": authorisation,
            "timestamp": terminal_time(),
            "session_number": "021",
            "raw": '{"result": "as it came"}',
            **values,
        }
    )


def approved(amount, number=101, **values):
    """The card was charged.

    :param amount: minor units, with tip and surcharge
    """
    return _ran(
        OutcomeState.APPROVED,
        number,
        {
            "http_status": 201,
            "result": 0,
            "total_amount": amount,
            "response_code": "00",
            "card": Card(
                brand="Visa", truncated_pan="************1234-0", last_four="1234", cvm="0", aid="A0000000031010"
            ),
            "customer_receipt": "CUSTOMER",
            "merchant_receipt": "MERCHANT",
            **values,
        },
    )


def declined(number=101, reason=Reason.INSUFFICIENT_FUNDS, **values):
    """The issuer said no: nothing was charged."""
    return _ran(OutcomeState.NOT_APPROVED, number, {"http_status": 400, "result": 2, "reason": reason, **values})


def cancelled(**values):
    """The customer, or an abort, stopped it before the card: there isn't even a number."""
    return declined(number=None, reason=Reason.CUSTOMER_CANCELLED, **values)


def not_sent(reason=Reason.SERVICE_UNREACHABLE, **values):
    """The request never left, or wasn't let in: nothing ran on the terminal."""
    return Outcome(state=OutcomeState.NOT_APPROVED, reason=reason, started=False, **values)


def lost(reason=Reason.CONNECTION_INTERRUPTED, **values):
    """No answer, or one that says nothing."""
    return Outcome(state=OutcomeState.UNKNOWN, reason=reason, **values)


def last(outcome, order_id=""):
    """What the terminal shows as its last transaction."""
    return LastTransaction(order_id=order_id, outcome=outcome)


# === THE COMPANY === #


def log_in(_self, accounts):
    """Ask NETS within a test's transaction what a thread asks."""
    identifiers = None
    for account in accounts.sudo()._logs_in():
        identifiers, error = listener.try_login(ConnectCloudClient(**account._client_values()))
        account._record_login(identifiers, error)
    return identifiers


def ask_for_state(self):
    """As `log_in`, of a terminal."""
    terminal = self.sudo()
    query = terminal._prepare_query()
    answer = listener.ask_terminal(ConnectCloudClient(**query.client_values), query)
    terminal._record_query(answer)
    return answer


class CardPaymentCommon(AccountTestInvoicingCommon):
    """A company in US dollars with two terminals in Oslo, and a clerk who may take payments."""

    @classmethod
    def setUpClass(cls):
        cls._keep_company()
        super().setUpClass()
        # saving an account logs in, and a new terminal is asked for: here NETS can't be reached
        cls.login = cls.startClassPatcher(
            patch.object(ConnectCloudClient, "login", side_effect=ConnectCloudError(Reason.SERVICE_UNREACHABLE))
        )
        # nothing is ever committed here, so NETS is asked within the test's one transaction
        for model in ("nets.account", "nets.terminal"):
            for method in ("_log_in_apart", "_log_in_after_commit"):
                cls.startClassPatcher(patch.object(cls.env.registry[model], method, log_in))
        cls.startClassPatcher(patch.object(cls.env.registry["nets.terminal"], "_ask_apart", ask_for_state))
        cls.company = cls.env.company
        cls.usd = cls.company.currency_id
        cls.bank_journal = cls.company_data["default_journal_bank"]
        cls.receivable = cls.company_data["default_account_receivable"]
        cls.clerk = new_test_user(
            cls.env,
            login="nets_clerk",
            groups="account.group_account_invoice,nets_connect_cloud.group_refund",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.manager = new_test_user(
            cls.env,
            login="nets_manager",
            groups="account.group_account_invoice,nets_connect_cloud.group_manager",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.account = cls.env["nets.account"].create(
            {
                "name": "Test account",
                "company_id": cls.company.id,
                "environment": "test",
                "username": "shop",
                "password": "very-secret",
            }
        )
        cls.location = cls.env["nets.location"].create(
            {"name": "Shop", "company_id": cls.company.id, "tz": TERMINAL_ZONE}
        )
        cls.terminal, cls.terminal_2 = cls.env["nets.terminal"].create(
            [
                {
                    "name": name,
                    "identifier": identifier,
                    "account_id": cls.account.id,
                    "location_id": cls.location.id,
                    "currency_id": cls.usd.id,
                    "journal_id": cls.bank_journal.id,
                }
                for name, identifier in (("Front desk", "90000001"), ("Back office", "90000002"))
            ]
        )
        cls.method_line = cls.bank_journal._nets_method_line("inbound")
        # What the books of the bank hold until the statement comes.
        cls.outstanding = cls.env["account.chart.template"].ref("account_journal_payment_debit_account_id")

    @classmethod
    def _keep_company(cls):
        """Odoo's tests make a company and its accounts for each class, which takes seconds: here one is for all."""
        with Registry(get_db_name()).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            if not env["res.company"].search_count([("name", "=", COMPANY)]):
                company = env["res.company"].create({"name": COMPANY})
                env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
                company.account_fiscal_country_id = company.account_fiscal_country_id or env.ref("base.us")

    @classmethod
    def setup_independent_company(cls, **kwargs):
        company = cls.env["res.company"].sudo().search([("name", "=", COMPANY)]).sudo(False)
        cls.env.user.company_ids = [Command.link(company.id)]
        return company

    @property
    def engine(self):
        """The environment in which threads and the scheduled job work."""
        return self.env(user=SUPERUSER_ID, context={})

    # --- terminals --- #

    @classmethod
    def make_agent_terminal(cls, **values):
        """:return: a terminal that a browser drives"""
        return cls.env["nets.terminal"].create(
            {
                "name": "Counter",
                "identifier": "90000003",
                "type": "baxi_agent",
                "agent_address": AGENT_ADDRESS,
                "account_id": cls.account.id,
                "location_id": cls.location.id,
                "currency_id": cls.usd.id,
                **values,
            }
        )

    # --- invoices and payments --- #

    @classmethod
    def make_discount_terms(cls):
        """:return: payment terms that grant 2 % within 7 days, of 30"""
        return cls.env["account.payment.term"].create(
            {
                "name": "2% within 7 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 7,
                "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
            }
        )

    @classmethod
    def make_invoice(cls, amount=1000.0, **values):
        """A posted customer invoice without taxes."""
        return cls._create_invoice_one_line(
            price_unit=amount, product_id=cls.product_a, tax_ids=[Command.clear()], **{"post": True, **values}
        )

    def pay_wizard(self, moves, method_line, **values):
        """Odoo's *Pay* window, as the clerk opens it."""
        wizard = self.env["account.payment.register"].with_user(self.clerk)
        wizard = wizard.with_context(active_model="account.move", active_ids=moves.ids)
        return wizard.create({"payment_method_line_id": method_line.id, **values})

    def register(self, invoices, **values):
        """The same, filled in for a card payment."""
        values = {"journal_id": self.bank_journal.id, "nets_terminal_id": self.terminal.id, **values}
        return self.pay_wizard(invoices, self.method_line, **values)

    def start(self, invoices, amount=None, terminal=None, user=None, request_id=None):
        """Press *Process card*: reserve, as the dialog does.

        :return: the transaction, as the engine's threads see it
        """
        invoices = invoices.with_user(user or self.clerk)
        if amount is None:
            amount = sum(invoices.mapped("amount_residual"))
        progress = invoices.nets_start_card_payment(
            amount, (terminal or self.terminal).id, request_id or str(uuid.uuid4())
        )
        self.assertEqual(len(progress), 1)
        return self.engine["nets.transaction"].browse(progress[0]["id"])

    def send(self, *args, token="thread-1", **kwargs):
        """Reserve and claim: the terminal now asks for the card. Arguments as `start`."""
        transaction = self.start(*args, **kwargs)
        self.assertTrue(transaction._claim(token))
        return transaction

    def charge(self, *args, outcome=None, **kwargs):
        """The whole life of a payment. Arguments as `start`.

        :param outcome: what NETS answers; approved as asked where not given
        """
        transaction = self.send(*args, **kwargs)
        transaction._record_answer(outcome or approved(self.minor(transaction)))
        transaction._book()
        return transaction

    def lose(self, *args, baseline=None, **kwargs):
        """Reserve and send; then the answer gets lost. Arguments as `start`.

        :param baseline: LastTransaction that the terminal showed before, None where that isn't known
        """
        transaction = self.start(*args, **kwargs)
        if baseline:
            transaction._record_baseline(baseline)
        self.assertTrue(transaction._claim("thread-1"))
        transaction._record_answer(lost())
        self.assertEqual(transaction.state, "unknown")
        return transaction

    def book_as_a_thread_does(self, transaction, *queue):
        """Book a charge as `listener` does, in this test's own transaction.

        :param queue: what it is told of the queue it stands in
        :return: what it is passed on to: [(name of the queue, arguments)]
        """
        passed_on = []

        def submit(pool, _target, _dbname, *args):
            passed_on.append((pool.name, args))

        with (
            patch.object(listener, "_environment", lambda *_args: nullcontext(self.engine)),
            patch.object(listener, "_submit", submit),
            patch.object(self.env.cr, "commit", self.env.cr.flush),
        ):
            listener._book(self.env.cr.dbname, transaction.id, "_book", *queue)
        return passed_on

    @staticmethod
    def minor(transaction):
        return abs(transaction._to_minor_units(transaction.amount))

    def looked_up(self, transaction, seconds=0):
        """The terminal is asked for a lost result, after the customer's time, and doesn't say what became of it.

        :param int seconds: after the result got lost
        :return: the transaction
        """
        self.env.cr.execute(
            """UPDATE nets_transaction
                  SET create_date = create_date - interval '6 minutes',
                      sent_at = sent_at - interval '6 minutes',
                      unknown_since = COALESCE(unknown_since, create_date),
                      looked_up_at = COALESCE(unknown_since, create_date) + %s * interval '1 second'
                WHERE id = %s""",
            [seconds, transaction.id],
        )
        transaction.invalidate_recordset()
        return transaction

    # --- time --- #

    def pass_time(self, transaction, seconds):
        """Let time pass for a transaction: the database's own clock can't be moved, so its past is."""
        transaction.flush_recordset()
        moved = (
            *("create_date", "sent_at", "abort_call_at", "unknown_since", "looked_up_at"),
            *("next_lookup_at", "next_booking_at"),
        )
        self.env.cr.execute(
            SQL(
                "UPDATE nets_transaction SET %s WHERE id = %s",
                SQL(", ").join(
                    SQL("%s = %s - %s * interval '1 second'", SQL.identifier(name), SQL.identifier(name), seconds)
                    for name in moved
                ),
                transaction.id,
            )
        )
        self.env.cr.execute(
            SQL(
                """UPDATE nets_transaction SET no_charge_evidence = jsonb_set(no_charge_evidence::jsonb, '{at}',
                     to_jsonb(to_char((no_charge_evidence->>'at')::timestamp - %s * interval '1 second',
                                      'YYYY-MM-DD HH24:MI:SS')))
                   WHERE id = %s AND no_charge_evidence IS NOT NULL""",
                seconds,
                transaction.id,
            )
        )
        self.env.cr.execute(
            SQL(
                "UPDATE nets_heartbeat SET beat_at = beat_at - %s * interval '1 second' WHERE transaction_id = %s",
                seconds,
                transaction.id,
            )
        )
        transaction.invalidate_recordset()

    @contextmanager
    def undone(self):
        """What happens inside is rolled back, so that the cases of a table don't meet."""
        self.env.flush_all()
        with self.env.cr.savepoint() as savepoint:
            yield
            savepoint.rollback()
        self.env.invalidate_all()

    # --- what is asserted often --- #

    def assertPaymentLines(self, payment, expected):
        """The payment's journal items: [(account, debit, credit, what is still open), …] in any order."""
        lines = payment.move_id.line_ids
        found = [(line.account_id.name, line.debit, line.credit, line.amount_residual) for line in lines]
        wanted = [(account.name, debit, credit, residual) for account, debit, credit, residual in expected]
        self.assertEqual(sorted(found), sorted(wanted))

    def assertSaidOn(self, record, text):
        """A message in the record's chatter says it."""
        self.assertIn(text, " ".join(record.message_ids.mapped("body")))
