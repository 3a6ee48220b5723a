"""What a terminal added to an order is known by a link (rule 17), and no more by a uuid, which tills write."""

import uuid

NAMESPACE = uuid.UUID("6e657473-7265-5061-8279-2d74696c6c73")
COLUMNS = {"tip": "pos_tip_line_id", "surcharge": "pos_surcharge_line_id"}


def migrate(cr, version):
    """:param str version: installed before, nothing on installation"""
    if not version:
        return
    cr.execute(
        """SELECT id, order_id FROM nets_transaction
            WHERE origin = 'pos' AND kind = 'purchase' AND state = 'approved' AND charged_amount > amount"""
    )
    for transaction_id, order_id in cr.fetchall():
        for name, column in COLUMNS.items():
            # names of this file, no values  # pylint: disable=sql-injection
            cr.execute(
                f"""UPDATE nets_transaction transaction SET {column} = line.id
                      FROM pos_order_line line
                     WHERE transaction.id = %s AND line.uuid = %s AND line.order_id = transaction.pos_order_id""",
                [transaction_id, str(uuid.uuid5(NAMESPACE, f"{order_id}/{name}"))],
            )
