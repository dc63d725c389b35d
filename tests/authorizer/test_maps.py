"""Maps: templates, names of certificates, headers, and what a claim can never do to them."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from jwseal.authorizer.attribute_map import AttributeFault, AttributeMap, Attributes
from jwseal.authorizer.claim_path import ABSENT, ClaimPath
from jwseal.authorizer.configuration import read_configuration
from jwseal.authorizer.subject import alternative_name, distinguished_name_text, subject_name
from jwseal.authorizer.template import Template

CONFIGURATION = """
[issuers.bank]
issuer = "https://as.example"
keys_file = "bank.jwks"
algorithms = ["EdDSA"]
audience = "signing"
[[rules]]
id = "sign"
issuer = "bank"
effect = "allow"
when = { claim = "scope", contains = "sign" }
[maps.default]
"""


def compiled(lines: str) -> AttributeMap:
    return read_configuration(CONFIGURATION + lines, name="a.toml", folder=Path()).maps["default"]


def fill(lines: str, **claims: Any) -> Attributes:
    return compiled(lines).fill(claims)


def fault(lines: str, **claims: Any) -> str:
    """The reason of the fault that the map must end in."""
    with pytest.raises(AttributeFault) as caught:
        fill(lines, **claims)
    return str(caught.value)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{name}", "Ann Lee"),
        ("{ name }", "Ann Lee"),
        ("user {number}!", "user 42!"),
        ("{{{name}}", "{Ann Lee}"),
        ("{{name}", "{name}"),
        ("{name|upper}", "ANN LEE"),
        ("{padded|trim|lower}", "x"),
        ("{decomposed|nfc}", "\u00e9"),
        ("{address.city}", "Brno"),
        ('{"https://x/y".z}', "deep"),
        ('{"a|b}"|lower}', "odd"),
        ("{/list/1}", "b"),
        ("{/https:~1~1x~1y/z}", "deep"),
        ("plain", "plain"),
    ],
)
def test_templates(template: str, text: str) -> None:
    """A template is filled with claims at their paths, through its filters."""
    claims = {
        "name": "Ann Lee", "number": 42, "padded": " X ", "decomposed": "e\u0301", "address": {"city": "Brno"},
        "https://x/y": {"z": "deep"}, "a|b}": "ODD", "list": ["a", "b"],
    }  # fmt: skip
    assert Template(template).render(claims) == text


@pytest.mark.parametrize("value", [None, True, False, 1.5, [], ["a"], {}, {"a": 1}, "", "  ", 10**400], ids=repr)
def test_what_leaves_a_component_empty(value: Any) -> None:
    """Only a string or an integer fills; null, a boolean, an array, an object, an empty string leave the component empty."""
    assert Template("x{claim|trim}").render({"claim": value}) is None
    assert fault('username = "x{claim|trim}"', claim=value) == "username is empty, and it is required"
    assert fill('username = { template = "x{claim|trim}", optional = true }', claim=value) == Attributes({}, {})


def test_an_absent_claim_leaves_it_empty() -> None:
    """A claim that is not there empties the whole component, literal text included."""
    assert fault('subject_dn.CN = "{given} {family}"', given="Ann") == "subject_dn.CN is empty, and it is required"


@pytest.mark.parametrize(
    "template",
    [
        "{",
        "{name",
        "{}",
        "{a b}",
        "{a..b}",
        "{.a}",
        "{name|}",
        "{name|eval}",
        "{name||lower}",
        '{"a}',
        "{/a~2}",
        "${JWT.x}",
        "{a[0]}",
    ],
)
def test_texts_that_are_no_template(template: str) -> None:
    """A template that cannot be read is a ValueError with what to write."""
    with pytest.raises(ValueError, match=r"path|brace|filters|written"):
        Template(template)


@pytest.mark.parametrize(
    ("path", "value"),
    [("a.b", 1), ("/a/b", 1), ("list.0", ABSENT), ("/list/0", "x"), ("/list/01", ABSENT), ("/list/-", ABSENT), ("/list/9", ABSENT),
     ("a.b.c", ABSENT), ("x", ABSENT), ("/", "empty"), ('""', "empty"), ("/list", ["x"]), ("n", None)],
)  # fmt: skip
def test_paths(path: str, value: object) -> None:
    """Dots and JSON Pointers lead to members; a JSON Pointer alone indexes an array."""
    assert ClaimPath(path).find({"a": {"b": 1}, "list": ["x"], "": "empty", "n": None}) == value


def test_one_entry_for_each_element() -> None:
    """An array fills an alternative name once for each of its strings."""
    assert fill('san.rfc822Name = "{emails|lower}"', emails=["A@x.cz", "b@x.cz", None]).raw == {
        "san": {"rfc822Name": ["a@x.cz", "b@x.cz"]}
    }
    assert fault('san.rfc822Name = "{emails}"', emails=[]).startswith("san.rfc822Name is empty")
    assert fault('san.upn = "{a}@{b}"', a=["x", "y"], b=["1", "2"]).startswith("san.upn is empty")


def test_too_many_entries() -> None:
    """The number of alternative names is bounded, and none is left out silently."""
    names = [f"u{number}@x.cz" for number in range(65)]
    assert (
        fault('san.rfc822Name = "{emails}"', emails=names)
        == "san.rfc822Name has 65 entries, and at most 64 are possible"
    )


EVIL = [
    "Ann,O=Evil",
    "Ann+O=Evil",
    "Ann\\,O=Evil",
    'Ann",O="Evil',
    "#0401",
    " Ann",
    "Ann ",
    "Ann;O=Evil",
    "Ann=1",
    "<Ann>",
    "{sub}",
    "A{{B",
]


@pytest.mark.parametrize("name", EVIL)
def test_a_claim_stays_one_component(name: str) -> None:
    """A common name with `,O=Evil` in it is one relative distinguished name with one value, as an object and as text."""
    attributes = fill('subject_dn.CN = "{name}"\nsubject_dn.O = "Example"', name=name, sub="x").raw
    assert attributes == {"subject_dn": {"CN": name, "O": "Example"}}
    subject = subject_name(attributes["subject_dn"])
    assert [len(list(one)) for one in subject.rdns] == [1, 1]
    assert [one.value for one in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [name]
    assert [one.value for one in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["Example"]
    assert x509.Name.from_rfc4514_string(distinguished_name_text(attributes["subject_dn"])) == subject


@pytest.mark.parametrize(
    "letter", ["\0", "\n", "\r", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\u200f", "\u061c", "\u200b", "\ufeff", "\u2028",
               "\ue000", "\uffff"], ids=ascii,
)  # fmt: skip
@pytest.mark.parametrize(
    "target", ["subject_dn.CN", "san.upn", "username", "key_alias", "headers.X-User", "context.user"]
)
def test_characters_that_no_attribute_has(letter: str, target: str) -> None:
    """NUL, controls, bidirectional and other unseen characters are refused at every target, and never taken out."""
    sentence = fault(f'{target} = "{{name}}"', name=f"Ann{letter}Lee")
    assert sentence == f"{target} has an invisible character, or one that changes the text direction"


@pytest.mark.parametrize(
    ("target", "longest"),
    [("subject_dn.O", 64), ("subject_dn.L", 128), ("username", 256), ("key_alias", 256),
     ("headers.X-A", 1024), ("context.a", 1024), ("san.upn", 256)],
)  # fmt: skip
def test_values_that_are_too_long(target: str, longest: int) -> None:
    """A value of the longest length passes, a longer one is refused and never cut."""
    fill(f'{target} = "{{name}}"', name="é" * longest)
    assert fault(f'{target} = "{{name}}"', name="é" * (longest + 1)) == (
        f"{target} has {longest + 1} characters, and at most {longest} are possible"
    )


def test_bytes_of_a_common_name() -> None:
    """A common name has at most 64 bytes, as a certificate is made with it."""
    for name in ("x" * 64, "é" * 32):
        subject_name(fill('subject_dn.CN = "{name}"', name=name).raw["subject_dn"])
    for name, count in (("é" * 33, "66 bytes"), ("x" * 65, "65 characters")):
        sentence = fault('subject_dn.CN = "{name}"', name=name)
        assert sentence == f"subject_dn.CN has {count}, and at most 64 are possible"


@pytest.mark.parametrize(
    ("target", "value"),
    [("subject_dn.C", "cz"), ("subject_dn.C", "CZE"), ("subject_dn.serialNumber", "a_b"), ("subject_dn.emailAddress", "ä@x.cz"),
     ("san.rfc822Name", "a@b@c"), ("san.rfc822Name", "a b@c.cz"), ("san.rfc822Name", "a@x.cz,b@x.cz"), ("san.rfc822Name", "ann"),
     ("san.dNSName", "a_b.cz"), ("san.dNSName", "*.x.cz"), ("san.dNSName", "a..cz"), ("san.dNSName", "a.cz\\x00.evil"),
     ("san.uri", "no scheme"), ("san.uri", "https://x/ä"), ("san.iPAddress", "1.2.3"), ("san.iPAddress", "fe80::1%eth0")],
)  # fmt: skip
def test_values_that_a_name_cannot_have(target: str, value: str) -> None:
    """A value that the kind of name cannot hold is refused."""
    assert fault(f'{target} = "{{value}}"', value=value).startswith(target)


def test_the_order_of_a_subject() -> None:
    """The certificate has the most general component first, the text the most specific, whatever the order of the map."""
    components = {"CN": "Ann", "C": "CZ", "O": "Example", "UID": "7"}
    assert [one.value for one in subject_name(components)] == ["CZ", "Example", "7", "Ann"]
    assert distinguished_name_text(components) == "CN=Ann,UID=7,O=Example,C=CZ"


def test_alternative_names_of_every_kind() -> None:
    """Each kind becomes the general name of that kind."""
    names = fill(
        'san.rfc822Name = "{e}"\nsan.dNSName = "{d}"\nsan.uri = "{u}"\nsan.iPAddress = "{i}"\nsan.upn = "{n}"',
        e="a@x.cz", d="x.cz", u="urn:x:1", i="::1", n="ann" * 60,
    ).raw["san"]  # fmt: skip
    extension = alternative_name(names)
    assert extension is not None
    assert [type(one) for one in extension] == [
        x509.RFC822Name, x509.DNSName, x509.UniformResourceIdentifier, x509.IPAddress, x509.OtherName,
    ]  # fmt: skip
    [upn] = extension.get_values_for_type(x509.OtherName)
    assert upn.value == b"\x0c\x81\xb4" + b"ann" * 60
    assert alternative_name({}) is None


@pytest.mark.parametrize(
    ("value", "header"),
    [("ann", "ann"), ("a,b;c", "a%2Cb%3Bc"), ('a"b\\c', "a%22b%5Cc"), ("100%", "100%25"), ("čaj", "%C4%8Daj"), (" a b ", "%20a b%20"),
     ("a%2Cb", "a%252Cb")],
)  # fmt: skip
def test_header_values(value: str, header: str) -> None:
    """A claim in a header is percent-encoded where a list, a quoted string or a byte beyond ASCII could begin; attributes are raw."""
    attributes = fill('headers.X-User = "id={name}"', name=value)
    assert attributes == Attributes({"headers": {"X-User": f"id={value}"}}, {"X-User": f"id={header}"})


def test_all_claims_in_the_context() -> None:
    """`all_claims_to_context` gives every claim under its own name, and a component of the map replaces the claim of its name."""
    attributes = fill('all_claims_to_context = true\ncontext.sub = "user {sub}"', sub="ann", n=[1])
    assert attributes.raw == {"context": {"sub": "user ann", "n": [1]}}


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_claim_adds_anything(name: str, other: str) -> None:
    """Whatever two claims hold, the subject has the components of the map, once each with that value, or the map is a fault."""
    attribute_map = MAP
    try:
        attributes = attribute_map.fill({"name": name, "other": other})
    except AttributeFault:
        return
    assert attributes.raw == {
        "subject_dn": {"CN": name, "OU": other},
        "san": {"upn": [name]},
        "headers": {"X-A": name, "X-B": other},
    }
    subject = subject_name(attributes.raw["subject_dn"])
    assert [[one.value for one in rdn] for rdn in subject.rdns] == [[other], [name]]
    assert x509.Name.from_rfc4514_string(distinguished_name_text(attributes.raw["subject_dn"])) == subject
    assert all(value.isascii() and value.isprintable() and "," not in value for value in attributes.headers.values())
    assert not any(unicodedata.category(letter).startswith(("C", "Zl", "Zp")) for letter in name + other)
    assert json.dumps(attributes.raw)


MAP = compiled(
    'subject_dn.CN = "{name}"\nsubject_dn.OU = "{other}"\nsan.upn = "{name}"\nheaders.X-A = "{name}"\nheaders.X-B = "{other}"'
)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{name|lower}", "\u212aim"),
        ("{name|upper}", "stra\u00dfe"),
        ("{name|upper}", "\u017fam"),
        ("{name|nfc}", "\u212aim"),
        ("{name|lower}", "\u0130pek"),
    ],
)
def test_letters_that_would_become_ascii(template: str, name: str) -> None:
    """A filter that would turn a letter beyond ASCII into one of ASCII leaves the component empty: no one gets another's name."""
    assert Template(template).render({"name": name}) is None


@pytest.mark.parametrize(
    ("template", "name", "text"),
    [
        ("{name|lower}", "J\u00dcRGEN", "j\u00fcrgen"),
        ("{name|upper}", "\u00e9va", "\u00c9VA"),
        ("{name|nfc}", "e\u0301va", "\u00e9va"),
        ("{name|trim}", " \t kim\r\n", "kim"),
        ("{name|trim}", "kim\u2003", "kim\u2003"),
    ],
)
def test_filters_beyond_ascii(template: str, name: str, text: str) -> None:
    """Letters beyond ASCII keep being such, and `trim` takes ASCII spaces alone."""
    assert Template(template).render({"name": name}) == text
