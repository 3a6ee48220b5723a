from odoo import fields, models


class NetsAccountSecret(models.Model):
    """The password and the token of an account.

    No access right exists for this model, for any group: it is read and written by the engine alone,
    so that no RPC, export or search can reveal a secret.
    """

    _name = "nets.account.secret"
    _description = "NETS account secret"

    account_id = fields.Many2one("nets.account", required=True, ondelete="cascade")
    password = fields.Char()
    token = fields.Char()
    # Seconds since the epoch, from the token's own `exp` claim.
    token_expires_at = fields.Float()

    _account_unique = models.UniqueIndex("(account_id)")
