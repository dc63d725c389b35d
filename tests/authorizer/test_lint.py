"""The remarks on a configuration: what is valid and probably not meant. Remarks on conditions are the core's."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import forge
from jwseal.authorizer import Authorizer, lint

NOW = 1_700_000_000
JWK = forge.material("EdDSA").public_jwk()
ISSUER = """
[issuers.{name}]
issuer = "https://{name}.example"
keys = [{{ kty = "OKP", crv = "Ed25519", x = "{x}" }}]
algorithms = ["EdDSA"]
audience = "signing"
"""
RULE = """
[[rules]]
id = "{id}"
issuer = "{issuer}"
effect = "allow"
when = {when}
"""
SCOPE = '{ claim = "scope", contains = "sign" }'
VERIFIED = '{ all = [{ claim = "scope", contains = "sign" }, { claim = "email_verified", equals = true }] }'


def configuration(*parts: str, issuers: tuple[str, ...] = ("one",), when: str = SCOPE) -> str:
    text = "".join(ISSUER.format(name=name, x=JWK["x"]) for name in issuers)
    text += "".join(RULE.format(id=f"sign-{name}", issuer=name, when=when) for name in issuers)
    return text + "\n" + "\n".join(parts)


def remarks(text: str, folder: Path | str = ".") -> list[str]:
    """The remarks without their positions."""
    found = Authorizer.from_text(text, folder=folder, clock=lambda: NOW).warnings
    return [remark.split(": ", 1)[1] for remark in found]


def test_nothing_to_remark() -> None:
    """A configuration that says what it means has no remarks."""
    assert remarks(configuration('[maps.default]\nusername = "{sub}"\nsubject_dn.CN = "{name}"')) == []


EMAIL = "maps.default.username: email names a user, and a rule allows it without email_verified: anyone may claim an address"
TWO = "maps.default.username: two issuers may use the same name for different people: add {iss}, or a prefix for each issuer"


MENTIONED = '{ any = [{ claim = "scope", contains = "sign" }, { claim = "email_verified", equals = true }] }'
UNTRUE = '{ all = [{ claim = "scope", contains = "sign" }, { claim = "email_verified", equals = false }] }'
ELSEWHERE = """[[rules]]
id = "other"
issuer = "one"
effect = "deny"
when = { claim = "email_verified", equals = false }
"""
EVERYWHERE = ELSEWHERE.replace("{ claim", "{ not = { claim").replace("false }", "true } }")


@pytest.mark.parametrize(
    ("when", "more", "remarked"),
    [
        (SCOPE, "", True),
        (VERIFIED, "", False),
        (MENTIONED, "", True),
        (UNTRUE, "", True),
        (SCOPE, ELSEWHERE, True),
        (SCOPE, EVERYWHERE, False),
    ],
    ids=["unverified", "verified", "only mentioned", "only if untrue", "denied if untrue", "denied if not true"],
)
def test_email_as_a_name(when: str, more: str, remarked: bool) -> None:
    """`email` as a user's name wants `email_verified` in each rule that allows, or a deny rule that demands it."""
    text = configuration(more + '[maps.default]\nusername = "{email|lower}"', when=when)
    assert remarks(text) == ([EMAIL] if remarked else [])


PRIVATE = (
    "holds a private key, of which only the public half is used: the issuer alone should have the private one; "
    "jwseal convert writes the public one"
)


@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "RS256", "ML-DSA-44"])
@pytest.mark.parametrize("form", ["JWK", "JWK Set"])
def test_a_private_key_in_a_file(tmp_path: Path, alg: str, form: str, private: bool) -> None:
    """A private JWK in `keys_file` is reported: a verifier has no use for it."""
    material = forge.material(alg)
    jwk = {**(material.private_jwk() if private else material.public_jwk()), "alg": alg}
    (tmp_path / "as.jwks").write_text(json.dumps(jwk if form == "JWK" else {"keys": [jwk]}))
    text = configuration().replace(
        f'keys = [{{ kty = "OKP", crv = "Ed25519", x = "{JWK["x"]}" }}]', 'keys_file = "as.jwks"'
    )
    expected = [f"issuers.one.keys_file: {PRIVATE}"] if private else []
    assert remarks(text.replace('["EdDSA"]', f'["{alg}"]'), tmp_path) == expected


def test_a_private_key_in_the_configuration() -> None:
    """A private JWK in `keys` is reported with its place; a secret, which both sides have, is not."""
    private = forge.material("EdDSA").private_jwk()
    text = configuration().replace(f'x = "{JWK["x"]}"', f'x = "{private["x"]}", d = "{private["d"]}"')
    assert remarks(text) == [f"issuers.one.keys[0]: {PRIVATE}"]
    secret = text.replace(
        f'kty = "OKP", crv = "Ed25519", x = "{private["x"]}", d = "{private["d"]}"',
        f'kty = "oct", alg = "HS256", k = "{"A" * 43}"',
    )
    assert remarks(secret.replace("EdDSA", "HS256")) == []


@pytest.mark.parametrize(("template", "remarked"), [("{sub}", True), ("x:{sub}", True), ("{iss}#{sub}", False)])
def test_names_of_two_issuers(template: str, remarked: bool) -> None:
    """A map for two issuers names a user by `iss` too."""
    text = configuration(f'[maps.default]\nusername = "{template}"', issuers=("one", "two"))
    assert remarks(text) == ([TWO] if remarked else [])


@pytest.mark.parametrize(("template", "remarked"), [("{sub}", True), ("one:{sub}", False)])
def test_a_prefix_where_several_issuers_exist(template: str, remarked: bool) -> None:
    """A map for one issuer of several has a prefix."""
    workers = '[workers.a]\nrules = ["sign-one"]\nmap = "a"\n[workers.b]\nrules = ["sign-two"]\n'
    text = configuration(workers, f'[maps.a]\nusername = "{template}"', issuers=("one", "two"))
    assert remarks(text) == ([TWO.replace("default", "a")] if remarked else [])


def test_what_nothing_names() -> None:
    """A rule that no worker names, and a map that no worker names, are remarked."""
    workers = '[workers.a]\nrules = ["sign-one"]\n[maps.unused]\nsubject_dn.CN = "{name}"'
    assert remarks(configuration(workers, issuers=("one", "two"))) == [
        "rules[1]: no worker names this rule, so it never applies",
        "maps.unused: no worker names this map",
    ]


@pytest.mark.parametrize(("ends", "remarked"), [(2020, True), (2040, False)])
@pytest.mark.parametrize("encoding", ["PEM", "DER"])
def test_an_expired_certificate(tmp_path: Path, ends: int, remarked: bool, encoding: str) -> None:
    """An expired certificate is reported; its key is still used."""
    key = forge.material("ES256")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "as")])
    begins, end = datetime(2019, 1, 1, tzinfo=UTC), datetime(ends, 1, 1, tzinfo=UTC)
    certificate = x509.CertificateBuilder(name, name, key.public, 1, begins, end).sign(key.private, hashes.SHA256())
    (tmp_path / "as.crt").write_bytes(certificate.public_bytes(getattr(serialization.Encoding, encoding)))
    text = configuration().replace(
        f'keys = [{{ kty = "OKP", crv = "Ed25519", x = "{JWK["x"]}" }}]', 'certificate_file = "as.crt"'
    )
    expected = ["issuers.one.certificate_file: the certificate has expired; its key is trusted all the same"]
    assert remarks(text.replace("EdDSA", "ES256"), tmp_path) == (expected if remarked else [])


def test_the_cores_remarks_have_their_place() -> None:
    """What the core remarks on a condition has line, column and key."""
    text = configuration(when='{ claim = "sub", glob = "*" }')
    [remark] = Authorizer.from_text(text, clock=lambda: NOW).warnings
    assert remark.startswith("configuration:12:")
    assert "rules[0].when" in remark


def test_remarks_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Remarks are logged when the configuration is loaded."""
    Authorizer.from_text(configuration('[maps.other]\nusername = "{sub}"'))
    assert "maps.other: without workers the map default applies alone" in caplog.text


def test_a_certificate_of_a_version_that_is_none(tmp_path: Path) -> None:
    """A certificate that cannot be read has no end to remark; what its key is worth is the key reader's to say."""
    key = forge.material("ES256")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "as")])
    begins, end = datetime(2019, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    certificate = x509.CertificateBuilder(name, name, key.public, 1, begins, end).sign(key.private, hashes.SHA256())
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert lint._end(der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020103"), 1)) is None
