"""Rows of the database, as those see them who lock and compare."""

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo.tools import SQL

# All times in the database are the database's own clock: several hosts may disagree on the time.
NOW = SQL("(now() AT TIME ZONE 'utc')")
# What a change of a transaction's row counts up, so that news of it which overtake each other are told apart.
NEXT_VERSION = SQL("(COALESCE(version, 0) + 1)")


def lock_rows(records):
    """Rule 3: only one at a time looks at what is due on these records, or left of them.

    A real update and not just a lock: a transaction that waited for it has an old snapshot, in which the other's
    reservation can't be seen. PostgreSQL then refuses the update, and Odoo repeats the request with a new snapshot.
    That is as it should be, and no error for the log.

    :param records: of one model, real ones
    """
    if not records.ids:
        return
    records.flush_recordset()
    table = SQL.identifier(records._table)
    records.env.cr.execute(
        SQL(
            """UPDATE %(table)s SET write_date = write_date
                WHERE id IN (SELECT id FROM %(table)s WHERE id IN %(ids)s ORDER BY id FOR NO KEY UPDATE)""",
            table=table,
            ids=tuple(records.ids),
        ),
        log_exceptions=False,
    )
    # Ours are changed by statements that the cache doesn't know. What else was read may be old where this transaction
    # sees what others commit; in a request's snapshot it can't be, and what Odoo keeps of new records, in the order in
    # which it made them, stays.
    is_ours = records._name.startswith("nets.")
    if is_ours or records.env.cr.connection.isolation_level == ISOLATION_LEVEL_READ_COMMITTED:
        records.invalidate_recordset()
