from . import account_payment_register
from . import nets_receipt_print
from . import nets_transaction_attach
from . import nets_transaction_settle
from . import pos_make_payment
from . import nets_terminal_fetch
from . import nets_terminal_replace
from . import pos_session_allow_closing
