"""The languages that the addon speaks beside English, and having them at hand in Odoo."""

import base64

import stack

# {the name of the translation: Odoo's code}
CODES = {
    "da": "da_DK",
    "de": "de_DE",
    "es": "es_ES",
    "et": "et_EE",
    "fi": "fi_FI",
    "fr": "fr_FR",
    "it": "it_IT",
    "lt": "lt_LT",
    "lv": "lv_LV",
    "nb": "nb_NO",
    "nl": "nl_NL",
    "pl": "pl_PL",
    "sv": "sv_SE",
}


def install(admin, language):
    """Have the translations of a language loaded, as an administrator does.

    :param admin: an RPC client
    :param str language: the name of its translation
    :return: Odoo's code
    """
    domain = [("code", "=", CODES[language])]
    found = admin.call("res.lang", "search", domain, context={"active_test": False})
    wizard = admin.call("base.language.install", "create", [{"lang_ids": [(6, 0, found)]}])
    admin.call("base.language.install", "lang_install", wizard)
    return CODES[language]


def install_ours(admin, language):
    """Have the addon's own translation loaded, as an administrator imports a file: all of Odoo's take a minute.

    :param admin: an RPC client
    :param str language: the name of its translation
    :return: Odoo's code
    """
    file = stack.ROOT / "i18n" / f"{language}.po"
    code = CODES[language]
    values = {"name": code, "code": code, "filename": file.name, "data": base64.b64encode(file.read_bytes()).decode()}
    admin.call("base.language.import", "import_lang", admin.call("base.language.import", "create", [values]))
    return code
