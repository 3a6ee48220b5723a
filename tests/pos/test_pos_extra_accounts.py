"""In the till, a tip and a surcharge are lines of the order: their products book as the settings say."""

from odoo import Command
from odoo.tests import tagged

from ..common import approved
from .common import PosCardCommon


@tagged("post_install", "-at_install")
class TestPosExtraAccounts(PosCardCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        accounts = cls.env["account.account"]
        cls.tips = accounts.create({"name": "Staff's tips", "code": "299901", "account_type": "liability_current"})
        cls.fees = accounts.create({"name": "Card fees", "code": "499901", "account_type": "income_other"})
        cls.vat = cls.company.account_sale_tax_id.copy({"name": "25%", "amount": 25})
        cls.surcharge = cls.env.ref("nets_connect_cloud.product_surcharge").sudo().with_company(cls.company)
        cls.tip = cls.config.tip_product_id.with_company(cls.company)

    def set_up(self):
        self.company.write(
            {
                "nets_tip_account_id": self.tips.id,
                "nets_surcharge_account_id": self.fees.id,
                "nets_surcharge_tax_ids": [Command.set(self.vat.ids)],
            }
        )

    def test_a_session_books_them_where_the_settings_say(self):
        self.tip.property_account_income_id = False
        self.set_up()
        order = self.card_order(100)
        self.charge(order.payment_ids, outcome=approved(11250, tip_amount=1000, surcharge_amount=250))
        self.assertEqual((order.amount_total, order.amount_tax), (112.5, 0.5))
        self.validate(order)
        self.close()
        self.assertEqual(self.session.state, "closed")
        lines = self.session.move_id.line_ids
        booked = dict(lines._read_group([("id", "in", lines.ids)], ["account_id"], ["balance:sum"]))
        self.assertEqual((booked[self.tips], booked[self.fees]), (-10, -2))
        self.assertEqual(-sum(lines.filtered(lambda line: line.tax_line_id == self.vat).mapped("balance")), 0.5)

    def test_what_was_chosen_for_tips_in_cash_stays(self):
        income = self.company_data["default_account_revenue"]
        self.tip.property_account_income_id = income
        self.set_up()
        self.assertEqual(self.tip.property_account_income_id, income)
        self.assertEqual(self.surcharge.property_account_income_id, self.fees)

    def test_other_companies_keep_theirs(self):
        self.set_up()
        other = self.setup_other_company(name="Neighbour")
        tax, account = other["default_tax_sale"], other["default_account_revenue"]
        other["company"].write({"nets_surcharge_account_id": account.id, "nets_surcharge_tax_ids": tax.ids})
        self.assertEqual(self.surcharge.property_account_income_id, self.fees)
        self.assertEqual(self.surcharge.with_company(other["company"]).property_account_income_id, account)
        self.assertLessEqual(self.vat | tax, self.surcharge.taxes_id)
        self.company.nets_surcharge_tax_ids = False
        self.assertEqual(self.surcharge.taxes_id & (self.vat | tax), tax)
