"""Years of work in a minute: rows that are copies of a few which a database has already."""

# By turns, at dates that are spread evenly over ten years up to today.
PLAN = """
    CREATE TEMPORARY TABLE copied AS
    SELECT number, nextval(pg_get_serial_sequence('{table}', 'id')) AS copy,
           ids[1 + number %% cardinality(ids)] AS source,
           current_date - ((%(count)s - number) * 3650.0 / %(count)s)::int AS day
      FROM generate_series(1, %(count)s) number,
           (SELECT array_agg(id ORDER BY id) AS ids FROM {table} WHERE {sources}) sources
"""
COPY = """
    INSERT INTO {table} ({names})
    SELECT {values} FROM copied JOIN {table} original ON original.{link} = copied.source
     ORDER BY copied.number, original.id
"""


def plan(cursor, table, sources, count):
    """Choose what is copied, in the temporary table `copied`: number, copy, source, day.

    :param str sources: SQL, a condition of the rows
    :param int count: how many copies there will be
    :return: the first copy's id; the others' come after it
    """
    cursor.execute("DROP TABLE IF EXISTS copied")
    cursor.execute(PLAN.format(table=table, sources=sources), {"count": count})
    cursor.execute("ANALYZE copied")
    cursor.execute("SELECT min(copy) FROM copied")
    [first] = cursor.fetchone()
    return first


def copy(cursor, table, link="id", **changed):
    """Copy the rows that were chosen, or those of another table that belong to them.

    :param str link: the column by which they do
    :param changed: {column: SQL} of what is another than the original's; of `copied` and `original`
    """
    cursor.execute(
        """SELECT column_name FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER' AND column_name <> 'id'""",
        [table],
    )
    values = {name: f'original."{name}"' for (name,) in cursor.fetchall()} | {link: "copied.copy"} | changed
    names = ", ".join(f'"{name}"' for name in values)
    cursor.execute(COPY.format(table=table, link=link, names=names, values=", ".join(values.values())))
