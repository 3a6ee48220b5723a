# What a payment method of the Point of Sale is integrated with.
POS_TERMINAL_CODE = "nets"
