"""SignServer's worker properties: what is imported, what is refused, and the outcomes that its own unit tests publish.

The outcomes are those of the JWT Authorizer's unit tests (rules, audiences, clock skew), one row each: the properties, what is
done to the token, and whether the parent product authorizes it.
"""

import base64
import contextlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import forge
from jwseal import PolicyError
from jwseal.authorizer import Authorizer, Decision
from jwseal.authorizer.properties import read_properties
from jwseal.authorizer.signserver import import_signserver

NOW = time.time()
RSA, OTHER, EC = (forge.material("RS256"), forge.material("RS256", "other"), forge.material("ES256"))


def spki(material: forge.Material) -> str:
    """A public key as SignServer's properties have it."""
    return base64.b64encode(material.spki()).decode()


SERVER = f"AUTHSERVER1.ISSUER=issuer1\nAUTHSERVER1.PUBLICKEY={spki(RSA)}\n"
RULE = "AUTHJWT37.ISSUER=issuer1\nAUTHJWT37.CLAIM.NAME=scopes\nAUTHJWT37.CLAIM.VALUE=scope1\n"
SECOND = (
    f"AUTHSERVER2.ISSUER=issuer2\nAUTHSERVER2.PUBLICKEY={spki(OTHER)}\n"
    "AUTHJWT38.ISSUER=issuer2\nAUTHJWT38.CLAIM.NAME=scopes\nAUTHJWT38.CLAIM.VALUE=scope2\n"
)
ECDSA = SERVER.replace(spki(RSA), spki(EC)) + "AUTHSERVER1.KEYALG=ECDSA\n"
MINUTES = 60
SCOPES = ["scope3", "scope4", "scope1"]


def token(key: forge.Material = RSA, alg: str = "RS256", ends: float = 0, **claims: Any) -> str:
    """A token as the parent product's tests make it: `exp` is the moment that they call issued."""
    payload = {"iss": "issuer1", "exp": int(NOW + ends), "sub": "subject1", "scopes": SCOPES, **claims}
    return forge.token({"alg": alg, "typ": "JWT"}, {k: v for k, v in payload.items() if v is not None}, key, alg)


def judged(properties: str, presented: str | None) -> Decision:
    return Authorizer.from_text(import_signserver(properties).toml, clock=lambda: NOW).authorize(presented)


def unsigned() -> str:
    _, payload, _ = token().split(".")
    header = forge.b64(b'{"alg":"NONE","typ":"JWT"}')
    return f"{header}.{payload}."


def manipulated() -> str:
    header, payload, signature = token().split(".")
    return ".".join((header, forge.b64(forge.unb64(payload).replace(b"scope1", b"scope2")), signature))


OUTCOMES: list[tuple[str, str, Any, str]] = [
    ("a valid token", SERVER + RULE, token, "allowed"),
    ("an accepted audience in a list", SERVER + RULE + "ACCEPTED_AUDIENCES=service1, service2",
     lambda: token(aud=["service1", "account"]), "allowed"),
    ("an audience, and none is accepted", SERVER + RULE, lambda: token(aud=["service1", "account"]), "claim_mismatch"),
    ("an audience, and others are accepted", SERVER + RULE + "ACCEPTED_AUDIENCES=service2, service3",
     lambda: token(aud=["service1", "account"]), "claim_mismatch"),
    ("no audience, and some are accepted", SERVER + RULE + "ACCEPTED_AUDIENCES=service2, service3", token, "allowed"),
    ("a single accepted audience", SERVER + RULE + "ACCEPTED_AUDIENCES=service2, service3", lambda: token(aud="service2"),
     "allowed"),
    ("an elliptic curve", ECDSA + RULE, lambda: token(EC, "ES256"), "allowed"),
    ("a number and a rule that is text", SERVER + RULE.replace("scopes", "num").replace("scope1", "42"),
     lambda: token(num=42), "allowed"),
    ("rules of two issuers", SERVER + RULE + SECOND, lambda: token(OTHER, iss="issuer2", scopes=["scope3", "scope2"]),
     "allowed"),
    ("no matching rule", SERVER + RULE, lambda: token(scopes=["scope3", "scope4", "scope2"]), "no_rule_matched"),
    ("no token", SERVER + RULE, lambda: None, "missing_token"),
    ("a token without signature", SERVER + RULE, unsigned, "algorithm_not_allowed"),
    ("a token that was changed", SERVER + RULE, manipulated, "invalid_signature"),
    ("an issuer that is not trusted", SERVER.replace("issuer1", "issuer2") + RULE.replace("issuer1", "issuer2"), token,
     "key_not_found"),
    ("another key", SERVER + RULE, lambda: token(OTHER), "invalid_signature"),
    ("another key and issuer", SERVER + RULE, lambda: token(OTHER, iss="issuer2"), "key_not_found"),
    ("expired for 6 minutes", SERVER + RULE, lambda: token(ends=-6 * MINUTES), "token_expired"),
    ("expired for 4 minutes", SERVER + RULE, lambda: token(ends=-4 * MINUTES), "allowed"),
    ("expired for 2 minutes, skew 60", SERVER + RULE + "MAX_ALLOWED_CLOCK_SCEW=60", lambda: token(ends=-2 * MINUTES),
     "token_expired"),
    ("PS256, of the family RSA", SERVER + RULE, lambda: token(alg="PS256"), "allowed"),
    ("a claim that is the text", SERVER + RULE, lambda: token(scopes="scope1"), "allowed"),
    ("a claim that has the text in it", SERVER + RULE, lambda: token(scopes="scope1 scope2"), "no_rule_matched"),
    ("a list of numbers", SERVER + RULE.replace("scope1", "42"), lambda: token(scopes=[42]), "no_rule_matched"),
    ("a claim that is absent", SERVER + RULE, lambda: token(scopes=None), "no_rule_matched"),
    ("true as text", SERVER + RULE.replace("scope1", "true"), lambda: token(scopes=True), "allowed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("properties", "make", "code"), [row[1:] for row in OUTCOMES], ids=[row[0] for row in OUTCOMES]
)
def test_outcomes_of_the_parent_product(properties: str, make: Any, code: str) -> None:
    """A token has the outcome that the parent product's unit tests publish for it."""
    assert judged(properties, make()).code == code


FATAL = [
    ("a skew that is no number", SERVER + RULE + "MAX_ALLOWED_CLOCK_SCEW=foobar123", "is not a number of seconds"),
    ("a negative skew", SERVER + RULE + "MAX_ALLOWED_CLOCK_SCEW=-1", "must be 0 to 600 seconds"),
    ("a skew over ten minutes", SERVER + RULE + "MAX_ALLOWED_CLOCK_SCEW=601", "must be 0 to 600 seconds"),
    ("no claim name", SERVER + RULE.replace("AUTHJWT37.CLAIM.NAME=scopes\n", ""), "rule 37 needs CLAIM.NAME and CLAIM.VALUE"),
    ("no claim value", SERVER + RULE.replace("AUTHJWT37.CLAIM.VALUE=scope1\n", ""), "rule 37 needs CLAIM.NAME and CLAIM.VALUE"),
    ("neither", SERVER + "AUTHJWT37.ISSUER=issuer1", "rule 37 needs CLAIM.NAME and CLAIM.VALUE"),
    ("no key", "AUTHSERVER1.ISSUER=issuer1\n" + RULE, "server 1 needs ISSUER and PUBLICKEY"),
    ("no server", RULE, "there is no SERVER.N.ISSUER"),
    ("no rule", SERVER, "there are no rules"),
    ("an issuer twice", SERVER + SERVER.replace("AUTHSERVER1", "AUTHSERVER2") + RULE, "server 2 has the same ISSUER as another server"),
    ("a key that is none", SERVER.replace(spki(RSA), "AAAA") + RULE, "PUBLICKEY: "),
    ("a key that is no base64", SERVER.replace(spki(RSA), "?") + RULE, "PUBLICKEY is not a base64"),
    ("a key of another family", ECDSA.replace("KEYALG=ECDSA", "KEYALG=RSA") + RULE, "PUBLICKEY: "),
    ("an unknown family", ECDSA.replace("KEYALG=ECDSA", "KEYALG=DSA") + RULE, "must be RSA or ECDSA"),
    ("another authorizer", "AUTHTYPE=org.signserver.server.ClientCertAuthorizer\n" + SERVER + RULE, "is not an authorizer"),
    ("a property that may decide", SERVER + RULE + "AUTHSERVER1.JWKS=x", "is unknown, and may change"),
    ("two workers", f"WORKER1.{SERVER}WORKER2.X=1\n" + RULE, "properties of 2 workers"),
    ("a rule without issuer", SERVER + "JWS.9.CLAIM.NAME=a\nJWS.9.CLAIM.VALUE=b", "rule 9 needs ISSUER"),
    ("SN", SERVER + RULE + "SUBJECTDN_PATTERN=SN=${JWT.sn}", "write SURNAME or SERIALNUMBER"),
    ("a variable of another kind", SERVER + RULE + "USERNAME_PATTERN=${username}", "a variable that is not a claim"),
    ("two values in one component", SERVER + RULE + "SUBJECTDN_PATTERN=CN=a+UID=b", "several values in one component"),
    ("a component twice", SERVER + RULE + "SUBJECTDN_PATTERN=OU=a, OU=b", "has OU twice"),
    ("a kind that maps lack", SERVER + RULE + "SUBJECTALTNAME_PATTERN=krb5principal=a", "has an unsupported name"),
    ("a broken escape", SERVER + RULE + "X=\\u12", "four hexadecimal digits"),
]  # fmt: skip


@pytest.mark.parametrize(("properties", "sentence"), [row[1:] for row in FATAL], ids=[row[0] for row in FATAL])
def test_what_is_refused(properties: str, sentence: str) -> None:
    """Properties that the parent product refuses, and those that would be guessed at, are PolicyError."""
    with pytest.raises(PolicyError) as caught:
        import_signserver(properties)
    assert sentence in str(caught.value)


def test_the_extended_authorizer() -> None:
    """`SERVER.N.*` and `JWS.N.*` are imported too; a rule without issuer is its number's server's, and no typ is demanded."""
    properties = (
        "AUTHTYPE=com.czertainly.signserver.module.extendedjws.ExtendedJwsAuthorizer\n"
        f"SERVER.3.ISSUER=issuer1\nSERVER.3.PUBLICKEY={spki(RSA)}\nSERVER.3.KEYALGORITHM=RSA\nSERVER.3.DESCRIPTION=Bank\n"
        "JWS.3.CLAIM.NAME=scopes\nJWS.3.CLAIM.VALUE=scope1\nCLAIMS_TO_CONTEXT=true\n"
    )
    text = forge.token(
        {"alg": "PS512"}, {"iss": "issuer1", "exp": int(NOW) + 60, "scopes": SCOPES, "n": 1}, RSA, "PS512"
    )
    decision = judged(properties, text)
    assert (decision.code, decision.rule, decision.issuer) == ("allowed", "rule3", "server3")
    assert decision.attributes["context"]["n"] == 1
    assert 'description = "Bank"' in import_signserver(properties).toml


def test_patterns_become_a_map() -> None:
    """`${JWT.claim}` in the worker's patterns becomes a template, one component each, a name with dots one claim."""
    properties = (
        SERVER
        + RULE
        + (
            "SUBJECTDN_PATTERN=CN=${JWT.name}, O=Acme\\\\, {Inc} ${JWT.https://x.y/org}, C=CZ, SURNAME=${JWT.family_name}\n"
            "SUBJECTALTNAME_PATTERN=rfc822Name=${JWT.email},uri=urn:user:${JWT.sub}\nUSERNAME_PATTERN=u-${JWT.sub}\n"
        )
    )
    claims = {"name": "Ann,O=Evil", "https://x.y/org": "Ltd", "family_name": "Lee", "email": "a@x.cz"}
    attributes = judged(properties, token(**claims)).attributes
    assert attributes == {
        "subject_dn": {"CN": "Ann,O=Evil", "O": "Acme, {Inc} Ltd", "C": "CZ", "SN": "Lee"},
        "san": {"rfc822Name": ["a@x.cz"], "uri": ["urn:user:subject1"]},
        "username": "u-subject1",
    }
    assert judged(properties, token(**{**claims, "name": None})).code == "attribute_invalid"


def test_the_report() -> None:
    """The report names what is not carried over, what is left out, and what a stricter configuration would refuse."""
    properties = (
        SERVER + RULE + "AUTHJWT5.ISSUER=nobody\nAUTHJWT5.CLAIM.NAME=a\nAUTHJWT5.CLAIM.VALUE=b\nCRYPTOTOKEN=x\n"
    )
    report = "\n".join(import_signserver(properties).report)
    assert "not carried over: CRYPTOTOKEN (line 9)" in report
    assert "left out: rule 5 is for an issuer that no server has" in report
    assert "tokens are accepted 300 s after exp" in report
    assert "give audience" in report
    assert "algorithms are RS256 to PS512" in report


@pytest.mark.parametrize("typ", [None, "at+jwt", "JWT"])
@pytest.mark.parametrize(("optional", "accepted"), [("", ["JWT"]), ("OPTIONAL_TYPE=true", [None, "at+jwt", "JWT"])])
def test_optional_type(typ: str | None, optional: str, accepted: list[str | None]) -> None:
    """The JWT Authorizer demands `typ` JWT, unless `OPTIONAL_TYPE` is true."""
    header = {"alg": "RS256", "typ": typ} if typ else {"alg": "RS256"}
    text = forge.token(header, {"iss": "issuer1", "exp": int(NOW) + 60, "scopes": SCOPES}, RSA, "RS256")
    assert judged(SERVER + RULE + optional, text).code == ("allowed" if typ in accepted else "wrong_typ")


def test_properties_as_java_reads_them() -> None:
    """Separators, comments, escapes, continued lines and repeated names are those of java.util.Properties."""
    text = "# c\n! c\na=1\nb : 2\nc 3\nd\\ e = 4\\\n   5\n f\\u00e9=\\u010d\\ud83d\\ude00\\t\\x\n\n=empty\na=9\ng\nh=\\\\\n"
    found = {name: value.value for name, value in read_properties(text, "p").items()}
    assert found == {"a": "9", "b": "2", "c": "3", "d e": "45", "fé": "č😀\tx", "": "empty", "g": "", "h": "\\"}
    assert read_properties(text, "p")["d e"].line == 6


@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from([SERVER, RULE, "X=1\n", "\\", "=", "\\u", "SUBJECTDN_PATTERN=", "CN=", "${JWT.", "}", ","])
    ).map("".join)
)
def test_any_properties(text: str) -> None:
    """Nothing but PolicyError comes of properties, whatever they hold."""
    with contextlib.suppress(PolicyError):
        import_signserver(text)


@pytest.mark.parametrize(
    "again",
    [
        "SERVER.1.ISSUER=https://other",
        "AUTHSERVER01.ISSUER=https://other",
        f"SERVER.1.PUBLICKEY={spki(OTHER)}",
        "JWS.37.CLAIM.VALUE=scope2",
        "AUTHSERVER1.KEYALGORITHM=ECDSA\nAUTHSERVER1.KEYALG=RSA",
        "WORKER42.AUTHSERVER1.ISSUER=https://other",
        "ACCEPTED_AUDIENCES=a\nWORKER42.ACCEPTED_AUDIENCES=b",
    ],
)
def test_one_property_under_two_names(again: str) -> None:
    """Two lines that say the same property of one server or rule are PolicyError: neither wins silently."""
    with pytest.raises(PolicyError, match="says again what line"):
        import_signserver(SERVER + RULE + again)
