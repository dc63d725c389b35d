"""`SigningKey.external`: keys that live in a KMS, an HSM or another process."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import forge
from judge import NOW, refusal, signing, verifier, verifying
from jwseal import Signer, SigningKey, VerifyingKey, jws


class Remote:
    """A signer that is no key of jwseal's."""

    def __init__(
        self, alg: str = "ES256", *, kid: str | None = None, key: object = None, sign: Callable | None = None
    ) -> None:
        material = forge.material(alg)
        self.alg = alg
        self.kid = kid
        self.verifying_key = key or verifying(material, kid=kid)
        self.signed: list[bytes] = []
        self._sign = sign or material.sign

    def sign(self, octets: bytes) -> bytes:
        """Sign, and remember what."""
        self.signed.append(octets)
        return self._sign(octets)


@pytest.mark.parametrize("alg", forge.PUBLIC_ALGS)
def test_signs(alg: str) -> None:
    """Every public-key algorithm may be signed elsewhere."""
    remote = Remote(alg, kid="a")
    key = SigningKey.external(remote)
    assert (alg, "a") == (key.alg, key.kid)
    assert remote.verifying_key == key.verifying_key
    token = jws.sign(b"x", key)
    assert b"x" == jws.verify(token, key.verifying_key).payload
    assert [token.rpartition(".")[0].encode()] == remote.signed
    assert type(remote.signed[0]) is bytes


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA", "Ed448", "ML-DSA-44"])
def test_through_a_signer(alg: str) -> None:
    """A Signer does not see the difference, in single calls or batches."""
    signer = Signer(SigningKey.external(Remote(alg)))
    judged = verifier(verifying(forge.material(alg)))
    assert 1 == judged.verify(signer.sign({"a": 1}, now=NOW), now=NOW)["a"]
    assert [1, 2] == [judged.verify(token, now=NOW)["a"] for token in signer.sign_many([{"a": 1}, {"a": 2}], now=NOW)]


class Outage(Exception):
    """An error of the signer's own."""


def outage(octets: bytes) -> bytes:
    """A signer that fails."""
    raise Outage("the HSM is out")


def test_errors_arrive_unchanged() -> None:
    """The signer's own exception reaches the caller, not one of ours."""
    key = SigningKey.external(Remote(sign=outage))
    for call in (lambda: jws.sign(b"x", key), lambda: Signer(key).sign({}), lambda: Signer(key).sign_many([{}])):
        with pytest.raises(Outage, match="the HSM is out"):
            call()


@pytest.mark.parametrize(
    "sign",
    [
        lambda octets: b"",
        lambda octets: bytes(64),
        lambda octets: forge.material("ES256", "other").sign(octets),
        lambda octets: forge.material("ES256").sign(octets + b"x"),
        lambda octets: forge.material("ES256").private.sign(octets, ec.ECDSA(hashes.SHA256())),
        lambda octets: forge.material("ES256").sign(octets) + b"\0",
    ],
)
def test_every_signature_is_verified(sign: Callable) -> None:
    """A wrong signature, DER among them, does not leave the library (fault attacks, misconfigured keys)."""
    key = SigningKey.external(Remote(sign=sign))
    assert "invalid_key" == refusal(jws.sign, b"x", key)
    assert "invalid_key" == refusal(Signer(key).sign, {})
    assert "invalid_key" == refusal(Signer(key).sign_many, [{}])


@pytest.mark.parametrize("result", [None, "text", 5, bytearray(64), [1]])
def test_signature_of_the_wrong_type(result: object) -> None:
    """A signature is bytes."""
    key = SigningKey.external(Remote(sign=lambda octets: result))
    with pytest.raises(TypeError):
        jws.sign(b"x", key)


def test_alg_belongs_to_the_key() -> None:
    """`alg` is one of the verifying key's."""
    remote = Remote("ES256")
    for alg in ("ES384", "HS256", "none", ""):
        remote.alg = alg
        assert "invalid_key" == refusal(SigningKey.external, remote)


def test_kid_belongs_to_the_key() -> None:
    """A kid other than the verifying key's would sign tokens that no verifier finds a key for."""
    remote = Remote("ES256", kid="a")
    remote.kid = "b"
    assert "invalid_key" == refusal(SigningKey.external, remote)


@pytest.mark.parametrize("missing", ["alg", "kid", "verifying_key"])
def test_shape(missing: str) -> None:
    """An object without the four names is no signer."""
    remote = Remote()
    delattr(remote, missing)
    with pytest.raises(TypeError, match=f"Remote has no {missing}"):
        SigningKey.external(remote)


@pytest.mark.parametrize("signer", [None, 5, b"x", object()])
def test_not_a_signer(signer: object) -> None:
    """Nor is anything else."""
    with pytest.raises(TypeError, match="an external signer has alg, kid, verifying_key and sign"):
        SigningKey.external(signer)


@pytest.mark.parametrize("key", [None, b"x", "x"])
def test_verifying_key_is_one(key: object) -> None:
    """`verifying_key` is a VerifyingKey."""
    remote = Remote()
    remote.verifying_key = key
    with pytest.raises(TypeError):
        SigningKey.external(remote)


def test_no_export() -> None:
    """What is elsewhere cannot be exported."""
    key = SigningKey.external(Remote())
    assert "invalid_key" == refusal(key.to_private_jwk)
    assert "invalid_key" == refusal(key.to_private_pem, password=None)
    assert key.verifying_key.thumbprint() == key.thumbprint()


@pytest.mark.parametrize("alg", ["Ed448"])
def test_ed448_signs_through_the_seam(alg: str) -> None:
    """Ed448, which the backend lacks, is signed by `cryptography` and verified like an external signature."""
    key = signing(forge.material(alg))
    assert isinstance(key, SigningKey)
    assert b"x" == jws.verify(jws.sign(b"x", key), verifying(forge.material(alg))).payload
    assert isinstance(key.verifying_key, VerifyingKey)
    assert forge.material(alg).private_jwk()["d"] == key.to_private_jwk()["d"]
