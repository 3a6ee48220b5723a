"""Rules and implied groups are no longer written on each update: what this version changes is written here, once."""

from odoo import SUPERUSER_ID, api

MODULE = "nets_connect_cloud"
# The right to read isn't the right to write (rule 24): another rule, which is new, says who may write.
NOW_FOR_READING = {
    "nets_account_rule_company": "NETS account: own companies and their parents",
    "nets_location_rule_company": "Site of card terminals: own companies and their parents",
    "nets_terminal_rule_company": "Card terminal: own companies and their parents",
}


def migrate(cr, version):
    """:param str version: installed before, nothing on installation"""
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    for name, label in NOW_FOR_READING.items():
        if rule := env.ref(f"{MODULE}.{name}", raise_if_not_found=False):
            rule.write({"name": label, "perm_write": False, "perm_create": False, "perm_unlink": False})
    cr.execute("UPDATE ir_model_data SET noupdate = TRUE WHERE module = %s AND model = 'ir.rule'", [MODULE])
    readers = env.ref("account.group_account_readonly", raise_if_not_found=False)
    if readers:
        readers.implied_ids |= env.ref(f"{MODULE}.group_auditor")
