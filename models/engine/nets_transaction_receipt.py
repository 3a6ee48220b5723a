"""Receipts: as the terminal gave them, or a plain confirmation made from the data."""

import textwrap

from odoo import api, fields, models
from odoo.tools import SQL, format_datetime, formatLang

from ...const import RECEIPT_WIDTH, UNRESOLVED_STATES
from ...messages import refusal


class NetsTransaction(models.Model):
    """What is printed of a transaction, and how often it was."""

    _inherit = "nets.transaction"

    has_receipt = fields.Boolean(compute="_compute_has_receipt")
    # As NETS had accepted it for the terminal when this was asked for; the setting may be different by now.
    printer = fields.Selection(
        [("terminal", "The terminal's own printer"), ("odoo", "Odoo")],
        "Receipts printed by",
        readonly=True,
        help="Empty: as the terminal is set at NETS, which Odoo doesn't know.",
    )
    # Printed from Odoo so far, which is what makes the next one a copy.
    customer_receipt_prints = fields.Integer("Customer's receipt printed", readonly=True, default=0)
    merchant_receipt_prints = fields.Integer("Merchant's receipt printed", readonly=True, default=0)

    # === COMPUTE METHODS === #

    @api.depends("customer_receipt", "merchant_receipt")
    def _compute_has_receipt(self):
        # without reading the texts: a list asks this for all its rows at once
        self.flush_recordset(["customer_receipt", "merchant_receipt"])
        self.env.cr.execute(
            SQL(
                """SELECT id FROM nets_transaction
                    WHERE id IN %s AND (customer_receipt IS NOT NULL OR merchant_receipt IS NOT NULL)""",
                tuple(self.ids) or (0,),
            )
        )
        with_receipt = {row[0] for row in self.env.cr.fetchall()}
        for transaction in self:
            transaction.has_receipt = transaction.id in with_receipt

    # === ACTION METHODS === #

    def action_print_receipt(self):
        """Open the dialog that asks for the receipts and the paper."""
        self._check_has_paper()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Print receipt"),
            "res_model": "nets.receipt.print",
            "view_mode": "form",
            "target": "new",
            "context": {"active_model": self._name, "active_ids": self.ids, "dialog_size": "medium"},
        }

    def action_send_receipt(self):
        """Open Odoo's composer with the customer's receipt, in the customer's language.

        :raise AccessError: for users who may not use card terminals, or not see this transaction
        :raise UserError: where the result isn't known yet
        """
        self.ensure_one()
        self._check_has_paper()
        template = self.env.ref("nets_connect_cloud.mail_template_receipt", raise_if_not_found=False)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Send receipt"),
            "res_model": "mail.compose.message",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_composition_mode": "comment",
                "default_template_id": template.id if template else False,
                "default_email_layout_xmlid": "mail.mail_notification_light",
            },
        }

    # === BUSINESS METHODS === #

    def _check_has_paper(self):
        """Refuse to print what isn't decided.

        :raise AccessError: for users who may not use card terminals, or not see these transactions
        :raise UserError: where the result isn't known yet, so that neither receipt nor confirmation can be true
        """
        self._check_may_run()
        if undecided := self.filtered(
            lambda transaction: transaction.state in UNRESOLVED_STATES and not transaction.has_receipt
        ):
            raise refusal(self.env, "receipt_unknown", order=undecided[0].order_id)

    def _print_receipts(self, wanted):
        """The texts to print, counted as printed. The right to print isn't the right to write: only the counters
        change.

        :param wanted: some of "customer", "merchant"
        :return: list of (transaction, texts); where the terminal gave none of those, the confirmation is the one text
        :raise AccessError: where the user may not see these transactions
        :raise UserError: where there is nothing to print
        """
        self._check_has_paper()
        printed = []
        for transaction in self.sudo():
            copies = [which for which in wanted if transaction[f"{which}_receipt"]]
            texts = [transaction._receipt_text(which) for which in copies] or [transaction._confirmation_text(wanted)]
            transaction._count_prints(copies or wanted)
            transaction._note_prints(copies)
            printed.append((transaction, texts))
        return printed

    def _receipts_to_send(self):
        """The customer's receipts, or the confirmations that stand in for them. What is sent isn't printed: it counts
        nothing, and the message says that it was sent.

        :return: as `_print_receipts`
        """
        self._check_has_paper()
        return [
            (
                transaction,
                [
                    transaction._receipt_text("customer")
                    if transaction.customer_receipt
                    else transaction._confirmation_text(["customer"])
                ],
            )
            for transaction in self.sudo()
        ]

    def _receipt_text(self, which):
        """A receipt as the terminal gave it, character by character, with lines ending in `\\n`.

        :param which: "customer" or "merchant"
        """
        self.ensure_one()
        text = self[f"{which}_receipt"].replace("\r\n", "\n").replace("\r", "\n")
        return self._mark_copy(text) if self._is_copy(which) else text

    def _mark_copy(self, text):
        # a name of its own: what stands within an f-string isn't found by Odoo's export of texts
        copy = self.env._("COPY")
        mark = f"*** {copy} ***".center(RECEIPT_WIDTH).rstrip()
        return f"{mark}\n\n{text.rstrip()}\n\n{mark}\n"

    def _is_copy(self, which):
        """Whether this receipt was on paper before: from Odoo, or from the terminal's own printer.

        :param which: "customer" or "merchant"
        """
        printed_by_terminal = self.printer == "terminal" and self[f"{which}_receipt"]
        return bool(self[f"{which}_receipt_prints"] or printed_by_terminal)

    def _count_prints(self, receipts):
        columns = SQL(", ").join(
            SQL("%(column)s = COALESCE(%(column)s, 0) + 1", column=SQL.identifier(f"{which}_receipt_prints"))
            for which in receipts
        )
        self.flush_recordset()
        self.env.cr.execute(SQL("UPDATE nets_transaction SET %s WHERE id = %s", columns, self.id))
        self.invalidate_recordset(["customer_receipt_prints", "merchant_receipt_prints"])

    def _note_prints(self, receipts):
        """Who printed what, in the chatter.

        :param receipts: some of "customer", "merchant"; none for a confirmation
        """
        names = {
            "customer": self.env._("the customer's receipt"),
            "merchant": self.env._("the merchant's receipt"),
        }
        printed = ", ".join(names[which] for which in receipts) or self.env._("a confirmation")
        self.message_post(
            body=self.env._("Printed: %(receipts)s", receipts=printed), author_id=self.env.user.partner_id.id
        )

    def _confirmation_text(self, wanted):
        """What Odoo knows of a transaction whose terminal gave no receipt, in a receipt's width.

        :param wanted: the receipts it stands for
        """
        self.ensure_one()
        zone = self.location_id.tz or self.env.user.tz or "UTC"
        charged = self.state == "approved"
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        rows = [
            (self.env._("Terminal"), self.terminal_identifier),
            (self.env._("Order"), self.order_id),
            (self.env._("Card"), self.card_brand),
            (self.env._("Number"), self.card_number),
            (self.env._("STAN"), self.stan),
            (self.env._("Authorisation"), self.authorisation_code),
            (self.env._("Session"), self.session_number),
        ]
        extras = [(self.env._("Tip"), self.tip_amount), (self.env._("Surcharge"), self.surcharge_amount)]
        address = self.company_id.partner_id
        lines = [
            *_wrap(self.company_id.name),
            *_wrap(address.street),
            *_wrap(" ".join(filter(None, [address.zip, address.city]))),
            "",
            self.env._("CONFIRMATION"),
            *_wrap(self.env._("Made from Odoo's records. Not the terminal's receipt.")),
            "",
            *_wrap(format_datetime(self.env, self.recorded_at or self.create_date, tz=zone, dt_format="short")),
            *(line for label, value in rows if value for line in _row(label, value)),
            "",
            kinds[self.kind].upper(),
            *(line for label, amount in extras if amount for line in _row(label, self._plain_amount(amount))),
            *_row(self.currency_id.name, self._plain_amount(self.charged_amount if charged else self.amount)),
            "",
            *_wrap((self.env._("Successful") if charged else self.env._("Not charged")).upper()),
            *([] if charged else _wrap(self._message().label)),
            *([] if self.environment == "production" else ["", *_wrap(self.env._("PLAY MONEY"))]),
        ]
        text = "\n".join(lines) + "\n"
        return self._mark_copy(text) if any(self._is_copy(which) for which in wanted) else text

    def _plain_amount(self, amount):
        return formatLang(self.env, amount, digits=self.currency_id.decimal_places, grouping=False)


def _wrap(text):
    return textwrap.wrap(text or "", RECEIPT_WIDTH)


def _row(label, value):
    """A label on the left and its value on the right, on two lines where one is too narrow."""
    if len(label) + 1 + len(value) <= RECEIPT_WIDTH:
        return [label + value.rjust(RECEIPT_WIDTH - len(label))]
    return [label, *(line.rjust(RECEIPT_WIDTH) for line in _wrap(value))]
