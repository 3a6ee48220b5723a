from .models.account.const import PAYMENT_METHOD_CODE


def post_init_hook(env):
    """Offer *Card terminal* on the bank journals that were there before the addon."""
    journals = env["account.journal"].search([("type", "=", "bank")])
    journals._nets_add_payment_method_lines()


def uninstall_hook(env):
    """Leave payments and journal entries intact: only the offer on the journals goes.

    `account.payment.method.line.unlink` keeps the lines that payments refer to.
    """
    lines = env["account.payment.method.line"].search([("code", "=", PAYMENT_METHOD_CODE)])
    lines.unlink()
