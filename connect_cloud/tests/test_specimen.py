import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_cloud.specimen import specimen

ANSWER = {
    "result": [
        {
            "cardType": "VISA",
            "localModeEventArgs": {
                "Result": 0,
                "TotalAmount": "105000",
                "StanAuth": "000101A00101",
                "TimeStamp": "20261105120000",
                "TruncatedPAN": "************0010-1",
                "OptionalData": '{"od": {"dcc": {"cam": 1234}}}',
            },
            "customerReceipt": "Zither Shop\r\nVISA ****0010\r\n",
        }
    ]
}


def test_what_the_client_reads_stays_and_the_rest_is_a_form():
    text = specimen(json.dumps(ANSWER))
    [result] = json.loads(text)["result"]
    mode = result["localModeEventArgs"]
    assert mode == {
        "Result": 0,
        "TotalAmount": "105000",
        "StanAuth": "000101A00101",
        "TimeStamp": "20261105120000",
        "TruncatedPAN": "************0000-0",
        "OptionalData": mode["OptionalData"],
    }
    assert json.loads(mode["OptionalData"]) == {"od": {"dcc": {"cam": 1000}}}
    assert result["customerReceipt"] == "Xxxxxx Xxxx\r\nXXXX ****0000\r\n"
    assert result["cardType"] == "XXXX"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<html>Sorry, Anna 12</html>", "<html>Xxxxx, Xxxx 00"),
        ("Busy 17", "Xxxx 00"),
        ("<R><Result>0</Result><TruncatedPAN>**0010</TruncatedPAN></R>", "<R>\n<Result>0\n<TruncatedPAN>**0000"),
        ('<Card number="0010"><Name>Anna</Name></Card>', "<Card>\n<Name>Xxxx"),
        ("", ""),
    ],
)
def test_what_is_no_json_has_a_form_too(raw, expected):
    assert specimen(raw) == expected


VALUES = st.one_of(st.none(), st.booleans(), st.text("abcXYZæØ ,-\r\n"), st.integers(), st.floats(allow_nan=False))


@given(st.dictionaries(st.sampled_from(["a", "cardType", "TruncatedPAN", "printText"]), VALUES | st.lists(VALUES)))
def test_nothing_of_a_foreign_value_is_left(answer):
    shown = json.loads(specimen(json.dumps(answer)))
    assert shown.keys() == answer.keys()

    def compare(was, now):
        assert type(was) is type(now)
        if isinstance(was, list):
            for pair in zip(was, now, strict=True):
                compare(*pair)
        elif isinstance(was, str) and not was.lstrip().startswith(("{", "[")):
            assert len(was) == len(now)
            assert set(now) <= set("xX ,-\r\n")
        elif isinstance(was, int | float) and not isinstance(was, bool):
            assert now == 0.1 or (str(now).strip("0") == "1" and len(str(now)) == len(str(abs(was))))

    for name, value in answer.items():
        compare(value, shown[name])
