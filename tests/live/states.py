"""Card transactions in each state that a person may see, for tests of how the screens look, and not of how it came to
be: the screens are shown them, whatever they were for."""

import contextlib

import stack as machinery

OPEN_DIALOG = """(id) => odoo.__WOWL_DEBUG__.root.env.services.action.doAction({
    type: "ir.actions.client", tag: "nets_connect_cloud.card_dialog", params: {transaction_id: id}})"""
OPEN_FORM = """(id) => odoo.__WOWL_DEBUG__.root.env.services.action.doAction({
    type: "ir.actions.client", tag: "nets_connect_cloud.card_dialog",
    params: {task: {type: "payment", invoice_ids: [id]}}})"""
# What the line's own state adds: it waits for an earlier one; Odoo doesn't answer. Texts wrap, buttons are looked at.
WAITING = {
    "waiting": {"waiting": True, "label": "An earlier payment", "explanation": "…", "advice": "…", "known_in": 90}
}
DISCONNECTED = {"disconnected": True}
CLOSE_DIALOGS = "odoo.__WOWL_DEBUG__.root.env.services.dialog.closeAll()"
# The words are the server's, in the language of whoever looks; the line has the state that goes with them.
SHOW_ON_LINE = """async ([id, values, shown = {}]) => {
    const order = posmodel.getOrder();
    const method = posmodel.models["pos.payment.method"].find((each) => each.use_payment_terminal === "nets");
    const line = order.payment_ids[0] || order.addPaymentline(method).data;
    const [progress] = id ? await posmodel.data.call("nets.transaction", "read_progress", [[id]]) : [null];
    const isOpen = progress && ["pending", "unknown"].includes(progress.state);
    const status = !progress ? "pending" : isOpen ? "waitingCard" : progress.state === "approved" ? "done" : "retry";
    line.setPaymentStatus(status);
    Object.assign(posmodel.nets.paymentOf(line).state, {
        progress: progress && {...progress, ...values}, knownAt: isOpen ? Date.now() + 200000 : 0,
        startedAt: isOpen ? Date.now() - 65000 : 0, waiting: null, error: "", waitSeconds: progress?.retry_wait || 0,
        disconnected: false, ...shown,
    });
    order._dirty = line._dirty = false;
    // as it is on the screen
    await new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)));
}"""


@contextlib.contextmanager
def made(clinic, simulator):
    """:return: a context that gives {what it is: id of nets.transaction}; in the end, all of them are finished"""
    made, held = {}, []
    # what is open stays so as long as somebody looks at it, however slowly
    account = clinic.make_account(customer_timeout=3600)

    def pay(name, state, **play):
        terminal = clinic.make_terminal(account_id=account)
        terminal.play(**play)
        made[name] = clinic.press_pay(clinic.make_invoice(1050), terminal)
        if state == "pending":
            terminal.asks_for_card()
            held.append(terminal)
        else:
            clinic.wait_for_state(made[name], state)

    simulator.service(last_transaction="error", card_timeout=3600)
    pay("running", "pending", outcome="approved", wait={"release": True})
    pay("aborting", "pending", outcome="approved", wait={"release": True}, abort="ignored")
    clinic.admin.call("nets.transaction", "abort", [made["aborting"]])
    pay("unknown", "unknown", outcome="approved", answer="cut_after")
    clinic.wait_for_lookup(made["unknown"])
    pay("refused", "failed", outcome="insufficient_funds")
    pay("cancelled", "failed", outcome="customer_cancelled")
    pay("trouble", "failed", outcome="disconnected")
    pay("twice", "failed", outcome="duplicate")
    pay("signature", "approved", outcome="approved", cvm="1")
    pay("approved", "approved", outcome="approved", tip=2000, surcharge=500)
    yield made
    for terminal in held:
        terminal.release()
    simulator.reset()
    clinic.admin.call("nets.transaction", "get_last_result", [made["unknown"]])
    machinery.wait_until(lambda: not clinic.unfinished(), 60, "everything to be finished", 0.5)
