from odoo import models

from .const import PAYMENT_METHOD_CODE

# What Odoo's e-invoices in UBL (Peppol, and what is made of it) all go through, where that module is installed.
UBL_FORMAT = "account.edi.xml.ubl_20"
# UNCL 4461: a bank card. Of those for cards (48, 54, 55), Danish sellers may use this one alone.
BANK_CARD = {"_text": 48, "name": "bank card"}
# The Danish national formats always say that it isn't known.
OTHER_FORMATS = "account.edi.xml.oioubl"


class AccountMove(models.Model):
    """E-invoices of what is paid by card say so, and ask for no bank transfer."""

    _inherit = "account.move"

    def _register_hook(self):
        """Odoo has no hook for it that would be there without its module, which isn't needed here."""
        result = super()._register_hook()
        if UBL_FORMAT in self.env.registry:
            _say_cards(self.env.registry[UBL_FORMAT])
        return result

    def _nets_is_paid_by_card(self):
        """Whether all payments of this invoice, which is paid, were taken on cards."""
        self.ensure_one()
        return (
            self.move_type == "out_invoice"
            and self.state == "posted"
            and self.currency_id.is_zero(self.amount_residual)
            and self.sudo()._nets_are_cards()
        )

    def _nets_are_cards(self):
        """Whether there are payments of this document, and all are on cards."""
        payments = self.reconciled_payment_ids
        return bool(payments) and set(payments.mapped("payment_method_code")) == {PAYMENT_METHOD_CODE}


def _say_cards(model_class):
    """Have a format name cards.

    :param model_class: the registry's class of `UBL_FORMAT`, which all its formats come from
    """

    def _add_invoice_payment_means_nodes(self, document_node, vals):
        super(model_class, self)._add_invoice_payment_means_nodes(document_node, vals)
        if not self._name.startswith(OTHER_FORMATS) and vals["invoice"]._nets_is_paid_by_card():
            means = document_node["cac:PaymentMeans"]
            means["cbc:PaymentMeansCode"] = dict(BANK_CARD)
            # nobody is to pay once more
            _empty(means.get("cac:PayeeFinancialAccount"))

    if hasattr(model_class, _add_invoice_payment_means_nodes.__name__):
        setattr(model_class, _add_invoice_payment_means_nodes.__name__, _add_invoice_payment_means_nodes)


def _empty(node):
    """Take all texts out of a node, which then isn't written, and leave its parts: national formats look at them.

    :param node: as Odoo's `dict_to_xml` takes it; changed
    """
    if isinstance(node, list):
        for each in node:
            _empty(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, (dict, list)):
                _empty(value)
            else:
                node[key] = "" if key == "_text" else None
