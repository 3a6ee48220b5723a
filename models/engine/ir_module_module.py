from odoo import api, models

from ...messages import refusal

MODULE = "nets_connect_cloud"
# Lines of the list that a person still reads.
SHOWN = 20


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def button_uninstall(self):
        # what depends on a module goes with it
        if MODULE in (self | self.downstream_dependencies()).mapped("name"):
            self._nets_check_uninstall()
        return super().button_uninstall()

    @api.model
    def _nets_check_uninstall(self):
        """Refuse to uninstall what is still needed: the only evidence of what cards were charged.

        :raise UserError: with the list
        """
        in_the_way = self.sudo()._nets_in_the_way_of_uninstall()
        if not in_the_way:
            return
        lines = in_the_way[:SHOWN]
        if more := len(in_the_way) - len(lines):
            lines.append(self.env._("and %(count)s more", count=more))
        raise refusal(self.env, "uninstall_open", open="\n".join(lines))

    @api.model
    def _nets_in_the_way_of_uninstall(self):
        """Hook: what has to be finished first.

        :return: list of texts, one line each
        """
        transactions = self.env["nets.transaction"]
        return [
            self.env._(
                "%(kind)s of %(amount)s, %(terminal)s, %(company)s, %(order)s: %(message)s",
                kind=transaction._kind_name(),
                amount=transaction.currency_id.format(transaction._amount_now()),
                terminal=transaction.terminal_label,
                company=transaction.company_id.display_name,
                order=transaction.order_id,
                message=transaction._message().label,
            )
            for transaction in transactions.search(transactions._open_domain(), order="id")
        ]
