"""The forge: a token for each known attack, by name, against tokens of a FakeIssuer (RFC 8725, RFC 7515, RFC 7519).

    for attack in forge.attacks(issuer):
        assert application_refuses(attack.token), attack.name

    token = forge.token("public_key_as_secret", issuer)

`code` is what a `Verifier` with `Policy(issuer=issuer.url, audience=issuer.audience)` answers. Unless its name says otherwise a
token has the signature of the issuer's own key over what it says, so that nothing but the named fault refuses it. Any issuer
with a public key will do; its key is used through `jwseal.insecure`.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from jwseal import SecretKey, SigningKey, insecure
from jwseal._encoding import base64url_encode

if TYPE_CHECKING:
    from jwseal.testing.issuer import FakeIssuer

__all__ = ["ATTACKS", "Attack", "attacks", "token"]


class Attack(NamedTuple):
    """One forged or faulty token, and the code that refuses it."""

    name: str
    code: str
    token: str


def attacks(issuer: FakeIssuer, claims: Mapping[str, Any] | None = None) -> Iterator[Attack]:
    """Every attack on tokens of this issuer. `claims` are further claims of the tokens, as `FakeIssuer.token` takes them."""
    for name, (code, _) in ATTACKS.items():
        yield Attack(name, code, token(name, issuer, claims))


def token(name: str, issuer: FakeIssuer, claims: Mapping[str, Any] | None = None) -> str:
    """The token of the attack with this name. KeyError if there is none."""
    _, make = ATTACKS[name]
    return make(_Forge(issuer, claims or {}))


class _Forge:
    """What an attack starts from: a good token, its header and claims, and the issuer's key."""

    def __init__(self, issuer: FakeIssuer, claims: Mapping[str, Any]) -> None:
        self.issuer = issuer
        self.key = issuer.key()
        self.good = issuer.token(claims)
        head, body, self.signature = self.good.split(".")
        self.header, self.claims = json.loads(_decoded(head)), json.loads(_decoded(body))
        self.head, self.body = head, body

    def header_of(self, key: SigningKey | SecretKey | None = None, **changes: Any) -> str:
        """A token whose header is changed; `...` leaves a member out."""
        return self.sign(_segment(_changed(self.header, changes)), self.body, key)

    def claims_of(self, **changes: Any) -> str:
        """A token whose claims are changed; `...` leaves a claim out."""
        return self.sign(self.head, _segment(_changed(self.claims, changes)))

    def text(self, *, header: bytes | None = None, payload: bytes | None = None) -> str:
        """A token of this header or payload, byte for byte."""
        head = self.head if header is None else _encoded(header)
        return self.sign(head, self.body if payload is None else _encoded(payload))

    def sign(self, head: str, body: str, key: SigningKey | SecretKey | None = None) -> str:
        """The token of two segments, signed as they stand."""
        signed = f"{head}.{body}"
        return f"{signed}.{_encoded(insecure.sign_bytes(signed.encode(), key or self.key))}"

    def unsigned(self, signature: str = "", **changes: Any) -> str:
        """A token with a changed header and no valid signature."""
        return f"{_segment(_changed(self.header, changes))}.{self.body}.{signature}"

    def maced(self, secret: bytes) -> str:
        """An HS256 token under this secret, which no key of jwseal would take."""
        signed = f"{_segment(self.header | {'alg': 'HS256'})}.{self.body}"
        return f"{signed}.{_encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"

    @property
    def public(self) -> Any:
        """The issuer's public key."""
        if isinstance(self.key, SecretKey):
            raise TypeError("the forge attacks public keys: give the issuer one, as FakeIssuer(alg='ES256') has")
        return self.key.verifying_key

    @property
    def other(self) -> SigningKey:
        """A key of the same algorithm and kid that is not the issuer's."""
        return SigningKey.generate(self.public.algs[0], kid=self.issuer.kid)

    def resized(self, change: int) -> str:
        """The good token with a signature of another length."""
        raw = _decoded(self.signature)
        return f"{self.head}.{self.body}.{_encoded(raw[:change] if change < 0 else raw + bytes(change))}"

    def embedded(self, **members: Any) -> str:
        """A token signed by another key that its header tells the verifier to use."""
        return self.header_of(self.other, **members)

    def spaced(self, text: str) -> str:
        """The good token with foreign characters in its payload segment."""
        return f"{self.head}.{self.body[:8]}{text}{self.body[8:]}.{self.signature}"


def _changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if value is not ...}


def _segment(part: Any) -> str:
    return _encoded(json.dumps(part, separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return base64url_encode(data).decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _with(forge: _Forge, part: Mapping[str, Any], extra: bytes) -> bytes:
    """The JSON of a part with one more member, which may repeat one that is there."""
    return json.dumps(part).encode()[:-1] + b"," + extra + b"}"


def _der(forge: _Forge) -> bytes:
    """The issuer's public key as DER (RFC 5280 section 4.1.2.7), which is what its PEM holds."""
    lines = forge.public.to_pem().decode().split("-----")[2]
    return base64.b64decode(lines)


def _uncanonical(forge: _Forge) -> str:
    """The payload segment in another spelling: bits that no byte has are set (RFC 4648 section 3.5)."""
    data = json.dumps(forge.claims).encode()
    text = _encoded(data if len(data) % 3 else data + b" ")
    return text[:-1] + _ALPHABET[_ALPHABET.index(text[-1]) + 1]


def _certificate(forge: _Forge) -> str:
    """A self-signed certificate, as `x5c` holds it. No verifier trusts its key."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "id.example")])
    key, start = ec.generate_private_key(ec.SECP256R1()), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + dt.timedelta(36_500))
    return base64.b64encode(made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)).decode()


def _now(forge: _Forge) -> int:
    return int(forge.issuer.clock())


_Maker = Callable[[_Forge], str]
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_EVIL = "https://evil.example/jwks.json"

# No signature, or none by the issuer.
_SIGNATURES: dict[str, tuple[str, _Maker]] = {
    "none": ("algorithm_not_allowed", lambda f: f.unsigned(alg="none")),
    "none_upper_case": ("algorithm_not_allowed", lambda f: f.unsigned(alg="NONE")),
    "none_mixed_case": ("algorithm_not_allowed", lambda f: f.unsigned(alg="nOnE")),
    "none_with_signature": ("algorithm_not_allowed", lambda f: f.unsigned(f.signature, alg="none")),
    "alg_missing": ("malformed_token", lambda f: f.unsigned(alg=...)),
    "alg_empty": ("algorithm_not_allowed", lambda f: f.unsigned(alg="")),
    "alg_unknown": ("algorithm_not_allowed", lambda f: f.unsigned(alg="ES256X")),
    "alg_in_a_list": ("unsupported_header", lambda f: f.unsigned(f.signature, alg=[f.header["alg"]])),
    "alg_lower_case": ("algorithm_not_allowed", lambda f: f.header_of(alg=f.header["alg"].lower())),
    "signature_empty": ("invalid_signature", lambda f: f"{f.head}.{f.body}."),
    "signature_missing": ("malformed_token", lambda f: f"{f.head}.{f.body}"),
    "signature_cut": ("invalid_signature", lambda f: f.resized(-1)),
    "signature_extended": ("invalid_signature", lambda f: f.resized(1)),
    "signature_of_zeros": (
        "invalid_signature",
        lambda f: f"{f.head}.{f.body}.{_encoded(bytes(len(_decoded(f.signature))))}",
    ),
    "signature_of_another_token": (
        "invalid_signature",
        lambda f: f"{f.head}.{f.body}.{f.claims_of(sub='mallory').rpartition('.')[2]}",
    ),
    "payload_changed": (
        "invalid_signature",
        lambda f: f"{f.head}.{_segment(f.claims | {'sub': 'admin'})}.{f.signature}",
    ),
    "header_changed": (
        "invalid_signature",
        lambda f: f"{_segment(f.header | {'x': 1})}.{f.body}.{f.signature}",
    ),
    "foreign_key": ("invalid_signature", lambda f: f.header_of(f.other)),
    "public_key_as_secret": ("algorithm_not_allowed", lambda f: f.maced(f.public.to_pem())),
    "public_der_as_secret": ("algorithm_not_allowed", lambda f: f.maced(_der(f))),
    "public_jwk_as_secret": ("algorithm_not_allowed", lambda f: f.maced(json.dumps(f.public.to_jwk()).encode())),
    "empty_secret": ("algorithm_not_allowed", lambda f: f.maced(b"")),
    "another_algorithm": (
        "algorithm_not_allowed",
        lambda f: f.header_of(alg="ES384" if f.header["alg"] != "ES384" else "ES256"),
    ),
}

# A key of the sender's choice (RFC 8725 section 3.10).
_KEYS: dict[str, tuple[str, _Maker]] = {
    "embedded_jwk": (
        "invalid_signature",
        lambda f: f.header_of(key := f.other, jwk=key.verifying_key.to_jwk()),
    ),
    "embedded_jku": ("invalid_signature", lambda f: f.embedded(jku=_EVIL)),
    "embedded_x5u": ("invalid_signature", lambda f: f.embedded(x5u=_EVIL)),
    "embedded_x5c": ("invalid_signature", lambda f: f.embedded(x5c=[_certificate(f)])),
    "kid_unknown": ("key_not_found", lambda f: f.header_of(kid="another")),
    "kid_path": ("key_not_found", lambda f: f.header_of(kid="../../../../dev/null")),
    "kid_sql": ("key_not_found", lambda f: f.header_of(kid="' UNION SELECT 'secret")),
    "kid_url": ("key_not_found", lambda f: f.header_of(kid=_EVIL)),
    "kid_number": ("unsupported_header", lambda f: f.header_of(kid=1)),
    "kid_null": ("unsupported_header", lambda f: f.header_of(kid=None)),
}

# A header that two readers could understand differently (RFC 7515 sections 4 and 4.1.11, RFC 7797).
_HEADERS: dict[str, tuple[str, _Maker]] = {
    "crit_unknown": ("unsupported_header", lambda f: f.header_of(crit=["policy"], policy=1)),
    "crit_empty": ("unsupported_header", lambda f: f.header_of(crit=[])),
    "crit_registered": ("unsupported_header", lambda f: f.header_of(crit=["alg"])),
    "crit_absent_member": ("unsupported_header", lambda f: f.header_of(crit=["exp"])),
    "crit_no_list": ("unsupported_header", lambda f: f.header_of(crit="b64")),
    "b64_false": ("unsupported_header", lambda f: f.header_of(crit=["b64"], b64=False)),
    "b64_without_crit": ("unsupported_header", lambda f: f.header_of(b64=False)),
    "duplicate_alg": ("malformed_token", lambda f: f.text(header=_with(f, f.header, b'"alg":"none"'))),
    "header_is_no_json": ("malformed_token", lambda f: f.text(header=b"{alg:ES256}")),
    "header_is_a_list": ("malformed_token", lambda f: f.text(header=b"[1]")),
    "header_with_bom": ("malformed_token", lambda f: f.text(header=b"\xef\xbb\xbf" + json.dumps(f.header).encode())),
    "header_no_utf8": ("malformed_token", lambda f: f.text(header=_with(f, f.header, b'"x":"\xff"'))),
    "header_too_deep": (
        "malformed_token",
        lambda f: f.text(header=_with(f, f.header, b'"x":' + b"[" * 40 + b"]" * 40)),
    ),
    "header_too_large": ("token_too_large", lambda f: f.header_of(x="x" * 5000)),
    "typ_of_another_kind": ("wrong_typ", lambda f: f.header_of(typ="logout+jwt")),
    "typ_number": ("unsupported_header", lambda f: f.header_of(typ=1)),
}

# Text that some decoder forgives (RFC 7515 section 2, RFC 4648 section 3).
_ENCODINGS: dict[str, tuple[str, _Maker]] = {
    "padding": ("malformed_token", lambda f: f.good + "=" * (-len(f.signature) % 4 or 4)),
    "space": ("malformed_token", lambda f: f.spaced(" ")),
    "line_break": ("malformed_token", lambda f: f.spaced("%0A")),
    "foreign_character": ("malformed_token", lambda f: f.spaced("+/")),
    "unused_bits": ("malformed_token", lambda f: f.sign(f.head, _uncanonical(f))),
    "impossible_length": ("malformed_token", lambda f: f"{f.head}.{f.body}.A"),
    "empty_header": ("malformed_token", lambda f: f".{f.body}.{f.signature}"),
    "four_segments": ("malformed_token", lambda f: f.good + ".e30"),
    "five_segments": ("malformed_token", lambda f: f"{f.good}.{f.body}.{f.signature}"),
    "json_serialization": (
        "malformed_token",
        lambda f: json.dumps({"payload": f.body, "protected": f.head, "signature": f.signature}, separators=(",", ":")),
    ),
    "in_quotes": ("malformed_token", lambda f: f'"{f.good}"'),
    "oversized": ("token_too_large", lambda f: f.claims_of(x="x" * 20_000)),
}

# Claims of the right issuer that do not hold here (RFC 7519 section 4.1).
_CLAIMS: dict[str, tuple[str, _Maker]] = {
    "expired": ("token_expired", lambda f: f.claims_of(exp=_now(f) - 60)),
    "expired_long_ago": ("token_expired", lambda f: f.claims_of(exp=0)),
    "exp_missing": ("missing_claim", lambda f: f.claims_of(exp=...)),
    "exp_text": ("invalid_claim", lambda f: f.claims_of(exp="4102444800")),
    "exp_null": ("invalid_claim", lambda f: f.claims_of(exp=None)),
    "exp_true": ("invalid_claim", lambda f: f.claims_of(exp=True)),
    "exp_list": ("invalid_claim", lambda f: f.claims_of(exp=[_now(f) + 300])),
    "exp_too_far": ("invalid_claim", lambda f: f.claims_of(exp=10**15)),
    "exp_infinite": (
        "malformed_token",
        lambda f: f.text(payload=_with(f, _changed(f.claims, {"exp": ...}), b'"exp":1e999')),
    ),
    "exp_nan": ("malformed_token", lambda f: f.text(payload=_with(f, _changed(f.claims, {"exp": ...}), b'"exp":NaN'))),
    "not_yet_valid": ("token_not_yet_valid", lambda f: f.claims_of(nbf=_now(f) + 3600)),
    "nbf_text": ("invalid_claim", lambda f: f.claims_of(nbf="0")),
    "issued_in_the_future": ("token_not_yet_valid", lambda f: f.claims_of(iat=_now(f) + 3600)),
    "wrong_issuer": ("claim_mismatch", lambda f: f.claims_of(iss="https://evil.example")),
    "issuer_prefix": ("claim_mismatch", lambda f: f.claims_of(iss=f.issuer.url[:-1])),
    "issuer_in_a_list": ("invalid_claim", lambda f: f.claims_of(iss=["https://evil.example", f.issuer.url])),
    "issuer_missing": ("missing_claim", lambda f: f.claims_of(iss=...)),
    "wrong_audience": ("claim_mismatch", lambda f: f.claims_of(aud="another-service")),
    "audience_missing": ("missing_claim", lambda f: f.claims_of(aud=...)),
    "audience_empty": ("claim_mismatch", lambda f: f.claims_of(aud=[])),
    "audience_of_numbers": ("invalid_claim", lambda f: f.claims_of(aud=[1])),
    "audience_substring": ("claim_mismatch", lambda f: f.claims_of(aud=str(f.claims["aud"])[:-1])),
    "subject_number": ("invalid_claim", lambda f: f.claims_of(sub=1)),
    "jti_in_a_list": ("invalid_claim", lambda f: f.claims_of(jti=["x"])),
    "duplicate_claim": ("malformed_token", lambda f: f.text(payload=_with(f, f.claims, b'"sub":"admin"'))),
    "duplicate_claim_escaped": (
        "malformed_token",
        lambda f: f.text(payload=_with(f, f.claims, b'"s\\u0075b":"admin"')),
    ),
    "payload_is_a_list": ("malformed_token", lambda f: f.text(payload=b"[]")),
    "payload_is_no_json": ("malformed_token", lambda f: f.text(payload=b"sub=alice")),
    "payload_too_deep": (
        "malformed_token",
        lambda f: f.text(payload=_with(f, f.claims, b'"x":' + b"[" * 100 + b"]" * 100)),
    ),
    "payload_is_a_token": ("malformed_token", lambda f: f.text(payload=f.good.encode())),
    "payload_with_bom": ("malformed_token", lambda f: f.text(payload=b"\xef\xbb\xbf" + json.dumps(f.claims).encode())),
    "payload_no_utf8": ("malformed_token", lambda f: f.text(payload=_with(f, f.claims, b'"x":"\xff"'))),
    "payload_lone_surrogate": ("malformed_token", lambda f: f.text(payload=_with(f, f.claims, b'"x":"\\ud800"'))),
    "payload_too_many_members": ("malformed_token", lambda f: f.claims_of(**{f"x{n}": 0 for n in range(1025)})),
    "integer_too_long": ("malformed_token", lambda f: f.text(payload=_with(f, f.claims, b'"x":' + b"9" * 4301))),
    "payload_with_trailing_bytes": ("malformed_token", lambda f: f.text(payload=json.dumps(f.claims).encode() + b"{}")),
}

# Each attack by its name: the code of the refusal, and what makes the token.
ATTACKS: Mapping[str, tuple[str, _Maker]] = {**_SIGNATURES, **_KEYS, **_HEADERS, **_ENCODINGS, **_CLAIMS}
