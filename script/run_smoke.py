"""Pay one demo invoice by card and have another one declined, over Odoo's own RPC.

Prints the invoices' payment states and the simulator's ledger, and compares them.
"""

import sys
import uuid

import stack

PAID = f"{stack.MODULE}.demo_invoice_bakery"
DECLINED = f"{stack.MODULE}.demo_invoice_kindergarten"
TIMEOUT = 60  # seconds, for a transaction to end


def pay(system, admin, invoice, play):
    """Charge a card for what is due on an invoice, with this play at the terminal.

    :return: the transaction's id, once its outcome is known and, where charged, booked
    """
    offer = admin.call("account.move", "nets_card_payment_data", [invoice])
    terminal = admin.call("nets.terminal", "read", [offer["terminal_id"]], ["identifier"])[0]["identifier"]
    system.simulator.play(terminal, play)
    request = str(uuid.uuid4())
    arguments = [offer["amount"], offer["terminal_id"], request]
    transaction = admin.call("account.move", "nets_start_card_payment", [invoice], *arguments)[0]["id"]

    def has_ended():
        return admin.call("nets.transaction", "read_progress", [transaction])[0]["finished"]

    stack.wait_until(has_ended, TIMEOUT, f"the end of {play} on terminal {terminal}", interval=0.2)
    return transaction


def read(admin, model, record, *fields):
    """Return the values of some fields of a record."""
    return admin.call(model, "read", [record], list(fields))[0]


def minor_units(amount):
    """Return kroner as øre."""
    return round(amount * 100)


def compare(checks):
    """Print what was compared, and return whether all of it agreed."""
    for what, found, expected in checks:
        good = found == expected
        print(f"{'✓' if good else '✗'} {what}: {found}" + ("" if good else f", not {expected}"))
    return all(found == expected for _what, found, expected in checks)


def smoke(system):
    """Do it.

    :return: whether Odoo's books and the ledger agree
    """
    admin = system.odoo.login()
    paid, declined = admin.ref(PAID), admin.ref(DECLINED)
    with stack.step("An approved payment"):
        charge = pay(system, admin, paid, "approved")
    with stack.step("A declined payment (insufficient funds)"):
        refusal = pay(system, admin, declined, "insufficient_funds")

    print("\nInvoices")
    invoices = {}
    for invoice in (paid, declined):
        fields = ("name", "amount_total", "amount_residual", "payment_state")
        invoices[invoice] = values = read(admin, "account.move", invoice, *fields)
        print("  {name}  total {amount_total:.2f}  due {amount_residual:.2f}  {payment_state}".format(**values))
    print("Ledger of the simulator")
    ledger = system.simulator.ledger()
    for entry in ledger:
        print("  {terminalId}  {kind}  {amount} {currency} (minor units)  {stanAuth}  {orderId}".format(**entry))

    transaction = read(admin, "nets.transaction", charge, "state", "order_id", "stan_auth", "charged_amount")
    refused = read(admin, "nets.transaction", refusal, "state", "reason", "charged_amount")
    total = minor_units(invoices[paid]["amount_total"])
    sent = [request for request in system.simulator.requests() if request["method"] == "POST"]
    sent = [request["body"]["orderId"] for request in sent if request["path"].endswith("/transaction")]
    print("Comparison")
    return compare(
        [
            ("charges in the ledger", len(ledger), 1),
            ("the charge is the invoice's total", [entry["amount"] for entry in ledger], [total]),
            ("its order", [entry["orderId"] for entry in ledger], [transaction["order_id"]]),
            ("its reference", [entry["stanAuth"] for entry in ledger], [transaction["stan_auth"]]),
            ("charged, as Odoo knows it", minor_units(transaction["charged_amount"]), total),
            ("transactions", [transaction["state"], refused["state"]], ["approved", "failed"]),
            ("reason of the refusal", refused["reason"], "insufficient_funds"),
            ("each was sent once", len(sent) == len(set(sent)) == 2, True),
            ("the paid invoice is paid", invoices[paid]["payment_state"] in ("paid", "in_payment"), True),
            ("due on the paid invoice", invoices[paid]["amount_residual"], 0.0),
            ("the other is not", invoices[declined]["payment_state"], "not_paid"),
            ("due on the other", invoices[declined]["amount_residual"], invoices[declined]["amount_total"]),
        ]
    )


def main():
    stack.exit_on_signals()
    try:
        with stack.Stack("smoke") as system:
            agreed = smoke(system)
    except (stack.StackError, stack.OdooError) as error:
        stack.say(error)
        return 1
    print("Odoo and the terminals agree." if agreed else "Odoo and the terminals DISAGREE.")
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
