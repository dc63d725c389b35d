"""Strict JSON (RFC 8259, RFC 7515 section 10.12): which texts are read, as what, and which are refused with which reason.

Headers, claims and keys are read by the one parser that `read_json` calls, so what is shown here holds for all of them. How Python code
calls it is in test_reading.py; what generated texts mean, and that writing and reading are each other's inverse, is tested in the core.
"""

import json
import re
from collections.abc import Iterable

import pytest

from jwseal._encoding import read_json

CLAIMS = """{"iss":"https://id.example.com","aud":["api","account"],"exp":1924992000,"ok":true,"none":null,
    "realm_access":{"roles":["user"],"deep":[[],{},[{"a":-1.5e3}]]},"name":"Алиса","tab":"a\\tb\\u00e9\\ud83d\\ude00"}"""


def refusal(text: str | bytes) -> str:
    """The reason for which a text is refused."""
    with pytest.raises(ValueError) as caught:
        read_json(text)
    return str(caught.value)


def members(names: Iterable[str], value: str = "0") -> str:
    """An object of these names."""
    return "{" + ",".join(f'"{name}":{value}' for name in names) + "}"


READ = {
    "white space": ' \t\r\n{ "a" :\n[ 1 ,{ } , [\r] ,\t"b"\n] , "c" : null } \n',
    "names that differ": r'{"a":1,"a\u0000":2,"a\u0000\u0000":3,"":4,"\u0000":5}',
    "one name at several depths": '{"sub":{"sub":{"sub":1}},"x":[{"sub":1},{"sub":1}]}',
    "names in other letters": '{"sub":1,"Sub":2,"SUB":3,"sub ":4}',
    "names in other characters": '{"\u00e9":1,"e\u0301":2}',
    "names with equal ends": '{"prefix_1_suffix_1":1,"prefix_2_suffix_1":2,"prefix_1suffix_1":3}',
    "escapes": r'"\"\\\/\b\f\n\r\t\u0000\u001F\u00e9\u20AC\uD83D\uDE00 plain \u0041"',
    "strings with and without escapes": '["a\\u0041","\\u00e9","\u00e9","plain"]',
    "characters above 0x7e": '"\x7f\x80\u2028\ufeff"',
    "depth": "[" * 32 + "]" * 32,
    "depth of members": '{"a":' * 32 + "1" + "}" * 32,
    "width": "[" + '[[]],{"a":[]},' * 100 + "{}]",
    "members": members(map(str, range(1024))),
    "claims": CLAIMS,
}


@pytest.mark.parametrize("name", READ)
def test_texts_are_read(name: str) -> None:
    """A text means what it means to Python's own reader, as characters and as bytes, with white space around it."""
    text = READ[name]
    for read in (text, text.encode(), f"\n {text}\t"):
        assert repr(read_json(read)) == repr(json.loads(text))


def test_values_of_every_kind_are_outermost() -> None:
    """RFC 8259 section 2: any value may be the whole text."""
    for text in ("null", "true", "false", "0", "-1", "0.5", '""', "[]", "{}"):
        assert repr(read_json(f"\n {text}\t")) == repr(json.loads(text))


def test_integers_are_exact() -> None:
    """An integer has its value, up to 4,300 digits."""
    near = [bound + step for bound in (2**53, 2**63, 2**64, 10**18) for step in (-1, 0, 1)]
    for number in [0, 1893456000, *near, *(-number for number in near), 10**4299, int("9" * 4300)]:
        assert read_json(str(number)) == number
    for digits in ("123456789012345678", "908172635443526170", "999999999999999999"):
        for length in range(1, 19):
            assert read_json(digits[:length]) == int(digits[:length])
    assert read_json("-0") == 0
    for sign in ("", "-"):
        assert refusal(sign + "9" * 4301) == "too many digits"


def test_floats_are_finite() -> None:
    """A fraction or an exponent makes a float, which is finite."""
    for text in (
        "1.0",
        "-0.0",
        "0.1",
        "1e5",
        "1E+5",
        "1e-5",
        "1.5e300",
        "5e-324",
        "1e-400",
        "123456789.123456789",
        "0e0",
    ):
        assert repr(read_json(text)) == repr(float(text))
    for text in ("1e400", "-1e400", "1.8e308", f"1{'0' * 400}.0"):
        assert refusal(text) == "a number out of range"


REFUSED: dict[str, list[str]] = {
    "duplicate member": [
        '{"sub":"a","sub":"b"}',
        r'{"sub":1,"\u0073ub":2}',
        r'{"\u0073ub":1,"sub":2}',
        r'{"a\/b":1,"a/b":2}',
        '{"":1,"":2}',
        '{"a":{"b":[{"c":1,"d":2,"c":1}]}}',
        '{"sub":{"sub":1},"x":[],"sub":2}',
        '{"\U0001f600":1,"\\ud83d\\ude00":2}',
        '{"a_name_of_more_than_eight":1,"b":{},"a_name_of_more_than_eight":2}',
        r'{"a_name_of_more_than_eight":1,"b":{},"a_name_of_\u006dore_than_eight":2}',
        r'{"email_verified":1,"email_\u0076erified":2}',
    ],
    "nested too deeply": ["[" * 33 + "]" * 33, '{"a":' * 33 + "1" + "}" * 33, "[" * 100_000, '{"a":' * 100_000],
    "too many members": [members(map(str, range(1025)))],
    "a number with a leading zero": ["01", "-01", "00", "-00", "01.5", "[0123]"],
    "an incomplete number": ["-", "1.", "-.5", "1.e5", "1e", "1e+", "1E-", "-a", "-Infinity", "[1.]"],
    "a lone surrogate in a string": [
        r'"\ud800"',
        r'"\udc00"',
        r'"\udfff\ud800"',
        r'"\ud800x"',
        r'"\ud800\n"',
        r'"\ud800\ud800"',
        r'"\ud800\u0041"',
        r'{"\udbff":1}',
    ],
    "an unknown escape in a string": [
        r'"\a"',
        r'"\x41"',
        r'"\'"',
        r'"\U0041"',
        r'"\u+041"',
        r'"\u004"',
        r'"\u00g0"',
        r'"\u 041"',
        r'"\ud800\u+c00"',
        '"\\\n"',
        '"\\\0"',
    ],
    "starts with a byte order mark": ["\ufeff{}"],
    "text after the value": [
        *("0x10", "1_000", "1d", "0b1", "1 2", "0.1.2", "1e5.5", "1-2", "1\uff10"),
        *("{}x", "{}{}", "{} {}", "{},", "{}]", "{}}", "{}\0", "[]\x0b", "[]\xa0", '""""', "nulls", "{}//"),
        *("truefalse", "{}\ufeff"),
    ],
    "ends early": [
        *("", " ", "{", "[", "[1", "[1,", '{"', '{"a', '{"a"', '{"a":', '{"a":1', '{"a":1,'),
        *('"\\', '"\\u00', '"\\ud800'),
    ],
    "a member without a name": ["{,}", '{"a":1,}', "{a:1}", "{'a':1}", "{1:1}", "{null:1}"],
    "a member without a colon": ['{"a"}', '{"a",1}', '{"a"=1}'],
    "no comma between members": ['{"a":1 "b":2}', '{"a":1]', '{"a":1;"b":2}', '{"a":1/**/}'],
    "no comma between elements": ["[1 2]", "[1}", "[1:2]"],
    "not a JSON value": [
        *("NaN", "Infinity", "+1", ".5", "nan", "inf", "[NaN]", '{"exp":Infinity}', "\u0661", " \ufeff{}"),
        *('{"a":}', "[,]", "[1,]", "]", "}", ":", "'a'", "True", "tru", "nul", "fals ", "undefined"),
        *("//c\n{}", "/**/{}", "\0{}", "\x0b{}", "\x0c{}", "\xa0{}"),
    ],
}


@pytest.mark.parametrize("reason", REFUSED)
def test_texts_are_refused(reason: str) -> None:
    """RFC 8259 has no extensions, nothing follows the value, and no text has two readings."""
    for text in REFUSED[reason]:
        assert refusal(text) == reason, text[:60]


def test_duplicates_are_found_in_objects_of_every_size() -> None:
    """A duplicate is found at any position, in objects searched as they are read and in those searched at their end."""
    for size in (2, 3, 15, 31, 32, 33, 34, 64, 65, 200, 1024):
        names = [f"common_prefix_{index}_common_suffix" for index in range(size)]
        assert len(read_json(members(names, '[{"a":[]}]'))) == size
        for first, second in ((0, 1), (0, size - 1), (size // 2, size - 1), (size - 2, size - 1)):
            if first != second:
                twice = [*names[:second], names[first], *names[second + 1 :]]
                assert refusal(members(twice, '[{"a":[]}]')) == "duplicate member", (first, second, size)


def test_control_characters_in_strings_are_refused() -> None:
    """Every control character, alone and after an escape, at every distance from the start of a word."""
    for octet in range(0x20):
        for before in range(20):
            for escape in ("", "\\n"):
                text = f'"{escape}{"x" * before}{chr(octet)}{"y" * 9}"'
                assert refusal(text) == "a control character in a string", (octet, before)


@pytest.mark.parametrize("octets", ["c080", "eda080", "f4908080", "ff", "80", "c3", "e282", "f888808080"])
def test_invalid_utf8_is_refused(octets: str) -> None:
    """Bytes that are not UTF-8 are refused at any position: overlong forms, surrogates, and beyond U+10FFFF."""
    for before, after in ((b'"', b'"'), (b'{"', b'":1}'), (b"", b"{}"), (b"{}", b"")):
        assert refusal(before + bytes.fromhex(octets) + after) == "not UTF-8"


def test_other_encodings_are_refused() -> None:
    """UTF-16 and UTF-32 are not JSON here, in either byte order."""
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        assert re.fullmatch("not UTF-8|a member without a name|not a JSON value", refusal('{"a":1}'.encode(encoding)))


def test_every_proper_prefix_is_refused() -> None:
    """A text that was cut short is refused, and nothing is read beyond the cut."""
    reasons = {"ends early", "not a JSON value", "an incomplete number", "a lone surrogate in a string"}
    for end in range(len(CLAIMS)):
        assert refusal(CLAIMS[:end]) in reasons, end
