from . import test_access
from . import test_hoot
from . import test_invoice_payment
from . import test_refusals
from . import test_rules_of_money
from . import test_tour
from . import test_units
