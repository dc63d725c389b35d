"""Sender-constrained tokens: the proof that the sender of a token holds its key (RFC 9449 DPoP, RFC 8705 mutual TLS).

    verifier = Verifier(keys, policy, sender="dpop")  # or sender=DpopCheck(nonce=Nonce(secret), replay=MemoryState())
    token = verifier.verify(text, sender=Dpop(proof, "GET", "https://api.example/orders"))

    verifier = Verifier(keys, policy, sender="mtls")
    token = verifier.verify(text, sender=ClientCertificate(der))

A token names its key in `cnf`: the thumbprint of the proof's key (RFC 9449 section 6), or the hash of the client's certificate
(RFC 8705 section 3). After `verify` the proof is one for this token, this request and this key. What is missing, malformed or
does not match is SenderMismatch, which `challenge` answers. The certificate itself is not judged: the TLS server does that.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Awaitable, Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from jwseal._native import VerifyingKey, header_unverified
from jwseal.errors import InvalidKey, InvalidToken, PolicyError, SenderMismatch, StateUnavailable
from jwseal.policy import UNCHECKED, Policy
from jwseal.verifier import Verifier

if TYPE_CHECKING:
    from jwseal import VerifiedJWT
    from jwseal.state import ReplayStore
    from jwseal.types import Algorithm

__all__ = ["CertificateCheck", "ClientCertificate", "Dpop", "DpopCheck", "Nonce"]

_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"))
_ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "RS256")
_PORTS = {"https": 443, "http": 80}


class Dpop:
    """A DPoP proof and the request that it came with: the values of the header `DPoP`, the method and the URL.

    The URL is the one that the client asked for, without its query: behind a proxy, the public one.
    """

    __slots__ = ("method", "proof", "url")

    def __init__(self, proof: str | bytes | Collection[str | bytes] | None, method: str, url: str) -> None:
        self.proof = proof
        self.method = method
        self.url = url

    def __repr__(self) -> str:
        return f"<Dpop {self.method}>"


class ClientCertificate:
    """The certificate of the TLS client, as DER; None where the client sent none."""

    __slots__ = ("der",)

    def __init__(self, der: bytes | None) -> None:
        if not isinstance(der, bytes | None):
            raise TypeError(f"the certificate is DER as bytes, or None, not {type(der).__name__}")
        self.der = der

    def __repr__(self) -> str:
        return "<ClientCertificate>"


class Nonce:
    """Nonces that no server has to remember (RFC 9449 section 9): a time and its MAC.

    secret   at least 32 random bytes, the same in every process that serves the resource
    ttl      seconds for which a nonce is accepted
    """

    __slots__ = ("_secret", "ttl")

    def __init__(self, secret: bytes, *, ttl: float = 300) -> None:
        if not isinstance(secret, bytes):
            raise TypeError(f"the secret of nonces is bytes, not {type(secret).__name__}")
        if len(secret) < 32:
            raise PolicyError(
                "the secret of nonces is at least 32 random bytes: secrets.token_bytes(32), kept in the configuration"
            )
        self._secret = bytes(secret)
        self.ttl = ttl

    def make(self, now: float) -> str:
        """A nonce of this moment."""
        moment = int(now).to_bytes(8, "big")
        return _base64url(moment + self._mac(moment))

    def accepts(self, nonce: object, now: float) -> bool:
        """Whether the nonce was made here and not longer than `ttl` ago."""
        if not isinstance(nonce, str) or not re.fullmatch(r"[A-Za-z0-9_-]{32}", nonce):
            return False
        data = base64.urlsafe_b64decode(nonce)
        moment, mac = data[:8], data[8:]
        age = now - int.from_bytes(moment, "big")
        return hmac.compare_digest(mac, self._mac(moment)) and -5 <= age <= self.ttl

    def _mac(self, moment: bytes) -> bytes:
        return hmac.digest(self._secret, b"jwseal dpop nonce" + moment, "sha256")[:16]

    def __repr__(self) -> str:
        return f"<Nonce ttl={self.ttl}>"


class CertificateCheck:
    """Demands the certificate that the token is bound to (RFC 8705 section 3.1)."""

    def check(
        self, token: VerifiedJWT, sender: ClientCertificate | None, text: str | bytes, *, now: float | None = None
    ) -> None:
        """Raise SenderMismatch unless the token's `x5t#S256` is the hash of this certificate."""
        if sender is None:
            raise SenderMismatch(
                "the token needs the client's certificate: verify(token, sender=ClientCertificate(der))", "cnf"
            )
        if not isinstance(sender, ClientCertificate):
            raise TypeError(f"a certificate-bound token needs ClientCertificate(der), not {type(sender).__name__}")
        bound = _confirmation(token, "x5t#S256")
        if sender.der is None:
            raise SenderMismatch("the token is bound to a certificate, and the client sent none", "cnf")
        if not hmac.compare_digest(bound, _base64url(hashlib.sha256(sender.der).digest())):
            raise SenderMismatch("the client's certificate is not the one that the token is bound to", "cnf")

    async def check_async(
        self, token: VerifiedJWT, sender: ClientCertificate | None, text: str | bytes, *, now: float | None = None
    ) -> None:
        """As `check`."""
        self.check(token, sender, text, now=now)


class DpopCheck:
    """Demands a DPoP proof (RFC 9449 section 4.3).

    algorithms   the algorithms of proofs, all of them with public keys
    max_age      seconds for which a proof is accepted after its `iat`
    leeway       seconds by which `iat` may lie ahead
    nonce        a Nonce, which proofs must then have
    replay       a store of proofs that were used, so that each is accepted once; see jwseal.state
    """

    def __init__(
        self,
        *,
        algorithms: Collection[Algorithm] = cast("tuple[Algorithm, ...]", _ALGORITHMS),
        max_age: float = 300,
        leeway: float = 5,
        nonce: Nonce | None = None,
        replay: ReplayStore | None = None,
    ) -> None:
        if isinstance(algorithms, str) or not algorithms or any(name.startswith("HS") for name in algorithms):
            raise PolicyError(
                "algorithms is a collection of names with public keys: a DPoP proof is signed with a private key"
            )
        self.algorithms, self.max_age, self.leeway = tuple(algorithms), max_age, leeway
        self.nonce, self.replay = nonce, replay
        self._policy = Policy(
            issuer=UNCHECKED,
            audience=UNCHECKED,
            typ="dpop+jwt",
            expiry=UNCHECKED,
            required=["jti", "htm", "htu", "iat", "ath"],
            max_age=max_age,
            leeway=leeway,
        )

    def check(self, token: VerifiedJWT, sender: Dpop | None, text: str | bytes, *, now: float | None = None) -> None:
        """Raise SenderMismatch unless the proof is one for this token, its text, and this request."""
        used = self._judge(token, sender, text, time.time() if now is None else now)
        if used is not None:
            with _asking():
                first = cast("ReplayStore", self.replay).add(*used)
            self._burn(first)

    async def check_async(
        self, token: VerifiedJWT, sender: Dpop | None, text: str | bytes, *, now: float | None = None
    ) -> None:
        """As `check`, with a store that may be asynchronous."""
        used = self._judge(token, sender, text, time.time() if now is None else now)
        if used is not None:
            with _asking():
                answer: Any = cast("ReplayStore", self.replay).add(*used)
                first = await answer if isinstance(answer, Awaitable) else answer
            self._burn(first)

    def _judge(
        self, token: VerifiedJWT, sender: Dpop | None, text: str | bytes, now: float
    ) -> tuple[str, float] | None:
        """The identifier to burn and for how many seconds, if there is a store."""
        if sender is None:
            raise self._refusal("the token needs a proof: verify(token, sender=Dpop(proof, method, url))")
        if not isinstance(sender, Dpop):
            raise TypeError(f"a DPoP-bound token needs Dpop(proof, method, url), not {type(sender).__name__}")
        bound = _confirmation(token, "jkt", self._refusal)
        key, proof = self._proof(sender.proof, now)
        if not hmac.compare_digest(bound, key.thumbprint()):
            raise self._refusal("the proof's key is not the one that the token is bound to")
        if proof["htm"] != sender.method:
            raise self._refusal("the proof is for another method")
        place = _place(proof["htu"]) if isinstance(proof["htu"], str) else None
        if place is None or place != _place(sender.url):
            raise self._refusal("the proof is for another URL")
        data = text.encode() if isinstance(text, str) else text
        if proof["ath"] != _base64url(hashlib.sha256(data).digest()):
            raise self._refusal("the proof is for another token")
        if self.nonce and not self.nonce.accepts(proof.get("nonce"), now):
            raise self._refusal("the proof has no nonce of this server, or an old one", self.nonce.make(now))
        if self.replay is None:
            return None
        parts = (b"dpop", bound.encode(), proof["jti"].encode())
        used = hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).hexdigest()
        # A proof may be dated ahead, and is accepted in the last moment of its time too: its entry outlives it by a second.
        return used, proof["iat"] + self.max_age + self.leeway - now + 1

    def _proof(self, values: Any, now: float) -> tuple[VerifyingKey, VerifiedJWT]:
        """The proof's key and the verified proof (RFC 9449 section 4.3, checks 1 to 7 and 11)."""
        found = [values] if isinstance(values, str | bytes) else list(values or ())
        if len(found) != 1:
            raise self._refusal("a request has exactly one DPoP proof")
        reason = ""
        try:
            jwk = header_unverified(found[0]).get("jwk")
            if not isinstance(jwk, dict) or not _PRIVATE.isdisjoint(jwk):
                reason = "the proof's header needs a public key as jwk"
            else:
                alg: Any = header_unverified(found[0]).get("alg")
                if alg not in self.algorithms:
                    reason = "the proof's algorithm is not accepted"
                else:
                    members = {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e", "pub") if name in jwk}
                    key = VerifyingKey.from_jwk(members, alg=alg)
                    return key, Verifier(key, self._policy).verify(found[0], now=now)
        except InvalidKey:
            reason = "the proof's key cannot be used"
        except InvalidToken as error:
            reason = f"the proof is refused: {error.code}"
        raise self._refusal(reason)

    def _refusal(self, sentence: str, nonce: str | None = None) -> SenderMismatch:
        return SenderMismatch(sentence, "cnf", algs=self.algorithms, nonce=nonce)

    def _burn(self, first: object) -> None:
        if first is not True:
            raise (
                self._refusal("the proof was used before")
                if first is False
                else StateUnavailable("the store gave no answer")
            )


@contextmanager
def _asking() -> Iterator[None]:
    """A store that fails in any way gives no answer."""
    try:
        yield
    except StateUnavailable:
        raise
    except Exception as error:
        raise StateUnavailable(
            f"a store failed with {type(error).__name__}, so the proof could not be judged"
        ) from error


def sender_check(given: object) -> DpopCheck | CertificateCheck:
    """Return the check for `Verifier(sender=)`: one that was made, or the one of a name with its standard settings."""
    if isinstance(given, DpopCheck | CertificateCheck):
        return given
    if isinstance(given, str):
        return _named(given)
    raise TypeError(f'sender must be "dpop", "mtls", a DpopCheck or a CertificateCheck, not {type(given).__name__}')


@cache
def _named(name: str) -> DpopCheck | CertificateCheck:
    """The same object each time, so that verifiers of one name share it."""
    if name == "dpop":
        return DpopCheck()
    if name == "mtls":
        return CertificateCheck()
    raise PolicyError('sender must be "dpop" or "mtls"')


def _confirmation(token: VerifiedJWT, member: str, refusal: Any = None) -> str:
    """The member of `cnf` (RFC 7800 section 3.1)."""
    cnf = token.get("cnf")
    value = cnf.get(member) if isinstance(cnf, dict) else None
    if isinstance(value, str) and value.isascii():
        return value
    sentence = f"the token is not bound: it has no cnf with {member}"
    raise refusal(sentence) if refusal else SenderMismatch(sentence, "cnf")


def _place(url: str) -> tuple[str, str, int | None, str] | None:
    """A URL without query and fragment, normalised (RFC 3986 sections 6.2.2 and 6.2.3); None, which equals no URL asked for."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    path = re.sub(r"%[0-9a-fA-F]{2}", lambda found: _unescaped(found[0]), parts.path) or "/"
    return scheme, (parts.hostname or "").lower(), port or _PORTS.get(scheme), path


def _unescaped(escape: str) -> str:
    character = chr(int(escape[1:], 16))
    return character if re.fullmatch(r"[A-Za-z0-9._~-]", character) else escape.upper()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
