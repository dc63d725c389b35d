"""JWS without JWT: sign and verify any bytes (RFC 7515, RFC 7797).

    token = jws.sign(b"...", key)
    jws.verify(token, key.verifying_key).payload

There is no policy: a verified payload was signed by the key's owner, and nothing else is checked. For tokens with claims use
`jwseal.Signer` and `jwseal.Verifier`. A compact JWS is a str; `sign_json` returns a dict with one or more signatures. With
`detached=True` the JWS does not hold the payload, and `verify` takes it as `payload`; it can be a file of any size.

`sign_object` signs a JSON object whatever its white space and the order of its members (RFC 8785):

    signature = jws.sign_object(card, key)
    jws.verify_object(signature, card, key.verifying_key)
"""

from __future__ import annotations

from jwseal._canonical_json import canonical_json
from jwseal._native import Signature, SignatureReport, Unverified, UnverifiedSignature, VerifiedJWS, read_json
from jwseal._native import jws_parse as parse
from jwseal._native import jws_sign as sign
from jwseal._native import jws_sign_json as sign_json
from jwseal._native import jws_verify as verify
from jwseal._native import jws_verify_json as verify_json
from jwseal.errors import MalformedToken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from jwseal._native import KeySet, SecretKey, SigningKey, VerifyingKey
    from jwseal.types import Algorithm, JSONMapping

__all__ = [
    "Signature",
    "SignatureReport",
    "Unverified",
    "UnverifiedSignature",
    "VerifiedJWS",
    "canonical_json",
    "parse",
    "sign",
    "sign_json",
    "sign_object",
    "verify",
    "verify_json",
    "verify_object",
]


def sign_object(
    obj: dict[str, Any] | str | bytes,
    key: SigningKey | SecretKey,
    *,
    headers: JSONMapping | None = None,
    crit: Collection[str] = (),
) -> str:
    """Sign a JSON object and return a compact JWS without the object (RFC 8785; RFC 7515 Appendix F).

    `obj` is a dict, or the JSON text of an object, in which duplicate members are refused. The signature is over the canonical text,
    so it also verifies after other software has read and written the object. `key`, `headers` and `crit` are those of `sign`. An object
    that has no canonical text is ValueError.
    """
    return sign(canonical_json(_object(obj)), key, headers=headers, crit=crit, detached=True)


def verify_object(
    token: str | bytes,
    obj: dict[str, Any] | str | bytes,
    keys: VerifyingKey | SecretKey | KeySet,
    *,
    algorithms: Collection[Algorithm] | None = None,
    crit: Collection[str] = (),
) -> VerifiedJWS:
    """Verify what `sign_object` returned beside its object; `payload` of the result is the canonical text.

    `token` is what was returned and `obj` the object, as `sign_object` takes it. `keys`, `algorithms` and `crit` are those of `verify`.
    Raises what `verify` raises. An object that has no canonical text is MalformedToken.
    """
    try:
        payload = canonical_json(_object(obj))
    except ValueError as error:
        raise MalformedToken(f"the object cannot be verified: {error}") from None
    return verify(token, keys, payload=payload, algorithms=algorithms, crit=crit)


def _object(obj: dict[str, Any] | str | bytes) -> dict[str, Any]:
    value = read_json(obj) if isinstance(obj, str | bytes) else obj
    if isinstance(value, dict):
        return value
    if value is obj:
        raise TypeError(f"the object is a dict or the JSON text of an object, not {type(obj).__name__}")
    raise ValueError("the JSON text is not an object")
