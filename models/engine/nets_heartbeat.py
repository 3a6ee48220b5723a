from odoo import api, fields, models
from odoo.tools import SQL


class NetsHeartbeat(models.Model):
    """What a process, or a browser, has in hand shows here that it is alive: a call that is listening, or a lookup.

    A side table, so that the many renewals never conflict with a change of the transaction itself. Rows are inserted by
    the claiming thread, and only renewed and deleted by the keeper of that process; nobody has access over RPC.
    """

    _name = "nets.heartbeat"
    _description = "Heartbeat of a listening thread"
    _log_access = False

    # None for a lookup, which may be for several.
    transaction_id = fields.Many2one("nets.transaction", ondelete="cascade")
    claim_token = fields.Char(required=True)
    beat_at = fields.Datetime(required=True)
    # What the terminal's state showed after the set time: `customer` or `interrupted`.
    progress = fields.Char()
    # What the terminal itself shows, where the browser that drives it says so.
    display = fields.Char()

    _transaction_unique = models.UniqueIndex("(transaction_id)")
    _claim_index = models.Index("(claim_token)")

    @api.model
    def _beat(self, held, forgotten):
        """Renew the heartbeats with these tokens, and delete those with others.

        :param list held: of what is in hand
        :param list forgotten: of what isn't any more
        """
        if held:
            # a change of one (its progress is shown) mustn't keep the others from being renewed
            self.env.cr.execute(
                SQL(
                    """UPDATE nets_heartbeat SET beat_at = now() AT TIME ZONE 'utc'
                        WHERE id IN (SELECT id FROM nets_heartbeat WHERE claim_token = ANY(%s)
                                        FOR NO KEY UPDATE SKIP LOCKED)""",
                    held,
                )
            )
        if forgotten:
            self.env.cr.execute(SQL("DELETE FROM nets_heartbeat WHERE claim_token = ANY(%s)", forgotten))
