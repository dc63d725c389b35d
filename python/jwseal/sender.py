"""Sender-constrained tokens: the proof that the sender of a token holds its key (RFC 9449 DPoP, RFC 8705 mutual TLS).

    verifier = Verifier(keys, policy, sender="dpop")  # or sender=DpopCheck(nonce=Nonce(secret), replay=MemoryState())
    token = verifier.verify(text, sender=Dpop(proof, "GET", "https://api.example/orders"))

    verifier = Verifier(keys, policy, sender="mtls")
    token = verifier.verify(text, sender=ClientCertificate(der))

An Authorizer takes both as a Verifier does: `from_file(path, sender="dpop")` and `authorize(text, sender=...)`.

A token names its key in `cnf`: the thumbprint of the proof's key (RFC 9449 section 6), or the hash of the client's certificate
(RFC 8705 section 3). A proof is accepted only if it is for this token, this request and this key. One that is missing, malformed or
does not match raises SenderMismatch, for which `challenge` has the response. The certificate itself is not checked: the TLS server
does that.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Collection
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast, get_args
from urllib.parse import urlsplit

from jwseal._native import VerifyingKey, header_unverified
from jwseal.errors import InvalidKey, InvalidToken, PolicyError, SenderMismatch, StateUnavailable
from jwseal.policy import UNCHECKED, Policy
from jwseal.state.answer import ask, ask_async
from jwseal.types import Algorithm
from jwseal.verifier import Verifier

if TYPE_CHECKING:
    from jwseal import VerifiedJWT
    from jwseal.state import ReplayStore
    from jwseal.state.answer import Question

__all__ = ["CertificateCheck", "ClientCertificate", "Dpop", "DpopCheck", "Nonce"]

_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"))
_ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "RS256")
_ASYMMETRIC = frozenset(name for name in get_args(Algorithm) if not name.startswith("HS"))
_PORTS = {"https": 443, "http": 80}
_NO_ESCAPE = "%(?![0-9a-fA-F]{2})"
# Seconds by which the clocks of servers may differ, so that a nonce comes from the future.
_SKEW = 5


class Dpop:
    """A DPoP proof and the request that it came with: the values of the header `DPoP`, the method and the URL.

    The URL is the public one, without its query. Behind a proxy, it is the one that the client requested.

    After the proof was accepted, `next_nonce` is a nonce for the header `DPoP-Nonce` of the answer (RFC 9449 section 8.2), if
    that of the proof has been used for half its time. Until then it is None.
    """

    __slots__ = ("method", "next_nonce", "proof", "url")

    def __init__(self, proof: str | bytes | Collection[str | bytes] | None, method: str, url: str) -> None:
        given: Any = (proof, method, url)
        values = (proof or "",) if isinstance(proof, str | bytes | None) else given[0]
        if not isinstance(values, Collection) or not all(isinstance(value, str | bytes) for value in values):
            raise TypeError("the proof is the text of the header DPoP, the values of that header, or None")
        if not all(isinstance(one, str) for one in given[1:]):
            raise TypeError("the method and the URL of the request are str")
        if not url.lower().startswith(("https://", "http://")):
            raise PolicyError("the URL of the request is a whole one, 'https://api.example/orders'")
        self.proof = proof
        self.method = method
        self.url = url
        self.next_nonce: str | None = None

    def __repr__(self) -> str:
        return f"<Dpop {self.method}>"


class ClientCertificate:
    """The certificate of the TLS client, as DER; None, or no bytes, where the client sent none."""

    __slots__ = ("der",)

    def __init__(self, der: bytes | None) -> None:
        if not isinstance(der, bytes | None):
            raise TypeError(f"the certificate is DER as bytes, or None, not {type(der).__name__}")
        self.der = der or None

    def __repr__(self) -> str:
        return "<ClientCertificate>"


class Nonce:
    """Stateless DPoP nonces (RFC 9449 section 9). A nonce is a time and a MAC of it.

    secret    at least 32 random bytes, the same in every process that serves the resource
    previous  other secrets whose nonces are accepted. To change the secret, add the new one here in all processes, then
              exchange the two, then leave the old one out
    ttl       seconds for which a nonce is accepted
    """

    __slots__ = ("_secrets", "ttl")

    def __init__(self, secret: bytes, *, previous: Collection[bytes] = (), ttl: float = 300) -> None:
        secrets: tuple[Any, ...] = (secret, *previous)
        if not all(isinstance(one, bytes) for one in secrets):
            raise TypeError("the secret of nonces is bytes, and previous is a collection of bytes")
        if any(len(one) < 32 for one in secrets):
            raise PolicyError(
                "the secret of nonces is at least 32 random bytes: secrets.token_bytes(32), kept in the configuration"
            )
        self._secrets = secrets
        self.ttl = _seconds("ttl", ttl)

    def make(self, now: float) -> str:
        """A nonce of this moment."""
        moment = int(now).to_bytes(8, "big")
        return _base64url(moment + _mac(self._secrets[0], moment))

    def accepts(self, nonce: object, now: float) -> bool:
        """Whether the nonce was made with one of the secrets and not longer than `ttl` ago."""
        return self.age(nonce, now) is not None

    def age(self, nonce: object, now: float) -> float | None:
        """The seconds since the nonce was made; None if it is not accepted."""
        if not isinstance(nonce, str) or not re.fullmatch(r"[A-Za-z0-9_-]{32}", nonce):
            return None
        data = base64.urlsafe_b64decode(nonce)
        moment, mac = data[:8], data[8:]
        age = now - int.from_bytes(moment, "big")
        ours = any(hmac.compare_digest(mac, _mac(secret, moment)) for secret in self._secrets)
        return age if ours and -_SKEW <= age <= self.ttl else None

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
    max_age      seconds for which a proof is accepted after its `iat`, without leeway
    leeway       seconds by which `iat` may lie ahead, and by which the clocks of several servers may differ
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
        if isinstance(algorithms, str) or not algorithms or not _ASYMMETRIC.issuperset(algorithms):
            raise PolicyError(
                "algorithms is a collection of names with public keys, such as ['ES256']: a DPoP proof is signed with a "
                "private key"
            )
        if nonce is not None and not isinstance(nonce, Nonce):
            raise TypeError(f"nonce must be a Nonce, not {type(nonce).__name__}: Nonce(secrets.token_bytes(32))")
        if replay is not None and (isinstance(replay, type) or not callable(getattr(replay, "add", None))):
            raise TypeError("replay must be a store of jwseal.state, such as MemoryState()")
        self.algorithms, self.max_age = tuple(algorithms), _seconds("max_age", max_age)
        self.leeway, self.nonce, self.replay = _seconds("leeway", leeway), nonce, replay
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
            self._burn(ask("replay", self._question(used)))

    async def check_async(
        self, token: VerifiedJWT, sender: Dpop | None, text: str | bytes, *, now: float | None = None
    ) -> None:
        """As `check`, with a store that may be asynchronous. One that is not is asked on a thread."""
        used = self._judge(token, sender, text, time.time() if now is None else now)
        if used is not None:
            self._burn(await ask_async("replay", self._question(used)))

    def _judge(
        self, token: VerifiedJWT, sender: Dpop | None, text: str | bytes, now: float
    ) -> tuple[str, float] | None:
        """The identifier to burn and for how many seconds, if there is a store."""
        if sender is None:
            raise self._refusal("the token needs a proof: verify(token, sender=Dpop(proof, method, url))")
        if not isinstance(sender, Dpop):
            raise TypeError(f"a DPoP-bound token needs Dpop(proof, method, url), not {type(sender).__name__}")
        bound = _confirmation(token, "jkt", self.algorithms)
        key, proof = self._proof(sender.proof, now)
        if not hmac.compare_digest(bound, key.thumbprint()):
            raise SenderMismatch(
                "the proof's key is not the one that the token is bound to", "cnf", self.algorithms, token_at_fault=True
            )
        if now - proof["iat"] > self.max_age:
            raise self._refusal("the proof is refused: token_too_old")
        if proof["htm"] != sender.method:
            raise self._refusal("the proof is for another method")
        place = _place(proof["htu"]) if isinstance(proof["htu"], str) else None
        if place is None or place != _place(sender.url):
            raise self._refusal("the proof is for another URL")
        data = text.encode() if isinstance(text, str) else text
        if proof["ath"] != _base64url(hashlib.sha256(data).digest()):
            raise self._refusal("the proof is for another token")
        if self.nonce:
            age = self.nonce.age(proof.get("nonce"), now)
            if age is None:
                raise self._refusal("the proof has no nonce of this server, or an old one", self.nonce.make(now))
            sender.next_nonce = self.nonce.make(now) if age > self.nonce.ttl / 2 else None
        if self.replay is None:
            return None
        parts = (b"dpop", bound.encode(), proof["jti"].encode())
        used = hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).hexdigest()
        # A proof may be dated ahead, is accepted in the last moment of its time too, and by servers whose clocks are behind.
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

    def _question(self, used: tuple[str, float]) -> Question:
        return partial(cast("ReplayStore", self.replay).add, *used)

    def _burn(self, answer: bool | StateUnavailable) -> None:
        if isinstance(answer, StateUnavailable):
            raise answer
        if not answer:
            raise self._refusal("the proof was used before")


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


def names_a_key(cnf: object) -> bool:
    """Whether this claim `cnf` binds its token to a key of one of these kinds."""
    return isinstance(cnf, dict) and not cnf.keys().isdisjoint(("jkt", "x5t#S256"))


def _confirmation(token: VerifiedJWT, member: str, algs: tuple[str, ...] = ()) -> str:
    """The member of `cnf` (RFC 7800 section 3.1)."""
    cnf = token.get("cnf")
    value = cnf.get(member) if isinstance(cnf, dict) else None
    if isinstance(value, str) and value.isascii():
        return value
    raise SenderMismatch(f"the token is not bound: it has no cnf with {member}", "cnf", algs, token_at_fault=True)


def _place(url: str) -> tuple[str, str, int | None, str] | None:
    """A URL without query and fragment, normalised (RFC 3986 sections 6.2.2 and 6.2.3); None, which equals no URL asked for.

    Escapes are undone for all that may stand in a segment, because an application is given its path without them. Dot
    segments stay: HTTP clients remove them before they send a request.
    """
    if not re.fullmatch(r"[!-~]+", url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme, path = parts.scheme.lower(), parts.path
    if scheme not in _PORTS or not parts.hostname or {"@", "\\"} & set(parts.netloc) or re.search(_NO_ESCAPE, path):
        return None
    path = re.sub(r"%..", lambda found: _unescaped(found[0]), path) or "/"
    return scheme, parts.hostname.lower(), _PORTS[scheme] if port is None else port, path


def _unescaped(escape: str) -> str:
    character = chr(int(escape[1:], 16))
    return character if re.fullmatch(r"[A-Za-z0-9._~!$&'()*+,;=:@-]", character) else escape.upper()


def _mac(secret: bytes, moment: bytes) -> bytes:
    return hmac.digest(secret, b"jwseal dpop nonce" + moment, "sha256")[:16]


def _seconds(name: str, value: Any) -> float:
    """A span of at least zero seconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is a number of seconds, not {type(value).__name__}")
    if not 0 <= value < float("inf"):
        raise PolicyError(f"{name} is a finite number of seconds, at least 0")
    seconds: float = value
    return seconds


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
