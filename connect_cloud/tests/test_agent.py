"""What a Baxi.Agent says is read into the same facts, whatever the browser sends us of it."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_cloud import ConnectCloudError, Decision, Fingerprint, Kind, OutcomeState, Question, Reason, weigh
from connect_cloud.agent import (
    MAX_ELEMENTS,
    MAX_MESSAGE,
    MAX_MESSAGES,
    MAX_TOTAL,
    MessageKind,
    not_reached_administration,
    not_reached_outcome,
    read_administration,
    read_answers,
    read_last_result,
    read_messages,
    unknown_administration,
    unknown_outcome,
)

TERMINAL = "10000001"
TILL = "TILL-1"
PAN = "4925000000000004"  # passes the Luhn check
APPROVED = {
    "Result": "0",
    "TotalAmount": "00000001000",
    "StanAuth": "000123A4B5C6",
    "TimeStamp": "20260301120000",
    "TruncatedPAN": "*******1234-0",
    "CardIssuerName": "Visa",
    "CVM": "0",
    "ResponseCode": "00",
    "SessionNumber": "7",
    "TerminalID": TERMINAL,
    "OptionalData": '{"od":{"dcc":{"ccura":"USD","cam":93}}}',
}
CANCELLED = {"Result": "2", "RejectionReason": "2:1", "StanAuth": "", "TotalAmount": "00000001000"}
SECONDS = 3  # of the processor, and generous


def say(content, terminal=TERMINAL, till=TILL):
    header = f'<MessageHeader ECRID="{till}" TerminalID="{terminal}" VersionNumber="1"/>'
    return f"<NetsResponse>{header}{content}</NetsResponse>"


def fields(values):
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


def local_mode(values, **header):
    return say(f"<Dfs13LocalMode>{fields(values)}</Dfs13LocalMode>", **header)


def last_result(values):
    return say(f"<Dfs13LastFinancialResult>{fields(values)}</Dfs13LastFinancialResult>")


def shows(text="Tap or insert card"):
    return say(f"<Dfs13DisplayText>{text}</Dfs13DisplayText>")


def prints(text):
    return say(f"<Dfs13PrintText><Text>{text}</Text></Dfs13PrintText>")


def rejects(code, info):
    return say(f"<MethodRejected><Code>{code}</Code><Info>{info}</Info></MethodRejected>")


def fails(code, text):
    return say(f"<Dfs13Error><ErrorCode>{code}</ErrorCode><ErrorString>{text}</ErrorString></Dfs13Error>")


READY = say("<Dfs13TerminalReady/>")


def ours(*texts, **options):
    return [outcome for outcome, _was_shown in read_answers(list(texts), TERMINAL, TILL, **options)]


# === RESULTS === #


def test_a_payment_is_read_with_its_receipts_and_its_card():
    [outcome] = ours(shows(), prints("CUSTOMER"), prints("MERCHANT"), local_mode(APPROVED), READY)
    assert outcome.state == OutcomeState.APPROVED
    assert (outcome.total_amount, outcome.stan, outcome.authorisation_code) == (1000, "000123", "A4B5C6")
    assert (outcome.card.brand, outcome.card.last_four, outcome.session_number) == ("Visa", "1234", "007")
    assert (outcome.customer_receipt, outcome.merchant_receipt) == ("CUSTOMER", "MERCHANT")
    assert (outcome.dcc_currency, outcome.dcc_amount) == ("USD", 93)
    assert "Dfs13LocalMode" in outcome.raw


def test_nothing_is_decided_before_the_result():
    assert ours() == []
    assert ours(READY, shows(), prints("CUSTOMER"), READY) == []


@pytest.mark.parametrize(
    ("result", "state", "reason"),
    [
        ("2", OutcomeState.NOT_APPROVED, Reason.CUSTOMER_CANCELLED),
        ("3", OutcomeState.NOT_APPROVED, Reason.CUSTOMER_CANCELLED),
        ("99", OutcomeState.UNKNOWN, Reason.RESULT_UNKNOWN),
        ("7", OutcomeState.UNKNOWN, Reason.RESULT_UNKNOWN),
        ("", OutcomeState.UNKNOWN, Reason.UNREADABLE_ANSWER),
        ("zero", OutcomeState.UNKNOWN, Reason.UNREADABLE_ANSWER),
    ],
)
def test_only_the_result_decides(result, state, reason):
    [outcome] = ours(local_mode(CANCELLED | {"Result": result, "ResponseCode": ""}))
    assert (outcome.state, outcome.reason) == (state, reason)


def test_administration_done_is_no_result_of_a_payment():
    assert ours(shows(), local_mode({"Result": "1"}), has_aborted=True) == []
    assert len(ours(local_mode({"Result": "1"}), local_mode(APPROVED))) == 1


def test_a_result_says_different_things_at_once_and_so_nothing():
    [outcome] = ours(local_mode(APPROVED).replace("</Dfs13LocalMode>", "<Result>2</Result></Dfs13LocalMode>"))
    assert outcome.state == OutcomeState.UNKNOWN
    [outcome] = ours(local_mode(APPROVED).replace("</Dfs13LocalMode>", "<Result>0</Result></Dfs13LocalMode>"))
    assert outcome.state == OutcomeState.APPROVED


def test_an_older_result_comes_first_and_each_keeps_its_own_receipts():
    older = APPROVED | {"StanAuth": "000122A4B5C6", "TotalAmount": "700"}
    first, second = ours(prints("OLD"), local_mode(older), shows(), prints("NEW"), local_mode(APPROVED))
    assert (first.stan, first.customer_receipt) == ("000122", "OLD")
    assert (second.stan, second.customer_receipt) == ("000123", "NEW")
    assert "000122" not in second.raw


@pytest.mark.parametrize("header", [{"terminal": "10000002"}, {"till": "TILL-2"}])
def test_what_is_for_another_terminal_or_till_is_not_ours(header):
    assert ours(local_mode(APPROVED | {"TerminalID": ""}, **header)) == []
    assert len(ours(local_mode(APPROVED, terminal="", till=""))) == 1


def test_a_result_that_names_another_terminal_is_not_ours():
    assert ours(local_mode(APPROVED | {"TerminalID": "10000002"})) == []
    assert len(ours(local_mode(APPROVED | {"TerminalID": f"{TERMINAL}-100001"}))) == 1


def test_an_approval_of_nothing_has_no_amount():
    [outcome] = ours(local_mode(APPROVED | {"TotalAmount": "000"}))
    assert (outcome.state, outcome.total_amount, outcome.says_zero) == (OutcomeState.APPROVED, None, True)


# === REJECTIONS AND ERRORS === #


@pytest.mark.parametrize("turn_away", [rejects, fails])
@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        ("7100", "Processing a previous command", Reason.TERMINAL_BUSY),
        ("7104", "", Reason.TERMINAL_BUSY),
        ("8013", "Terminal not connected", Reason.TERMINAL_DISCONNECTED),
    ],
)
def test_what_is_turned_away_at_once_never_ran(turn_away, code, text, reason):
    [outcome] = ours(READY, turn_away(code, text))
    assert (outcome.state, outcome.started, outcome.reason) == (OutcomeState.NOT_APPROVED, False, reason)
    assert (outcome.code, outcome.message) == (code, f"{code} {text}".strip())


@pytest.mark.parametrize(("code", "text"), [("7009", "No response"), ("7506", "Bad operator id"), ("4711", "?")])
def test_another_error_proves_nothing(code, text):
    [outcome] = ours(fails(code, text))
    assert (outcome.state, outcome.message) == (OutcomeState.UNKNOWN, f"{code} {text}")


@pytest.mark.parametrize("before", [shows(), prints("X"), "<broken", say("<SomethingNew/>")])
def test_an_error_is_no_answer_once_the_terminal_said_anything(before):
    assert ours(before, rejects("7100", "Processing a previous command")) == []


def test_an_error_may_be_about_the_abort():
    assert ours(rejects("7100", "Processing a previous command"), has_aborted=True) == []
    [outcome] = ours(rejects("7100", "Busy"), shows(), local_mode(APPROVED), has_aborted=True)
    assert outcome.state == OutcomeState.APPROVED


# === THE LAST RESULT, ADMINISTRATION === #


def test_the_last_result_is_a_fact_for_the_rules_of_money():
    zone = timezone.utc
    sent_at = datetime(2026, 3, 1, 12, tzinfo=zone)
    before = read_last_result([last_result(APPROVED)], TERMINAL, TILL)
    after = read_last_result([last_result(APPROVED | {"StanAuth": "000124ABCDEF", "TimeStamp": "20260301120200"})])
    question = Question(
        Kind.PURCHASE, "", 1000, zone, sent_at + timedelta(minutes=9), sent_at, 300, used_by_hand=False,
        baseline=Fingerprint.of(before, zone),
    )  # fmt: skip
    assert weigh(question, "idle", after, lambda _number: False).decision == Decision.CHARGED
    assert weigh(question, "idle", before, lambda _number: False).decision == Decision.SEEN_ONCE


@pytest.mark.parametrize(
    "text",
    [
        say("<Dfs13LastFinancialResult/>"),
        say('<Dfs13LastFinancialResult xmlns="urn:nets"><Result/><StanAuth> </StanAuth></Dfs13LastFinancialResult>'),
        fails("7000", "No transaction found"),
    ],
)
def test_a_terminal_may_have_no_last_result(text):
    assert read_last_result([shows(), text]) is None


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ([], Reason.CONNECTION_INTERRUPTED),
        ([shows(), READY], Reason.CONNECTION_INTERRUPTED),
        ([rejects("7100", "Processing a previous command")], Reason.TERMINAL_BUSY),
        ([fails("4711", "?")], Reason.SERVICE_ERROR),
        (["<NetsResponse>"], Reason.UNREADABLE_ANSWER),
        ([local_mode(APPROVED)], Reason.CONNECTION_INTERRUPTED),
        ([last_result(APPROVED | {"TerminalID": "10000002"})], Reason.CONNECTION_INTERRUPTED),
    ],
)
def test_no_last_result_is_not_the_same_as_not_told(texts, reason):
    with pytest.raises(ConnectCloudError) as caught:
        read_last_result(texts, TERMINAL, TILL)
    assert caught.value.reason == reason


def test_a_reconciliation_is_read_with_its_report():
    done = local_mode({"Result": "1", "SessionNumber": "21", "TimeStamp": "20260301220000"})
    outcome = read_administration([prints("TOTALS"), prints("PAGE 2"), done], TERMINAL, TILL)
    assert (outcome.state, outcome.session_number, outcome.report_text) == (
        OutcomeState.APPROVED,
        "021",
        "TOTALS\nPAGE 2",
    )
    assert read_administration([shows()]) is None
    assert read_administration([local_mode(APPROVED)]) is None
    refused = read_administration([rejects("7100", "Processing a previous command")])
    assert (refused.state, refused.started, refused.reason) == (
        OutcomeState.NOT_APPROVED,
        False,
        Reason.TERMINAL_BUSY,
    )
    assert read_administration([shows(), rejects("7100", "Processing a previous command")]) is None
    assert read_administration([local_mode({"Result": "99"})]).state == OutcomeState.UNKNOWN


def test_what_has_no_answer_is_unknown_and_what_was_not_sent_never_ran():
    outcome = unknown_outcome([shows("Please wait")])
    assert (outcome.state, outcome.reason) == (OutcomeState.UNKNOWN, Reason.CONNECTION_INTERRUPTED)
    assert "Please wait" in outcome.raw
    assert unknown_administration([]).state == OutcomeState.UNKNOWN
    for unsent in (not_reached_outcome(f"No way {PAN}"), not_reached_administration(f"No way {PAN}")):
        assert (unsent.state, unsent.started) == (OutcomeState.NOT_APPROVED, False)
        assert unsent.message == "No way ************0004"


# === XML AS IT COMES === #


def test_xml_is_read_in_the_forms_that_programs_write():
    content = local_mode(APPROVED)
    variants = [
        f'\ufeff<?xml version="1.0" encoding="utf-16"?>\r\n{content}\n',
        content.replace("<NetsResponse>", '<n:NetsResponse xmlns:n="urn:nets">').replace("</Nets", "</n:Nets"),
        content.replace("Visa", "<![CDATA[Visa]]>"),
        content.replace("Visa", "&#86;isa"),
        content.replace("<Result>0</Result>", "").replace("<Dfs13LocalMode>", '<Dfs13LocalMode Result="0">'),
        content.replace("<Result>", "<!-- done --><Result>\n ").replace("</Result>", "\n</Result>"),
    ]
    for text in variants:
        [outcome] = ours(text)
        assert (outcome.state, outcome.total_amount, outcome.card.brand) == (OutcomeState.APPROVED, 1000, "Visa")


def test_a_receipt_may_hold_what_xml_may_not():
    [message] = read_messages([prints("\x1b!H&M <br/>A &lt; B &#x1B;&#0;&nbsp;\x00")])
    assert (message.kind, message.text) == (MessageKind.PRINT, "!H&M A < B &nbsp;")
    [message] = read_messages([prints("\ud800 half of a pair")])
    message.raw.encode()


def test_a_document_may_hold_several_messages():
    both = say(f"<Dfs13PrintText><Text>P</Text></Dfs13PrintText><Dfs13LocalMode>{fields(APPROVED)}</Dfs13LocalMode>")
    [outcome] = ours(both)
    assert outcome.customer_receipt == "P"
    assert outcome.raw.count("<NetsResponse") == 1


def test_display_texts_are_read_in_the_forms_that_are_plausible():
    lines = say("<Dfs13DisplayText><Line1>Enter</Line1><Line2>PIN</Line2></Dfs13DisplayText>")
    texts = [shows(" Hi "), say("<Dfs13DisplayText><Text>Hi</Text><Id>3</Id></Dfs13DisplayText>"), lines]
    messages = read_messages(texts)
    assert {message.kind for message in messages} == {MessageKind.DISPLAY}
    assert [message.text for message in messages] == ["Hi", "Hi", "Enter\nPIN"]


# === HOSTILE === #

LAUGHS = "<!DOCTYPE a [<!ENTITY a0 'ha'>{}]>{}".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)),
    local_mode(APPROVED | {"CardIssuerName": "&a11;"}),
)
FILE = f"<!DOCTYPE a [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>{local_mode(APPROVED | {'CardIssuerName': '&f;'})}"
HOSTILE = {
    "entities": LAUGHS,
    "a file": FILE,
    "an external type": f"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'>{local_mode(APPROVED)}",
    "depth": say("<a>" * 15_000 + "</a>" * 15_000),
    "open depth": "<NetsResponse>" * 9000,
    "elements": say("<a/>" * (MAX_ELEMENTS + 1)),
    "attributes": say("<a {}/>".format(" ".join(f"a{number}=''" for number in range(MAX_ELEMENTS + 1)))),
    "one attribute": '<NetsResponse a="' + "<" * 100_000,
    "ampersands": say("&" * 100_000),
    "references": say("&#x0;" * 20_000),
    "size": local_mode(APPROVED | {"AID": "1" * MAX_MESSAGE}),
    "digits": "4" * 100_000,
    "pans": "TruncatedPAN " * 9000,
    "comments": say("<!--" * 30_000),
    "no text": 12,
    "nothing": None,
    "empty": "",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_unreadable_and_costs_little(name):
    began = time.process_time()
    messages = read_messages([HOSTILE[name]])
    assert time.process_time() - began < SECONDS
    is_text = name in ("ampersands", "references")  # which says nothing
    assert {message.kind for message in messages} == {MessageKind.OTHER if is_text else MessageKind.UNREADABLE}
    assert ours(HOSTILE[name]) == []


def test_the_number_of_texts_and_their_size_is_bounded():
    assert ours(*[READY] * MAX_MESSAGES, local_mode(APPROVED)) == []
    big = prints("x" * (MAX_MESSAGE // 2))
    assert ours(*[big] * (MAX_TOTAL * 2 // MAX_MESSAGE + 1), local_mode(APPROVED)) == []
    fitting = [big] * (MAX_TOTAL * 2 // MAX_MESSAGE - 1)
    assert len(ours(*fitting, local_mode(APPROVED))) == 1


@pytest.mark.parametrize(
    "text",
    [
        local_mode(APPROVED | {"TruncatedPAN": PAN, "AID": PAN}),
        local_mode(APPROVED | {"TruncatedPAN": "492500******0004"}),
        local_mode(APPROVED | {"Result": f"<!--{PAN}-->0"}),
        local_mode(APPROVED | {"AID": "".join(f"&#{ord(digit)};" for digit in PAN)}),
        local_mode(APPROVED | {"AID": f"49250000<![CDATA[{PAN[8:]}]]>"}),
        local_mode(APPROVED | {"AID": f"49250000<!-- -->{PAN[8:]}"}),
        local_mode(APPROVED).replace("<Dfs13LocalMode>", f'<Dfs13LocalMode TruncatedPAN="{PAN}" a="{PAN}">'),
        prints(f"CARD {PAN}"),
        prints("CARD 4925 0000 0000 0004"),
        shows(PAN),
        fails(PAN, PAN),
        f"{PAN}<",
        "<" + "".join(f"&#x3{digit};" for digit in PAN),
        f"<TruncatedPAN>49250000{PAN[8:]}",
    ],
)
def test_no_card_number_gets_past(text):
    messages = read_messages([text])
    outcomes = [*(outcome for outcome, _was_shown in read_answers([text])), unknown_outcome([text])]
    for shown in (*map(repr, messages), *(value for item in messages + outcomes for value in _texts(item))):
        digits = "".join(character for character in shown if character.isdigit())
        assert PAN[:-4] not in digits
        assert "492500" not in shown


def _texts(item):
    values = [getattr(item, name) for name in item.__dataclass_fields__]
    flat = [*values, *(item.fields.values() if hasattr(item, "fields") else item.card.__dict__.values())]
    return [value for value in flat if isinstance(value, str)]


PIECES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "<NetsResponse>", "</NetsResponse>", "<Dfs13LocalMode>", "</Dfs13LocalMode>", "<Result>0</Result>",
            "<Result>2</Result>", "<![CDATA[", "]]>", "<!--", "-->", "&amp;", "&", "&#0;", "<?xml?>", "<!DOCTYPE a [",
            "<!ENTITY a 'b'>", "]>", "&a;", "<TotalAmount>1</TotalAmount>", "\x00", "\ud800", "<a b='", "'/>", PAN,
        ]
    ),
)  # fmt: skip


@given(st.lists(st.lists(PIECES, max_size=30).map("".join), max_size=5), st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_text_makes_it_fail_or_forget_what_was_proven(texts, has_aborted):
    read_answers(texts, TERMINAL, TILL, has_aborted=has_aborted)
    read_administration(texts, has_aborted=has_aborted)
    unknown_outcome(texts).raw.encode()
    for message in read_messages(texts):
        f"{message.raw}{message.text}{message.code}".encode()
    # The agent's own result is found all the same, whatever stands around it.
    outcomes = ours(*texts, local_mode(APPROVED), *texts, has_aborted=has_aborted)
    assert [outcome.stan for outcome in outcomes if outcome.stan] == ["000123"]


VALUES = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=40)


@given(st.fixed_dictionaries({"TotalAmount": st.integers(1, 10**9), "StanAuth": VALUES, "AID": VALUES}), VALUES)
@settings(max_examples=200, deadline=None)
def test_what_is_escaped_is_read_as_it_was(values, paper):
    from xml.sax.saxutils import escape  # as the agent's program would

    escaped = {name: escape(str(value)) for name, value in values.items()}
    [outcome] = ours(prints(escape(f".{paper}.")), local_mode({"Result": "0", **escaped}))
    assert outcome.total_amount == values["TotalAmount"]
    assert outcome.state == OutcomeState.APPROVED
    assert len(outcome.customer_receipt) == len(paper) + 2
