from odoo import fields, models


class NetsHeartbeat(models.Model):
    """A thread that listens to a terminal shows here that it is alive.

    A side table, so that the many renewals never conflict with a change of the transaction itself. Rows are written
    with SQL by the listening process; nobody has access over RPC.
    """

    _name = "nets.heartbeat"
    _description = "Heartbeat of a listening thread"
    _log_access = False

    transaction_id = fields.Many2one("nets.transaction", required=True, ondelete="cascade")
    claim_token = fields.Char(required=True)
    beat_at = fields.Datetime(required=True)
    # What the terminal's state showed after the set time: `customer` or `interrupted`.
    progress = fields.Char()

    _transaction_unique = models.UniqueIndex("(transaction_id)")
