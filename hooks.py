from .models.account.const import PAYMENT_METHOD_CODE
from .models.pos.const import POS_TERMINAL_CODE


def post_init_hook(env):
    """Offer *Card* on the bank journals that were there before the addon."""
    journals = env["account.journal"].search([("type", "=", "bank")])
    journals._nets_add_payment_method_lines()


def uninstall_hook(env):
    """Leave payments and journal entries intact: only the offer on the journals and in the till goes.

    `account.payment.method.line.unlink` keeps the lines that payments refer to.
    """
    # once more: something may have been started since the button was pressed
    env["ir.module.module"]._nets_check_uninstall()
    lines = env["account.payment.method.line"].search([("code", "=", PAYMENT_METHOD_CODE)])
    lines.unlink()
    # Written directly: the value isn't one of the selection any more as soon as the addon is gone.
    env.flush_all()
    env.cr.execute(
        """UPDATE pos_payment_method SET use_payment_terminal = NULL, payment_method_type = 'none'
            WHERE use_payment_terminal = %s""",
        [POS_TERMINAL_CODE],
    )
    env.invalidate_all()
    env["ir.config_parameter"].search([("key", "=like", "nets\\_connect\\_cloud.%")]).unlink()
