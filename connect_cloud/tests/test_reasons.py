import pytest

from connect_cloud import Reason
from connect_cloud.reasons import (
    SERVICE_CODES,
    of_failure,
    of_login,
    of_rejection,
    says_no_transaction,
    service_codes,
)

# === NOTHING WAS STARTED === #


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Terminal busy", Reason.TERMINAL_BUSY),
        ("TERMINAL IS BUSY, try again after 5 seconds", Reason.TERMINAL_BUSY),
        ("Processing a previous command", Reason.TERMINAL_BUSY),
        ("7100", Reason.TERMINAL_BUSY),
        ("7100 Processing a previous command", Reason.TERMINAL_BUSY),
        ("Error 7104: administration under way", Reason.TERMINAL_BUSY),
        ("Rejected (6003)", Reason.TERMINAL_BUSY),
        ("Terminal not found", Reason.TERMINAL_DISCONNECTED),
        ("terminal 10000001 was not found", Reason.TERMINAL_DISCONNECTED),
        ("Not found.", Reason.TERMINAL_DISCONNECTED),
        ("Unknown terminal", Reason.TERMINAL_DISCONNECTED),
        ("8013 Terminal not connected", Reason.TERMINAL_DISCONNECTED),
        ("Terminal not allowed for this account", Reason.TERMINAL_NOT_ALLOWED),
        ("Access denied", Reason.TERMINAL_NOT_ALLOWED),
        ("9100", Reason.TERMINAL_NOT_ALLOWED),
        ("Format error", Reason.FORMAT_ERROR),
        ("Malformed JSON", Reason.FORMAT_ERROR),
        ("Invalid transactionType", Reason.FORMAT_ERROR),
    ],
)
def test_a_text_that_proves_that_nothing_was_started(text, reason):
    assert of_failure(text) == (reason, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # what the terminal layer says when contact is lost under way
        ("7008 No host contact", Reason.ISSUER_UNAVAILABLE),
        ("7009 No response from terminal", Reason.TERMINAL_TIMEOUT),
        ("7014", Reason.TERMINAL_DISCONNECTED),
        ("7016 Terminal restarted", Reason.TERMINAL_DISCONNECTED),
        ("9000 Fatal, connection lost", Reason.TERMINAL_DISCONNECTED),
        ("7506 Bad operator id", Reason.FORMAT_ERROR),
        # not one of the categories that prove it
        ("Terminal not connected", Reason.TERMINAL_DISCONNECTED),
        ("Insufficient funds", Reason.INSUFFICIENT_FUNDS),
        ("Cancelled", Reason.CUSTOMER_CANCELLED),
        ("Timeout", Reason.TERMINAL_TIMEOUT),
        ("Duplicate transaction", Reason.DUPLICATE_TRANSACTION),
        # a word of proof beside one of doubt
        ("Terminal busy: connection lost", Reason.TERMINAL_BUSY),
        ("Terminal not found, disconnected during transaction", Reason.TERMINAL_DISCONNECTED),
        ("8013 Terminal disconnected", Reason.TERMINAL_DISCONNECTED),
        ("Card not allowed", Reason.TERMINAL_NOT_ALLOWED),
        ("7100 timed out", Reason.TERMINAL_BUSY),
        ("7100 (7009)", Reason.TERMINAL_BUSY),
        ("Format error in answer after the customer's PIN", Reason.FORMAT_ERROR),
        # what is not found is not the terminal
        ("Terminal: transaction result not found", None),
        # what is no code
        ("Amount 7100 refused", None),
        ("7100.50 refused", None),
        ("71001", None),
        ("Receipt 6003", None),
        ("E-4711 Something new", None),
        ("Bad Request", None),
        ("", None),
    ],
)
def test_a_text_that_proves_nothing(text, reason):
    assert of_failure(text) == (reason, False)


def test_each_service_code_is_found_alone_and_with_its_text():
    for code, (reason, _proof) in SERVICE_CODES.items():
        for text in (code, f"{code}: x", f"error {code}", f"Error code: {code}", f"x ({code})"):
            assert service_codes(text) == [code]
            assert of_failure(text)[0] == reason


# === REJECTIONS === #


@pytest.mark.parametrize(
    ("response_code", "rejection_reason", "stan_auth", "text", "reason"),
    [
        # seen
        ("", "4:6", "", "", Reason.FORMAT_ERROR),
        ("", "2:1", "", "", Reason.CUSTOMER_CANCELLED),
        ("Z1", "3:2:Z1", "000123A1B2C3", "", Reason.WRONG_PIN),
        # a cancellation with a STAN is none
        ("", "2:1", "000123A1B2C3", "", Reason.TERMINAL_REFUSED),
        # the host's code, in its field or in the reason
        ("51", "1:1:51", "000123", "", Reason.INSUFFICIENT_FUNDS),
        ("", "1:1:51", "000123", "", Reason.INSUFFICIENT_FUNDS),
        ("54", "", "", "", Reason.EXPIRED_CARD),
        ("55", "", "", "", Reason.WRONG_PIN),
        ("61", "", "", "", Reason.OVER_LIMIT),
        ("91", "", "", "", Reason.ISSUER_UNAVAILABLE),
        ("94", "", "", "", Reason.DUPLICATE_TRANSACTION),
        ("05", "", "", "", Reason.PROVIDER_REFUSED),
        ("57", "9:9:57", "", "", Reason.PROVIDER_REFUSED),
        ("", "9:9:57", "", "", Reason.PROVIDER_REFUSED),
        # the code outweighs the text
        ("51", "", "", "Card removed", Reason.INSUFFICIENT_FUNDS),
        # offline, and after an approving host
        ("Z1", "9:9:Z1", "", "", Reason.TERMINAL_REFUSED),
        ("Z3", "", "", "", Reason.TERMINAL_REFUSED),
        ("00", "", "", "", Reason.TERMINAL_REFUSED),
        ("", "", "", "", Reason.TERMINAL_REFUSED),
        ("", "7:7", "", "something new", Reason.TERMINAL_REFUSED),
        # the text, where no code tells more
        ("", "2:2", "", "Card removed too early", Reason.CARD_REMOVED),
        ("", "2:3", "", "Timeout: no card presented", Reason.TERMINAL_TIMEOUT),
        ("", "", "", "Wrong PIN", Reason.WRONG_PIN),
        ("", "", "", "PIN was incorrect", Reason.WRONG_PIN),
        ("", "", "", "Card expired", Reason.EXPIRED_CARD),
        ("", "", "", "Limit exceeded", Reason.OVER_LIMIT),
        ("", "", "", "Card issuer not available", Reason.ISSUER_UNAVAILABLE),
        ("", "", "", "Not enough funds", Reason.INSUFFICIENT_FUNDS),
        ("", "", "", "Do not honour", Reason.PROVIDER_REFUSED),
        ("", "", "", "Transaction aborted", Reason.CUSTOMER_CANCELLED),
        ("", "", "", "Terminal busy", Reason.TERMINAL_BUSY),
        ("05", "", "", "Card removed", Reason.CARD_REMOVED),
    ],
)
def test_the_reason_of_a_rejection(response_code, rejection_reason, stan_auth, text, reason):
    assert of_rejection(response_code, rejection_reason, stan_auth, text) == reason


# === LOGIN AND LAST TRANSACTION === #


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        (401, "Invalid username or password", Reason.LOGIN_REFUSED),
        (401, "", Reason.LOGIN_REFUSED),
        (403, "", Reason.LOGIN_UNAVAILABLE),
        (403, "Request blocked", Reason.LOGIN_UNAVAILABLE),
        (403, "Bad credentials", Reason.LOGIN_REFUSED),
        (403, "Login not allowed for this user", Reason.LOGIN_REFUSED),
        (400, "", Reason.LOGIN_REFUSED),
        (403, "Account not activated", Reason.ACCOUNT_NOT_ACTIVATED),
        (401, "Account is not yet activated", Reason.ACCOUNT_NOT_ACTIVATED),
        (401, "User is disabled", Reason.ACCOUNT_NOT_ACTIVATED),
        (404, "", Reason.LOGIN_UNAVAILABLE),
        (302, "", Reason.LOGIN_UNAVAILABLE),
        (429, "", Reason.LOGIN_UNAVAILABLE),
        (500, "Account not activated", Reason.LOGIN_UNAVAILABLE),
        (503, "", Reason.LOGIN_UNAVAILABLE),
    ],
)
def test_the_reason_of_a_failed_login(status, text, reason):
    assert of_login(status, text) == reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No transaction found", True),
        ("no last transaction.", True),
        ("No financial transaction result available", True),
        ("No transaction result: no response from terminal", False),
        ("Terminal not found", False),
        ("", False),
    ],
)
def test_only_a_text_that_says_nothing_else_says_that_there_is_no_transaction(text, expected):
    assert says_no_transaction(text) is expected
