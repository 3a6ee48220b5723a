from . import test_invoice_payment
from . import test_rules_of_money
