import io

from odoo import api, fields, models
from odoo.tools import SQL

SECRETS = ("password", "token")
# How COPY has its special characters written.
COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class NetsAccountSecret(models.Model):
    """The password and the token of an account.

    No access right exists for this model, for any group: it is read and written by the engine alone,
    so that no RPC, export or search can reveal a secret.
    """

    _name = "nets.account.secret"
    _description = "NETS account secret"

    account_id = fields.Many2one("nets.account", "NETS account", required=True, ondelete="cascade")
    password = fields.Char()
    token = fields.Char()
    # Seconds since the epoch, from the token's own `exp` claim.
    token_expires_at = fields.Float()
    # The service and the user name that the token was given for: it is shown to no other.
    token_for = fields.Char()

    _account_unique = models.UniqueIndex("(account_id)")

    @api.model
    def _store(self, account_id, values, wait=True):
        """Write secrets so that no statement has them (rule 26).

        Odoo and PostgreSQL log statements that fail, or take long, with all their values; and an update fails wherever
        somebody else was faster. What COPY reads is in no statement: it goes to a table of this transaction alone,
        where nothing can fail, and from there to its place.

        :param dict values: of some fields
        :param bool wait: for another change of the same secret; else nothing is written then
        """
        cr = self.env.cr
        secrets = {name: values[name] for name in SECRETS if name in values}
        self.flush_model()
        cr.execute(
            SQL(
                """INSERT INTO nets_account_secret (account_id)
                   SELECT id FROM nets_account WHERE id = %s ON CONFLICT (account_id) DO NOTHING""",
                account_id,
            ),
            log_exceptions=False,
        )
        assignments = [
            SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items() if name not in SECRETS
        ]
        if secrets:
            cr.execute(
                "CREATE TEMPORARY TABLE IF NOT EXISTS nets_given (password varchar, token varchar) ON COMMIT DROP"
            )
            cr.execute("DELETE FROM pg_temp.nets_given")
            line = "\t".join(_copied(secrets.get(name)) for name in SECRETS)
            cr.copy_expert("COPY pg_temp.nets_given (password, token) FROM STDIN", io.StringIO(f"{line}\n"))
            assignments += [SQL("%s = given.%s", SQL.identifier(name), SQL.identifier(name)) for name in secrets]
        cr.execute(
            SQL(
                """UPDATE nets_account_secret SET %s
                     FROM %s
                    WHERE id IN (SELECT id FROM nets_account_secret WHERE account_id = %s FOR NO KEY UPDATE %s)""",
                SQL(", ").join(assignments),
                SQL("pg_temp.nets_given AS given") if secrets else SQL("(SELECT) AS nothing"),
                account_id,
                SQL() if wait else SQL("SKIP LOCKED"),
            ),
            log_exceptions=False,
        )
        self.invalidate_model()


def _copied(secret):
    """A value as COPY reads it.

    :raise ValueError: for what PostgreSQL doesn't take, before it could complain about it
    """
    if not secret:
        return "\\N"
    if "\x00" in secret:
        raise ValueError("A secret can't have a NUL character")
    return secret.translate(COPY_ESCAPES)
