from . import nets_receipt
