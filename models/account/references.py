"""What an accountant finds a charge by, in payments and in what NETS pays out."""


def charge_reference(terminal, session, stan=""):
    """:param str terminal: its id
    :param str session: its session's number; what has none says so, and its STAN isn't taken for one
    :param str stan: where it is one charge
    :return: terminal/session/STAN
    """
    return "/".join(filter(None, [terminal, session or "-", stan]))


def play_money_mark(env, reference):
    """:return: the reference, marked: play money isn't to be mistaken for money"""
    return env._("%(reference)s · play money", reference=reference)


def account_name(account):
    """:return: code and name of an account.account: what is written for others has its code, whoever writes it"""
    return " ".join(filter(None, [account.code, account.name]))
