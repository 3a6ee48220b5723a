import base64
import binascii
import hashlib

from odoo import Command, fields, models

from ...connect_cloud import (
    LARGEST_FILE,
    PayoutFileError,
    from_minor_units,
    propose,
    read_payouts,
    read_table,
)
from ...messages import refusal

# connect_cloud.PayoutFileError.reason → what a person reads; a row that isn't readable is named
FILE_REFUSALS = {
    "too_large": "file_too_large",
    "not_a_table": "file_not_a_table",
    "too_many_rows": "file_too_many_rows",
    "too_many_columns": "file_too_many_columns",
    "empty": "file_empty",
    "no_amount": "file_no_amount",
}
NOT_USED = "none"
MEANINGS = {
    NOT_USED: "Not used",
    "record": "Record id",
    "entry_type": "Entry type",
    "terminal": "Terminal ID",
    "session": "Session",
    "stan": "STAN",
    "authorisation": "Authorisation",
    "date": "Date",
    "amount": "Amount",
    "sign": "Debit or credit",
    "fee": "Fee",
    "net": "Net amount",
    "currency": "Currency",
    "payout_date": "Paid out on",
    "reference": "Settlement number",
    "text": "Text",
}


class NetsPayoutImport(models.TransientModel):
    """A settlement file is read by what its columns are called: proposed, corrected once, and kept."""

    _name = "nets.payout.import"
    _description = "Import a payout of NETS"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    account_id = fields.Many2one(
        "account.account",
        "Clearing account",
        required=True,
        default=lambda self: self.env["account.account"]._nets_clearing_accounts(self.env.company)[:1],
        domain="[('nets_is_clearing', '=', True)]",
    )
    settlement_file = fields.Binary("Settlement file", attachment=False)
    file_name = fields.Char()
    pasted = fields.Text("Or paste it", help="From the file, or from a spreadsheet, with its headings.")
    step = fields.Selection([("source", "File"), ("columns", "Columns")], default="source", required=True)
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Where the file doesn't say it.",
    )
    in_cents = fields.Boolean("Amounts are cents or øre", help="Where they have no decimals.")
    column_ids = fields.One2many("nets.payout.import.column", "import_id", "Columns")
    row_count = fields.Integer(readonly=True)

    def action_read(self):
        """Read the file, and show what its columns probably mean."""
        self.ensure_one()
        table = self._read_table()
        kept = {
            column.column_key: column.meaning
            for column in self.env["nets.payout.column"].search([("account_id", "=", self.account_id.id)])
        }
        proposed = propose(table.columns)
        self.write(
            {
                "step": "columns",
                "row_count": len(table.rows),
                "in_cents": self.account_id.nets_payout_in_cents,
                "column_ids": [
                    Command.clear(),
                    *(
                        Command.create(
                            {
                                "column_key": column.key,
                                "record_code": column.record,
                                "heading": column.heading,
                                "example": column.sample,
                                "meaning": kept.get(column.key, proposed.get(column.key)) or NOT_USED,
                            }
                        )
                        for column in table.columns
                    ),
                ],
            }
        )
        return self._reopen()

    def action_back(self):
        """Choose another file."""
        self.ensure_one()
        self.step = "source"
        return self._reopen()

    def action_import(self):
        """Make the payouts of the file, match what is known, and keep what the columns mean.

        :return: an action, to the payouts
        :raise UserError: where the file, or a row of it, can't be read; nothing is imported then
        """
        self.ensure_one()
        payouts = self.env["nets.payout"]
        payouts.check_access("create")
        if self.account_id not in self.env["account.account"]._nets_clearing_accounts(self.company_id):
            raise refusal(self.env, "payout_no_clearing")
        mapping = {column.column_key: column.meaning for column in self.column_ids if column.meaning != NOT_USED}
        try:
            found = read_payouts(self._read_table(), mapping, self.currency_id.name, self.in_cents)
        except PayoutFileError as error:
            raise self._refusal(error) from error
        if not found:
            raise refusal(self.env, "file_empty")
        for payout in found:
            payouts |= self._make(payout)
        self._keep_columns()
        for payout in payouts:
            payout._match()
        payouts._propose_statement_lines()
        return payouts._open()

    def _read_table(self):
        if self.settlement_file:
            # decoded it has three quarters of that
            if len(self.settlement_file) > LARGEST_FILE * 4 // 3 + 4:
                raise refusal(self.env, "file_too_large")
            try:
                data = base64.b64decode(self.settlement_file, validate=False)
            except (binascii.Error, ValueError) as error:
                raise refusal(self.env, "file_not_a_table") from error
        elif self.pasted:
            data = self.pasted
        else:
            raise refusal(self.env, "file_missing")
        try:
            return read_table(data)
        except PayoutFileError as error:
            raise self._refusal(error) from error

    def _refusal(self, error):
        if error.reason == "not_readable":
            return refusal(self.env, "file_not_readable", row=error.row, text=error.text[:80])
        return refusal(self.env, FILE_REFUSALS[error.reason])

    def _make(self, payout):
        """:param connect_cloud.Payout payout: as it was read"""
        currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", payout.currency)])
        if not currency:
            raise refusal(self.env, "currency_unknown", currency=payout.currency)

        def major(minor):
            return float(from_minor_units(minor, payout.currency))

        facts = [payout.currency, payout.reference, payout.day, payout.net]
        facts += [(one.kind, one.amount, one.terminal, one.stan, one.day) for one in payout.entries]
        fingerprint = hashlib.sha256(repr(facts).encode()).hexdigest()
        known = self.env["nets.payout"].search(
            [("account_id", "=", self.account_id.id), ("fingerprint", "=", fingerprint)], limit=1
        )
        if known:
            raise refusal(self.env, "payout_imported_already", payout=known.name)
        days = [one.day for one in payout.entries if one.day]
        net = payout.net if payout.net is not None else sum(one.amount for one in payout.entries)
        made = self.env["nets.payout"].create(
            {
                "account_id": self.account_id.id,
                "company_id": self.company_id.id,
                "currency_id": currency.id,
                "reference": payout.reference,
                "paid_on": payout.day or max(days, default=fields.Date.context_today(self)),
                "amount": major(net),
                "line_ids": [
                    Command.create(
                        {
                            "kind": one.kind,
                            "amount": major(one.amount),
                            "line_label": one.text,
                            "terminal_identifier": one.terminal,
                            "session_number": one.session,
                            "stan": one.stan,
                            "authorisation_code": one.authorisation,
                            "charged_on": one.day,
                            "file_row": one.row,
                        }
                    )
                    for one in payout.entries
                ],
            }
        )
        made.sudo().fingerprint = fingerprint
        made.message_post(
            body=self.env._("Imported from %(file)s", file=self.file_name or self.env._("what was pasted")),
            author_id=self.env.user.partner_id.id,
        )
        return made

    def _keep_columns(self):
        columns = self.env["nets.payout.column"].sudo()
        known = {column.column_key: column for column in columns.search([("account_id", "=", self.account_id.id)])}
        for column in self.column_ids:
            if column.column_key in known:
                known[column.column_key].meaning = column.meaning
            else:
                columns.create(
                    {"account_id": self.account_id.id, "column_key": column.column_key, "meaning": column.meaning}
                )
        self.account_id.sudo().nets_payout_in_cents = self.in_cents

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import payout"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
        }


class NetsPayoutImportColumn(models.TransientModel):
    _name = "nets.payout.import.column"
    _description = "Column of a settlement file that is imported"
    _order = "id"

    import_id = fields.Many2one("nets.payout.import", required=True, ondelete="cascade")
    column_key = fields.Char(required=True)
    record_code = fields.Char("Kind of record")
    heading = fields.Char()
    example = fields.Char()
    meaning = fields.Selection(list(MEANINGS.items()), "What it is", required=True, default=NOT_USED)
