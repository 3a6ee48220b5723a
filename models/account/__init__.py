from . import nets_transaction
from . import account_journal
from . import account_move
from . import account_move_refund
from . import account_payment
from . import account_payment_method
from . import ir_websocket
from . import nets_transaction_refund
