"""Rules of money broken on purpose, to see that the harness finds it (`script/faults --self-check`)."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from stack import HOME, ROOT, StackError
from stack.databases import ADDON, MODULE


@dataclass(frozen=True)
class Mutation:
    """One broken rule: texts in the addon's files that become others, or a statement in the database."""

    name: str
    only: tuple = ()  # the faults that are played, as few as it takes; one of them has to find it
    edits: tuple = ()  # (file, text, other text)
    statement: str = ""
    ways: tuple = ()  # instead of faults: what people do, see WAYS_ROUND
    suites: tuple = ()  # instead of faults: unit tests of the till, see hoot.py
    finds: str = ""  # what has to be said of it then
    undo: str = ""  # the statement that takes `statement` back

    def addons(self):
        """Make a copy of the addon with this rule broken.

        :return: the folder it lies in
        """
        folder = HOME / "mutated"
        shutil.rmtree(folder, ignore_errors=True)

        def skipped(inside, _names):
            # the unit tests in static are run, see hoot.py
            return {"__pycache__", "tests"} if Path(inside) == ADDON else {"__pycache__"}

        shutil.copytree(ADDON, folder / MODULE, ignore=skipped)
        (folder / MODULE / "tests").mkdir()
        (folder / MODULE / "tests" / "__init__.py").touch()
        for file, text, other in self.edits:
            path = folder / MODULE / file
            path.write_text(self._broken(path, text, other))
        return folder

    def check_fits(self):
        """Check that what it breaks is still there.

        :raise StackError: where the code was changed
        """
        for file, text, other in self.edits:
            self._broken(ROOT / file, text, other)

    def _broken(self, path, text, other):
        content = path.read_text()
        if content.count(text) != 1:
            raise StackError(f"The mutation “{self.name}” doesn't fit {path.name} any more.")
        return content.replace(text, other)


MUTATIONS = [
    Mutation(
        "nothing is committed before sending",
        ("killed: at the terminal, then approved", "killed: at the terminal, then approved (refund)"),
        (
            (
                "listener.py",
                "        allowed = _ask_database(dbname, call.transaction_id, method, claim_token)\n",
                "        allowed = True\n",
            ),
        ),
    ),
    Mutation(
        "no unique index for busy terminals",
        ("two people, one terminal, lost answer",),
        statement="DROP INDEX nets_transaction_busy_unique",
    ),
    Mutation(
        "any last transaction is accepted",
        ("the same amount before, then not reached",),
        (
            (
                "connect_cloud/evidence.py",
                "    if question.baseline is None:\n        return _open(Why.NO_BASELINE)\n    seen",
                "    if last:\n        return Verdict(Decision.CHARGED, Why.NUMBER, outcome=last.outcome)\n    seen",
            ),
        ),
    ),
    Mutation(
        "a cut connection is a failure",
        ("cut after the request: approved", "cut after the request: approved (refund)"),
        (
            (
                "connect_cloud/answers.py",
                "    if answer.trouble:\n        return unknown(answer.trouble)\n",
                "    if answer.trouble:\n        return nothing_ran(answer.trouble)\n",
            ),
        ),
    ),
    Mutation(
        "a second way out: who finds a thread dead ends its transaction",
        ("killed: at the terminal, then approved", "killed: at the terminal, then approved (refund)"),
        (
            (
                "models/engine/nets_transaction_recovery.py",
                'elif what == "thread" and transaction._become_unknown(look_up_now=True):',
                'elif what == "thread" and transaction._compare_and_set({"state": "failed"}, ("pending",)):',
            ),
        ),
    ),
    Mutation(
        "a browser's report counts without the token of its claim",
        ("agent: forged while awaited",),
        (
            (
                "models/engine/nets_transaction_agent.py",
                "return bool(ours and isinstance(token, str) and hmac.compare_digest(ours.encode(), token.encode()))",
                "return bool(ours)",
            ),
        ),
    ),
    Mutation(
        "two browsers send what one claimed",
        ("agent: two browsers, one press",),
        (
            (
                "models/engine/nets_transaction_agent.py",
                "            and not transaction.sent_at\n            and transaction._agent_baseline(messages)\n",
                "",
            ),
            (
                "models/engine/nets_transaction_agent.py",
                "            and transaction._claim(token)\n",
                "            and (transaction._claim(token) or True)\n",
            ),
        ),
    ),
    Mutation(
        "a browser may say another amount",
        ("agent: report says another amount",),
        (
            (
                "connect_cloud/agent_report.py",
                "    if is_other or added_to(outcome) > most:\n",
                "    if asked is None:\n",
            ),
        ),
    ),
    Mutation(
        "a second thread sends",
        ("nothing broken: approved", "nothing broken: approved (refund)"),
        (
            (
                "models/engine/nets_transaction_press.py",
                "        transaction._send_after_commit()\n",
                "        transaction._send_after_commit()\n" * 2,
            ),
            ("listener.py", "{key or next(iter(args), '')}", "{secrets.token_hex(8)}"),
            (
                "models/engine/nets_transaction_send.py",
                '"""sent_at IS NULL AND abort_requested_at IS NULL\n',
                '"""TRUE\n',
            ),
            (
                "models/engine/nets_transaction_send.py",
                '(transaction_id, claim_token, beat_at) VALUES (%s, %s, %s)",',
                '(transaction_id, claim_token, beat_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",',
            ),
        ),
    ),
    Mutation(
        "a cancellation typed by hand passes for ours",
        ("charged, then typed by hand: cancelled, same amount",),
        (
            (
                "connect_cloud/evidence.py",
                "    return Why.USED_BY_HAND if question.used_by_hand else None\n",
                "    return None\n",
            ),
        ),
    ),
    Mutation(
        "refunds don't wait for each other",
        ("two accountants refund one payment",),
        (
            (
                "models/engine/rows.py",
                "    if not records.ids:\n        return\n    records.flush",
                "    return\n    records.flush",
            ),
        ),
    ),
]


def _write_rules(domain):
    return f"""UPDATE ir_rule SET domain_force = $${domain}$$ WHERE id IN (
        SELECT res_id FROM ir_model_data WHERE module = 'nets_connect_cloud' AND name IN (
            'nets_account_rule_company_write', 'nets_terminal_rule_company_write', 'nets_location_rule_company_write'))
    """


# What a till keeps, and no server sees.
OF_TILLS = [
    Mutation(
        "what other modules keep in the till is thrown away",
        suites=("pos/take_over",),
        finds="rule 20: the card and the tip",
        edits=(("static/src/pos/take_over.js", "  if (isNewer(order, row, found)) {\n", "  if (found) {\n"),),
    ),
    Mutation(
        "one refused order stops all others",
        suites=("pos/frozen_order",),
        finds="rule 20: an order that the server refuses",
        edits=(
            (
                "static/src/pos/overrides/pos_store.js",
                "    if (!options.throw || options.orders) {\n",
                "    if (options) {\n",
            ),
        ),
    ),
    Mutation(
        "two roundings of one total",
        suites=("pos/frozen_order",),
        finds="nothing to pay that no coin could",
        edits=(("static/src/pos/overrides/pos_order.js", "hasBindingCard ? 0 : due;", "hasBindingCard ? due : due;"),),
    ),
]

# What people could do if these were missing; each is a kind of what was found by trying to get round the rules.
OF_PEOPLE = [
    Mutation(
        "what a client can write is taken for proof",
        ways=("what a client can write is taken for proof",),
        finds="a paid order's card lines are its own charges",
        edits=(
            (
                "models/pos/pos_order.py",
                "            if not card or self.currency_id.compare_amounts(card.charged_amount, line.amount) != 0:\n",
                '            if line.payment_status != "done":\n',
            ),
            (
                "models/pos/pos_payment.py",
                'if "payment_status" in vals and not self._nets_unproven(vals["payment_status"]):',
                "if False:",
            ),
        ),
    ),
    Mutation(
        "what a card is asked for isn't compared with the order",
        ways=("checked after the money moved",),
        finds="no card is asked for more",
        edits=(
            (
                "models/pos/press.py",
                "if currency.compare_amounts(abs(payment.amount), left if payment.amount > 0 else -left) > 0:",
                "if False:",
            ),
        ),
    ),
    Mutation(
        "one door guarded of several",
        ways=("one door guarded of several",),
        finds="a paid order's card lines are its own charges",
        edits=(
            (
                "models/pos/pos_order.py",
                'ending = vals.get("state", "draft") not in OPEN_STATES and any(',
                'ending = vals.get("state") == "paid" and any(',
            ),
        ),
    ),
    Mutation(
        "a card is recorded by hand although nothing was tried",
        ways=("the condition is only in the browser",),
        finds="what is recorded by hand was tried before",
        edits=(("models/pos/press.py", "        if not attempt._pos_reached_nobody():\n", "        if False:\n"),),
    ),
    Mutation(
        "an order is frozen on its buttons alone",
        ways=("guards on buttons",),
        finds="no card is asked for more",
        edits=(
            ("models/pos/pos_order.py", "                order._nets_check_kept(facts)\n", "                pass\n"),
        ),
    ),
    Mutation(
        "a way out that ends before a guard",
        ways=("a way out that wasn't walked to its end",),
        finds="no session is stuck",
        edits=(
            (
                "models/pos/pos_session.py",
                "        for transaction in astray:\n            transaction._pos_take_off_order()\n",
                "",
            ),
        ),
    ),
    Mutation(
        "what is said beside a call stands",
        ways=("what is said beside a call is taken for proof",),
        finds="what is said beside a call changes nothing",
        edits=(
            (
                "models/engine/ir_default.py",
                "defaults = self.with_user(SUPERUSER_ID) if self.env.cr.cache.get(SPEAKING) else self\n",
                "defaults = self\n",
            ),
        ),
    ),
    Mutation(
        "ids that others know",
        ways=("ids made from what others know",),
        finds="a press gets its own transaction",
        edits=(
            (
                "models/engine/nets_transaction_press.py",
                "if existing.sudo().user_id != self.env.user or not press.is_repeated_by(existing.sudo()):",
                "if False:",
            ),
        ),
    ),
    Mutation(
        "the books of a charge can be changed",
        ways=("what was charged is taken out of the books",),
        finds="a charge stays",
        edits=(
            (
                "models/account/account_move.py",
                "                if changed(move, vals, FROZEN):\n",
                "                if False:\n",
            ),
        ),
    ),
    Mutation(
        "a payment by card needs no charge",
        ways=("a payment that no terminal took",),
        finds="a payment by card has a charge",
        edits=(
            (
                "models/account/account_payment.py",
                "            if payment._nets_needs_charge():\n",
                "            if False:\n",
            ),
        ),
    ),
    Mutation(
        "everybody may refund to any card",
        ways=("who may refund",),
        finds="who refunds without an original may",
        edits=(
            (
                "models/account/nets_transaction_rights.py",
                '            if company.nets_refund_unlinked == "right" and not has_right:\n',
                "            if False:\n",
            ),
        ),
    ),
    Mutation(
        "who may read may write",
        ways=("rights to read taken for rights to write",),
        finds="nobody wrote over a border",
        statement=_write_rules("[('company_id', 'parent_of', company_ids)]"),
        undo=_write_rules("[('company_id', 'in', company_ids)]"),
    ),
    Mutation(
        "an id is compared without company and currency",
        ways=("compared by id, without company and currency",),
        finds="nothing belongs to two companies or currencies",
        edits=(
            (
                "models/engine/nets_transaction_press.py",
                "        press.terminal._check_usable(press.company, press.currency)\n",
                "",
            ),
        ),
    ),
    Mutation(
        "a secret stands in a statement",
        ways=("secrets in a statement",),
        finds="no secret is in the log",
        edits=(
            (
                "models/engine/nets_account_secret.py",
                "        cr = self.env.cr\n",
                """        found = self.search([("account_id", "=", account_id)])
        (found or self.create({"account_id": account_id})).write(values)
        return self.flush_model()
        cr = self.env.cr
""",
            ),
        ),
    ),
    Mutation(
        "each question is a lookup",
        ways=("unbounded work",),
        finds="a terminal is asked once for all",
        edits=(
            (
                "models/engine/nets_transaction_recovery.py",
                "WHERE terminal_id = %(terminal)s AND state IN %(states)s",
                "WHERE id = %(terminal)s AND state IN %(states)s",
            ),
            (
                "models/engine/nets_transaction_recovery.py",
                "                terminal=terminal.id,\n",
                "                terminal=self.id,\n",
            ),
            ("listener.py", "key=transaction.terminal_id.id\n", "key=secrets.token_hex(8)\n"),
        ),
    ),
    Mutation(
        "card numbers aren't masked",
        ways=("a card number is kept",),
        finds="no card number is kept",
        edits=(
            (
                "connect_cloud/redaction.py",
                "    return _RUN.sub(_mask_run, text)\n",
                "    return text\n",
            ),
        ),
    ),
    Mutation(
        "what NETS says is markup",
        ways=("what NETS says is shown as a page",),
        finds="what NETS says is text",
        edits=(
            (
                "models/engine/nets_transaction_recovery.py",
                'note=Markup("<p>%s</p>") % said',
                'note="<p>%s</p>" % said',
            ),
        ),
    ),
    Mutation(
        "a pattern that takes quadratic time",
        ways=("a hostile answer takes all the time",),
        finds="no answer holds the process up",
        edits=(
            (
                "connect_cloud/redaction.py",
                "return _TOKEN_RUN.sub(_hide_jwt, text) if",
                'return re.sub(r"eyJ[\\w-]+[.][\\w-]+", _HIDDEN, text) if',
            ),
        ),
    ),
    # the last, since what it leaves behind can't be undone
    Mutation(
        "a reference without a foreign key",
        ways=("references without foreign keys",),
        finds="everything comes to its end",
        statement="ALTER TABLE nets_transaction DROP CONSTRAINT nets_transaction_partner_id_fkey",
        undo="ALTER TABLE nets_transaction ADD CONSTRAINT nets_transaction_partner_id_fkey "
        "FOREIGN KEY (partner_id) REFERENCES res_partner ON DELETE SET NULL NOT VALID",
    ),
]
