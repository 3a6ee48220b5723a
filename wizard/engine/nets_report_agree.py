from odoo import fields, models


class NetsReportAgree(models.TransientModel):
    """A person has compared a terminal's session with what was recorded, and says that it is in order."""

    _name = "nets.report.agree"
    _description = "Agree a terminal's session"

    report_id = fields.Many2one("nets.report", required=True, readonly=True)
    agreement = fields.Selection(related="report_id.agreement")
    agreement_label = fields.Char(related="report_id.agreement_label")
    note = fields.Char("Why it is in order")

    def action_agree(self):
        """Put the stamp on the report.

        :raise UserError: without a reason, where it doesn't agree
        """
        self.ensure_one()
        self.report_id._agree(self.note)
        return {"type": "ir.actions.act_window_close"}
