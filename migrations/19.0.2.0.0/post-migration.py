"""How a charge is booked moves from a JSON column into columns with foreign keys (rule 22)."""

from odoo import SUPERUSER_ID, api
from odoo.tools.sql import column_exists

# What a reference that was kept as a number must still be.
REFERENCES = {
    "journal_id": "account_journal",
    "payment_method_line_id": "account_payment_method_line",
    "destination_account_id": "account_account",
    "due_first_id": "account_move",
    "writeoff_account_id": "account_account",
}


def migrate(cr, version):
    """:param str version: installed before, nothing on installation"""
    if not version:
        return
    if column_exists(cr, "nets_transaction", "booking_values"):
        _move_booking_values(cr)
    env = api.Environment(cr, SUPERUSER_ID, {})
    companies = env["nets.terminal"].with_context(active_test=False).search([]).company_id.root_id
    for company in companies:
        # what somebody chose for the till holds for invoices, too
        product = env.ref("nets_connect_cloud.product_surcharge").with_company(company)
        if account := product.property_account_income_id:
            cr.execute("UPDATE res_company SET nets_surcharge_account_id = %s WHERE id = %s", [account.id, company.id])
            company.invalidate_recordset()
            company.nets_surcharge_tax_ids = product.taxes_id.filtered_domain([("company_id", "=", company.id)])
    companies._nets_propose_extra_accounts()


def _move_booking_values(cr):
    cr.execute(
        """
        UPDATE nets_transaction
           SET memo = booking_values->>'memo',
               amount_due = (booking_values->>'residual')::numeric,
               payment_date = create_date::date,
               installments_mode = 'full',
               difference_handling =
                   CASE WHEN booking_values->'write_off_line_vals' IN ('[]'::jsonb, 'null'::jsonb) THEN 'open'
                        ELSE 'reconcile' END,
               writeoff_label = booking_values->'write_off_line_vals'->0->>'name'
         WHERE jsonb_typeof(booking_values) = 'object'
        """
    )
    for column, table in REFERENCES.items():
        key = {
            "due_first_id": "booking_values->>'invoice_id'",
            "writeoff_account_id": "booking_values->'write_off_line_vals'->0->>'account_id'",
        }.get(column, f"booking_values->>'{column}'")
        # names of this file, no values  # pylint: disable=sql-injection
        cr.execute(
            f"""
            UPDATE nets_transaction transaction SET {column} = target.id
              FROM {table} target
             WHERE jsonb_typeof(booking_values) = 'object'
               AND target.id::text = {key}
            """
        )
