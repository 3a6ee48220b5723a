"""Rules of money broken on purpose, to see that the harness finds it (`script/faults --self-check`)."""

import shutil
from dataclasses import dataclass

from stack import HOME, ROOT, StackError
from stack.databases import ADDON, MODULE


@dataclass(frozen=True)
class Mutation:
    """One broken rule: texts in the addon's files that become others, or a statement in the database."""

    name: str
    only: tuple  # the faults that are played, as few as it takes; one of them has to find it
    edits: tuple = ()  # (file, text, other text)
    statement: str = ""

    def addons(self):
        """Make a copy of the addon with this rule broken.

        :return: the folder it lies in
        """
        folder = HOME / "mutated"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(ADDON, folder / MODULE, ignore=shutil.ignore_patterns("__pycache__", "tests"))
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
                "    if question.used_by_hand:\n        return Why.USED_BY_HAND\n    if not seen.stan:\n",
                "    return None\n    if not seen.stan:\n",
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
            (
                "models/engine/nets_transaction_send.py",
                '        if not self.exists() or self.state != "pending" or self.sent_at:\n',
                "        if not self.exists():\n",
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
                "    if not records.ids:\n        return\n    table",
                "    return\n    table",
            ),
        ),
    ),
]
