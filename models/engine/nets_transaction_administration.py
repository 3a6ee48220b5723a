"""Reconciliation, downloads, balance: what a terminal does besides payments."""

from odoo import api, fields, models

from ...const import ADMINISTRATION_SELECTION
from ...messages import ADMINISTRATION_REASONS, describe, refusal


class NetsTransaction(models.Model):
    """Operations of kind *administration*.

    They take the same reservation as a payment, since they may wipe the terminal's last result (rule 2), and go
    through the same phases and doors. They move no money: there is nothing to book.
    """

    _inherit = "nets.transaction"

    administration = fields.Selection(ADMINISTRATION_SELECTION, "Operation", readonly=True)
    report_ids = fields.One2many(
        "nets.report", "transaction_id", "Reports", readonly=True, groups="nets_connect_cloud.group_manager"
    )

    _administration_check = models.Constraint(
        "CHECK((kind = 'administration') = (administration IS NOT NULL))",
        "Only an administration says which kind it is.",
    )
    _administration_index = models.Index("(terminal_id, administration, id) WHERE kind = 'administration'")

    def _format_activity(self):
        """What an unresolved transaction keeps its terminal busy with, for those who wait for it."""
        self.ensure_one()
        if self.kind == "administration":
            return dict(self._fields["administration"]._description_selection(self.env))[self.administration]
        kind = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        return f"{kind} {self.currency_id.format(self.amount)}"


class NetsOriginAdministration(models.AbstractModel):
    """The person who pressed watches, and reads the report."""

    _name = "nets.origin.administration"
    _inherit = "nets.origin.none"
    _description = "Administration of a terminal"

    @api.model
    def _check_may_change(self, transaction):
        transaction.terminal_id._check_may_administer(transaction.administration)

    @api.model
    def _progress(self, transaction):
        values = {"title": transaction._format_activity(), "amount": "", "abort": "", "can_retry": False}
        if report := self._report(transaction):
            values |= {"report_id": report.id, "paper": report.text or ""}
        return values

    @api.model
    def _report(self, transaction):
        """:return: nets.report, empty for those who may not read it"""
        report = transaction.sudo().report_ids[:1]
        return report if report.sudo(False).has_access("read") else report.browse()

    @api.model
    def _message(self, transaction, progress):
        if transaction.state == "pending":
            return describe(self.env, "administration_running")
        if transaction.state == "unknown":
            return describe(self.env, "administration_unknown", transaction.nets_message)
        if transaction.state == "approved":
            report = self._report(transaction)
            if report.agreement:
                amount = report.currency_id.format(report.difference) if report.agreement == "differs" else ""
                return describe(self.env, f"session_{report.agreement}", amount)
            return describe(self.env, "administration_done")
        known = transaction.reason in ADMINISTRATION_REASONS
        return describe(self.env, transaction.reason if known else "administration_failed", transaction.nets_message)

    @api.model
    def _press_again(self, transaction, request_id, terminal_id):
        raise refusal(self.env, "administration_not_possible")
