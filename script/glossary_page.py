"""docs/glossary.md, made of the translations in i18n/: which word stands for what, in each language.

`script/lint` compares the page with the translations, and `script/lint --fix` writes it again.
"""

import polib
from messages_page import compare

PAGE = "docs/glossary.md"

# The English word, and what it means.
WORDS = {
    "Card": "the payment method",
    "Terminal": "what reads the card",
    "Process card": "ask for the card, or for its money back",
    "Successful": "the card was charged, or the money went back",
    "Failed": "nothing was charged",
    "Aborted": "somebody stopped it; nothing was charged",
    "Result unknown": "the card may have been charged",
    "Abort": "ask the terminal to stop",
    "Try again": "the same payment once more",
    "Get last result": "ask the terminal what became of it",
    "Refund": "money back to a card, which is presented again",
    "Reverse": "undo the terminal's last payment, without a card",
    "Settle by hand": "a manager says what the terminal's journal shows",
    "Charged, not booked": "the card was charged, and accounting refused it",
    "Book again": "once the cause is gone",
    "Tip": "what the customer adds for the staff",
    "Surcharge": "what the customer pays for using the card",
    "Signature": "on the merchant's receipt",
    "Reconciliation": "the terminal closes its session with NETS",
    "NETS clearing": "the account on which NETS' money is on its way",
    "Payouts": "what NETS transfers to the bank",
    "Chargeback": "the cardholder's bank takes a payment back",
    "Play money": "of the simulator, or of a test account",
    "Transaction log": "all that terminals were asked for",
}
LANGUAGES = {
    "In the Nordic countries": {"nb": "Norwegian", "da": "Danish", "sv": "Swedish", "fi": "Finnish"},
    "Around the Baltic Sea": {"et": "Estonian", "lv": "Latvian", "lt": "Lithuanian", "pl": "Polish"},
    "Elsewhere": {"de": "German", "nl": "Dutch", "fr": "French", "es": "Spanish", "it": "Italian"},
}
HEAD = """# Glossary

The same thing has the same word everywhere. What Odoo has a word for is called as Odoo calls it, unless that word means
something else at a till. This page is made of the translations in `i18n/`.
"""


def render(folder):
    """Return the page.

    :param Path folder: the addon's
    :raise KeyError: where a word isn't a text of the addon any more
    """
    parts = [HEAD, _table("English", {"means": WORDS})]
    for title, languages in LANGUAGES.items():
        columns = {}
        for code, name in languages.items():
            file = folder / f"i18n/{code}.po"
            columns[name] = {entry.msgid: entry.msgstr for entry in polib.pofile(str(file))}
        parts += [f"\n## {title}\n\n", _table("English", columns)]
    return "".join(parts)


def _table(first, columns):
    head = f"| {' | '.join([first, *columns])} |\n|{' --- |' * (len(columns) + 1)}\n"
    rows = (f"| {' | '.join([word, *(column[word] for column in columns.values())])} |\n" for word in WORDS)
    return "\n<!-- prettier-ignore -->\n" + head + "".join(rows)


def check(folder, fix=False):
    """Compare the page in this folder with the translations.

    :return: whether all is well, and what to say
    """
    try:
        page = render(folder)
    except (KeyError, OSError) as error:
        return False, f"{PAGE}: {error} is not there any more"
    return compare(folder, PAGE, page, "the translations say", fix)
