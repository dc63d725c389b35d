"""From what PyJWT's callers pass as `key` to jwseal keys and verifiers, parsed once and remembered.

PyJWT takes PEM text, SSH text, secrets and `cryptography` objects at every call and reads them at every call. Here text
and octets are remembered by `remembered_keys`, objects by their identity, which stays theirs while this module holds
them, and verifiers of public text by that text; at most 64 of each. An algorithm's `prepare_key` decides what is
acceptable, as in PyJWT; a jwseal key is then made of its result, so nothing verifies or signs that jwseal's own key
rules would refuse. Keys are built without `kid`: here the caller chooses the key, never the token.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, Literal, NamedTuple, TypeVar, cast

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from jwseal import UNCHECKED, KeySet, Policy, SecretKey, SigningKey, Verifier, VerifyingKey, errors, insecure
from jwseal.compat.pyjwt.algorithms import Algorithm, get_default_algorithms
from jwseal.compat.pyjwt.algorithms.secret import NONE_IS_REFUSED
from jwseal.compat.pyjwt.exceptions import InvalidKeyError
from jwseal.compat.remembered_keys import CAPACITY, remembered

__all__ = [
    "CAPACITY",
    "MAX_TOKEN_SIZE",
    "REFUSED_NAMES",
    "Prepared",
    "forget",
    "plain_verifier",
    "shelves",
    "signing_key",
    "verifier",
    "verifying_key",
]

# PyJWT has no bound; this one is far above what an HTTP header carries and keeps a request from costing a gigabyte.
MAX_TOKEN_SIZE = 1 << 20

# Names that PyJWT lists and this face refuses, with what to tell the caller.
REFUSED_NAMES = {
    "none": NONE_IS_REFUSED,
    "ES521": 'Algorithm "ES521" is no registered name (RFC 7518 section 3.1); ECDSA on P-521 is "ES512".',
}

_K = TypeVar("_K")
_T = TypeVar("_T")


class Prepared(NamedTuple, Generic[_K]):
    """A jwseal key, and PyJWT's sentence about its length if it is short."""

    key: _K
    short: str | None


def verifying_key(material: object, name: str, algorithm: Algorithm) -> Prepared[VerifyingKey | SecretKey]:
    """The key that verifies `name` with this material; raises what PyJWT's `prepare_key` raises."""
    return _kept("pyjwt-verifying", material, name, lambda: _verifying_key(material, name, algorithm))


def signing_key(material: object, name: str, algorithm: Algorithm) -> Prepared[SigningKey | SecretKey]:
    """The key that signs `name` with this material; raises what PyJWT's `prepare_key` raises."""
    return _kept("pyjwt-signing", material, name, lambda: _signing_key(material, name, algorithm))


def verifier(material: object, names: tuple[str, ...]) -> Verifier | None:
    """A verifier of signatures by this material under any of these names; the claims are left to PyJWT's rules.

    None where PyJWT's long way has to be gone: for names that are unknown, for material that fits none of them, and for
    short secrets, which must warn.
    """
    plan = _plan_of(names)
    if plan is None:
        return None
    return _kept("pyjwt-verifier", material, plan.joined, lambda: _verifier(material, names, _SIGNATURE_ONLY)) or None


def plain_verifier(material: object, algorithms: object, audience: object, issuer: object) -> Verifier | None:
    """A verifier that also judges the claims, for the commonest call: public text, one audience and issuer or none.

    What it accepts PyJWT accepts, with two exceptions that are the caller's to look at: an `aud` although no audience is
    expected, and an `exp` with a fraction, which PyJWT cuts off. What it refuses PyJWT's rules may still accept.
    """
    if not isinstance(algorithms, (list, tuple)):
        return None
    names = tuple(algorithms)
    try:
        found = _of_public_text.get((material, names, audience, issuer))
    except TypeError:
        # An object, a list of audiences or issuers, or a name that is no text.
        return None
    return found or _plain_verifier(material, names, audience, issuer)


def shelves() -> tuple[OrderedDict[Any, Any], ...]:
    """What this module holds beside `remembered_keys`; for tests of its bounds."""
    return _objects, _of_public_text


def forget() -> None:
    """Drop what this module holds; `remembered_keys.forget` drops the rest."""
    for shelf in shelves():
        shelf.clear()


class _Plan(NamedTuple):
    """What a tuple of known names comes to: one text without ambiguity, and whether none of them uses a secret."""

    joined: str
    public: bool


_algorithms = get_default_algorithms()
_plans: dict[tuple[str, ...], _Plan] = {}
_objects: OrderedDict[tuple[str, int, str], tuple[object, Any]] = OrderedDict()
_of_public_text: OrderedDict[tuple[object, tuple[str, ...], object, object], Verifier] = OrderedDict()

# Signature, shape and JSON are this verifier's; the claims are judged by PyJWT's own rules afterwards. What its fixed
# rules refuse all the same (a time of the wrong type, say) goes PyJWT's long way and is judged there.
_SIGNATURE_ONLY = Policy(
    issuer=UNCHECKED, audience=UNCHECKED, subject=UNCHECKED, typ=UNCHECKED, expiry=UNCHECKED, leeway=600
)


def _plan_of(names: tuple[str, ...]) -> _Plan | None:
    try:
        plan = _plans.get(names)
        if plan is None and all(name in _algorithms and name not in REFUSED_NAMES for name in names):
            plan = _Plan(" ".join(names), not any(name.startswith("HS") for name in names))
            if len(_plans) < CAPACITY:
                _plans[names] = plan
    except TypeError:
        # A name that is no text, and therefore none of an algorithm.
        return None
    return plan


def _plain_verifier(material: object, names: tuple[str, ...], audience: object, issuer: object) -> Verifier | None:
    plan = _plan_of(names)
    if plan is None or not plan.public or not isinstance(material, (str, bytes)) or _may_be_private(material):
        return None
    for expected in (audience, issuer):
        if expected is not None and (type(expected) is not str or not expected):
            return None
    policy = _SIGNATURE_ONLY.replace(
        audience=UNCHECKED if audience is None else audience, issuer=UNCHECKED if issuer is None else issuer, leeway=0
    )
    built = _verifier(material, names, policy)
    if built:
        _shelve(_of_public_text, (material, names, audience, issuer), built)
    return built or None


def _verifier(material: object, names: tuple[str, ...], policy: Policy) -> Verifier | Literal[False]:
    keys: dict[str, VerifyingKey | SecretKey] = {}
    for name in names:
        try:
            prepared = verifying_key(material, name, _algorithms[name])
        except (InvalidKeyError, TypeError, ValueError):
            continue
        if prepared.short is None:
            keys[name] = prepared.key
    if not keys:
        return False
    only = next(iter(keys.values()))
    return Verifier(
        only if len(keys) == 1 else KeySet(keys.values()),
        policy,
        algorithms=cast(Any, list(keys)),
        max_token_size=MAX_TOKEN_SIZE,
        accept_padding=True,
    )


def _verifying_key(material: object, name: str, algorithm: Algorithm) -> Prepared[VerifyingKey | SecretKey]:
    prepared = algorithm.prepare_key(material)
    short = algorithm.check_key_length(prepared)
    if isinstance(prepared, bytes):
        return Prepared(_secret(prepared, name, short), short)
    public = prepared.public_key() if hasattr(prepared, "public_key") else prepared
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    try:
        return Prepared(VerifyingKey.from_der(spki, alg=cast(Any, name)), short)
    except errors.InvalidKey as refusal:
        raise InvalidKeyError(_refused(short, refusal)) from refusal


def _signing_key(material: object, name: str, algorithm: Algorithm) -> Prepared[SigningKey | SecretKey]:
    prepared = algorithm.prepare_key(material)
    short = algorithm.check_key_length(prepared)
    if isinstance(prepared, bytes):
        return Prepared(_secret(prepared, name, short), short)
    if not hasattr(prepared, "private_bytes"):
        raise InvalidKeyError("A public key cannot sign; pass the private key.")
    pkcs8 = prepared.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    try:
        return Prepared(SigningKey.from_der(pkcs8, alg=cast(Any, name)), short)
    except errors.InvalidKey as refusal:
        raise InvalidKeyError(_refused(short, refusal)) from refusal


def _secret(secret: bytes, name: str, short: str | None) -> SecretKey:
    build = SecretKey.from_bytes if short is None else insecure.weak_secret
    try:
        return build(secret, alg=cast(Any, name))
    except errors.InvalidKey as refusal:
        raise InvalidKeyError(str(refusal)) from refusal


def _refused(short: str | None, refusal: errors.InvalidKey) -> str:
    return str(refusal) if short is None else f"{short} jwseal uses no such key: {refusal}"


def _kept(kind: str, material: object, index: str, build: Callable[[], _T]) -> _T:
    if isinstance(material, (str, bytes)):
        return remembered(kind, material, index, build)
    place = (kind, id(material), index)
    entry = _objects.get(place)
    if entry is not None and entry[0] is material:
        return cast(_T, entry[1])
    built = build()
    _shelve(_objects, place, (material, built))
    return built


def _may_be_private(material: str | bytes) -> bool:
    return ("PRIVATE" in material) if isinstance(material, str) else (b"PRIVATE" in material)


def _shelve(shelf: OrderedDict[Any, Any], place: object, value: object) -> None:
    while len(shelf) >= CAPACITY:
        shelf.popitem(last=False)
    shelf[place] = value
