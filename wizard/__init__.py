from . import account_payment_register
from . import nets_receipt_print
from . import nets_transaction_settle
from . import nets_terminal_fetch
from . import nets_terminal_replace
