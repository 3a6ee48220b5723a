from . import nets_transaction_attach
from . import pos_make_payment
from . import pos_payment_settle
from . import pos_session_allow_closing
