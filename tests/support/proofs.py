"""DPoP proofs, right ones and wrong ones (RFC 9449 section 4), by a signer that checks nothing of what it signs.

`Prover(token)` makes a right proof when it is called, and each row of WRONG one that is wrong in one point. A row has the
words of the refusal and the `error` of its challenge.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jwseal import SigningKey, insecure

NOW = 1_800_000_000
URL = "https://api.example/orders"
KEY, OTHER = SigningKey.generate("ES256"), SigningKey.generate("ES256")
JKT = KEY.verifying_key.thumbprint()
PROOF, TOKEN = "invalid_dpop_proof", "invalid_token"


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def ath(token: str) -> str:
    """The hash of a token."""
    return b64(hashlib.sha256(token.encode()).digest())


@dataclass(frozen=True)
class Prover:
    """Makes proofs for this token and this request."""

    token: str
    url: str = URL
    method: str = "GET"
    now: float = NOW

    def __call__(self, header: dict[str, Any] | None = None, key: SigningKey = KEY, **claims: Any) -> str:
        """A proof with these header parameters and claims; `...` leaves one out."""
        head = {"typ": "dpop+jwt", "alg": key.alg, "jwk": key.verifying_key.to_jwk(), **(header or {})}
        right = {"jti": "1", "htm": self.method, "htu": self.url, "iat": self.now, "ath": ath(self.token)}
        parts = [{k: v for k, v in part.items() if v is not ...} for part in (head, {**right, **claims})]
        signed = ".".join(b64(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{b64(insecure.sign_bytes(signed.encode(), key))}"


def changed(parts: str, number: int, text: str) -> str:
    """A proof with another segment."""
    segments = parts.split(".")
    segments[number] = text
    return ".".join(segments)


def symmetric(make: Prover) -> str:
    """A proof whose HMAC is made with the public key's coordinates, as algorithm confusion does."""
    import hmac

    jwk = KEY.verifying_key.to_jwk()
    first, second, _ = make(header={"alg": "HS256"}).split(".")
    mac = hmac.digest(str(jwk["x"]).encode(), f"{first}.{second}".encode(), "sha256")
    return f"{first}.{second}.{b64(mac)}"


OCT = {"kty": "oct", "k": b64(bytes(32))}
HOST = "https://api.example"
WRONG: dict[str, tuple[Callable[[Prover], Any], str, str]] = {
    "no proof": (lambda _: None, "exactly one", PROOF),
    "no value": (lambda _: [], "exactly one", PROOF),
    "two proofs": (lambda make: [make(), make(jti="2")], "exactly one", PROOF),
    "the same twice": (lambda make: [make(), make()], "exactly one", PROOF),
    "an empty value": (lambda _: "", "malformed_token", PROOF),
    "no JWT": (lambda _: "x", "malformed_token", PROOF),
    "two in one value": (lambda make: f"{make()}, {make()}", "malformed_token", PROOF),
    "two in one value without a space": (lambda make: f"{make()},{make()}", "malformed_token", PROOF),
    "a comma at the end": (lambda make: f"{make()},", "malformed_token", PROOF),
    "a space inside": (lambda make: make().replace(".", ". ", 1), "malformed_token", PROOF),
    "a scheme before it": (lambda make: f"DPoP {make()}", "malformed_token", PROOF),
    "five segments": (lambda make: make() + ".x.y", "malformed_token", PROOF),
    "padding": (lambda make: make() + "=", "malformed_token", PROOF),
    "padding of the header": (lambda make: make().replace(".", "=.", 1), "malformed_token", PROOF),
    "the token as its proof": (lambda make: make.token, "public key as jwk", PROOF),
    "typ JWT": (lambda make: make(header={"typ": "JWT"}), "wrong_typ", PROOF),
    "typ at+jwt": (lambda make: make(header={"typ": "at+jwt"}), "wrong_typ", PROOF),
    "no typ": (lambda make: make(header={"typ": ...}), "wrong_typ", PROOF),
    "typ null": (lambda make: make(header={"typ": None}), "unsupported_header", PROOF),
    "alg none": (lambda make: make(header={"alg": "none"}), "algorithm is not accepted", PROOF),
    "alg None, no signature": (
        lambda make: changed(make(header={"alg": "None"}), 2, ""),
        "algorithm is not accepted",
        PROOF,
    ),
    "alg HS256": (lambda make: make(header={"alg": "HS256"}), "algorithm is not accepted", PROOF),
    "HMAC with the public key": (symmetric, "algorithm is not accepted", PROOF),
    "alg RS256 with an EC key": (lambda make: make(header={"alg": "RS256"}), "algorithm is not accepted", PROOF),
    "alg in lower case": (lambda make: make(header={"alg": "es256"}), "algorithm is not accepted", PROOF),
    "alg in a list": (lambda make: make(header={"alg": ["ES256"]}), "algorithm is not accepted", PROOF),
    "no alg": (lambda make: make(header={"alg": ...}), "algorithm is not accepted", PROOF),
    "no jwk": (lambda make: make(header={"jwk": ...}), "public key as jwk", PROOF),
    "jwk is text": (lambda make: make(header={"jwk": "x"}), "public key as jwk", PROOF),
    "jwk is a list": (lambda make: make(header={"jwk": [KEY.verifying_key.to_jwk()]}), "public key as jwk", PROOF),
    "private jwk": (lambda make: make(header={"jwk": KEY.to_private_jwk()}), "public key as jwk", PROOF),
    "symmetric jwk": (lambda make: make(header={"jwk": OCT}), "public key as jwk", PROOF),
    "symmetric jwk and HMAC": (
        lambda make: make(header={"jwk": OCT, "alg": "HS256"}),
        "public key as jwk",
        PROOF,
    ),
    "half a jwk": (lambda make: make(header={"jwk": {"kty": "EC", "crv": "P-256"}}), "cannot be used", PROOF),
    "jwk of another curve": (
        lambda make: make(header={"jwk": {**KEY.verifying_key.to_jwk(), "crv": "P-384"}}),
        "cannot be used",
        PROOF,
    ),
    "a point off the curve": (
        lambda make: make(header={"jwk": {**KEY.verifying_key.to_jwk(), "x": b64(bytes(32))}}),
        "cannot be used",
        PROOF,
    ),
    "a kid instead of a jwk": (lambda make: make(header={"jwk": ..., "kid": "key-1"}), "public key as jwk", PROOF),
    "an x5c instead of a jwk": (lambda make: make(header={"jwk": ..., "x5c": ["MA"]}), "public key as jwk", PROOF),
    "crit": (lambda make: make(header={"crit": ["x"], "x": 1}), "unsupported_header", PROOF),
    "crit b64": (lambda make: make(header={"crit": ["b64"], "b64": False}), "unsupported_header", PROOF),
    "b64 alone": (lambda make: make(header={"b64": False}), "unsupported_header", PROOF),
    "another's signature": (
        lambda make: make(header={"jwk": OTHER.verifying_key.to_jwk()}),
        "invalid_signature",
        PROOF,
    ),
    "no signature": (lambda make: changed(make(), 2, ""), "invalid_signature", PROOF),
    "payload changed": (
        lambda make: changed(make(), 1, make(htm="PUT").split(".")[1]),
        "invalid_signature",
        PROOF,
    ),
    "another key": (lambda make: make(key=OTHER), "not the one", TOKEN),
    "no jti": (lambda make: make(jti=...), "missing_claim", PROOF),
    "jti number": (lambda make: make(jti=1), "invalid_claim", PROOF),
    "jti null": (lambda make: make(jti=None), "invalid_claim", PROOF),
    "no htm": (lambda make: make(htm=...), "missing_claim", PROOF),
    "another method": (lambda make: make(htm="PUT"), "another method", PROOF),
    "method in lower case": (lambda make: make(htm=make.method.lower()), "another method", PROOF),
    "method and a space": (lambda make: make(htm=f"{make.method} "), "another method", PROOF),
    "method in a list": (lambda make: make(htm=[make.method]), "another method", PROOF),
    "no htu": (lambda make: make(htu=...), "missing_claim", PROOF),
    "another path": (lambda make: make(htu=make.url + "/1"), "another URL", PROOF),
    "path in another case": (lambda make: make(htu=make.url.upper()), "another URL", PROOF),
    "a slash at the end": (lambda make: make(htu=make.url + "/"), "another URL", PROOF),
    "an escaped slash": (lambda make: make(htu=make.url.replace("example/", "example/%2F")), "another URL", PROOF),
    "a dot segment": (lambda make: make(htu=make.url.replace("example/", "example/x/../")), "another URL", PROOF),
    "another host": (lambda make: make(htu=make.url.replace("//", "//evil.")), "another URL", PROOF),
    "the host of the server": (lambda make: make(htu="http://testserver/orders"), "another URL", PROOF),
    "a dot after the host": (lambda make: make(htu=make.url.replace("example/", "example./")), "another URL", PROOF),
    "another scheme": (lambda make: make(htu=make.url.replace("https", "http")), "another URL", PROOF),
    "scheme wss": (lambda make: make(htu=make.url.replace("https", "wss")), "another URL", PROOF),
    "another port": (lambda make: make(htu=make.url.replace("example/", "example:444/")), "another URL", PROOF),
    "port zero": (lambda make: make(htu=make.url.replace("example/", "example:0/")), "another URL", PROOF),
    "port out of range": (lambda make: make(htu=make.url.replace("example/", "example:99999/")), "another URL", PROOF),
    "a user in the URL": (lambda make: make(htu=make.url.replace("//", "//api@")), "another URL", PROOF),
    "a backslash": (lambda make: make(htu=make.url.replace("example/", "example\\@evil/")), "another URL", PROOF),
    "a line break in the URL": (lambda make: make(htu=make.url.replace("example", "exam\nple")), "another URL", PROOF),
    "a space before the URL": (lambda make: make(htu=" " + make.url), "another URL", PROOF),
    "a letter that is not ASCII": (lambda make: make(htu=make.url + "\u212a"), "another URL", PROOF),
    "a broken escape": (lambda make: make(htu=make.url + "%6"), "another URL", PROOF),
    "the path alone": (lambda make: make(htu="/orders"), "another URL", PROOF),
    "no URL": (lambda make: make(htu="https://[x"), "another URL", PROOF),
    "an empty URL": (lambda make: make(htu=""), "another URL", PROOF),
    "htu number": (lambda make: make(htu=1), "another URL", PROOF),
    "no iat": (lambda make: make(iat=...), "missing_claim", PROOF),
    "old": (lambda make: make(iat=make.now - 303), "token_too_old", PROOF),
    "very old": (lambda make: make(iat=1), "token_too_old", PROOF),
    "in the future": (lambda make: make(iat=make.now + 3_000), "token_not_yet_valid", PROOF),
    "iat text": (lambda make: make(iat=str(make.now)), "invalid_claim", PROOF),
    "iat in milliseconds": (lambda make: make(iat=make.now * 1000), "invalid_claim", PROOF),
    "expired": (lambda make: make(exp=make.now - 60), "token_expired", PROOF),
    "nbf ahead": (lambda make: make(nbf=make.now + 3_000), "token_not_yet_valid", PROOF),
    "no ath": (lambda make: make(ath=...), "missing_claim", PROOF),
    "ath null": (lambda make: make(ath=None), "missing_claim", PROOF),
    "ath of another token": (lambda make: make(ath=ath("other")), "another token", PROOF),
    "ath is the token": (lambda make: make(ath=make.token), "another token", PROOF),
    "ath with padding": (lambda make: make(ath=ath(make.token) + "="), "another token", PROOF),
    "ath in hex": (
        lambda make: make(ath=hashlib.sha256(make.token.encode()).hexdigest()),
        "another token",
        PROOF,
    ),
    "ath in a list": (lambda make: make(ath=[ath(make.token)]), "another token", PROOF),
    "header too large": (lambda make: make(header={"x": "x" * 5_000}), "token_too_large", PROOF),
    "oversized": (lambda make: make(x="x" * 20_000), "token_too_large", PROOF),
}
# A server refuses these before the application sees them.
NOT_IN_A_HEADER = frozenset({"oversized", "header too large"})
