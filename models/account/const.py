# The payment method's technical code on journals ("Card terminal").
PAYMENT_METHOD_CODE = "nets_terminal"
