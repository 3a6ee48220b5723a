"""What a till syncs, as it sends it. Plain values, so that tests over RPC send the same as tests in Odoo."""

import time
import uuid


def now():
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())


def order_values(session, lines=(), payments=(), /, **values):
    """An order.

    :param int session: its pos.session
    :param lines: dicts, see `line_values`; payments: see `payment_values`
    :param values: others than a new draft order has
    """
    return {
        "uuid": str(uuid.uuid4()),
        "access_token": "",
        "session_id": session,
        "date_order": now(),
        "state": "draft",
        "amount_total": sum(line["price_subtotal_incl"] for line in lines),
        "amount_tax": 0,
        "amount_paid": sum(payment["amount"] for payment in payments),
        "amount_return": 0,
        "lines": [(0, 0, line) for line in lines],
        "payment_ids": [(0, 0, payment) for payment in payments],
        **values,
    }


def line_values(product, price, quantity=1, **values):
    """A line of an order, without taxes."""
    return {
        "uuid": str(uuid.uuid4()),
        "product_id": product,
        "qty": quantity,
        "price_unit": price,
        "price_subtotal": quantity * price,
        "price_subtotal_incl": quantity * price,
        "tax_ids": [(5, 0, 0)],
        "discount": 0,
        **values,
    }


def payment_values(method, amount, **values):
    """A payment line; `payment_status` is that of a card which wasn't sent yet, or False."""
    return {
        "uuid": str(uuid.uuid4()),
        "payment_method_id": method,
        "amount": amount,
        "payment_date": now(),
        "payment_status": False,
        **values,
    }
