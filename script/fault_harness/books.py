"""The comparison of the terminals' ledger with Odoo's books, entry by entry."""

import collections
import dataclasses

TRANSACTION_FIELDS = ("request_id", "order_id", "terminal", "kind", "state", "to_book", "reason", "charged", "lookup")
TRANSACTIONS = """
SELECT request_id, order_id, terminal_identifier, kind, state, to_book, reason, charged_amount, lookup_message
  FROM nets_transaction
"""
# A payment counts as what its posted journal entry says, not as what its form shows.
PAYMENTS = """
SELECT p.id, p.payment_reference, p.payment_type, c.name, round(abs(p.amount) * 100)::bigint, m.state,
       (SELECT coalesce(round(sum(l.amount_currency) * 100), 0)::bigint FROM account_move_line l
          JOIN account_account a ON a.id = l.account_id
         WHERE l.move_id = m.id AND a.account_type NOT IN ('asset_receivable', 'liability_payable'))
  FROM account_payment p
  JOIN account_payment_method_line ml ON ml.id = p.payment_method_line_id
  JOIN account_payment_method pm ON pm.id = ml.payment_method_id
  JOIN res_currency c ON c.id = p.currency_id
  LEFT JOIN account_move m ON m.id = p.move_id
 WHERE pm.code = 'nets_terminal' AND p.state NOT IN ('draft', 'canceled', 'rejected')
"""

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


def compare(postgresql, database, ledger, operations, invoice_totals, requests=()):
    """Compare.

    :param list ledger: the service's entries
    :param operations: all Operation that were asked for
    :param dict invoice_totals: invoice → what was due on it, in minor units
    :param requests: the service's log of requests, where it has one
    :return: {fault: Row}
    """
    comparison = _Comparison(postgresql, database, operations)
    comparison.look_at_operations()
    comparison.look_at_transactions()
    charges = comparison.charges([entry for entry in ledger if entry["origin"] == "service"])
    comparison.look_at_entries(charges, comparison.bookings())
    comparison.look_at_debts(charges, invoice_totals)
    comparison.look_at_requests(requests)
    return comparison.rows


class _Comparison:
    def __init__(self, postgresql, database, operations):
        self.rows = collections.defaultdict(Row)
        self.operations = operations
        self.by_request = {operation.request_id: operation for operation in operations}
        self.transactions = {}
        for values in postgresql.query(database, TRANSACTIONS):
            transaction = dict(zip(TRANSACTION_FIELDS, values, strict=True))
            self.transactions[transaction["order_id"]] = transaction
        self.payments = postgresql.query(database, PAYMENTS)

    def operation(self, order_id):
        transaction = self.transactions.get(order_id)
        return transaction and self.by_request.get(transaction["request_id"])

    def row(self, order_id):
        operation = self.operation(order_id)
        return self.rows[operation.fault if operation else "(not asked for)"]

    def complain(self, order_id, text):
        self.row(order_id).troubles.append(f"{text}: {self.transactions.get(order_id) or order_id}")

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

    def charges(self, ledger):
        """The ledger's entries, counted by all that has to agree."""
        charges = collections.Counter()
        for entry in ledger:
            self.row(entry["orderId"]).charged += 1
            kind = entry["kind"]
            charges[
                entry["terminalId"], entry["orderId"], kind, entry["amount"], entry["currency"], direction(kind)
            ] += 1
        return charges

    def bookings(self):
        """The books' entries, counted by the same."""
        bookings = collections.Counter()
        for payment, order_id, payment_type, currency, amount, move_state, liquidity in self.payments:
            self.row(order_id).booked += 1
            way = "in" if payment_type == "inbound" else "out"
            if move_state != "posted" or liquidity != (amount if way == "in" else -amount):
                self.complain(order_id, f"payment {payment} isn't posted as {amount}, but {move_state} as {liquidity}")
            transaction = self.transactions.get(order_id, {})
            bookings[transaction.get("terminal"), order_id, transaction.get("kind"), amount, currency, way] += 1
        return bookings

    def look_at_entries(self, charges, bookings):
        for key, count in (charges - bookings).items():
            self.row(key[1]).lost += count
            self.complain(key[1], f"charged, not booked {key}")
        for key, count in (bookings - charges).items():
            self.row(key[1]).double += count
            self.complain(key[1], f"booked, not charged {key}")
        for key, count in charges.items():
            if count > 1:
                self.row(key[1]).double += count - 1
                self.complain(key[1], f"charged {count} times {key}")

    def look_at_debts(self, charges, invoice_totals):
        """No debt was charged twice."""
        charged = collections.Counter()
        for (_terminal, order_id, _kind, amount, *_rest), count in charges.items():
            operation = self.operation(order_id)
            if operation:
                charged[operation.invoice] += amount * count
        for operation in self.operations:
            # a tip isn't part of the debt
            over = charged.pop(operation.invoice, 0) - invoice_totals[operation.invoice]
            if over > 0 and "tip" not in operation.fault:
                self.rows[operation.fault].double += 1
                self.rows[operation.fault].troubles.append(f"{over} more charged than was due: {operation}")

    def look_at_requests(self, requests):
        """Nothing was sent twice, whatever came of it."""
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


def print_table(rows, troubles):
    """Print the table, what was wrong, and the sum.

    :param troubles: what else was wrong, as texts
    :return: whether nothing was
    """
    total = Row()
    width = max([len(fault) for fault in rows] + [5])

    def line(fault, *cells):
        print(f"{fault:{width}}" + "".join(f"{cell:>{size}}" for cell, size in zip(cells, COLUMNS, strict=True)))

    line("fault", "runs", "charged", "booked", "lost", "double", "to a person", "slowest")
    for fault, row in rows.items():
        total.add(row)
        person = f"{row.person} of {row.person_expected}" if row.person or row.person_expected else "0"
        line(fault, row.runs, row.charged, row.booked, row.lost, row.double, person, f"{row.slowest:.0f} s")
    for fault, row in rows.items():
        for trouble in row.troubles:
            print(f"✗ {fault}: {trouble}")
    for trouble in troubles:
        print(f"✗ {trouble}")
    equal = "=" if total.charged == total.booked else "≠"
    print(
        f"operations {total.runs}, charged {total.charged} {equal} booked {total.booked}, lost {total.lost}, "
        f"double {total.double}, left to a person {total.person} of {total.person_expected} expected",
        flush=True,
    )
    return not troubles and not total.troubles and not total.lost and not total.double and total.charged == total.booked
