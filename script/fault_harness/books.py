"""The comparison of the terminals' ledger with Odoo's books, entry by entry."""

import collections
import dataclasses

TRANSACTION_FIELDS = (
    "id",
    "request_id",
    "order_id",
    "terminal",
    "kind",
    "state",
    "to_book",
    "reason",
    "charged",
    "stan_auth",
    "refund_of",
    "lookup",
)
TRANSACTIONS = """
SELECT id, request_id, order_id, terminal_identifier, kind, state, to_book, reason, charged_amount,
       coalesce(stan_auth, settlement_reference, ''), refund_of_id, lookup
  FROM nets_transaction ORDER BY id
"""
# Rule 2: those that were sent while the one before on their terminal wasn't answered, nor given up.
AT_ONCE = """
SELECT order_id FROM (
    SELECT order_id, sent_at,
           lag(coalesce(unknown_since, sent_at + answer_seconds * interval '1 second'))
               OVER (PARTITION BY terminal_id ORDER BY sent_at, id) AS before_ended
      FROM nets_transaction WHERE sent_at IS NOT NULL) AS sent
 WHERE sent_at < before_ended
"""
# A payment counts as what its posted journal entry says of the money, not as what its form shows. Tips and surcharges
# stand on other accounts of the same entry.
PAYMENTS = """
SELECT p.id, p.payment_reference, p.payment_type, c.name, round(abs(p.amount) * 100)::bigint, m.state,
       (SELECT coalesce(round(sum(l.amount_currency) * 100), 0)::bigint FROM account_move_line l
          JOIN account_account a ON a.id = l.account_id
         WHERE l.move_id = m.id AND a.account_type IN ('asset_cash', 'asset_current'))
  FROM account_payment p
  JOIN account_payment_method_line ml ON ml.id = p.payment_method_line_id
  JOIN account_payment_method pm ON pm.id = ml.payment_method_id
  JOIN res_currency c ON c.id = p.currency_id
  LEFT JOIN account_move m ON m.id = p.move_id
 WHERE pm.code = 'nets_terminal' AND p.state NOT IN ('draft', 'canceled', 'rejected')
       -- those that a closing made of many are compared by `IN_SESSIONS`
   AND NOT (p.pos_session_id IS NOT NULL AND p.payment_reference IS NULL)
"""
# A reversal is booked by cancelling the payment it reverses: both are in the books then, and their sum is nothing.
CANCELLED = """
SELECT original.order_id, reversal.order_id, c.name, round(p.amount * 100)::bigint, m.state
  FROM nets_transaction reversal
  JOIN nets_transaction original ON original.id = reversal.refund_of_id
  JOIN account_payment p ON p.id = original.payment_id AND p.id = reversal.payment_id
  JOIN res_currency c ON c.id = p.currency_id
  LEFT JOIN account_move m ON m.id = p.move_id
 WHERE reversal.kind = 'reversal' AND reversal.state = 'approved' AND NOT reversal.to_book AND p.state = 'canceled'
"""
# The line of a payment that the terminal reversed, before the order was paid, is empty.
REVERSED_LINES = """
SELECT original.order_id, reversal.order_id, c.name, round(abs(original.charged_amount) * 100)::bigint
  FROM nets_transaction reversal
  JOIN nets_transaction original ON original.id = reversal.refund_of_id
  JOIN pos_payment p ON p.uuid = original.pos_payment_uuid
  JOIN res_currency c ON c.id = original.currency_id
 WHERE reversal.kind = 'reversal' AND reversal.state = 'approved' AND NOT reversal.to_book
   AND reversal.pos_payment_uuid = original.pos_payment_uuid
   AND p.amount = 0 AND p.payment_status = 'reversed'
"""
# What is on the till's orders. `IN_SESSIONS` shows that closing the sessions made payments of just that.
TILL_PAYMENTS = """
SELECT p.transaction_id, c.name, round(p.amount * 100)::bigint, p.payment_status, o.state
  FROM pos_payment p
  JOIN pos_order o ON o.id = p.pos_order_id
  JOIN res_company company ON company.id = o.company_id
  JOIN res_currency c ON c.id = company.currency_id
 WHERE p.transaction_id IS NOT NULL AND p.amount <> 0
"""
IN_SESSIONS = """
SELECT (SELECT coalesce(sum(amount), 0) FROM pos_payment WHERE transaction_id IS NOT NULL),
       (SELECT coalesce(sum(CASE p.payment_type WHEN 'inbound' THEN p.amount ELSE -p.amount END), 0)
          FROM account_payment p JOIN account_move m ON m.id = p.move_id AND m.state = 'posted'
         WHERE p.payment_reference IS NULL AND p.pos_session_id IN (
               SELECT o.session_id FROM pos_payment pp JOIN pos_order o ON o.id = pp.pos_order_id
                WHERE pp.transaction_id IS NOT NULL))
"""
CLAIMED = """
SELECT terminal_identifier, count(sent_at) FROM nets_transaction
 WHERE terminal_type = 'baxi_agent' AND kind <> 'administration' GROUP BY terminal_identifier
"""
DUE = "SELECT id, round(amount_residual * 100)::bigint FROM account_move WHERE id = ANY(%s)"

COLUMNS = (6, 9, 8, 6, 8, 13, 9)  # widths


@dataclasses.dataclass
class Row:
    """One line of the table."""

    runs: int = 0
    charged: int = 0
    booked: int = 0
    lost: int = 0
    double: int = 0
    person: int = 0
    person_expected: int = 0
    slowest: float = 0  # seconds until one was settled
    troubles: list = dataclasses.field(default_factory=list)

    def add(self, other):
        slowest = max(self.slowest, other.slowest)
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        self.slowest = slowest


def direction(kind):
    return "in" if kind == "purchase" else "out"


def compare(postgresql, database, ledger, operations, debts, requests):
    """Compare.

    :param list ledger: the service's entries
    :param operations: all Operation that were asked for
    :param dict debts: invoice, or the till's order → what was due on it, in minor units
    :param requests: the service's log of requests
    :return: {fault: Row}
    """
    comparison = _Comparison(postgresql, database, ledger, operations)
    comparison.look_at_operations()
    comparison.look_at_transactions()
    comparison.look_at_entries()
    comparison.look_at_terminals()
    comparison.look_at_sessions()
    comparison.look_at_debts(debts)
    comparison.look_at_requests(requests)
    return comparison.rows


class _Comparison:
    def __init__(self, postgresql, database, ledger, operations):
        self.postgresql, self.database = postgresql, database
        self.rows = collections.defaultdict(Row)
        self.operations = operations
        self.by_request = {operation.request_id: operation for operation in operations}
        self.transactions = {}
        for values in postgresql.query(database, TRANSACTIONS):
            transaction = dict(zip(TRANSACTION_FIELDS, values, strict=True))
            self.transactions[transaction["order_id"]] = transaction
        self.charges = self._charges(ledger)
        self.bookings = self._bookings()

    def operation(self, order_id):
        transaction = self.transactions.get(order_id)
        return transaction and self.by_request.get(transaction["request_id"])

    def row(self, order_id):
        operation = self.operation(order_id)
        return self.rows[operation.fault if operation else "(not asked for)"]

    def complain(self, order_id, text):
        self.row(order_id).troubles.append(f"{text}: {self.transactions.get(order_id) or order_id}")

    # === WHAT THERE IS === #

    def _charges(self, ledger):
        """The ledger's entries, counted by all that has to agree."""
        charges = collections.Counter()
        previous = {}  # terminal → the order that is reversed
        for entry in ledger:
            terminal, kind, order_id = entry["terminalId"], entry["kind"], entry["orderId"]
            if entry["origin"] != "service":
                order_id = None
            elif kind == "reversal":
                order_id = self._order_of_reversal(entry, previous.get(terminal))
            elif not order_id:
                order_id = self._order_of_agent(entry)
            previous[terminal] = order_id
            if entry["origin"] == "service":
                self.row(order_id).charged += 1
                charges[terminal, order_id, kind, entry["amount"], entry["currency"], direction(kind)] += 1
        return charges

    def _order_of_reversal(self, entry, original):
        """The order id of the reversal that this entry is of: the service isn't told."""
        original_id = self.transactions.get(original, {}).get("id")
        found = [
            transaction
            for transaction in self.transactions.values()
            if transaction["kind"] == "reversal" and original_id and transaction["refund_of"] == original_id
        ]
        found.sort(key=lambda transaction: transaction["stan_auth"].strip() == entry["stanAuth"].strip())
        return found[-1]["order_id"] if found else f"a reversal of {original}"

    def _order_of_agent(self, entry):
        """The order id of what an agent did, which isn't told any."""
        number = entry["stanAuth"].strip()
        found = [
            order_id
            for order_id, transaction in self.transactions.items()
            if transaction["terminal"] == entry["terminalId"] and transaction["stan_auth"].strip() == number
        ]
        return found[0] if found else f"{number} on {entry['terminalId']}"

    def _bookings(self):
        """The books' entries, counted by the same."""
        bookings = collections.Counter()
        for payment, order_id, payment_type, currency, amount, move_state, liquidity in self.postgresql.query(
            self.database, PAYMENTS
        ):
            way = "in" if payment_type == "inbound" else "out"
            if move_state != "posted" or liquidity != (amount if way == "in" else -amount):
                self.complain(order_id, f"payment {payment} isn't posted as {amount}, but {move_state} as {liquidity}")
            self._add_booking(bookings, order_id, amount, currency, way)
        for original, reversal, currency, amount, move_state in self.postgresql.query(self.database, CANCELLED):
            if move_state != "cancel":
                self.complain(reversal, f"the entry of the cancelled payment is {move_state}")
            self._add_booking(bookings, original, amount, currency, "in")
            self._add_booking(bookings, reversal, amount, currency, "out")
        for original, reversal, currency, amount in self.postgresql.query(self.database, REVERSED_LINES):
            self._add_booking(bookings, original, amount, currency, "in")
            self._add_booking(bookings, reversal, amount, currency, "out")
        for order_id, currency, amount, status, order_state in self.postgresql.query(self.database, TILL_PAYMENTS):
            if status != "done" or order_state == "draft":
                self.complain(order_id, f"the till's payment is {status}, its order {order_state}")
            self._add_booking(bookings, order_id, abs(amount), currency, "in" if amount > 0 else "out")
        return bookings

    def _add_booking(self, bookings, order_id, amount, currency, way):
        self.row(order_id).booked += 1
        transaction = self.transactions.get(order_id, {})
        bookings[transaction.get("terminal"), order_id, transaction.get("kind"), amount, currency, way] += 1

    # === WHAT HAS TO AGREE === #

    def look_at_operations(self):
        """What people saw."""
        for operation in self.operations:
            row = self.rows[operation.fault]
            row.runs += 1
            row.slowest = max(row.slowest, operation.seconds)
            row.person += operation.left_to_person
            row.person_expected += operation.person
            if operation.left_to_person and not operation.person:
                row.troubles.append(f"left to a person: {operation}")
            if operation.person and not operation.left_to_person:
                row.troubles.append(f"settled, although nothing can have proven it: {operation}")
            if operation.transaction and not operation.settled:
                row.troubles.append(f"never settled: {operation}")

    def look_at_transactions(self):
        """What Odoo knows: all of it settled, one for each request."""
        requests = collections.Counter()
        for order_id, transaction in self.transactions.items():
            if transaction["state"] in ("pending", "unknown") or transaction["to_book"]:
                self.complain(order_id, "not settled")
            requests[transaction["request_id"]] += 1
            if requests[transaction["request_id"]] > 1:
                self.row(order_id).double += 1
                self.complain(order_id, "one request, two transactions")

    def look_at_entries(self):
        for key, count in (self.charges - self.bookings).items():
            self.row(key[1]).lost += count
            self.complain(key[1], f"charged, not booked {key}")
        for key, count in (self.bookings - self.charges).items():
            self.row(key[1]).double += count
            self.complain(key[1], f"booked, not charged {key}")
        for key, count in self.charges.items():
            if count > 1:
                self.row(key[1]).double += count - 1
                self.complain(key[1], f"charged {count} times {key}")

    def look_at_terminals(self):
        """No terminal was asked for two things at once, whatever it made of that."""
        for (order_id,) in self.postgresql.query(self.database, AT_ONCE):
            self.complain(order_id, "sent while the one before was under way")

    def look_at_sessions(self):
        """Closing the till's sessions has made payments of all that is on its orders."""
        taken, booked = self.postgresql.query(self.database, IN_SESSIONS)[0]
        if taken != booked:
            self.rows["the till's session"].troubles.append(
                f"{taken} taken at the till, {booked} booked for its sessions"
            )

    def look_at_debts(self, debts):
        """No debt was charged twice, no payment given back twice, and the invoices show what is due now."""
        charged, given_back = collections.Counter(), collections.Counter()
        for (_terminal, order_id, kind, amount, *_rest), count in self.charges.items():
            operation = self.operation(order_id)
            # a tip isn't part of the debt
            owed = operation and min(amount, operation.amount)
            if operation and kind == "purchase":
                charged[operation.debt] += owed * count
                given_back[order_id] -= amount * count
            elif operation:
                charged[operation.debt] -= owed * count
                original = next(
                    other["order_id"]
                    for other in self.transactions.values()
                    if other["id"] == self.transactions[order_id]["refund_of"]
                )
                given_back[original] += amount * count
        for order_id, over in given_back.items():
            if over > 0:
                self.row(order_id).double += 1
                self.complain(order_id, f"{over} more given back than was charged")
        invoices = [debt for debt in debts if isinstance(debt, int)]
        due = dict(self.postgresql.query(self.database, DUE, [invoices]))
        for debt, operation in {operation.debt: operation for operation in self.operations}.items():
            over = charged[debt] - debts[debt]
            row = self.rows[operation.fault]
            if over > 0:
                row.double += 1
                row.troubles.append(f"{over} more charged than was due: {operation}")
            if debt in due and due[debt] != max(0, -over):
                row.troubles.append(f"{due[debt]} is due on the invoice instead of {max(0, -over)}: {operation}")

    def look_at_requests(self, requests):
        """Nothing was sent twice, no matter how it ended. A reversal's request doesn't say which one it is of."""
        sent = collections.Counter(
            request["body"]["orderId"]
            for request in requests
            if request["method"] == "POST"
            and request["path"].endswith("/transaction")
            and isinstance(request["body"], dict)
            and request["status"] != 401
        )
        for order_id, count in sent.items():
            if count > 1:
                self.row(order_id).double += 1
                self.complain(order_id, f"sent {count} times")
        self._look_at_agents(requests)

    def _look_at_agents(self, requests):
        """No browser has sent anything to an agent that it didn't claim."""
        sent = collections.Counter(
            request["path"].rpartition("/")[2] for request in requests if request["status"] == "Dfs13TransferAmount"
        )
        for terminal, claimed in self.postgresql.query(self.database, CLAIMED):
            if sent[terminal] > claimed:
                self.rows["agents"].double += 1
                self.rows["agents"].troubles.append(f"{terminal}: {sent[terminal]} sent, {claimed} claimed")


def print_table(rows, troubles, known):
    """Print the table, what was wrong, how soon things were known, and the sum.

    :param troubles: what else was wrong, as texts
    :param Knowledge known: how soon
    :return: whether nothing was
    """
    total = Row()
    width = max([len(fault) for fault in rows] + [5])

    def line(fault, *cells):
        print(f"{fault:{width}}" + "".join(f"{cell:>{size}}" for cell, size in zip(cells, COLUMNS, strict=True)))

    line("fault", "runs", "charged", "booked", "lost", "double", "to a person", "slowest")
    for fault, row in sorted(rows.items()):
        total.add(row)
        person = f"{row.person} of {row.person_expected}" if row.person or row.person_expected else "0"
        line(fault, row.runs, row.charged, row.booked, row.lost, row.double, person, f"{row.slowest:.0f} s")
    for fault, row in rows.items():
        for trouble in row.troubles:
            print(f"✗ {fault}: {trouble}")
    for trouble in troubles:
        print(f"✗ {trouble}")
    print(known.summary())
    equal = "=" if total.charged == total.booked else "≠"
    print(
        f"operations {total.runs}, charged {total.charged} {equal} booked {total.booked}, lost {total.lost}, "
        f"double {total.double}, left to a person {total.person} of {total.person_expected} expected",
        flush=True,
    )
    return (
        not (troubles or total.troubles or total.lost or total.double)
        and total.charged == total.booked
        and total.person == total.person_expected
    )
