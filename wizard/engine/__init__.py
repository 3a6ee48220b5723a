from . import nets_receipt_print
from . import nets_report_agree
from . import nets_terminal_fetch
from . import nets_terminal_replace
from . import nets_transaction_settle
