from . import account_payment_register
from . import account_payment_register_form
from . import nets_transaction_book
from . import nets_clearing_day
from . import nets_payout_import
