from . import account_payment_register
from . import account_payment_register_form
