from . import ir_actions_report, nets_receipt
