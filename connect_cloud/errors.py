"""What the client raises."""


class ConnectCloudError(Exception):
    """A call that brought no usable answer.

    It carries no request, no answer and no cause: those hold the password and the token.

    :param Reason reason: what went wrong, for the owner to put into words
    :param str message: NETS' own text as it came, or ""
    :param status: the HTTP status as int, or None where there was no answer
    """

    def __init__(self, reason, message="", status=None):
        super().__init__(f"{reason} (HTTP {status})" if status else str(reason))
        self.reason = reason
        self.message = message
        self.status = status


class SendRefused(Exception):
    """The owner's `before_send` said no, so this attempt was not sent.

    :param int attempt: 1, or 2 for the repeat after a 401 (the first attempt was not let in)
    """

    def __init__(self, attempt):
        super().__init__(f"attempt {attempt} was refused before it was sent")
        self.attempt = attempt
