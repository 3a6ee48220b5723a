# The payment method's technical code on journals ("Card").
PAYMENT_METHOD_CODE = "nets_terminal"
