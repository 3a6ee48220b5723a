"""Section 3 of the protocol: what an answer means. Every tolerance it names is a line here."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from connect_cloud import ConnectCloudError, OutcomeState, Reason, parse_timestamp
from connect_cloud.answers import (
    read_administration,
    read_last_transaction,
    read_login,
    read_query,
    read_transaction,
)
from connect_cloud.transport import Answer

APPROVED, NOT_APPROVED, UNKNOWN = OutcomeState

MODE = {
    "Result": "0",
    "TotalAmount": "00000012550",
    "TipAmount": "2000",
    "SurchargeAmount": "550",
    "StanAuth": "000123A1B2C3",
    "TimeStamp": "20240131235959",
    "TruncatedPAN": "************1234-0",
    "CardIssuerName": "Visa",
    "IssuerID": "03",
    "AID": "A0000000031010",
    "TVR": "0000008000",
    "TSI": "E800",
    "ATC": "0012",
    "TCC": "KC1",
    "AccountType": "0",
    "CVM": "0",
    "ResponseCode": "00",
    "RejectionSource": "",
    "RejectionReason": "",
    "SessionNumber": "021",
    "TerminalID": "10000001",
    "SiteID": "4711",
    "OrganisationNumber": "912345678",
    "OptionalData": json.dumps({"od": {"dcc": {"ccura": "EUR", "cam": 1150}}}),
    "ResultData": "0;1;2;",
}


def mode(**changes):
    """The fields of an approved one, changed; a field that is set to ... is absent."""
    return {name: value for name, value in (MODE | changes).items() if value is not ...}


def answer(status, body):
    return Answer(status, body if isinstance(body, str) else json.dumps(body))


def approved(**changes):
    return answer(201, {"result": [{"localModeEventArgs": mode(**changes)}]})


def failed(**changes):
    changes = {"Result": "2", "ResponseCode": "", "StanAuth": ""} | changes
    return answer(400, {"failure": {"error": "", "localModeEventArgs": mode(**changes)}})


def verdict(outcome):
    return outcome.state, outcome.reason, outcome.started


# === THE WHOLE OF IT === #


def test_an_approved_answer_is_read_whole():
    entry = {
        "localModeEventArgs": mode(),
        "customerReceipt": "  Shop\r\n\r\nTOTAL 125,50\r\n",
        "merchantReceipt": "  Merchant\r\n",
        "cardType": "not asked for",
    }
    text = json.dumps({"result": [entry]})
    outcome = read_transaction(answer(201, text))
    assert verdict(outcome) == (APPROVED, None, True)
    assert (outcome.http_status, outcome.result) == (201, 0)
    assert outcome.total_amount == 12550
    assert outcome.tip_amount == 2000
    assert outcome.surcharge_amount == 550
    assert outcome.stan_auth == "000123A1B2C3"
    assert (outcome.stan, outcome.authorisation_code) == ("000123", "A1B2C3")
    assert outcome.timestamp == "20240131235959"
    card = outcome.card
    assert (card.brand, card.truncated_pan, card.last_four) == (
        "Visa",
        "************1234-0",
        "1234",
    )
    assert (card.issuer_id, card.aid, card.tvr) == ("03", "A0000000031010", "0000008000")
    assert (card.tsi, card.atc, card.tcc) == ("E800", "0012", "KC1")
    assert (card.cvm, card.account_type) == ("0", "0")
    assert outcome.response_code == "00"
    assert (outcome.terminal_id, outcome.site_id) == ("10000001", "4711")
    assert (outcome.session_number, outcome.organisation_number) == ("021", "912345678")
    assert (outcome.dcc_currency, outcome.dcc_amount) == ("EUR", 1150)
    assert outcome.customer_receipt == "  Shop\r\n\r\nTOTAL 125,50\r\n"
    assert outcome.merchant_receipt == "  Merchant\r\n"
    assert (outcome.message, outcome.code) == ("", "")
    assert outcome.raw == text


def test_a_failed_answer_is_read_whole():
    outcome = read_transaction(
        answer(
            400,
            {
                "failure": {
                    "error": "Not enough",
                    "localModeEventArgs": mode(
                        Result=2, ResponseCode="51", RejectionSource="04", RejectionReason="1:1:51"
                    ),
                    "customerReceipt": "customer's",
                    "merchantReceipt": "merchant's",
                }
            },
        )
    )
    assert verdict(outcome) == (NOT_APPROVED, Reason.INSUFFICIENT_FUNDS, True)
    assert (outcome.message, outcome.code) == ("Not enough", "04/1:1:51")
    assert (outcome.rejection_source, outcome.rejection_reason) == ("04", "1:1:51")
    assert (outcome.customer_receipt, outcome.merchant_receipt) == ("customer's", "merchant's")
    assert (outcome.http_status, outcome.result, outcome.card.last_four) == (400, 2, "1234")


# === RESULT DECIDES === #


@pytest.mark.parametrize("value", ["0", 0, 0.0, "00", " 0 "])
def test_result_0_in_a_2xx_is_approved(value):
    assert verdict(read_transaction(approved(Result=value))) == (APPROVED, None, True)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_will_do(status):
    body = {"result": [{"localModeEventArgs": mode()}]}
    assert read_transaction(answer(status, body)).state == APPROVED


@pytest.mark.parametrize("value", ["1", 1, "2", 2, 2.0, "02", "3", 3])
def test_other_known_results_are_final_refusals(value):
    assert read_transaction(approved(Result=value)).state == NOT_APPROVED
    outcome = read_transaction(failed(Result=value))
    assert (outcome.state, outcome.started) == (NOT_APPROVED, True)


@pytest.mark.parametrize("value", ["99", 99, "099"])
def test_result_99_is_unknown(value):
    for outcome in (
        read_transaction(approved(Result=value)),
        read_transaction(failed(Result=value)),
    ):
        assert verdict(outcome) == (UNKNOWN, Reason.RESULT_UNKNOWN, True)


@pytest.mark.parametrize("value", [..., None, "", " ", "ok", "0.0", 0.5, True, False, [], {}, "٠"])
def test_a_result_that_cannot_be_read_is_unknown(value):
    for outcome in (
        read_transaction(approved(Result=value)),
        read_transaction(failed(Result=value)),
    ):
        assert verdict(outcome) == (UNKNOWN, Reason.UNREADABLE_ANSWER, True)


@pytest.mark.parametrize("value", [4, "42", -1, 990, "9" * 15])
def test_a_result_nobody_knows_is_unknown(value):
    assert verdict(read_transaction(approved(Result=value))) == (
        UNKNOWN,
        Reason.RESULT_UNKNOWN,
        True,
    )


@pytest.mark.parametrize("code", ["51", "05", "Z1", "91"])
def test_the_response_code_never_decides_against_an_approval(code):
    assert read_transaction(approved(ResponseCode=code)).state == APPROVED


@pytest.mark.parametrize("code", ["00", "Y1", "Y3"])
def test_the_response_code_never_makes_an_approval(code):
    outcome = read_transaction(failed(ResponseCode=code))
    assert verdict(outcome) == (NOT_APPROVED, Reason.TERMINAL_REFUSED, True)


def test_an_approval_outside_a_2xx_contradicts_itself_and_is_unknown():
    entry = {"localModeEventArgs": mode()}
    for body in ({"result": [entry]}, {"failure": entry}, {"failure": "busy", "result": [entry]}):
        outcome = read_transaction(answer(400, body))
        assert verdict(outcome) == (UNKNOWN, Reason.RESULT_UNKNOWN, True)


def test_a_failure_inside_a_2xx_is_never_an_approval():
    entry = {"localModeEventArgs": mode()}
    for body in ({"failure": entry}, {"failure": "odd", "result": [entry]}):
        assert read_transaction(answer(201, body)).state == UNKNOWN
    refused = {"localModeEventArgs": mode(Result=2, ResponseCode="51")}
    outcome = read_transaction(answer(200, {"failure": refused}))
    assert verdict(outcome) == (NOT_APPROVED, Reason.INSUFFICIENT_FUNDS, True)
    busy = read_transaction(answer(200, {"failure": {"error": "Terminal busy"}}))
    assert verdict(busy) == (NOT_APPROVED, Reason.TERMINAL_BUSY, False)


@pytest.mark.parametrize("failure", [None, "", {}, []])
def test_an_empty_failure_is_none(failure):
    body = {"failure": failure, "result": [{"localModeEventArgs": mode()}]}
    assert read_transaction(answer(201, body)).state == APPROVED


def test_result_may_be_an_object_instead_of_an_array():
    body = {"result": {"localModeEventArgs": mode(), "customerReceipt": "receipt"}}
    outcome = read_transaction(answer(201, body))
    assert (outcome.state, outcome.customer_receipt) == (APPROVED, "receipt")


def test_two_results_for_one_transaction_are_unknown():
    entries = [{"localModeEventArgs": mode()}, {"localModeEventArgs": mode(Result=2)}]
    outcome = read_transaction(answer(201, {"result": entries}))
    assert verdict(outcome) == (UNKNOWN, Reason.UNREADABLE_ANSWER, True)


def test_a_refusal_in_the_result_of_a_400_is_read():
    body = {"result": [{"localModeEventArgs": mode(Result=2, ResponseCode="55")}]}
    outcome = read_transaction(answer(400, body))
    assert verdict(outcome) == (NOT_APPROVED, Reason.WRONG_PIN, True)


@pytest.mark.parametrize("status", [200, 201, 400])
@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        '"ok"',
        "0",
        "{}",
        "<html>Bad gateway</html>",
        '{"result": [{"localModeEventArgs": {"Result": 0',
        '{"result": null}',
        '{"result": []}',
        '{"result": [{}]}',
        '{"result": [null]}',
        '{"result": [{"localModeEventArgs": null}]}',
        '{"result": [{"localModeEventArgs": "0"}]}',
        '{"result": [{"localModeEventArgs": [{"Result": 0}]}]}',
        '{"result": "approved"}',
        '{"Result": 0}',
        '{"failure": {"localModeEventArgs": "Result 2"}}',
        "[" * 100_000,
        '{"result": ' + "9" * 5000 + "}",
    ],
)
def test_a_body_without_a_readable_result_is_unknown(status, body):
    outcome = read_transaction(Answer(status, body))
    assert verdict(outcome) == (UNKNOWN, Reason.UNREADABLE_ANSWER, True)
    assert outcome.raw == body


# === STATUSES === #


@pytest.mark.parametrize("status", [301, 302, 307, 402, 405, 408, 409, 429, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        '{"failure": "Terminal busy"}',
        {"result": [{"localModeEventArgs": MODE}]},
        {"failure": {"localModeEventArgs": MODE | {"Result": 2}}},
    ],
)
def test_other_statuses_are_unknown_whatever_they_say(status, body):
    outcome = read_transaction(answer(status, body))
    assert verdict(outcome) == (UNKNOWN, Reason.SERVICE_ERROR, True)
    assert outcome.http_status == status


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("body", ["", "<html>", '{"error": "no"}', '{"failure": "no"}'])
def test_403_and_404_mean_that_the_terminal_is_not_ours(status, body):
    outcome = read_transaction(Answer(status, body))
    assert verdict(outcome) == (NOT_APPROVED, Reason.TERMINAL_NOT_ALLOWED, False)
    assert outcome.message == ("no" if "no" in body else "")


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (Reason.SERVICE_UNREACHABLE, (NOT_APPROVED, Reason.SERVICE_UNREACHABLE, False)),
        (Reason.CONNECTION_INTERRUPTED, (UNKNOWN, Reason.CONNECTION_INTERRUPTED, True)),
        (Reason.UNREADABLE_ANSWER, (UNKNOWN, Reason.UNREADABLE_ANSWER, True)),
    ],
)
@pytest.mark.parametrize("status", [None, 201, 400, 403, 404, 500])
def test_an_answer_that_did_not_come_whole_decides_nothing(status, trouble, expected):
    text = json.dumps({"result": [{"localModeEventArgs": mode()}]})
    assert verdict(read_transaction(Answer(status, text, trouble))) == expected


# === FAILURES WITHOUT LOCALMODEEVENTARGS === #


@pytest.mark.parametrize("shape", ["object", "bare", "null", "empty", "no object"])
def test_a_failure_that_says_nothing_was_started_is_final(shape):
    text = "7100 Processing a previous command"
    failure = {
        "object": {"error": text},
        "bare": text,
        "null": {"error": text, "localModeEventArgs": None},
        "empty": {"error": text, "localModeEventArgs": {}},
        "no object": {"error": text, "localModeEventArgs": ""},
    }[shape]
    outcome = read_transaction(answer(400, {"failure": failure}))
    assert verdict(outcome) == (NOT_APPROVED, Reason.TERMINAL_BUSY, False)
    assert (outcome.message, outcome.code) == (text, "7100")


@pytest.mark.parametrize(
    "failure",
    [
        "E-4711 Something new",
        {"error": "Insufficient funds"},
        {"error": ""},
        {"error": None},
        {"code": 12},
        ["Something"],
        4711,
        True,
    ],
)
def test_any_other_failure_is_unknown(failure):
    outcome = read_transaction(answer(400, {"failure": failure}))
    assert verdict(outcome) == (UNKNOWN, Reason.RESULT_UNKNOWN, True)


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        ("  Ukjent feil æøå ", "Ukjent feil æøå"),
        ({"error": "E-4711"}, "E-4711"),
        ({"error": 4711}, "4711"),
        ({"error": {"a": "ø"}}, '{"a": "ø"}'),
        (["x"], '["x"]'),
        (4711, "4711"),
    ],
)
def test_an_unknown_text_is_kept_as_it_came(failure, message):
    assert read_transaction(answer(400, {"failure": failure})).message == message


def test_a_terminal_that_answered_outweighs_a_text_that_says_busy():
    body = {"failure": {"error": "Terminal busy", "localModeEventArgs": mode(Result=99)}}
    assert read_transaction(answer(400, body)).state == UNKNOWN


def test_an_error_beside_no_failure_proves_nothing():
    outcome = read_transaction(answer(400, {"error": "Terminal busy"}))
    assert verdict(outcome) == (UNKNOWN, Reason.UNREADABLE_ANSWER, True)
    assert outcome.message == "Terminal busy"


# === FIELDS === #

# Result is the only field that can be relied on.
OTHER_FIELDS = sorted(set(MODE) - {"Result"})


@pytest.mark.parametrize("value", [..., None, "", 7, "7", 7.0, -1.5, True, [], {}, ["x"], {"x": 1}])
@pytest.mark.parametrize("name", OTHER_FIELDS)
def test_no_field_can_spoil_an_approval(name, value):
    assert read_transaction(approved(**{name: value})).state == APPROVED


@pytest.mark.parametrize("value", [..., None, ""])
def test_an_answer_with_nothing_but_a_result_is_enough(value):
    outcome = read_transaction(approved(**dict.fromkeys(OTHER_FIELDS, value)))
    assert verdict(outcome) == (APPROVED, None, True)
    assert (outcome.total_amount, outcome.tip_amount, outcome.surcharge_amount) == (None,) * 3
    assert (outcome.stan_auth, outcome.stan, outcome.authorisation_code) == ("",) * 3
    assert (outcome.timestamp, outcome.card.last_four, outcome.dcc_amount) == ("", "", None)


@pytest.mark.parametrize("field", ["TotalAmount", "TipAmount", "SurchargeAmount"])
@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (100, 100),
        (100.0, 100),
        ("100", 100),
        ("00000000100", 100),
        (" 100 ", 100),
        ("", None),
        (None, None),
        (..., None),
        ("1,00", None),
        ("1.00", None),
        (1.5, None),
        ("NOK 100", None),
        (-100, None),
        ("-100", None),
        ("1" * 16, None),
        (True, None),
        ([100], None),
    ],
)
def test_amounts(field, value, amount):
    outcome = read_transaction(approved(**{field: value}))
    names = {"TotalAmount": "total", "TipAmount": "tip", "SurchargeAmount": "surcharge"}
    assert getattr(outcome, f"{names[field]}_amount") == amount


def test_an_approval_of_zero_has_no_amount():
    assert read_transaction(approved(TotalAmount="00000000000")).total_amount is None
    assert read_transaction(failed(TotalAmount="00000000000")).total_amount == 0
    assert read_transaction(approved(TipAmount=0)).tip_amount == 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("123456ABCDEF", ("123456ABCDEF", "123456", "ABCDEF")),
        ("000012000034", ("000012000034", "000012", "000034")),
        (12000034, ("000012000034", "000012", "000034")),
        (12000034.0, ("000012000034", "000012", "000034")),
        ("12000034", ("000012000034", "000012", "000034")),
        ("000056      ", ("000056", "000056", "")),
        ("123456", ("123456", "123456", "")),
        ("12345612 ", ("000012345612", "000012", "345612")),
        ("000000000000", ("", "", "")),
        (0, ("", "", "")),
        ("", ("", "", "")),
        ("   ", ("", "", "")),
        (None, ("", "", "")),
        (..., ("", "", "")),
    ],
)
def test_stan_auth(value, expected):
    outcome = read_transaction(approved(StanAuth=value))
    assert (outcome.stan_auth, outcome.stan, outcome.authorisation_code) == expected


@pytest.mark.parametrize(
    ("field", "value", "attribute", "expected"),
    [
        ("ResponseCode", 0, "response_code", "00"),
        ("ResponseCode", "5", "response_code", "05"),
        ("ResponseCode", " Y1", "response_code", "Y1"),
        ("SessionNumber", 21, "session_number", "021"),
        ("TerminalID", 10000001, "terminal_id", "10000001"),
        ("SiteID", 4711.0, "site_id", "4711"),
        ("OrganisationNumber", 912345678, "organisation_number", "912345678"),
        ("RejectionSource", 3, "rejection_source", "3"),
        ("TimeStamp", 20240131235959, "timestamp", "20240131235959"),
        ("TimeStamp", "2024-01-31T22:59:59Z", "timestamp", "2024-01-31T22:59:59Z"),
    ],
)
def test_texts_that_come_as_numbers(field, value, attribute, expected):
    assert getattr(read_transaction(approved(**{field: value})), attribute) == expected


@pytest.mark.parametrize("value", [0, "0"])
def test_a_pin_is_not_taken_for_an_absent_cvm(value):
    assert read_transaction(approved(CVM=value)).card.cvm == "0"


@pytest.mark.parametrize(
    ("value", "pan", "last_four"),
    [
        ("************1234", "************1234", "1234"),
        ("************1234-0", "************1234-0", "1234"),
        ("************1234-12", "************1234-12", "1234"),
        (1234, "1234", "1234"),
        ("****", "****", ""),
        ("***123", "***123", ""),
        ("", "", ""),
    ],
)
def test_truncated_pan(value, pan, last_four):
    card = read_transaction(approved(TruncatedPAN=value)).card
    assert (card.truncated_pan, card.last_four) == (pan, last_four)


@pytest.mark.parametrize("value", [..., None, "", "  "])
def test_the_card_type_stands_in_for_a_missing_issuer_name(value):
    entry = {"localModeEventArgs": mode(CardIssuerName=value), "cardType": "Mastercard"}
    assert read_transaction(answer(201, {"result": [entry]})).card.brand == "Mastercard"
    assert read_transaction(approved(CardIssuerName=value)).card.brand == ""


@pytest.mark.parametrize(
    ("value", "currency", "amount"),
    [
        ('{"od":{"dcc":{"ccura":"SEK","cam":12345}}}', "SEK", 12345),
        ('{"od":{"dcc":{"ccura":"SEK","cam":"00012345"}}}', "SEK", 12345),
        ({"od": {"dcc": {"ccura": "SEK", "cam": 1}}}, "SEK", 1),
        ('{"od":{"dcc":{"ccura":null}}}', "", None),
        ('{"od":{"dcc":null}}', "", None),
        ('{"od":[]}', "", None),
        ('{"od":{}}', "", None),
        ('{"od":{"dcc"', "", None),
        ("not JSON", "", None),
        ("[1]", "", None),
        ("[" * 100_000, "", None),
        ("", "", None),
        (None, "", None),
        (..., "", None),
    ],
)
def test_optional_data(value, currency, amount):
    outcome = read_transaction(approved(OptionalData=value))
    assert (outcome.state, outcome.dcc_currency, outcome.dcc_amount) == (APPROVED, currency, amount)


@pytest.mark.parametrize(("value", "text"), [(None, ""), ("", ""), (..., ""), (5, "5"), (True, ""), ([], "")])
def test_receipts_are_optional(value, text):
    entry = {"localModeEventArgs": mode(), "customerReceipt": value, "merchantReceipt": value}
    entry = {name: item for name, item in entry.items() if item is not ...}
    outcome = read_transaction(answer(201, {"result": [entry]}))
    assert (outcome.state, outcome.customer_receipt) == (APPROVED, text)
    assert outcome.merchant_receipt == text


def test_line_breaks_inside_json_strings_are_read():
    text = '{"result": [{"localModeEventArgs": {"Result": 0}, "customerReceipt": "a\r\n\tb"}]}'
    outcome = read_transaction(Answer(201, text))
    assert (outcome.state, outcome.customer_receipt) == (APPROVED, "a\r\n\tb")


def test_what_a_database_refuses_is_taken_out_of_texts():
    entry = '{"localModeEventArgs": {"Result": 0}, "customerReceipt": "a\\u0000b\\ud800c"}'
    outcome = read_transaction(Answer(201, f'{{"result": [{entry}]}}'))
    assert (outcome.state, outcome.customer_receipt) == (APPROVED, "ab?c")


def test_nothing_of_card_receipts_and_raw_answer_shows_in_a_repr():
    outcome = read_transaction(
        answer(
            201,
            {"result": [{"localModeEventArgs": mode(), "customerReceipt": "RECEIPT", "cardType": "x"}]},
        )
    )
    assert "approved" in repr(outcome)
    for hidden in ("1234-0", "RECEIPT", "localModeEventArgs", "A0000000031010"):
        assert hidden not in repr(outcome)
        assert hidden not in str(outcome)


# === CARD NUMBERS === #

PAN = "4761739001010010"  # a test number of the card schemes; it passes the Luhn check


def test_a_full_card_number_gets_past_nothing():
    entry = {
        "localModeEventArgs": mode(TruncatedPAN=PAN + "-1", ResultData=f"0;{PAN};1"),
        "customerReceipt": f"Shop\r\n4761 7390 0101 0010\r\nRef {PAN}\r\n",
        "merchantReceipt": f"\r\n{PAN}",
    }
    outcome = read_transaction(answer(201, {"result": [entry]}))
    assert outcome.state == APPROVED
    assert outcome.card.truncated_pan == "************0010-1"
    assert outcome.card.last_four == "0010"
    assert outcome.customer_receipt == "Shop\r\n**** **** **** 0010\r\nRef ************0010\r\n"
    assert outcome.merchant_receipt == "\r\n************0010"
    assert PAN not in outcome.raw
    assert "4761 7390" not in outcome.raw
    assert json.loads(outcome.raw)["result"][0]["localModeEventArgs"]["TotalAmount"] == ("00000012550")


def test_a_card_number_that_comes_as_a_number_is_masked():
    outcome = read_transaction(approved(TruncatedPAN=int(PAN)))
    assert outcome.card.truncated_pan == "************0010"
    assert PAN not in outcome.raw


def test_a_card_number_in_a_failure_or_in_a_broken_body_is_masked():
    outcome = read_transaction(answer(400, {"failure": f"Card {PAN} refused"}))
    assert outcome.message == "Card ************0010 refused"
    assert PAN not in outcome.raw
    broken = read_transaction(Answer(201, f'{{"result": [{{"customerReceipt": "\\r\\n{PAN}'))
    assert broken.raw == '{"result": [{"customerReceipt": "\\r\\n************0010'


def test_an_answer_without_card_number_is_stored_as_it_came():
    text = '{ "result":[ {"localModeEventArgs":{"Result":0,"StanAuth":null}} ] }'
    assert read_transaction(Answer(201, text)).raw == text


# === LAST TRANSACTION === #


def last(status=200, **result):
    return read_last_transaction(answer(status, {"result": result}))


def test_the_last_transaction_is_read():
    found = last(latestTransactionResult=mode(), printText={"Text": "RECEIPT"}, orderId="A7-X", other=1)
    assert found.order_id == "A7-X"
    assert found.print_text == "RECEIPT"
    assert verdict(found.outcome) == (APPROVED, None, True)
    assert found.outcome.total_amount == 12550
    assert found.outcome.stan_auth == "000123A1B2C3"
    assert found.outcome.http_status == 200
    assert "RECEIPT" not in repr(found)


@pytest.mark.parametrize(("value", "expected"), [(..., ""), (None, ""), ("", ""), (4711, "4711"), (" A ", "A")])
def test_the_order_id_of_the_last_transaction_is_optional(value, expected):
    result = {"latestTransactionResult": mode(), "orderId": value, "printText": None}
    found = last(**{name: item for name, item in result.items() if item is not ...})
    assert (found.order_id, found.print_text) == (expected, "")


def test_an_order_id_that_looks_like_a_card_number_stays():
    found = last(latestTransactionResult=mode(TruncatedPAN=PAN), orderId=PAN)
    assert found.order_id == PAN, "it is compared with ours"
    assert PAN not in repr(found) + found.outcome.raw
    assert found.outcome.card.truncated_pan == "************0010"


@pytest.mark.parametrize(
    ("value", "state", "reason"),
    [
        ("2", NOT_APPROVED, Reason.CUSTOMER_CANCELLED),
        (99, UNKNOWN, Reason.RESULT_UNKNOWN),
        (None, UNKNOWN, Reason.UNREADABLE_ANSWER),
    ],
)
def test_the_result_of_the_last_transaction_decides(value, state, reason):
    latest = mode(Result=value, ResponseCode="", StanAuth="", RejectionReason="2:1")
    outcome = last(latestTransactionResult=latest).outcome
    assert (outcome.state, outcome.reason) == (state, reason)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"result": {"latestTransactionResult": None, "printText": None}}),
        (200, {"result": {"latestTransactionResult": {}}}),
        (200, {"result": {}}),
        (200, {"result": None}),
        (200, {"result": []}),
        (400, {"failure": {"error": "No transaction found"}}),
        (400, {"failure": "No last transaction result."}),
        (404, {"error": "no transaction"}),
    ],
)
def test_a_terminal_without_last_transaction(status, body):
    assert read_last_transaction(answer(status, body)) is None


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, "", Reason.UNREADABLE_ANSWER),
        (200, "{}", Reason.UNREADABLE_ANSWER),
        (200, "[]", Reason.UNREADABLE_ANSWER),
        (200, {"result": {"printText": {"Text": "x"}}}, Reason.UNREADABLE_ANSWER),
        (200, {"result": {"latestTransactionResult": "none"}}, Reason.UNREADABLE_ANSWER),
        (200, {"result": [{}, {}]}, Reason.UNREADABLE_ANSWER),
        (200, {"failure": "7100"}, Reason.TERMINAL_BUSY),
        (200, {"failure": "odd", "result": {}}, Reason.SERVICE_ERROR),
        (400, {"failure": "No transaction: no response"}, Reason.TERMINAL_DISCONNECTED),
        (400, {"failure": "odd"}, Reason.SERVICE_ERROR),
        (400, {"result": None}, Reason.SERVICE_ERROR),
        (403, "", Reason.TERMINAL_NOT_ALLOWED),
        (404, {"error": "Terminal not found"}, Reason.TERMINAL_NOT_ALLOWED),
        (500, {"result": None}, Reason.SERVICE_ERROR),
        (500, {"failure": "no transaction"}, Reason.SERVICE_ERROR),
    ],
)
def test_no_answer_about_the_last_transaction_is_not_taken_for_none(status, body, reason):
    with pytest.raises(ConnectCloudError) as caught:
        read_last_transaction(answer(status, body))
    assert (caught.value.reason, caught.value.status) == (reason, status)


@pytest.mark.parametrize(
    "trouble",
    [Reason.SERVICE_UNREACHABLE, Reason.CONNECTION_INTERRUPTED, Reason.UNREADABLE_ANSWER],
)
def test_a_lost_answer_about_the_last_transaction_is_not_taken_for_none(trouble):
    for text in ('{"result": null}', json.dumps({"result": {"latestTransactionResult": MODE}})):
        with pytest.raises(ConnectCloudError) as caught:
            read_last_transaction(Answer(200, text, trouble))
        assert caught.value.reason == trouble
    with pytest.raises(ConnectCloudError):
        read_last_transaction(Answer(404, '{"error": "No transaction"}', trouble))


# === ADMINISTRATION === #


def reconciled(**changes):
    report = {
        "header": {"timestamp": "2024-01-31T22:59:59Z", "sessionNumber": "021"},
        "printText": {"Text": "TOTALS"},
    }
    return {"result": {"reconciliation": report | changes}}


def test_a_reconciliation():
    outcome = read_administration(answer(200, reconciled()))
    assert verdict(outcome) == (APPROVED, None, True)
    assert (outcome.session_number, outcome.timestamp) == ("021", "2024-01-31T22:59:59Z")
    assert outcome.report_text == "TOTALS"
    assert "TOTALS" in outcome.raw
    assert "TOTALS" not in repr(outcome)


@pytest.mark.parametrize(
    "changes",
    [{"header": None}, {"header": {"sessionNumber": 21}}, {"printText": None}, {"printText": {}}],
)
def test_a_reconciliation_lacking_details_is_one(changes):
    outcome = read_administration(answer(200, reconciled(**changes)))
    assert outcome.state == APPROVED
    assert outcome.session_number in ("", "021")


@pytest.mark.parametrize("status", [200, 201, 400])
@pytest.mark.parametrize("with_result", [True, False])
def test_the_failure_of_a_reconciliation_is_seen_before_its_result(status, with_result):
    body = {"failure": {"error": "7008 No host contact"}} | (reconciled() if with_result else {})
    outcome = read_administration(answer(status, body))
    assert verdict(outcome) == (NOT_APPROVED, Reason.ISSUER_UNAVAILABLE, True)
    assert (outcome.message, outcome.code) == ("7008 No host contact", "7008")


def test_an_unknown_failure_of_an_administration_is_final():
    outcome = read_administration(answer(400, {"failure": "odd"}))
    assert verdict(outcome) == (NOT_APPROVED, Reason.TERMINAL_REFUSED, True)


def test_a_busy_terminal_did_not_start_the_administration():
    outcome = read_administration(answer(400, {"failure": {"error": "Terminal busy"}}))
    assert verdict(outcome) == (NOT_APPROVED, Reason.TERMINAL_BUSY, False)


@pytest.mark.parametrize("value", [1, "1", "01"])
def test_downloads_succeed_with_result_1(value):
    body = {"result": {"localModeEventArgs": mode(Result=value)}, "printText": {"Text": "DONE"}}
    outcome = read_administration(answer(200, body))
    assert verdict(outcome) == (APPROVED, None, True)
    assert (outcome.report_text, outcome.session_number) == ("DONE", "021")
    assert outcome.timestamp == "20240131235959"


def test_the_text_of_a_download_may_stand_inside_the_result():
    body = {"result": {"localModeEventArgs": mode(Result=1), "printText": {"Text": "DONE"}}}
    assert read_administration(answer(200, body)).report_text == "DONE"


@pytest.mark.parametrize(
    ("value", "state"),
    [(0, NOT_APPROVED), ("2", NOT_APPROVED), (99, UNKNOWN), ("", UNKNOWN), (7, UNKNOWN)],
)
def test_other_results_of_downloads(value, state):
    body = {"result": {"localModeEventArgs": mode(Result=value)}}
    assert read_administration(answer(200, body)).state == state


def test_a_terminal_lost_during_a_download_is_unknown():
    body = {"failure": {"error": "9000", "localModeEventArgs": mode(Result=99)}}
    assert read_administration(answer(400, body)).state == UNKNOWN


@pytest.mark.parametrize(
    ("status", "text", "trouble", "expected"),
    [
        (200, "", None, (UNKNOWN, Reason.UNREADABLE_ANSWER, True)),
        (200, '{"result": {}}', None, (UNKNOWN, Reason.UNREADABLE_ANSWER, True)),
        (400, json.dumps(reconciled()), None, (UNKNOWN, Reason.UNREADABLE_ANSWER, True)),
        (500, "", None, (UNKNOWN, Reason.SERVICE_ERROR, True)),
        (403, "", None, (NOT_APPROVED, Reason.TERMINAL_NOT_ALLOWED, False)),
        (
            None,
            "",
            Reason.SERVICE_UNREACHABLE,
            (NOT_APPROVED, Reason.SERVICE_UNREACHABLE, False),
        ),
        (
            200,
            json.dumps(reconciled()),
            Reason.CONNECTION_INTERRUPTED,
            (UNKNOWN, Reason.CONNECTION_INTERRUPTED, True),
        ),
    ],
)
def test_an_administration_without_an_answer_of_use(status, text, trouble, expected):
    assert verdict(read_administration(Answer(status, text, trouble))) == expected


# === QUERIES AND LOGIN === #


@pytest.mark.parametrize(
    ("status", "body", "reason", "message"),
    [
        (200, "", Reason.UNREADABLE_ANSWER, ""),
        (200, "[1]", Reason.UNREADABLE_ANSWER, ""),
        (200, {"failure": "Terminal busy"}, Reason.TERMINAL_BUSY, "Terminal busy"),
        (400, {"error": "odd"}, Reason.SERVICE_ERROR, "odd"),
        (403, {"error": "no"}, Reason.TERMINAL_NOT_ALLOWED, "no"),
        (502, {"failure": "Terminal busy"}, Reason.SERVICE_ERROR, "Terminal busy"),
    ],
)
def test_a_query_without_an_answer_of_use(status, body, reason, message):
    with pytest.raises(ConnectCloudError) as caught:
        read_query(answer(status, body))
    error = caught.value
    assert (error.reason, error.message, error.status) == (reason, message, status)


@pytest.mark.parametrize(
    ("terminals", "expected"),
    [
        (["10000001", "10000002"], ("10000001", "10000002")),
        ([{"terminalId": "10000001"}], ("10000001",)),
        ([10000001, None, "", {}], ("10000001",)),
        ([], ()),
        (None, ()),
        ("10000001", ()),
    ],
)
def test_the_terminals_of_a_login(terminals, expected):
    body = {"token": "abc.def", "username": "demo", "terminals": terminals}
    assert read_login(answer(200, body)) == ("abc.def", expected)


@pytest.mark.parametrize("token", [..., None, "", 5, "with space", "line\nbreak", "ø", ["x"]])
def test_a_login_without_token(token):
    body = {} if token is ... else {"token": token}
    with pytest.raises(ConnectCloudError) as caught:
        read_login(answer(200, body))
    assert caught.value.reason == Reason.LOGIN_UNAVAILABLE
    assert not token or token is ... or str(token) not in str(caught.value)


# === TIME STAMPS === #


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("20240131235959", datetime(2024, 1, 31, 22, 59, 59, tzinfo=timezone.utc)),
        ("20240731235959", datetime(2024, 7, 31, 21, 59, 59, tzinfo=timezone.utc)),
        (" 20240731235959 ", datetime(2024, 7, 31, 21, 59, 59, tzinfo=timezone.utc)),
        ("2024-07-31T23:59:59Z", datetime(2024, 7, 31, 23, 59, 59, tzinfo=timezone.utc)),
        ("2024-07-31T23:59:59.250Z", datetime(2024, 7, 31, 23, 59, 59, 250000, tzinfo=timezone.utc)),
        ("2024-07-31T23:59:59+02:00", datetime(2024, 7, 31, 21, 59, 59, tzinfo=timezone.utc)),
        ("2024-07-31T23:59:59", None),  # whose time?
        ("", None),
        (None, None),
        ("00000000000000", None),
        ("20241331235959", None),
        ("20240731", None),
        ("00010101000000", None),
        ("yesterday", None),
    ],
)
def test_time_stamps(raw, expected):
    found = parse_timestamp(raw, "Europe/Oslo")
    assert found == expected
    assert found is None or found.tzinfo == timezone.utc


def test_a_time_zone_may_be_an_object():
    zone = timezone(timedelta(hours=5))
    expected = datetime(2024, 1, 31, 18, 59, 59, tzinfo=timezone.utc)
    assert parse_timestamp("20240131235959", zone) == expected
