from odoo import models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ...messages import refusal

MANAGER_GROUP = "point_of_sale.group_pos_manager"


class PosConfig(models.Model):
    _inherit = "pos.config"

    def _get_special_products(self):
        """What a terminal adds to an order has to be known to the till, and isn't for sale."""
        surcharge = self.env.ref("nets_connect_cloud.product_surcharge", raise_if_not_found=False)
        return super()._get_special_products() | (surcharge or self.env["product.product"])

    def _nets_check_manager_at_till(self, employee_id):
        """Refuse what only managers do, where employees log in at this till and none of its managers is said to be
        there.

        Employees change at a till that one Odoo user has opened. Their PINs are compared by the till, so the server
        can't know who is there: it asks for the rights of the Odoo user, and for an employee who may do it, who is
        then named in the story.

        :param int employee_id: who is at the till
        :return: the employee's name; empty where nobody but Odoo users logs in
        :raise AccessError: with what to do
        """
        config = self.sudo()
        # comes with pos_hr
        if not config.module_pos_hr or "advanced_employee_ids" not in config._fields:
            return ""
        employee = config.env["hr.employee"]
        if employee_id and isinstance(employee_id, int):
            domain = Domain(config._employee_domain(config.current_user_id.id)) & Domain("id", "=", employee_id)
            employee = employee.search(domain)
        is_manager = employee.user_id and employee.user_id.has_group(MANAGER_GROUP)
        if not is_manager and employee not in config.advanced_employee_ids:
            raise refusal(self.env, "rights_till_employee", error=AccessError)
        return employee.name
