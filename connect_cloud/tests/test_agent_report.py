"""What a browser's report about an agent means, and what a lie can't bring about."""

from dataclasses import replace

import pytest

from connect_cloud.agent_report import (
    MAX_MESSAGES,
    Asked,
    ReportError,
    Trouble,
    check_messages,
    judge_administration,
    judge_last_result,
    judge_transfer,
    read_line,
    request_of,
)
from connect_cloud.answers import OutcomeState
from connect_cloud.errors import ConnectCloudError
from connect_cloud.evidence import Fingerprint, Kind
from connect_cloud.reasons import Reason

TERMINAL = "10000004"
BEFORE = {"Result": "0", "StanAuth": "000100A00100", "TimeStamp": "20260301120000", "TotalAmount": "500"}
OURS = {"Result": "0", "StanAuth": "000101A00101", "TimeStamp": "20260301120500", "TotalAmount": "1000"}
DECLINED = {"Result": "2", "StanAuth": "000101", "TimeStamp": "20260301120500", "ResponseCode": "51"}


def said(name, fields=None, terminal=TERMINAL, text=""):
    content = "".join(f"<{key}>{value}</{key}>" for key, value in (fields or {}).items()) + text
    header = f'<MessageHeader ECRID="ODOO" TerminalID="{terminal}" VersionNumber="1"/>'
    return f"<NetsResponse>{header}<{name}>{content}</{name}></NetsResponse>"


def mode(fields, **options):
    return said("Dfs13LocalMode", fields, **options)


def rejected(code, info):
    return said("MethodRejected", {"Code": code, "Info": info})


BASELINE = Fingerprint.of(judge_last_result([said("Dfs13LastFinancialResult", BEFORE)], TERMINAL), "UTC")
ASKED = Asked(Kind.PURCHASE, 1000, TERMINAL, "UTC", BASELINE)


def judge(*texts, asked=ASKED, known=(), is_last=True, trouble=Trouble.CLOSED):
    return judge_transfer(list(texts), asked, known.__contains__, is_last=is_last, trouble=trouble)


def test_an_approval_is_one():
    outcome = judge(said("Dfs13DisplayText", {"Text": "INSERT CARD"}), mode(OURS), is_last=False)
    assert (outcome.state, outcome.total_amount, outcome.stan) == (OutcomeState.APPROVED, 1000, "000101")


def test_a_refusal_is_one():
    outcome = judge(mode(DECLINED), is_last=False)
    assert (outcome.state, outcome.reason) == (OutcomeState.NOT_APPROVED, Reason.INSUFFICIENT_FUNDS)


def test_a_tip_is_part_of_what_was_asked():
    tipped = {**OURS, "TotalAmount": "1100", "TipAmount": "100"}
    assert judge(mode(tipped)).state == OutcomeState.APPROVED


@pytest.mark.parametrize(
    "fields",
    [
        {"TotalAmount": "1"},
        {"TotalAmount": "100000"},
        {"TotalAmount": "2001", "TipAmount": "1001"},
        {"TotalAmount": "1000", "TipAmount": "5000"},
    ],
)
def test_another_amount_is_left_to_a_person(fields):
    outcome = judge(mode({**OURS, **fields}))
    assert (outcome.state, outcome.reason) == (OutcomeState.UNKNOWN, Reason.AGENT_OTHER_AMOUNT)


def test_nothing_is_added_to_what_goes_back():
    asked = replace(ASKED, kind=Kind.REFUND)
    tipped = mode({**OURS, "TotalAmount": "1100", "TipAmount": "100"})
    assert judge(tipped, asked=asked).state == OutcomeState.UNKNOWN
    assert judge(mode(OURS), asked=asked).state == OutcomeState.APPROVED


def test_an_older_result_is_none_of_ours():
    assert judge(mode(BEFORE), is_last=False) is None, "it is listened on"
    assert judge(mode(BEFORE)).state == OutcomeState.UNKNOWN
    assert judge(mode(OURS), known=["000101A00101"], is_last=False) is None, "another payment has this number"
    # and behind it, ours is found
    assert judge(mode(BEFORE), mode(OURS), is_last=False).stan == "000101"


CANCELLED = {"Result": "2"}
LIKE_BEFORE = Fingerprint.of(judge_last_result([said("Dfs13LastFinancialResult", CANCELLED)], TERMINAL), "UTC")


@pytest.mark.parametrize("baseline", [None, LIKE_BEFORE])
@pytest.mark.parametrize("result", [CANCELLED, {"Result": "0", "TotalAmount": "1000"}])
@pytest.mark.parametrize("sign", [said("Dfs13DisplayText", {"Text": "PIN"}), said("Dfs13PrintText", {"Text": "A"})])
def test_what_may_be_a_repetition_is_ours_once_the_terminal_showed_something(baseline, result, sign):
    """A cancelled payment has no number and perhaps no time: repeated before ours ran, it looks as ours would."""
    asked = replace(ASKED, baseline=baseline)
    if result == CANCELLED or baseline is None:
        assert judge(mode(result), asked=asked, is_last=False) is None
        assert judge(mode(result), asked=asked).state == OutcomeState.UNKNOWN
    assert judge(mode(result), sign, mode(OURS), asked=asked, is_last=False).state == OutcomeState.APPROVED
    expected = OutcomeState.NOT_APPROVED if result == CANCELLED else OutcomeState.APPROVED
    assert judge(sign, mode(result), asked=asked, is_last=False).state == expected


def test_the_evidence_of_a_charge_wins():
    assert judge(mode(DECLINED), mode(OURS)).state == OutcomeState.APPROVED


def test_another_terminal_says_nothing_about_ours():
    assert judge(mode(OURS, terminal="10000099"), is_last=False) is None
    outcome = judge(mode(OURS, terminal="10000099"))
    assert (outcome.state, outcome.reason) == (OutcomeState.UNKNOWN, Reason.AGENT_OTHER_TERMINAL)


def test_what_is_turned_away_first_never_ran():
    outcome = judge(rejected("7100", "processing a previous command"), is_last=False)
    assert (outcome.state, outcome.started, outcome.reason) == (
        OutcomeState.NOT_APPROVED,
        False,
        Reason.TERMINAL_BUSY,
    )


@pytest.mark.parametrize(
    ("texts", "asked"),
    [
        # it may be the abort that is turned away
        ([rejected("7100", "busy")], replace(ASKED, was_aborted=True)),
        # or the late answer to the question for the last result
        ([rejected("7100", "busy")], replace(ASKED, baseline=None)),
        # something ran already
        ([said("Dfs13DisplayText", {"Text": "PIN"}), rejected("7100", "busy")], ASKED),
        # the code doesn't prove it
        ([rejected("9000", "connection lost")], ASKED),
    ],
)
def test_a_rejection_that_proves_nothing(texts, asked):
    assert judge(*texts, asked=asked, is_last=False) is None
    assert judge(*texts, asked=asked).state == OutcomeState.UNKNOWN


def test_unknown_is_never_called_failed():
    for trouble in (Trouble.NONE, Trouble.CLOSED, Trouble.TIMEOUT, Trouble.LEFT):
        assert judge(trouble=trouble).state == OutcomeState.UNKNOWN
    outcome = judge(trouble=Trouble.NOT_WRITTEN)
    assert (outcome.state, outcome.started) == (OutcomeState.NOT_APPROVED, False)
    seen = said("Dfs13DisplayText", {"Text": "INSERT CARD"})
    assert judge(seen, trouble=Trouble.NOT_WRITTEN).state == OutcomeState.UNKNOWN, "something was said"


def test_a_paper_that_is_signed():
    outcome = judge(said("Dfs13PrintText", {"Text": "SIGN HERE"}), mode({**OURS, "CVM": "1"}))
    assert outcome.merchant_receipt == outcome.customer_receipt == "SIGN HERE"


def test_the_last_result():
    last = judge_last_result([said("Dfs13LastFinancialResult", OURS)], TERMINAL)
    assert last.outcome.state == OutcomeState.APPROVED
    assert judge_last_result([said("Dfs13LastFinancialResult")], TERMINAL) is None
    for texts, reason in (
        ([], Reason.AGENT_SILENT),
        ([rejected("7100", "busy")], Reason.TERMINAL_BUSY),
        ([said("Dfs13LastFinancialResult", OURS, terminal="10000099")], Reason.AGENT_WRONG_TERMINAL),
        ([said("Dfs13LastFinancialResult", {"Result": "perhaps"})], Reason.UNREADABLE_ANSWER),
    ):
        with pytest.raises(ConnectCloudError) as caught:
            judge_last_result(texts, TERMINAL)
        assert caught.value.reason == reason


def test_an_administration():
    asked = replace(ASKED, kind=Kind.ADMINISTRATION, amount=0)
    paper = said("Dfs13PrintText", {"Text": "TOTALS"})
    outcome = judge_administration([paper, mode({"Result": "1", "SessionNumber": "21"})], asked, is_last=False)
    assert (outcome.state, outcome.report_text, outcome.session_number) == (OutcomeState.APPROVED, "TOTALS", "021")
    assert judge_administration([paper, mode(OURS)], asked, is_last=False) is None, "a payment's result"
    assert judge_administration([], asked, is_last=True).state == OutcomeState.UNKNOWN


@pytest.mark.parametrize(
    "texts", [None, "text", {"a": 1}, [1], [b"bytes"], ["x"] * (MAX_MESSAGES + 1), ["x" * 200_000], ["x" * 9000] * 60]
)
def test_what_no_browser_sends(texts):
    with pytest.raises(ReportError):
        check_messages(texts)


def test_what_is_sent():
    assert request_of("refund", 1050) == {"method": "transfer", "transaction_type": 49, "amount": 1050}
    assert request_of("administration", 0, "z_report") == {"method": "administration", "adm_code": 12599}
    for bad in (("purchase", 0), ("purchase", 10.5), ("purchase", True), ("administration", 0, "download_dataset")):
        with pytest.raises(ValueError):
            request_of(*bad)


def test_a_line():
    assert read_line(" INSERT\n CARD ") == "INSERT CARD"
    assert read_line("4111 1111 1111 1111") == "**** **** **** 1111"
    assert "\x00" not in read_line("A\x00B")
    assert len(read_line("A" * 10_000)) < 300
    assert read_line(None) == read_line(5) == ""
