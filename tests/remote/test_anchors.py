"""`Anchors`: tokens that carry the certificate of their signer, or name it (RFC 7515 sections 4.1.6 and 4.1.8)."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import forge
from authority import DAY, OLD, VERIFIES_CHAINS, Certified, authority, intermediate, issue, marked, root, x5c
from judge import ISSUER, LAX, NOW, STRICT, claims, refusal, secret
from jwseal import UNCHECKED, InvalidKey, Issuers, KeyNotFound, Verifier, errors, jws
from jwseal.certificates import Anchors

pytestmark = pytest.mark.skipif(not VERIFIES_CHAINS, reason=OLD)

RULES: dict[str, Any] = {"algorithms": ["ES256"], "subject": UNCHECKED}


def anchors(**changes: Any) -> Anchors:
    """The root of the tests, trusted for ES256 and any subject."""
    return Anchors(root().pem, **{**RULES, **changes})


def verifier(keys: Any = None, policy: Any = LAX, **options: Any) -> Verifier:
    """A verifier with room for chains."""
    sizes = {"max_header_size": 16_384, "max_token_size": 65_536}
    return Verifier(anchors() if keys is None else keys, policy, **{**sizes, **options})


def token(signer: Certified, *chain: Certified, alg: str = "ES256", header: Any = None, **changes: Any) -> str:
    """A token with this chain in its header, signed by the first certificate's key."""
    head = {"alg": alg, "x5c": x5c(signer, *chain), **(header or {})}
    body = {name: value for name, value in head.items() if value is not ...}
    return forge.token(body, claims(**changes), signer.material(alg))


def reason(keys: Any, text: str, now: float = NOW) -> str:
    """The message of the key_not_found that this token must end in."""
    with pytest.raises(KeyNotFound) as caught:
        verifier(keys).verify(text, now=now)
    assert caught.value.__cause__ is None
    return str(caught.value)


def signer(**named: Any) -> Certified:
    """A signer's certificate below the intermediate authority."""
    return issue("signer", intermediate(), **named)


def test_a_token_with_its_chain() -> None:
    """A token is verified by the key of the first certificate, under every verb."""
    one = signer()
    text = token(one, intermediate())
    made = verifier(policy=STRICT)
    for verified in (
        made.verify(text, now=NOW),
        made.verify_many([text], now=NOW)[0],
        next(iter(made.verify_iter([text], now=NOW))),
        asyncio.run(made.verify_async(text, now=NOW)),
        Issuers({ISSUER: made}).verify(text, now=NOW),
    ):
        assert not isinstance(verified, Exception)
        assert (ISSUER, ("ES256",)) == (verified["iss"], verified.key.algs)


def test_jws_verify() -> None:
    """`jws.verify` takes anchors too; it has no time of its own, so that it is the machine's that counts."""
    now = time.time()
    above = authority("root", start=now - DAY, end=now + DAY)
    one = issue("signer", above, start=now - DAY, end=now + DAY)
    text = forge.token({"alg": "ES256", "x5c": x5c(one)}, b"anything", one.material())
    assert b"anything" == jws.verify(text, Anchors(above.pem, **RULES)).payload
    expired = token(signer(), intermediate())
    assert "key_not_found" == refusal(jws.verify, expired, anchors(), max_size=65_536)


def test_a_kid_beside_the_chain() -> None:
    """The chain gives the key, whatever kid the header has."""
    assert verifier().verify(token(signer(), intermediate(), header={"kid": "any"}), now=NOW)


@pytest.mark.parametrize("alg", ["RS256", "PS384", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "Ed448"])
def test_every_kind_of_key(alg: str) -> None:
    """The signer's key may be of any type that jwseal has."""
    one = signer(private=forge.material(alg).private)
    keys = anchors(algorithms=[alg])
    assert verifier(keys).verify(token(one, intermediate(), alg=alg), now=NOW)


def test_algorithms_are_narrowed() -> None:
    """An alg that was not named is refused before the chain is read, one that does not fit the key after it."""
    rsa = signer(private=forge.material("RS256").private)
    both = anchors(algorithms=["RS256", "ES256"])
    assert verifier(both).verify(token(rsa, intermediate(), alg="RS256"), now=NOW)
    assert "algorithm_not_allowed" == refusal(verifier(both).verify, token(rsa, intermediate(), alg="PS256"), now=NOW)
    confused = forge.token({"alg": "ES256", "x5c": x5c(rsa, intermediate())}, claims(), forge.material("ES256"))
    assert "algorithm_not_allowed" == refusal(verifier(both).verify, confused, now=NOW)
    only_ec = anchors(algorithms=["ES256"])
    assert "cannot be used" in reason(only_ec, confused)
    wrong_curve = signer(private=forge.material("ES384").private)
    text = forge.token({"alg": "ES256", "x5c": x5c(wrong_curve, intermediate())}, claims(), forge.material("ES256"))
    assert "algorithm_not_allowed" == refusal(verifier(anchors(algorithms=["ES256", "ES384"])).verify, text, now=NOW)


def test_hmac_with_the_certificate_as_its_secret() -> None:
    """Neither the certificate nor its key is a secret."""
    one = signer()
    for guess in (one.der, one.pem, one.material().spki()):
        forged = forge.token(
            {"alg": "HS256", "x5c": x5c(one, intermediate())}, claims(), forge.Material("HS256", guess)
        )
        assert "algorithm_not_allowed" == refusal(verifier().verify, forged, now=NOW)


def test_a_weak_key() -> None:
    """A key that jwseal does not take from anywhere is not taken from a certificate: the reason is in the message."""
    weak = signer(private=forge.material("RS256", "1024").private)
    text = token(weak, intermediate(), alg="RS256")
    assert "2048" in reason(anchors(algorithms=["RS256"]), text)


def test_another_key_than_the_certificate_has() -> None:
    """A copied chain with another key's signature is an invalid signature."""
    one, thief = signer(), forge.material("ES256", "thief")
    stolen = forge.token({"alg": "ES256", "x5c": x5c(one, intermediate())}, claims(), thief)
    assert "invalid_signature" == refusal(verifier().verify, stolen, now=NOW)


def test_validity_is_judged_at_the_time_of_the_verification() -> None:
    """The same token is accepted within the common period of its chain and refused outside, also from the cache."""
    one = signer(start=NOW - 60, end=NOW + 60)
    text = token(one, intermediate(), exp=NOW + 9 * DAY, iat=NOW - DAY)
    made = verifier()
    for _ in range(3):
        for inside in (NOW - 60, NOW, NOW + 60):
            assert made.verify(text, now=inside)
        for outside in (NOW - 61, NOW + 61, NOW + DAY + 1, 0):
            assert "key_not_found" == refusal(made.verify, text, now=outside)
        assert [True, False] == [
            isinstance(found[0], errors.KeyNotFound)
            for found in (made.verify_many([text], now=NOW + 61), made.verify_many([text], now=NOW))
        ]


@pytest.mark.parametrize("expired", ["root", "intermediate"])
def test_an_expired_authority(expired: str) -> None:
    """An authority that expired ends what it issued, the trust anchor included."""
    ends = {expired: {"end": NOW - 60}}
    above = authority("root", **ends.get("root", {}))
    middle = authority("intermediate", above, **ends.get("intermediate", {}))
    keys = Anchors(above.pem, **RULES)
    text = token(issue("signer", middle), middle, iat=NOW - 600)
    assert verifier(keys).verify(text, now=NOW - 61)
    assert reason(keys, text)


def test_a_root_that_was_issued_again() -> None:
    """A root's second certificate continues the first: there is no time without a key between them."""
    first = authority("root", end=NOW + 60)
    second = authority("root", private=first.private, start=NOW + 30, end=NOW + 9 * DAY)
    text = token(issue("signer", first), exp=NOW + 9 * DAY)
    made = verifier(Anchors([first.pem, second.pem], **RULES))
    for now in (NOW, NOW + 45, NOW + 60.5, NOW + DAY):
        assert made.verify(text, now=now)


def test_a_root_with_a_gap() -> None:
    """Between two certificates of a root there is no trust; the later one counts."""
    first = authority("root", end=NOW + 60)
    second = authority("root", private=first.private, start=NOW + 120, end=NOW + 9 * DAY)
    text = token(issue("signer", first), exp=NOW + 9 * DAY)
    made = verifier(Anchors([first.pem, second.pem], **RULES))
    assert "key_not_found" == refusal(made.verify, text, now=NOW + 90)
    assert made.verify(text, now=NOW + 120)


REFUSED_CHAINS: dict[str, Callable[[], tuple[Certified, ...]]] = {
    "self-signed": lambda: (issue("signer"),),
    "of another authority": lambda: (issue("signer", authority("other")), authority("other")),
    "without the intermediate": lambda: (signer(),),
    "in another order": lambda: (signer(), root(), intermediate()),
    "with one too many": lambda: (signer(), intermediate(), issue("other", root())),
    "of the authority itself": lambda: (intermediate(), root()),
    "issued by a signer": lambda: ((holder := signer()) and issue("other", holder), holder, intermediate()),
    "without a key usage for signatures": lambda: (signer(usage=("key_encipherment",)), intermediate()),
    "with a forged signature": lambda: (signer(signed_by=forge.material("ES256").private), intermediate()),
    "of nine": lambda: (signer(), *[intermediate()] * 8),
}


@pytest.mark.parametrize("name", REFUSED_CHAINS)
def test_chains_that_do_not_verify(name: str) -> None:
    """A chain that does not verify gives no key, and the reason is in the message."""
    chain = REFUSED_CHAINS[name]()
    assert reason(anchors(), token(*chain)).startswith("the certificates in the header cannot be used: ")


@pytest.mark.parametrize(
    "entry",
    ["", "!", "MIIB", "MII B", " ", "\n", "\u00e9", "-----BEGIN CERTIFICATE-----", "url", "pem", "twice", "lines"],
)
def test_entries_that_are_no_certificate(entry: str) -> None:
    """Entries of x5c are standard base64 of DER: not base64url, not PEM, without line breaks; nothing of them is echoed."""
    der = signer().der
    made = {
        "url": base64.urlsafe_b64encode(der + b"\xfb\xff").decode().rstrip("="),
        "pem": signer().pem.decode(),
        "twice": base64.b64encode(base64.b64encode(der)).decode(),
        "lines": base64.encodebytes(der).decode(),
    }.get(entry, entry)
    text = forge.token({"alg": "ES256", "x5c": [made]}, claims(), forge.material("ES256"))
    said = reason(anchors(), text)
    assert len(entry) < 4 or made not in said


@pytest.mark.parametrize("x5c_value", ["MIIB", 5, None, {}, [5], [["MIIB"]]])
def test_an_x5c_of_another_type(x5c_value: Any) -> None:
    """A parameter of the wrong JSON type is refused as the header's fault."""
    text = forge.token({"alg": "ES256", "x5c": x5c_value}, claims(), forge.material("ES256"))
    assert "unsupported_header" == refusal(verifier().verify, text, now=NOW)


def test_a_token_without_certificates() -> None:
    """A token that carries and names no certificate has no key here; an empty array is none."""
    for header in (
        {"alg": "ES256"},
        {"alg": "ES256", "kid": "a"},
        {"alg": "ES256", "x5t": "AAAA"},
        {"alg": "ES256", "x5c": []},
    ):
        assert reason(anchors(), forge.token(header, claims(), forge.material("ES256")))


def test_huge_chains() -> None:
    """Thousands of entries, and one of megabytes, end at the size bounds before any is decoded."""
    many = forge.token({"alg": "ES256", "x5c": ["AAAA"] * 2_000}, claims(), forge.material("ES256"))
    assert "at most 8" in reason(anchors(), many)
    large = forge.token({"alg": "ES256", "x5c": ["A" * 9_000_000]}, claims(), forge.material("ES256"))
    assert "token_too_large" == refusal(verifier().verify, large, now=NOW)
    bounded = forge.token({"alg": "ES256", "x5c": ["A" * 12_000]}, claims(), forge.material("ES256"))
    assert "8192" in reason(anchors(), bounded)
    default = Verifier(anchors(), LAX)
    wide = forge.token({"alg": "ES256", "x5c": ["A" * 4_096]}, claims(), forge.material("ES256"))
    assert "token_too_large" == refusal(default.verify, wide, now=NOW)


def thumbprint(certified: Certified) -> str:
    """The x5t#S256 of a certificate."""
    return base64.urlsafe_b64encode(hashlib.sha256(certified.der).digest()).rstrip(b"=").decode()


def test_a_certificate_by_its_thumbprint() -> None:
    """x5t#S256 names a certificate that the operator has; its chain is verified like any other."""
    one, unknown = signer(), signer()
    keys = anchors(certificates=[one.pem + intermediate().pem])
    header = {"alg": "ES256", "x5t#S256": thumbprint(one)}
    assert verifier(keys).verify(forge.token(header, claims(), one.material()), now=NOW)
    other = {"alg": "ES256", "x5t#S256": thumbprint(unknown)}
    assert "does not match a known certificate" in reason(keys, forge.token(other, claims(), unknown.material()))
    expired = signer(end=NOW - 60)
    past = anchors(certificates=[expired.pem + intermediate().pem])
    header = {"alg": "ES256", "x5t#S256": thumbprint(expired)}
    assert reason(past, forge.token(header, claims(), expired.material()))
    untrusted = issue("signer")
    lonely = anchors(certificates=[untrusted.pem])
    header = {"alg": "ES256", "x5t#S256": thumbprint(untrusted)}
    assert "no trust anchor" in reason(lonely, forge.token(header, claims(), untrusted.material()))


def test_a_thumbprint_beside_the_chain() -> None:
    """In a token with both, the thumbprint is that of the first certificate."""
    one = signer()
    assert verifier().verify(token(one, intermediate(), header={"x5t#S256": thumbprint(one)}), now=NOW)
    for wrong in (thumbprint(intermediate()), thumbprint(one) + "=", "", "AAAA"):
        assert "thumbprint" in reason(anchors(), token(one, intermediate(), header={"x5t#S256": wrong}))


def test_app_store_receipts() -> None:
    """Required extensions of the leaf and of the certificate that issued it, under a root that issues others as well."""
    leaf_oid, intermediate_oid = "1.2.840.113635.100.6.11.1", "1.2.840.113635.100.6.2.1"
    above = authority("above", root(), extensions=(marked(intermediate_oid),))
    keys = Anchors(root().der, algorithms=["ES256"], leaf_oids=[leaf_oid], intermediate_oids=[intermediate_oid])
    receipt = issue("receipts", above, extensions=(marked(leaf_oid),))
    developer = issue("developer", above)
    assert verifier(keys).verify(token(receipt, above, root()), now=NOW)
    assert "lacks an extension" in reason(keys, token(developer, above, root()))
    elsewhere = issue("receipts", intermediate(), extensions=(marked(leaf_oid),))
    assert "lacks an extension" in reason(keys, token(elsewhere, intermediate(), root()))


def test_subjects() -> None:
    """Another holder of the same authority's certificate is refused."""
    keys = anchors(subject={"O": "Bank"})
    assert verifier(keys).verify(token(signer(organization="Bank"), intermediate()), now=NOW)
    assert "subject" in reason(keys, token(signer(organization="Thief"), intermediate()))


def test_messages_hold_nothing_of_a_certificate() -> None:
    """No refusal quotes names, serial numbers or keys of a certificate."""
    telling = issue("Very-Telling-Name", authority("Telling-Authority"), organization="Telling-Org")
    assert "elling" not in reason(anchors(), token(telling))
    assert "elling" not in reason(anchors(subject={"O": "x"}), token(issue("Telling", intermediate()), intermediate()))
    assert str(telling.certificate.serial_number) not in reason(anchors(), token(telling))


def test_the_cache_is_bounded_and_forgets_refusals() -> None:
    """A refused chain is judged anew, and many signers in turn are all served."""
    from jwseal._native import KeyLookup

    made = verifier(KeyLookup(anchors(), max_entries=2))
    texts = [token(issue(f"signer {number}", intermediate()), intermediate()) for number in range(6)]
    for text in texts * 2:
        assert made.verify(text, now=NOW)
        assert "invalid_signature" == refusal(made.verify, text[:-8] + "AAAAAAAA", now=NOW)


def test_anchors_as_files_hold_them(tmp_path: Path) -> None:
    """Anchors are PEM with one or several certificates, text or bytes, or DER, or a list of those."""
    second = authority("second")
    bundle = root().pem + second.pem
    for given in (bundle, bundle.decode(), [root().pem, second.der], (root().der, second.pem.decode())):
        keys = Anchors(given, **RULES)
        assert verifier(keys).verify(token(issue("signer", second)), now=NOW)
    assert "2" in repr(Anchors(bundle, **RULES))


WRONG: dict[str, Callable[[], Any]] = {
    "no anchor": lambda: Anchors([], **RULES),
    "a signer as anchor": lambda: Anchors(signer().pem, **RULES),
    "no algorithm": lambda: anchors(algorithms=[]),
    "an algorithm as text": lambda: anchors(algorithms="ES256"),
    "an unknown algorithm": lambda: anchors(algorithms=["ES257"]),
    "HMAC": lambda: anchors(algorithms=["ES256", "HS256"]),
    "nobody said": lambda: anchors(subject=None),
}


@pytest.mark.parametrize("name", WRONG)
def test_declarations_that_cannot_be(name: str) -> None:
    """Anchors that trust no one, or everyone without saying so, are PolicyError."""
    assert "invalid_policy" == refusal(WRONG[name])


@pytest.mark.parametrize("damaged", ["nothing", "a label", "a sequence", "text", "a bare key"])
def test_anchors_that_cannot_be_read(damaged: str) -> None:
    """A file that is no certificate is InvalidKey, and nothing of it is in the message."""
    octets: Any = {
        "nothing": b"",
        "a label": b"-----BEGIN CERTIFICATE-----",
        "a sequence": b"\x30\x03abc",
        "text": "text",
        "a bare key": forge.material("ES256").spki(),
    }[damaged]
    with pytest.raises(InvalidKey) as caught:
        Anchors(octets, **RULES)
    assert caught.value.__cause__ is None
    with pytest.raises(InvalidKey):
        anchors(certificates=[octets])


@pytest.mark.parametrize("wrong", [None, 5, [5], [None], secret()])
def test_anchors_of_another_type(wrong: Any) -> None:
    """Anything but text, bytes or a list of them is TypeError."""
    with pytest.raises(TypeError):
        Anchors(wrong, **RULES)


def test_immutable() -> None:
    """Anchors cannot be changed once they are made."""
    made = anchors()
    with pytest.raises(AttributeError):
        made._algorithms = ("HS256",)  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del made._rules
    with pytest.raises(AttributeError):
        made.novel = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("argument", ["anchors", "certificates"])
def test_certificates_that_are_nothing(argument: str) -> None:
    """No certificates at all are a TypeError that says what to give."""
    with pytest.raises(TypeError, match=f"{argument} is PEM or DER, or a list of those, not NoneType"):
        Anchors(**{"anchors": root().pem, **RULES, argument: None})
