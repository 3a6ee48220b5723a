"""Gates: one transaction stopped exactly at the boundary between two of its phases.

Triggers in the harness' own database, none of it is in the product. A gate is closed for the request id
of one operation; the statement, or the COMMIT, that would pass it then waits inside PostgreSQL. So the
driver knows exactly how far the operation has got, and kills the process, or its connection, there.

    reserve, claim, record, book                 waits before its COMMIT: killed now, it's rolled back
    reserve_commit, claim_commit, …              waits inside its COMMIT: killed now, it IS committed, but
                                                 the process never learns of it
"""

import threading

import psycopg2

from stack import wait_until

PHASES = {
    "reserve": ("INSERT", "TRUE"),
    "claim": ("UPDATE", "OLD.sent_at IS NULL AND NEW.sent_at IS NOT NULL"),
    "record": ("UPDATE", "OLD.state IN ('pending', 'unknown') AND NEW.state <> OLD.state"),
    "book": ("UPDATE", "OLD.booked_at IS NULL AND NEW.booked_at IS NOT NULL"),
}
ADVISORY_CLASS = 47110

SETUP = f"""
CREATE TABLE faults_gate (id serial PRIMARY KEY, request_id varchar NOT NULL, name varchar NOT NULL);
CREATE INDEX ON faults_gate (request_id);
CREATE FUNCTION faults_pass() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE gate integer;
BEGIN
    SELECT id INTO gate FROM faults_gate WHERE request_id = NEW.request_id AND name = TG_ARGV[0];
    IF gate IS NOT NULL THEN
        -- the driver holds this lock until it opens the gate
        PERFORM pg_advisory_xact_lock_shared({ADVISORY_CLASS}, gate);
    END IF;
    RETURN NULL;
END $$;
"""


class Gates:
    """The gates of one database."""

    def __init__(self, postgresql, database):
        self.postgresql = postgresql
        self.database = database
        self._holder = None
        self._lock = threading.RLock()
        statements = [SETUP]
        for phase, (event, condition) in PHASES.items():
            statements.append(
                f"CREATE TRIGGER faults_{phase} AFTER {event} ON nets_transaction "
                f"FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION faults_pass('{phase}');"
                f"CREATE CONSTRAINT TRIGGER faults_{phase}_commit AFTER {event} ON nets_transaction "
                "DEFERRABLE INITIALLY DEFERRED "
                f"FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION faults_pass('{phase}_commit');"
            )
        postgresql.query(database, "\n".join(statements))

    def _execute(self, statement, *params):
        with self._lock:
            if not self._holder or self._holder.closed:
                self._holder = self.postgresql.connect(self.database)
            with self._holder.cursor() as cursor:
                cursor.execute(statement, params)
                return cursor.fetchone()[0]

    def close(self, request_id, name):
        """Close a gate for one operation.

        :return: its id
        """
        gate = self._execute(
            "INSERT INTO faults_gate (request_id, name) VALUES (%s, %s) RETURNING id", request_id, name
        )
        self._execute("SELECT pg_advisory_lock(%s, %s) IS NULL", ADVISORY_CLASS, gate)
        return gate

    def waiting(self, gate):
        """Return the process id of the backend that waits at the gate, or None."""
        rows = self.postgresql.query(
            self.database,
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND NOT granted",
            [ADVISORY_CLASS, gate],
        )
        return rows[0][0] if rows else None

    def reached(self, gate, what, timeout=120):
        """Wait until the operation is at the gate.

        :return: the process id of its backend
        """
        return wait_until(lambda: self.waiting(gate), timeout, f"{what} to reach its gate", interval=0.2)

    def forget(self, gate):
        """Let everybody pass who comes from now on; who waits goes on waiting."""
        self.postgresql.query(self.database, "DELETE FROM faults_gate WHERE id = %s", [gate])

    def open(self, gate):
        """Let those go on who wait. A crash of the database has done that already."""
        try:
            self._execute("SELECT pg_advisory_unlock(%s, %s)", ADVISORY_CLASS, gate)
        except psycopg2.Error:
            self._holder = None

    def terminate(self, pid):
        """Take the connection away from the backend that waits: what it did is rolled back."""
        self.postgresql.query(self.database, "SELECT pg_terminate_backend(%s)", [pid])
