"""The configuration: what a TOML text may say, and that every fault is a PolicyError with line, column and key."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import forge
from jwseal import PolicyError
from jwseal.authorizer import Authorizer
from jwseal.authorizer.configuration import Configuration, read_configuration, seconds
from jwseal.authorizer.document import Document, dotted
from jwseal.authorizer.schema import schema, schema_text
from jwseal.authorizer.toml_text import toml_text

ROOT = Path(__file__).parents[2]
BASE = """\
[issuers.bank]
issuer = "https://as.example"
keys = [{ kty = "OKP", crv = "Ed25519", x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }]
algorithms = ["EdDSA"]
audience = ["signing"]

[[rules]]
id = "sign"
issuer = "bank"
effect = "allow"
when = { claim = "scope", contains = "sign" }
"""


def read(text: str) -> Configuration:
    return read_configuration(text, name="a.toml", folder=Path())


def fault(text: str) -> str:
    """The sentence of the PolicyError that a text must end in."""
    with pytest.raises(PolicyError) as caught:
        read(text)
    return str(caught.value)


def test_the_smallest() -> None:
    """An issuer with keys and a rule are a configuration."""
    configuration = read(BASE)
    assert list(configuration.issuers) == ["bank"]
    assert [rule["id"] for rule in configuration.rules] == ["sign"]
    assert (configuration.workers, configuration.maps, configuration.audit_subject) == ({}, {}, "plain")


CHANGES = [
    ('issuer = "https://as.example"', "issuer = 5", "a.toml:2:1: issuers.bank.issuer: must be the `iss`"),
    ('issuer = "https://as.example"', 'issuer = ""', "a.toml:2:1: issuers.bank.issuer: must not be empty"),
    ('issuer = "https://as.example"\n', "", "a.toml:1:1: issuers.bank: issuer is missing"),
    ('algorithms = ["EdDSA"]', "algorithms = []", "a.toml:4:1: issuers.bank.algorithms: must not be empty"),
    ('algorithms = ["EdDSA"]', 'algorithms = ["none"]', "a.toml:4:15: issuers.bank.algorithms[0]: must be one of "),
    ('algorithms = ["EdDSA"]\n', "", "a.toml:1:1: issuers.bank: algorithms is missing"),
    ('algorithms = ["EdDSA"]', 'algorithm = ["EdDSA"]', "a.toml:4:1: issuers.bank.algorithm: is not known here; did you mean algorithms?"),
    ('audience = ["signing"]\n', "", "a.toml:1:1: issuers.bank: audience is missing"),
    ('audience = ["signing"]', "audience = []", "a.toml:5:1: issuers.bank.audience: must not be empty"),
    ('audience = ["signing"]', 'audience = ["signing", 5]', "a.toml:5:24: issuers.bank.audience[1]: must be a string"),
    ('audience = ["signing"]', 'audience = "a"\nleeway = "1d"', "a.toml:6:1: issuers.bank.leeway: must be how far"),
    ('audience = ["signing"]', 'audience = "a"\nleeway = true', "a.toml:6:1: issuers.bank.leeway: must be how far"),
    ('audience = ["signing"]', 'audience = "a"\nleeway = inf', "a.toml:6:1: issuers.bank.leeway: must be how far"),
    ('audience = ["signing"]', 'audience = "a"\nmax_age = -1', "a.toml:6:1: issuers.bank.max_age: must be the longest"),
    ('audience = ["signing"]', 'audience = "a"\ntimeout = 3', "a.toml:6:1: issuers.bank.timeout: goes with jwks_url or discovery"),
    ('audience = ["signing"]', 'audience = "a"\nkeys_file = "b"', "a.toml:1:1: issuers.bank: give one of "),
    ('audience = ["signing"]', 'audience = "a"\nacr_order = ["a", ["b", "a"]]', "a.toml:6:1: issuers.bank.acr_order: has a value twice"),
    ('audience = ["signing"]', 'audience = "${AUD}"', "a.toml:5:1: issuers.bank.audience: the environment fills secrets only"),
    ("[issuers.bank]", '[issuers."a b"]', 'a.toml:1:1: issuers."a b": the name'),
    ('id = "sign"', "id = 5", "a.toml:8:1: rules[0].id: must be a name of your own"),
    ('issuer = "bank"', 'issuer = "bnak"', "a.toml:9:1: rules[0].issuer: there is no [issuers.bnak]"),
    ('issuer = "bank"', 'issuer = ["bank", "b"]', "a.toml:9:19: rules[0].issuer[1]: there is no [issuers.b]"),
    ('issuer = "bank"\n', "", "a.toml:7:1: rules[0]: issuer is missing"),
    ('effect = "allow"', 'effect = "permit"', 'a.toml:10:1: rules[0].effect: must be one of "allow", "deny"'),
    ("[[rules]]", "[rules]", "a.toml:7:1: rules: must be what is allowed"),
    ("[[rules]]", "[[rule]]", "a.toml:7:1: rule: is not known here; did you mean rules?"),
    ("[issuers.bank]", "[issuer.bank]", "a.toml:1:1: issuer: is not known here; did you mean issuers?"),
    ("[issuers.bank]", "[issuers]", "a.toml:2:1: issuers.issuer: must be a table [issuers.NAME]"),
    ('when = { claim = "scope", contains = "sign" }', "", "a.toml:7:1: rules[0]: when is missing: a condition such as {"),
    ('audience = ["signing"]', 'audience = "a"\nrequired = "sub"', "a.toml:6:1: issuers.bank.required: must be claims that must be there, "),
    ('audience = ["signing"]', 'audience = ["signing"', "a.toml:7:1: invalid TOML: "),
    ('audience = ["signing"]', "audience = signing", "a.toml:5:12: invalid TOML: Invalid value (strings need quotation marks"),
    ('audience = ["signing"]', 'audience: "signing"', "a.toml:5:9: invalid TOML: Expected '=' after a key in a key/value pair (write key"),
    ('audience = ["signing"]', 'audience = "signing', "a.toml:5:20: invalid TOML: Illegal character '\\n' (a string must end on its line"),
    ('audience = ["signing"]', 'audience = "a"\naudience = "b"', "a.toml:6:15: invalid TOML: Cannot overwrite a value (a key or table is"),
    ("[[rules]]", "[rules]\n[rules]", "a.toml:8:7: invalid TOML: Cannot declare ('rules',) twice (a table is defined twice"),
    ("[issuers.bank]", "\ufeff[issuers.bank]", "a.toml:1:1: the file starts with a byte order mark"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "sentence"), CHANGES, ids=[after[:30] or before[:30] for before, after, _ in CHANGES]
)
def test_faults_say_where(before: str, after: str, sentence: str) -> None:
    """A fault names file, line, column and dotted key, and says what to write."""
    assert BASE.count(before) >= 1
    assert fault(
        BASE.replace(before, after, 1) if before != 'issuer = "bank"' else BASE.replace(before, after)
    ).startswith(sentence)


ADDITIONS = [
    ('[[rules]]\nid = "sign"\nissuer = "bank"\neffect = "allow"\nwhen = {}', "13:1: rules[1].id: is the id of another rule"),
    ('[workers.a]\nrules = ["x"]', "13:10: workers.a.rules[0]: there is no rule of this id; there is sign"),
    ("[workers.a]\nrules = []", "13:1: workers.a.rules: must not be empty"),
    ('[workers.a]\nrules = ["sign"]\nmap = "m"', "14:1: workers.a.map: there is no [maps.m]; there is none"),
    ('[workers.a]\nrules = ["sign"]\nbinding = "csc"', "14:1: workers.a.binding: must be the forms"),
    ('[maps.m]\nsubject_dn.CN = "{name"', "13:1: maps.m.subject_dn.CN: a brace is not closed"),
    ('[maps.m]\nsubject_dn.CN = "${JWT.name}"', "13:1: maps.m.subject_dn.CN: a claim is written {name}, without $"),
    ('[maps.m]\nsubject_dn.XX = "{name}"', "13:1: maps.m.subject_dn.XX: the name must be one of"),
    ('[maps.m]\nsan.rfc822Name = { template = "{a b}" }', "13:1: maps.m.san.rfc822Name: a path is"),
    ("[maps.m]\nsan.rfc822Name = { optional = true }", "13:1: maps.m.san.rfc822Name: template is missing"),
    ('[maps.m]\nusername = "a\\u202eb{sub}"', "13:1: maps.m.username: has a character that cannot be seen"),
    ('[maps.m]\nheaders.X-User = "{sub}"\nheaders.x-user = "{sub}"', "13:1: maps.m.headers: has a name twice"),
    ('[maps.m]\nheaders."X User" = "{sub}"', '13:1: maps.m.headers."X User": the name has a character'),
    ('[maps.m]\nusername = "{sub|reverse}"', "13:1: maps.m.username: filters are lower, upper, trim, nfc"),
    ('[issuers.two]\nissuer = "https://as.example"\nkeys_file = "x"\nalgorithms = ["ES256"]\naudience = "a"',
     "13:1: issuers.two.issuer: is the issuer of issuers.bank too"),
    ('[audit]\nsubject = "hash"', '13:1: audit.subject: must be one of "plain", "sha256", "omit"'),
    ("[surprise]\na = 1", "12:1: surprise: is not known here"),
]  # fmt: skip


@pytest.mark.parametrize(("added", "sentence"), ADDITIONS, ids=[sentence for _, sentence in ADDITIONS])
def test_faults_in_what_is_added(added: str, sentence: str) -> None:
    """Workers, maps, further issuers and rules are judged with what they name."""
    assert fault(f"{BASE}{added}\n").startswith(f"a.toml:{sentence}")


def test_a_secret_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The member `k` of a key may come from the environment, and nothing else may."""
    monkeypatch.setenv("SIGNING_SECRET", forge.b64(forge.K32))
    keys = 'keys = [{ kty = "oct", alg = "HS256", k = "%s" }]'
    before = BASE.splitlines()[2]
    configuration = read(BASE.replace(before, keys % "${SIGNING_SECRET}"))
    assert configuration.issuers["bank"].table["keys"][0]["k"] == forge.b64(forge.K32)
    assert fault(BASE.replace(before, keys % "${NO_SUCH_NAME}")).endswith(
        "keys[0].k: the environment has no variable NO_SUCH_NAME"
    )
    assert fault(BASE.replace(before, keys % "a${SIGNING_SECRET}")).startswith(
        "a.toml:3:39: issuers.bank.keys[0].k: write the name"
    )
    assert "fills secrets only" in fault(BASE.replace(before, 'keys = [{ kty = "${SIGNING_SECRET}" }]'))


@pytest.mark.parametrize(
    ("span", "expected"), [(30, 30), (1.5, 1.5), ("30", 30), ("30s", 30), ("10m", 600), ("1h", 3600), ("0.5m", 30)]
)
def test_spans(span: float | str, expected: float) -> None:
    """A span is seconds, or a number with s, m or h."""
    assert seconds(span) == expected


def test_positions_of_every_form_of_toml() -> None:
    """Keys are found in headers, dotted keys, inline tables, arrays over several lines, and after strings of every kind."""
    document = Document(
        'a."b c".d = """x\n] = """ # c\n'
        "[t.u] # ]\n"
        "k = [ 1, '''\n\n''', { x.y = \"]\" },\n  # , comment\n  5 ]\n"
        "[[r]]\nz=1\n[r.s]\nw = 1979-05-27 07:32:00\n[[r]]\n[[r.v]]\n[[r.v]]\nq = true\n",
        "f",
    )
    places: list[tuple[tuple[str | int, ...], tuple[int, int]]] = [
        (("a", "b c", "d"), (1, 1)),
        (("t", "u"), (3, 1)),
        (("t", "u", "k"), (4, 1)),
        (("t", "u", "k", 1), (4, 10)),
        (("t", "u", "k", 2, "x", "y"), (6, 8)),
        (("t", "u", "k", 3), (8, 3)),
        (("r", 0, "z"), (10, 1)),
        (("r", 0, "s", "w"), (12, 1)),
        (("r", 1, "v", 1, "q"), (16, 1)),
        (("r", 1, "v", 1, "missing"), (15, 1)),
    ]
    assert [document.position(place) for place, _ in places] == [position for _, position in places]


def test_dotted_keys() -> None:
    """A place is written as TOML writes it, indexes in brackets; a name that cannot be printed is escaped."""
    assert dotted(("rules", 1, "when", "all", 0, "a b", "\u202e")) == 'rules[1].when.all[0]."a b"."\\u202e"'


def test_nesting_without_end() -> None:
    """A text that exhausts the reader's stack is a PolicyError."""
    assert "nested too deeply" in fault("a = " + "[" * 100_000)


def test_a_text_that_is_too_long() -> None:
    """A configuration is bounded before it is read."""
    assert "at most 1048576 characters" in fault("#" * 1_048_577)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [name for one in schema()["$defs"].values() for name in one.get("properties", {})] + ["issuers", "rules", "CN", "x"]
)
TABLES = st.recursive(
    st.text(max_size=6)
    | st.integers(-3, 700)
    | st.booleans()
    | st.floats()
    | st.sampled_from(["bank", "{sub}", "30s", "EdDSA", "${A}"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(min_size=1, max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


def accepted_or_policy_error(text: str) -> None:
    """Read a text; a fault is one line, whatever the text holds."""
    sentence = ""
    try:
        read(text)
    except PolicyError as error:
        sentence = str(error)
    assert sentence.isprintable()


@given(st.text(max_size=200))
def test_any_text_is_accepted_or_a_policy_error(text: str) -> None:
    """Nothing but PolicyError comes of a text, whatever it is."""
    accepted_or_policy_error(text)


@given(
    st.lists(
        st.sampled_from([*BASE.split(" "), "[", "]", "{", "}", '"', "\n", "=", ".", ",", "[[rules]]"]), max_size=60
    ).map(" ".join)
)
def test_pieces_of_a_configuration(text: str) -> None:
    """Nothing but PolicyError comes of pieces of TOML in any order."""
    accepted_or_policy_error(text)


@given(st.dictionaries(st.sampled_from(["issuers", "rules", "workers", "maps", "audit"]), TABLES, max_size=4))
def test_any_tables(tables: dict[str, Any]) -> None:
    """Nothing but PolicyError comes of valid TOML that says anything."""
    accepted_or_policy_error(as_toml(tables))


def as_toml(value: Any) -> str:
    """TOML of any tables, written inline."""

    def inline(one: Any) -> str:
        if isinstance(one, dict):
            return "{" + ", ".join(f"{json.dumps(key)} = {inline(item)}" for key, item in one.items()) + "}"
        if isinstance(one, list):
            return "[" + ", ".join(map(inline, one)) + "]"
        if isinstance(one, float):
            return repr(one).replace("e", "e") if one == one else "nan"
        return json.dumps(one).replace("\x7f", "\\u007f")

    return "\n".join(f"{json.dumps(key)} = {inline(one)}" for key, one in value.items())


def test_the_schema_is_published() -> None:
    """The page's copy of the schema is the package's own, which a tool for JSON Schema accepts."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema())
    assert (ROOT / "docs/authorizer/schema.json").read_text() == schema_text()


@pytest.mark.parametrize(
    ("before", "after", "sentence"), CHANGES[:14], ids=[after[:30] or before[:30] for before, after, _ in CHANGES[:14]]
)
def test_the_schema_judges_as_we_do(before: str, after: str, sentence: str) -> None:
    """What the reader refuses by the schema, an editor with the schema refuses too."""
    jsonschema = pytest.importorskip("jsonschema")
    import tomllib

    validator = jsonschema.Draft202012Validator(schema())
    assert validator.is_valid(tomllib.loads(BASE))
    if "missing" not in sentence:
        assert not validator.is_valid(tomllib.loads(BASE.replace(before, after)))


def test_toml_text_is_read_back() -> None:
    """What is written as TOML says the same when it is read."""
    tables = {
        "issuers": {"a b": {"issuer": 'x"\\\n\x7f\u2028', "keys": [{"kty": "oct"}], "leeway": 30}},
        "rules": [{"id": "r", "when": {"all": [{"claim": '"a.b"', "equals": True}]}}],
        "maps": {"m": {"subject_dn": {"CN": "{name}"}, "all_claims_to_context": True}},
    }
    assert Document(toml_text(tables), "f").data == tables


def test_the_first_configuration_of_the_docs(tmp_path: Path) -> None:
    """One authorization server, two rules and a map for certificates take at most 30 lines, as the page shows them."""
    page = (ROOT / "docs/authorizer/index.md").read_text()
    text = page.split("```toml\n", 1)[1].split("```", 1)[0]
    assert len(text.splitlines()) <= 30
    jwk = forge.material("PS512").public_jwk()
    (tmp_path / "bank.jwks").write_text(json.dumps({"keys": [jwk]}))
    authorizer = Authorizer.from_text(text, folder=tmp_path)
    assert (authorizer.workers, authorizer.warnings) == ((), ())
    data = tomllib.loads(text)
    assert (len(data["issuers"]), len(data["rules"]), len(data["maps"])) == (1, 2, 1)
