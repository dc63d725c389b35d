"""The native half of jwseal: keys, signer, verifier and compact JWS, all in Rust.

This file is the reference for the native names; `jwseal`, `jwseal.jws` and `jwseal.insecure` re-export them.
Every class is immutable and safe to share between threads. Every method that reads a token raises a subclass of
`jwseal.errors.InvalidToken` for a bad one and `TypeError` for an argument of the wrong Python type; nothing else.

Units: times are seconds since 1970-01-01T00:00:00Z (int or float) or an aware `datetime`; lengths of time are
seconds or a `timedelta`; sizes are bytes.
"""

# ruff: noqa: PYI021  # these docstrings are the API reference; native code has no other place for it

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Container,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    Sequence,
    ValuesView,
)
from datetime import timedelta
from typing import Any, Literal, Never, Protocol, Self, TypeAlias, TypeVar, final, overload, type_check_only

from typing_extensions import disjoint_base

from jwseal.compat.pyjwt.types import FullOptions, Options, SigOptions
from jwseal.errors import InvalidToken, Unavailable
from jwseal.policy import Policy, Unchecked
from jwseal.sender import CertificateCheck, ClientCertificate, Dpop, DpopCheck
from jwseal.state import ReplayStore, RevocationStore
from jwseal.state.check import StateCheck
from jwseal.types import (
    Algorithm,
    AsyncKeySource,
    Claims,
    Digest,
    ExternalSigner,
    JSONMapping,
    KeySource,
    Moment,
    Span,
)
from jwseal.verifier import Verifier as _PublicVerifier

__all__ = [
    "CacheInfo",
    "Condition",
    "FoundKeys",
    "IssuerTemplate",
    "Issuers",
    "KeyLookup",
    "KeySet",
    "KeySetSource",
    "MonotonicClock",
    "PairCounter",
    "PendingBatch",
    "PendingVerification",
    "PyJWSSteps",
    "PyJWTSteps",
    "RuleSet",
    "SecretKey",
    "Signature",
    "SignatureReport",
    "Signer",
    "SigningKey",
    "Unverified",
    "UnverifiedJWT",
    "UnverifiedSignature",
    "VerificationCounter",
    "VerifiedJWS",
    "VerifiedJWT",
    "Verifier",
    "VerifyingKey",
    "__version__",
    "_check_policy",
    "_condition",
    "_restore_issuer_template",
    "_restore_key_set",
    "_restore_verifying_key",
    "all_of",
    "any_of",
    "base64url_decode",
    "bearer",
    "certificate_key",
    "check_rsa",
    "der_form",
    "der_is_settled",
    "header_unverified",
    "jws_parse",
    "jws_sign",
    "jws_sign_json",
    "jws_verify",
    "jws_verify_json",
    "not_",
    "portable",
    "prepared_algorithms",
    "read_json",
    "read_published_jwks",
    "read_unverified",
    "sign_bytes",
    "verify_bytes",
    "verify_primitive",
    "weak_secret",
]

_T = TypeVar("_T")
_Keys: TypeAlias = VerifyingKey | SecretKey | KeySet | KeySetSource | KeyLookup | KeySource | AsyncKeySource
_Text: TypeAlias = str | bytes
_Payload: TypeAlias = bytes | memoryview | _BinaryFile
_Verdict: TypeAlias = VerifiedJWT | InvalidToken | Unavailable
_Clock: TypeAlias = Callable[[], Moment]

__version__: str

@type_check_only
class _BinaryFile(Protocol):
    def read(self, size: int, /) -> bytes: ...

@final
class SigningKey:
    """A private key that signs with one algorithm.

    It has no constructor: generate one, read one, or wrap an external signer. Two signing keys are equal only if they
    are the same object; a signing key cannot be pickled, a copy of it is itself, its repr shows no secret, and its
    memory is wiped when it goes.
    """

    @staticmethod
    def generate(alg: Algorithm, *, kid: str | None = None, bits: int = 2048) -> SigningKey:
        """Make a new private key.

        `alg` is the algorithm that it signs with, an asymmetric one. `kid` is its identifier, or None. `bits` is the
        RSA modulus length, 2048, 3072, 4096 or 8192, and is ignored for other algorithms. The interpreter lock is
        released meanwhile. Raises InvalidKey for an HMAC name (use `SecretKey.generate`), an unknown name or another
        length.
        """

    @staticmethod
    def from_pem(
        data: _Text, *, alg: Algorithm | None = None, kid: str | None = None, password: _Text | None = None
    ) -> SigningKey:
        """Read one private key from PEM: PKCS#8 (RFC 5958), PKCS#1, SEC 1 (RFC 5915) or OpenSSH, encrypted or plain.

        `data` is the text of the file, str or bytes. `alg` is the algorithm that it signs with; it may be left out
        where the material fixes it: P-256 signs ES256, P-384 ES384, P-521 ES512, secp256k1 ES256K, Ed25519 and Ed448
        sign EdDSA, ML-DSA keys their own. RSA keys need it. `kid` is the key's identifier, or None. `password` opens an
        encrypted key; None is for a plain one. Raises InvalidKey, saying what to do, for a missing, wrong or needless
        password, a public key, an unsupported type, more than one block, or an `alg` the key cannot have.
        """

    @staticmethod
    def from_der(
        data: bytes, *, alg: Algorithm | None = None, kid: str | None = None, password: _Text | None = None
    ) -> SigningKey:
        """Read one private key from DER: PKCS#8, encrypted PKCS#8, PKCS#1 or SEC 1.

        `data` is the DER, bytes. `alg`, `kid` and `password` are those of `from_pem`, and so are the refusals.
        """

    @staticmethod
    def from_jwk(
        jwk: _Text | JSONMapping, *, alg: Algorithm | None = None, kid: str | None = None, lenient: bool = False
    ) -> SigningKey:
        """Read a private JWK of kty RSA, EC, OKP or AKP (RFC 7517, RFC 7518 section 6, RFC 8037, RFC 9964).

        `jwk` is JSON text or a mapping. Give text where you can: duplicate members can only be seen in text. `alg` and
        `kid` are for JWKs that have none; one that differs from the JWK's own is InvalidKey, and so are `use` other
        than `sig`, `key_ops` without `sign`, a public half that does not belong to the private one, and ML-DSA keys
        without their seed. `lenient=True` forgives null for an absent member, base64 padding, line breaks and `+` and
        `/` in members, leading zero bytes, and EC coordinates shorter than the field; the key is the same.
        """

    @staticmethod
    def external(signer: ExternalSigner) -> SigningKey:
        """Wrap a key that lives in a KMS, an HSM or another process.

        `signer` has `alg`, `kid`, `verifying_key` and `sign(data)`; ECDSA signatures are r and s side by side, not
        DER. Each signature is verified before it leaves the library (InvalidKey if it does not verify), and an
        exception of the signer reaches the caller unchanged. Raises InvalidKey if `alg` is not one of the
        verifying key's.
        """

    @property
    def alg(self) -> Algorithm:
        """The `alg` this key writes into headers."""

    @property
    def kid(self) -> str | None:
        """The `kid` this key writes into headers, or None."""

    @property
    def verifying_key(self) -> VerifyingKey:
        """The public half, with the same algorithm and kid."""

    def thumbprint(self, digest: Digest = "sha256") -> str:
        """The public half's JWK thumbprint, base64url (RFC 7638).

        `digest` is "sha256", "sha384" or "sha512". Raises ValueError for any other value.
        """

    def to_private_jwk(self) -> dict[str, Any]:
        """This private key as a JWK, with `alg` and, if it has one, `kid`. An external key raises InvalidKey."""

    def to_private_pem(self, *, password: _Text | None) -> bytes:
        """This private key as PKCS#8 PEM, encrypted with `password`.

        `password=None` writes it unencrypted. The argument has no default. An external key raises InvalidKey.
        """

    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class VerifyingKey:
    """A public key that verifies with the algorithms it was given.

    It has no constructor. Equal keys have the same thumbprint, algorithms, kid and issuer; they hash alike and may be
    pickled.
    """

    @staticmethod
    def from_pem(data: _Text, *, alg: Algorithm | None = None, kid: str | None = None) -> VerifyingKey:
        """Read one public key from PEM: SPKI (RFC 5280 section 4.1) or PKCS#1.

        `data` is the text of the file, str or bytes. `alg` is the algorithm that it verifies. RSA keys need it;
        elsewhere it may be left out, and Ed25519 and Ed448 keys then accept `EdDSA` as well as their own name. `kid` is
        the key's identifier: the key is not tried for tokens that name another. A key without kid is tried for every token. Raises
        InvalidKey, saying what to use instead, for a private key or a certificate.
        """

    @staticmethod
    def from_der(data: bytes, *, alg: Algorithm | None = None, kid: str | None = None) -> VerifyingKey:
        """Read one public key from DER: SPKI or PKCS#1.

        `data` is the DER, bytes. `alg` and `kid` are those of `from_pem`, and so are the refusals.
        """

    @staticmethod
    def from_certificate(data: _Text, *, alg: Algorithm | None = None, kid: str | None = None) -> VerifyingKey:
        """Read the public key of an X.509 certificate, PEM or DER (RFC 5280).

        `data` is the certificate, str or bytes. `alg` and `kid` are those of `from_pem`. Only the key is taken: dates,
        chain, usage and revocation are not judged here.
        """

    @staticmethod
    def from_ssh(data: _Text, *, alg: Algorithm | None = None, kid: str | None = None) -> VerifyingKey:
        """Read one OpenSSH public key line: ssh-rsa, ecdsa-sha2-*, ssh-ed25519 (RFC 4253 section 6.6).

        `data` is the line, str or bytes. `alg` and `kid` are those of `from_pem`.
        """

    @staticmethod
    def from_jwk(
        jwk: _Text | JSONMapping, *, alg: Algorithm | None = None, kid: str | None = None, lenient: bool = False
    ) -> VerifyingKey:
        """Read a public JWK of kty RSA, EC, OKP or AKP (RFC 7517, RFC 7518 section 6, RFC 8037, RFC 9964).

        `jwk` is JSON text or a mapping. If it is a private JWK, only the public half is used. `alg` and
        `kid` are for JWKs that have none; one that differs from the JWK's own is InvalidKey, and so are `use` other
        than `sig` and `key_ops` without `verify`. `lenient=True` is explained at `SigningKey.from_jwk`.
        """

    @property
    def algs(self) -> tuple[Algorithm, ...]:
        """The header algorithms this key verifies; never empty."""

    @property
    def kid(self) -> str | None:
        """The key's identifier, or None: then it is a candidate for every token."""

    @property
    def issuer(self) -> str | None:
        """The issuer for which a JWK Set published the key, or None.

        It is the member `issuer` of the JWK, which Microsoft Entra writes. A verifier accepts tokens under the key only
        if their `iss` is that text. `{tenantid}` in it stands for the claim `tid`.
        """

    def thumbprint(self, digest: Digest = "sha256") -> str:
        """The JWK thumbprint, base64url (RFC 7638).

        `digest` is "sha256", "sha384" or "sha512". Raises ValueError for any other value.
        """

    def thumbprint_uri(self) -> str:
        """The SHA-256 JWK thumbprint URI: urn:ietf:params:oauth:jwk-thumbprint:sha-256:... (RFC 9278)."""

    def to_jwk(self) -> dict[str, Any]:
        """The public JWK, with `kid`, `alg` and `issuer` where the key has one of each."""

    def to_pem(self) -> bytes:
        """The key as SPKI PEM."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class SecretKey:
    """An HMAC secret that signs and verifies with one algorithm (RFC 7518 section 3.2).

    It has no constructor, compares by identity and cannot be pickled. `KeySet.to_jwks` raises InvalidKey for a set that holds one.
    """

    @staticmethod
    def generate(alg: Algorithm, *, kid: str | None = None) -> SecretKey:
        """Make a random secret as long as the hash's output.

        `alg` is HS256, HS384 or HS512. `kid` is the key's identifier, or None.
        """

    @staticmethod
    def from_bytes(secret: bytes, *, alg: Algorithm, kid: str | None = None) -> SecretKey:
        """Use these bytes as the secret.

        `secret` is the raw bytes, not an encoding of them. `alg` is HS256, HS384 or HS512. `kid` is the key's identifier, or
        None. Raises InvalidKey if the secret is shorter than the hash's output (32, 48 or 64 bytes), or is a PEM, SSH key,
        certificate, JWK or SPKI, plain or in one of the encodings that docs/keys.md lists: a public key used as an HMAC
        secret lets everyone sign.
        """

    @staticmethod
    def from_jwk(
        jwk: _Text | JSONMapping, *, alg: Algorithm | None = None, kid: str | None = None, lenient: bool = False
    ) -> SecretKey:
        """Read a JWK of kty oct (RFC 7518 section 6.4), with the same requirements as `from_bytes`.

        `jwk` is JSON text or a mapping. `alg` and `kid` are for JWKs that have none. `lenient=True` is explained at
        `SigningKey.from_jwk`.
        """

    @property
    def alg(self) -> Algorithm:
        """The one algorithm of this secret."""

    @property
    def kid(self) -> str | None:
        """The key's identifier, or None."""

    def to_private_jwk(self) -> dict[str, Any]:
        """This secret as a JWK of kty oct, with `alg` and, if it has one, `kid`."""

    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class KeySet:
    """An immutable, ordered set of keys that verify (RFC 7517 section 5).

    Sets of public keys compare, hash and pickle by their keys. The same key given twice counts once.
    """

    def __new__(cls, keys: Iterable[VerifyingKey | SecretKey]) -> KeySet:
        """`keys` are VerifyingKeys and SecretKeys, in the order in which they are tried.

        Raises InvalidKey if there are none, or different keys with one kid and an algorithm in common; TypeError for
        anything that is not a key that verifies.
        """

    @staticmethod
    def from_jwks(
        jwks: _Text | JSONMapping, *, algorithms: Collection[Algorithm] | None = None, lenient: bool = False
    ) -> KeySet:
        """Read a JWK Set.

        `jwks` is JSON text or a mapping. Members that cannot be used are skipped and listed in `skipped`, and so are
        all keys that share a kid and an algorithm but differ. `algorithms` fills in the algorithms of RSA keys that
        have no `alg`; it never filters and HMAC names are refused. `lenient=True` is explained at
        `SigningKey.from_jwk`. Raises InvalidKey for a set without a usable key, and for a set that mixes secret and
        public keys.
        """

    @property
    def skipped(self) -> tuple[tuple[int, str | None, str], ...]:
        """The members left out: index in `keys`, kid, and the reason in words."""

    def by_kid(self, kid: str) -> tuple[VerifyingKey | SecretKey, ...]:
        """The keys whose identifier is `kid`, in order: none, one, or several that have no algorithm in common."""

    def prepare(self) -> int:
        """Prepare the keys now that verify faster once they are prepared, and return how many are.

        A key prepares itself when it has verified often enough, and the call that reaches that count takes longer. Call
        this at start-up, before the process forks, and no call does. It releases the interpreter lock. Keys for which
        there is no room are left as they are.
        """

    def to_jwks(self) -> dict[str, Any]:
        """The public JWK Set, `{"keys": [...]}`. A SecretKey in the set is InvalidKey."""

    def __or__(self, other: KeySet, /) -> KeySet:
        """The keys of both sets, each once, without what was skipped. Keys that conflict are InvalidKey."""

    def __ror__(self, other: KeySet, /) -> KeySet: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[VerifyingKey | SecretKey]: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class Signer:
    """Signs claims as compact JWTs (RFC 7519 section 7.1)."""

    def __new__(
        cls,
        key: SigningKey | SecretKey,
        *,
        typ: str | None = ...,
        issuer: str | None = None,
        expires_in: Span | None = None,
        headers: JSONMapping | None = None,
        clock: _Clock | None = None,
    ) -> Signer:
        """`key` is the SigningKey or SecretKey that signs.

        `typ` is the header's typ ("JWT" unless given), None for none. `issuer` sets `iss`; `expires_in`, seconds or a
        timedelta, sets `exp` to now plus that, and must be positive. `headers` go into every protected header and may
        not name alg, typ, kid, b64 or crit. `clock` is a function that returns the time, for tests; `now=` of a call
        comes first. Raises PolicyError for a declaration that cannot be kept.
        """

    def sign(self, claims: JSONMapping, *, headers: JSONMapping | None = None, now: Moment | None = None) -> str:
        """Sign one set of claims.

        `claims` is a mapping of names to JSON values. Sets `iat`, and `iss` and `exp` as declared; a claim that is
        already there wins, but an `iss` other than the declared one is PolicyError. `exp`, `nbf` and `iat` may be aware
        datetimes, which are cut to whole seconds. `headers` are protected header parameters of this token, which
        replace the signer's own of the same name. `now` is the time to sign at, in seconds or as an aware datetime;
        None reads the clock. PolicyError is raised for a registered claim that every verifier would refuse: `iss`,
        `sub` and `jti` are strings, `aud` is a string or a list of strings, times lie in the years 1970 to 9999. Values
        JSON does not have (a UUID, bytes, NaN, lone surrogates, names that are no str) are TypeError or ValueError.
        What an external signer raises is raised unchanged.
        """

    def sign_many(
        self,
        claims: Iterable[JSONMapping],
        *,
        headers: JSONMapping | None = None,
        now: Moment | None = None,
        workers: int | None = None,
    ) -> list[str]:
        """Sign many sets of claims at one reading of the clock, in order.

        `claims` is an iterable of what `sign` takes; `headers` and `now` count for all of them. `workers` threads sign,
        from 1 to 256 and the caller's among them; None is as many as this process may use processors. An external
        signer is called on the caller's thread.
        """

    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class MonotonicClock:
    """Seconds that never go back, which the age of keys is measured with.

    MonotonicClock() is the machine's clock. MonotonicClock(start) stands still until `advance` moves it, for tests. It
    is not the clock of `now`.
    """

    def __new__(cls, start: float | None = None) -> Self: ...
    def read(self) -> float:
        """The time, in seconds since an arbitrary moment."""

    def advance(self, seconds: float) -> None:
        """Move a clock that stands still. The machine's is a TypeError."""

# Not final: `jwseal.remote.RemoteKeySet` is its subclass.
@disjoint_base
class KeySetSource:
    """A set of keys that is replaced while verifiers use it: the base of `jwseal.remote.RemoteKeySet`.

    A verifier reads the current keys without a lock. Where they will not do it calls `keys_needed` once, and waits for
    what that returns.
    """

    def __new__(cls, *, algorithms: Collection[Algorithm] | None = None, clock: MonotonicClock | None = None) -> Self:
        """Begin without keys. `algorithms` are all that its keys may be used with; None means the keys' own."""

    def install(self, keys: KeySet | None, *, refresh_at: float, refuse_after: float) -> bool:
        """Replace the keys, and return whether they changed. None is a set without keys.

        An equal set, in whatever order, keeps its generation, which is renewed. The times are those of `clock`:
        `refresh_due` is called after `refresh_at`, and the keys are not used after `refuse_after`.
        """

    @property
    def generation(self) -> int:
        """The number of the current keys, from 1; 0 if there were none yet."""

    @property
    def clock(self) -> MonotonicClock:
        """The clock that the age of the keys is measured with."""

    def hold_unknown_kids(self, until: float) -> None:
        """Refuse tokens with an unknown kid until then, without a call of `keys_needed`."""

    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

# Not final: `jwseal.certificates.Anchors` is a subclass.
@disjoint_base
class KeyLookup:
    """A store of keys that is asked for each header, and its answers.

    KeyLookup(store, *, ttl=300, max_entries=1024, clock=None)

    store        an object with a method `find_key(header)`, or `find_key_async(header)`, or both
    ttl          the seconds that an answer is used for; 0 keeps none
    max_entries  the number of answers that are kept, each for one exact header
    clock        the clock that `ttl` is measured with

    An answer is kept once a token verified under it.
    """

    def __new__(
        cls,
        store: KeySource | AsyncKeySource,
        *,
        ttl: float = 300.0,
        max_entries: int = 1024,
        clock: MonotonicClock | None = None,
    ) -> Self: ...
    @property
    def store(self) -> KeySource | AsyncKeySource:
        """The store."""

    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class FoundKeys:
    """What a store found: `keys`, and the times between which they are valid, both inclusive.

    `not_before` and `not_after` are compared with `now` on every call. Outside them the token is KeyNotFound.
    """

    def __new__(
        cls,
        keys: VerifyingKey | SecretKey | KeySet,
        *,
        not_before: Moment | None = None,
        not_after: Moment | None = None,
    ) -> Self: ...

@final
class PendingVerification:
    """A token that waits for keys; `verify_async` makes it."""

    def ask(self) -> Awaitable[object] | None:
        """Ask for the keys, and return what to await, or None."""

    def finish(self, awaited: object) -> VerifiedJWT:
        """Judge the token again, with what was awaited."""

    def failed(self, error: Exception) -> Exception:
        """The exception to raise for one that was raised while waiting."""

@final
class CacheInfo:
    """How the cache of a Verifier or Issuers is used, at the time of the call."""

    @property
    def hits(self) -> int:
        """Tokens that were found, under keys that are still current; equal tokens of one batch count once."""

    @property
    def misses(self) -> int:
        """Tokens that a verifier read, and whose signature it checked or refused; equal tokens of one batch count once."""

    @property
    def evictions(self) -> int:
        """Tokens that were dropped to make room for others."""

    @property
    def entries(self) -> int:
        """The number of tokens that are kept."""

    @property
    def max_entries(self) -> int:
        """The number of tokens that may be kept; 0 without a cache."""

    @property
    def bytes(self) -> int:
        """What the kept tokens take, in bytes."""

    @property
    def max_bytes(self) -> int:
        """What they may take, in bytes: 8,192 for each of `max_entries`."""

    def __eq__(self, other: object, /) -> bool:
        """Whether all numbers are equal."""

@final
class PendingBatch:
    """A batch of tokens that other threads verify; `verify_many_async` makes it."""

    def start(self, ended: Callable[[], object]) -> None:
        """Begin, and have `ended()` called once all are judged: on another thread, or now for a small batch."""

    def results(self) -> list[_Verdict | None]:
        """The results, in order, once it has ended; None for a token that needs other keys."""

    def again(self, numbers: Sequence[int]) -> PendingBatch:
        """A batch of the tokens at these indexes, to be judged at the same time."""

    def stop(self) -> None:
        """Have every thread leave it before its next token."""

@final
class VerificationCounter:
    """Counts verifications for `jwseal.metrics.Metrics`. Counting takes no lock."""

    def __new__(cls, issuers: dict[str, str], codes: Sequence[str]) -> Self:
        """Return counts that are all zero.

        `issuers` maps the `iss` of tokens to the label under which they are counted, `codes` are the labels of outcomes;
        everything else is counted as `other`.
        """

    def observe(self, code: str, result: object, seconds: float) -> None:
        """Count one verification.

        `code` is what came of it, `result` the VerifiedJWT or Decision, else None, `seconds` the time that it took.
        """

    def counts(self) -> list[tuple[str, Algorithm | None, str, int]]:
        """The counts that are not zero: issuer, algorithm, code, count."""

    def times(self) -> tuple[list[tuple[float | None, int]], float]:
        """How many took at most so many seconds and more than the bound before, and the sum of all seconds."""

@final
class PairCounter:
    """Counts pairs of names for `jwseal.metrics.Metrics`, as a rule and its effect. Counting takes no lock."""

    def __new__(cls) -> Self:
        """Return counts that are all zero."""

    def observe(self, first: str, second: str) -> None:
        """Count one. After 1,024 different pairs others are counted together."""

    def counts(self) -> list[tuple[str, str, int]]:
        """The counts that are not zero: the two names, or twice `other`, and the count."""

# Not final: `jwseal.verifier.Verifier` is its one subclass.
@disjoint_base
class Verifier:
    """Verifies compact JWTs against keys and a policy (RFC 7519 section 7.2, RFC 8725).

    Build it once and call `verify` for each request. It is immutable and can be used from any thread.
    """

    def __new__(
        cls,
        keys: _Keys,
        policy: Policy,
        *,
        algorithms: Collection[Algorithm] | None = None,
        max_token_size: int = ...,
        max_header_size: int = ...,
        accept_padding: bool = False,
        cache: int = 0,
        replay: ReplayStore | None = None,
        revocation: RevocationStore | None = None,
        on_unavailable: Literal["deny", "allow"] = "deny",
        sender: Literal["dpop", "mtls"] | DpopCheck | CertificateCheck | None = None,
        clock: _Clock | None = None,
    ) -> Self:
        """`keys` are a VerifyingKey, SecretKey or KeySet, `policy` is a Policy.

        `algorithms` narrows the keys' own; None means theirs. A str, an empty collection, an unknown name or a name
        that none of the keys has is PolicyError; the keys of a source are not asked, since they change.
        `max_token_size` and `max_header_size` are in bytes (16,384 and 4,096 unless given), the latter of the decoded
        header; certificate chains in `x5c` may need more. `accept_padding` also takes segments that end in correct
        base64 padding, as AWS ALB writes them, and leaves the signing input as received. `clock` is a function that
        returns the time, for tests: seconds or an aware datetime, anything else is TypeError or PolicyError.

        `cache` is the number of accepted tokens to keep, 0 to 1,000,000, of 8,192 bytes each on average; more is
        PolicyError, no int TypeError. A token that is kept is not parsed and its signature is not checked again; times,
        stores and the validity of its key are, on every call.

        `replay` and `revocation` are stores of jwseal.state, asked last: revocation, then replay, which needs `jti`
        (MissingClaim) and a policy with an expiry. A store that fails is StateUnavailable; with `on_unavailable="allow"`
        the token is accepted, and `unchecked` of the result names the store.

        `sender` demands that the sender of each token proves that it holds the key of the token's `cnf`: "dpop" a proof
        (RFC 9449), "mtls" a TLS client's certificate (RFC 8705). A DpopCheck or CertificateCheck of jwseal.sender does
        the same with other settings. Without it `cnf` is a claim like any other, and a bound token is a bearer token.
        """

    @property
    def sender(self) -> DpopCheck | CertificateCheck | None:
        """What judges the proofs of senders; None for bearer tokens."""

    @property
    def keys(self) -> _Keys:
        """The keys as they were given."""

    @property
    def policy(self) -> Policy:
        """The policy as it was given."""

    def prepare(self) -> int:
        """As `KeySet.prepare`, for the verifier's keys."""

    def cache_info(self) -> CacheInfo:
        """How the cache is used; all zero without one."""

    def verify(
        self, token: _Text, *, now: Moment | None = None, sender: Dpop | ClientCertificate | None = None
    ) -> VerifiedJWT:
        """Return what the token says, or raise the InvalidToken that says why it is refused.

        `token` is the compact JWT, str or bytes, without "Bearer". `now` is the time to judge it at, in seconds or as
        an aware datetime; None reads the verifier's clock. The order of refusals is fixed: size, shape, header,
        algorithm, key, signature, then typ, exp, nbf, iat, max_age, max_lifetime, iss, aud, sub, jti, required, claims,
        scopes, where, sender, revocation, replay.

        `sender` is the Dpop or ClientCertificate of the request, which a verifier with `sender=` demands: without one,
        or with one that does not match the token, it is SenderMismatch. For a verifier without, it is PolicyError.
        """

    def _state(
        self, token: _Text, verified: VerifiedJWT
    ) -> tuple[DpopCheck | CertificateCheck | None, StateCheck | None, float, float] | None:
        """What `verify_async` judges the sender and asks the stores with, the time and the leeway; None without both."""

    @staticmethod
    def _settle(verified: VerifiedJWT, unchecked: frozenset[str]) -> None:
        """Keep the stores' answer to `verify_async`."""

    def _unsettled(self, token: _Text, *, now: Moment | None = None) -> VerifiedJWT:
        """As `verify`, without judging the sender and asking the stores."""

    def _begin(self, token: _Text, *, now: Moment | None = None) -> VerifiedJWT | PendingVerification:
        """As `verify`, but where keys must be waited for return what `verify_async` waits with."""

    def _begin_many(
        self, tokens: Iterable[_Text], *, now: Moment | None = None, workers: int | None = None
    ) -> PendingBatch:
        """Take the tokens and read the clock, for `verify_many_async`."""

    def verify_many(
        self, tokens: Iterable[_Text], *, now: Moment | None = None, workers: int | None = None
    ) -> list[_Verdict]:
        """Verify a batch, reading the clock once; refusals are returned in the list as exceptions, not raised.

        `tokens` is an iterable of str and bytes, `now` the time as `verify` takes it. The interpreter lock is released
        once for the whole batch, which `workers` threads verify, from 1 to 256 and the caller's among them; None is as
        many as this process may use processors. Equal tokens are looked up in the cache or verified once; each has a
        result of its own. An interrupt (KeyboardInterrupt) stops the batch. An entry that is no str or bytes is a
        TypeError raised at once. With `sender=` it is PolicyError, since each token has a proof of its own.
        """

    def verify_iter(
        self,
        tokens: Iterable[_Text],
        *,
        now: Moment | None = None,
        progress: Callable[[int], object] | None = None,
        workers: int | None = None,
    ) -> Iterator[_Verdict]:
        """Verify a stream of any length in order, in chunks; as `verify_many`, but memory stays bounded.

        `tokens` is an iterable of str and bytes. The clock is read once per chunk of 256, unless `now` is given.
        `progress(done)` is called after each chunk with the number of tokens judged so far. If the stream raises, or an
        entry is no str or bytes, what came before it is judged and handed out first; then the exception is raised in
        its place. `workers` is as in `verify_many`.
        """

    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

# Not final: `jwseal.verifier.Issuers` is its one subclass.
@final
class IssuerTemplate:
    """The issuer of a provider with many tenants: a URL with a placeholder for one segment of its path.

    `IssuerTemplate("https://login.example/{tenant}/v2.0", claim="tid", values={"tenant-a", "tenant-b"})`

    A token fits if its `iss` is this text with one segment of `[A-Za-z0-9._-]+` for the placeholder, and its claim
    `claim` is a string equal to that segment. `values` is the closed set of what the segment may be; UNCHECKED accepts
    every tenant of the provider, which must be a decision. Use it in `Policy(issuer=)` and as a name in `Issuers`.
    Templates are immutable, compare and hash by value and can be pickled.
    """

    def __new__(cls, template: str, *, claim: str, values: Collection[str] | Unchecked) -> Self:
        """Raises PolicyError for a `template` without exactly one such placeholder, and for values that no segment can be."""

    @property
    def template(self) -> str:
        """The template as it was given."""

    @property
    def claim(self) -> str:
        """The claim that the segment must equal."""

    @property
    def values(self) -> frozenset[str] | Unchecked:
        """What the segment may be, or UNCHECKED."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@disjoint_base
class Issuers(Mapping[str | IssuerTemplate, _PublicVerifier]):
    """One verifier per issuer; a read-only mapping of issuer to verifier, equal only to itself.

    Picks the verifier by the token's `iss`, which alone is read before the signature is checked; the chosen verifier's
    policy then judges it like any other claim, at the time of its own clock. An unknown or missing `iss` is
    KeyNotFound. Exact names win over templates, and the first template that fits is chosen. Keys are never shared
    between issuers.
    """

    @overload
    def __new__(cls, verifiers: Mapping[str | IssuerTemplate, Verifier], *, cache: int = 0) -> Self: ...
    @overload
    def __new__(cls, verifiers: Mapping[str, Verifier] | Mapping[IssuerTemplate, Verifier], *, cache: int = 0) -> Self:
        """`verifiers` maps each issuer, or a template of issuers, to its Verifier.

        Raises PolicyError if there is none, if a verifier's policy names another issuer, or if the policy of one that
        is listed under a template does not have the same template as its issuer, or if not all verifiers have the same
        `sender`.

        `cache` is that of Verifier, for the tokens of all issuers: a token that is kept is not read to choose its
        verifier either. The verifiers' own caches are not used then.
        """

    @property
    def sender(self) -> DpopCheck | CertificateCheck | None:
        """What judges the proofs of senders, the same for all verifiers; None for bearer tokens."""

    def prepare(self) -> int:
        """As `KeySet.prepare`, for the keys of all verifiers."""

    def cache_info(self) -> CacheInfo:
        """How the cache is used, as `Verifier.cache_info`."""

    def verify(
        self, token: _Text, *, now: Moment | None = None, sender: Dpop | ClientCertificate | None = None
    ) -> VerifiedJWT:
        """As `Verifier.verify`, by the verifier of the token's issuer.

        `token` is the compact JWT. `now` is the time to judge it at; None reads the clock of that verifier. `sender` is
        what that verifier demands.
        """

    def _state(
        self, token: _Text, verified: VerifiedJWT
    ) -> tuple[DpopCheck | CertificateCheck | None, StateCheck | None, float, float] | None:
        """As `Verifier._state`."""

    def _unsettled(self, token: _Text, *, now: Moment | None = None) -> VerifiedJWT:
        """As `Verifier._unsettled`."""

    def _begin(self, token: _Text, *, now: Moment | None = None) -> VerifiedJWT | PendingVerification:
        """As `Verifier._begin`."""

    def _begin_many(
        self, tokens: Iterable[_Text], *, now: Moment | None = None, workers: int | None = None
    ) -> PendingBatch:
        """As `Verifier._begin_many`."""

    def verify_many(
        self, tokens: Iterable[_Text], *, now: Moment | None = None, workers: int | None = None
    ) -> list[_Verdict]:
        """As `Verifier.verify_many`, each token by the verifier of its issuer.

        `tokens` is an iterable of str and bytes, `now` the time to judge them at, `workers` the number of threads.
        """

    def verify_iter(
        self,
        tokens: Iterable[_Text],
        *,
        now: Moment | None = None,
        progress: Callable[[int], object] | None = None,
        workers: int | None = None,
    ) -> Iterator[_Verdict]:
        """As `Verifier.verify_iter`, each token by the verifier of its issuer.

        `tokens` is an iterable of str and bytes, `now` the time to judge them at; `progress(done)` is called after each
        chunk, and `workers` is the number of threads.
        """

    @overload
    def get(self, issuer: str | IssuerTemplate, /) -> _PublicVerifier | None: ...
    @overload
    def get(self, issuer: str | IssuerTemplate, default: _T, /) -> _PublicVerifier | _T:
        """The verifier of `issuer`, or `default`."""

    def __getitem__(self, issuer: str | IssuerTemplate, /) -> _PublicVerifier:
        """The verifier of this issuer; KeyError if there is none."""

    def keys(self) -> KeysView[str | IssuerTemplate]:
        """The issuers, in the order given."""

    def values(self) -> ValuesView[_PublicVerifier]:
        """The verifiers."""

    def items(self) -> ItemsView[str | IssuerTemplate, _PublicVerifier]:
        """The issuers, each with its verifier."""

    def __iter__(self) -> Iterator[str | IssuerTemplate]: ...
    def __len__(self) -> int: ...
    def __contains__(self, issuer: object, /) -> bool: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class VerifiedJWT(Mapping[str, Any]):
    """A JWT whose signature and claims were accepted. Only a verifier makes one; it cannot be pickled.

    It is a read-only mapping of its claims: `token[name]`, `get`, `in`, `len`, iteration, `keys`, `values`, `items` and
    `dict(token)`. All of these, `scopes` and `expires_at` read the verified parse, never the dict that `claims` handed
    out, so that a change to that dict cannot change an answer. It is equal only to itself.
    """

    @property
    def claims(self) -> Claims:
        """The claims, as a dict that is built on first use, kept with this result, and the caller's to change."""

    @property
    def header(self) -> dict[str, Any]:
        """The protected header, as a dict that is the caller's to change."""

    @property
    def alg(self) -> Algorithm:
        """The algorithm of the signature."""

    @property
    def kid(self) -> str | None:
        """The header's `kid`, or None."""

    @property
    def key(self) -> VerifyingKey | SecretKey:
        """The key that verified it."""

    @property
    def expires_at(self) -> float | None:
        """`exp` in seconds, or None if the policy let it be absent."""

    @property
    def _verified_at(self) -> float:
        """When it was verified, in seconds since 1970."""

    @property
    def scopes(self) -> frozenset[str]:
        """The words of `scope` (RFC 8693 section 4.2), or else of `scp`, string or array; empty if neither is there."""

    def require(self, *scopes: str, where: Condition | None = None) -> Self:
        """Return this result if it grants all these scopes and meets the condition `where`, if there is one.

        It is for a route that requires more than its verifier does. Raises InsufficientScope, then ConditionNotMet.
        `now` in a condition is the time at which the token was verified.
        """

    @property
    def unchecked(self) -> frozenset[str]:
        """The stores that did not answer and were passed over, "replay" and "revocation"; empty as a rule."""

    @property
    def payload(self) -> bytes:
        """The payload's bytes as they were signed."""

    @overload
    def get(self, name: str, /) -> Any: ...
    @overload
    def get(self, name: str, default: _T, /) -> Any | _T:
        """The claim called `name`, or `default`."""

    def __getitem__(self, name: str, /) -> Any:
        """The claim of this name; KeyError if there is none."""

    def keys(self) -> KeysView[str]:
        """The names of the claims."""

    def values(self) -> ValuesView[Any]:
        """The values of the claims."""

    def items(self) -> ItemsView[str, Any]:
        """The claims, each with its name."""

    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __contains__(self, name: object, /) -> bool: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class Condition:
    """A condition over the claims and the header of a verified token.

    It has no constructor: `jwseal.claim`, `header`, `all_of`, `any_of` and `not_` make one. It compares and hashes by
    what it demands, in the order it was written, and can be pickled. It is neither true nor false: `bool()` of it is
    TypeError.
    """

    def lint(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Return what can never or always hold, or says less than it seems to: places as `PolicyError.place`, and advice."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __bool__(self) -> Never: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class RuleSet:
    """The rules of an authorizer, decided in one call for each token.

    A deny rule that matches decides, and so does one whose condition is an error. Else the first allow rule that matches decides;
    one whose condition is an error does not match. It is immutable, keeps no state and writes none.
    """

    def __new__(cls, rules: Sequence[JSONMapping], issuers: JSONMapping) -> RuleSet:
        """Compile rules.

        rules    one mapping for each, with `id` (a str, used once), `issuer` (a name of `issuers`, or a list of them),
                 `effect` ("allow" or "deny") and `when` (a condition as a table)
        issuers  name to a mapping with `acr_order` (a list, weakest first) and `compat` ("signserver"), both optional

        Anything else in them raises PolicyError, whose `place` begins with "rules" or "issuers".
        """

    def decide(
        self, verified: VerifiedJWT, issuer: str, request: JSONMapping | None = None
    ) -> tuple[str, str | None, tuple[tuple[str, ...], float | None] | None]:
        """Return the code, the id of the rule that decides, and what would do.

        verified  a result of a verifier; `now` in a condition is the time at which it was verified
        issuer    the name of its issuer; an unknown one is PolicyError
        request   the values that `equals_request` and `covers_request` compare with, by name: a literal, or a hash
                  `{"hash": str | bytes, "oid": str}`, or a list of these

        The code is `allowed`, `rule_denied`, `condition_error`, `no_rule_matched` or `insufficient_authentication`. The last stands
        where an allow rule fails only by `acr`, `amr` or `auth_time`; the third value is then the `acr_values` and the
        `max_age` of RFC 9470 section 3, else None.
        """

    def explain(
        self, verified: VerifiedJWT, issuer: str, request: JSONMapping | None = None, *, values: bool = False
    ) -> list[dict[str, Any]]:
        """Return each rule of the issuer with the outcome of each of its conditions.

        verified, issuer, request  as for `decide`
        values                     whether the values of claims are shown

        Outcomes are "true", "false" and "error". A condition on a claim that is absent or cannot be compared has a `reason`.
        """

    def lint(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Return what can never or always hold, or says less than it seems to: places as `PolicyError.place`, and advice."""

    def allowing_unverified_email(self) -> list[str]:
        """Return the ids of the allow rules that a token may match whose `email_verified` is not true."""

    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class VerifiedJWS:
    """A JWS of which enough signatures were verified (RFC 7515 section 5.2). Only `jwseal.jws` makes one.

    `header`, `alg`, `kid` and `key` are those of the first signature that verified, and with `require=[kids]` those of
    the first kid listed: the order of signatures is the sender's. A compact JWS has one. They read the protected header
    only.
    """

    @property
    def payload(self) -> bytes | None:
        """The bytes that were signed: a detached payload's own bytes object, a copy of a memoryview.

        None if the payload was a file: it is read once and not kept, and reading it again may give other bytes.
        """

    @property
    def signatures(self) -> tuple[SignatureReport, ...]:
        """What became of each signature, in the order of the object, the ones that failed included."""

    @property
    def header(self) -> dict[str, Any]:
        """The protected header, as a dict that is the caller's to change."""

    @property
    def alg(self) -> Algorithm:
        """The algorithm of the signature."""

    @property
    def kid(self) -> str | None:
        """The protected header's `kid`, or None; `key.kid` is the verifying key's own."""

    @property
    def key(self) -> VerifyingKey | SecretKey:
        """The key that verified it."""

    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class SignatureReport:
    """What became of one signature of a verified JWS."""

    @property
    def verified(self) -> bool:
        """Whether this signature verified. Only what `protected` of a verified one says was signed."""

    @property
    def code(self) -> str | None:
        """The code of the refusal (`jwseal.errors`), or None if it verified."""

    @property
    def alg(self) -> str | None:
        """The protected header's `alg`, of whatever name."""

    @property
    def kid(self) -> str | None:
        """The protected header's `kid`, or None; `key.kid` is the verifying key's own."""

    @property
    def key(self) -> VerifyingKey | SecretKey | None:
        """The key that verified it, or None."""

    @property
    def protected(self) -> dict[str, Any]:
        """The protected header."""

    @property
    def unprotected(self) -> dict[str, Any] | None:
        """The unprotected header, which no signature covers, or None."""

    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class Signature:
    """One signature for `sign_json` to make: a key and what goes into its two headers (RFC 7515 section 7.2.1)."""

    def __new__(
        cls, key: SigningKey | SecretKey, protected: JSONMapping | None = None, header: JSONMapping | None = None
    ) -> Signature:
        """`key` is the SigningKey or SecretKey that signs.

        `protected` are further parameters of the protected header, `header` is the unprotected header, which no
        signature covers. Both are mappings, or None.
        """

    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class Unverified:
    """A JWS that was taken apart and not checked. Nothing in it can be believed before an entry is verified."""

    @property
    def form(self) -> Literal["compact", "flattened", "general"]:
        """The serialization it came in."""

    @property
    def payload(self) -> bytes:
        """The payload's bytes as the sender wrote them; empty if it is detached."""

    @property
    def entries(self) -> tuple[UnverifiedSignature, ...]:
        """Its signatures; a compact or flattened JWS has one."""

@final
class UnverifiedSignature:
    """One signature of a JWS that was taken apart and not checked."""

    @property
    def protected(self) -> dict[str, Any]:
        """The protected header; it has passed the header rules, and its signature was not verified."""

    @property
    def header(self) -> dict[str, Any] | None:
        """The unprotected header, or None."""

    @property
    def alg(self) -> str | None:
        """The protected header's `alg`, of whatever name."""

    @property
    def kid(self) -> str | None:
        """The `kid` of either header, or None."""

    @property
    def signature(self) -> bytes:
        """The signature's bytes."""

    @property
    def signing_input(self) -> bytes:
        """The bytes the signature is to cover (RFC 7515 section 5.1), without a detached payload."""

    def verify(
        self, keys: _Keys, *, payload: _Payload | None = None, algorithms: Collection[Algorithm] | None = None
    ) -> VerifiedJWS:
        """Check this signature and return what was signed.

        `keys` are a VerifyingKey, SecretKey or KeySet. `payload` is the detached payload, or None. `algorithms` narrows
        the keys' own. Raises what `jwseal.jws.verify` raises.
        """

@final
class UnverifiedJWT:
    """A JWT that was read and not checked: for logs and debugging, never for a decision."""

    @property
    def header(self) -> dict[str, Any]:
        """The header as the sender wrote it."""

    @property
    def claims(self) -> Claims:
        """The claims as the sender wrote them."""

    @property
    def payload(self) -> bytes:
        """The payload's bytes."""

def bearer(value: _Text | Sequence[_Text] | None) -> str:
    """Return the token of the Authorization header (RFC 6750 section 2.1).

    `value` is the header's value, or the values a server received, or None. No header is MissingToken. Two values,
    another scheme, no token, a comma or a control character is MalformedToken. The scheme matches in any case.
    """

def jws_sign(
    payload: _Payload,
    key: SigningKey | SecretKey,
    *,
    headers: JSONMapping | None = None,
    crit: Collection[str] = (),
    detached: bool = False,
    b64: bool = True,
) -> str:
    """Sign bytes as a compact JWS (RFC 7515 section 7.1).

    `payload` is what is signed, `key` the SigningKey or SecretKey that signs. `headers` are further protected header
    parameters; alg, kid, b64 and crit come from the key and the arguments. `crit` names the members of `headers` that a
    verifier must understand. `detached` leaves the payload segment empty (Appendix F). `b64=False` signs the payload as
    it is (RFC 7797) and needs `detached`. Raises PolicyError for a declaration that breaks these rules.

    A detached payload may also be a binary file: any object whose `read(size)` returns bytes, and empty bytes at the
    end. It is read from where it stands, once, in pieces, and not closed; what `read` raises is raised here. Memory
    does not grow with the file under HS*, RS*, PS* and ES*. EdDSA, ML-DSA and external signers (Ed448 is one) sign
    whole messages only, so the file is held in memory, base64url included. The interpreter lock is released while more
    than 1 MiB is read.
    """

def jws_verify(
    token: _Text,
    keys: _Keys,
    *,
    payload: _Payload | None = None,
    algorithms: Collection[Algorithm] | None = None,
    crit: Collection[str] = (),
    max_size: int = 16384,
    max_header_size: int = 4096,
    accept_padding: bool = False,
) -> VerifiedJWS:
    """Verify a compact JWS and return its payload (RFC 7515 section 5.2).

    `token` is the JWS, str or bytes. `keys` are a VerifyingKey, SecretKey or KeySet. `payload` is the detached payload,
    in memory or a binary file as `jwseal.jws.sign` takes it; beside a payload segment that is not empty it is
    MalformedToken. A file is read only after header, algorithm and keys were accepted, and held in memory only for
    EdDSA and ML-DSA; do not use what it holds before this returns. `algorithms` narrows the keys' own. `crit` lists the
    critical header parameters the caller understands, `b64` apart. `max_size` bounds the token in bytes, 16,384 unless
    told otherwise, a detached payload apart, `max_header_size` the decoded header. `accept_padding` also takes segments
    that end in correct base64 padding.
    """

def jws_sign_json(
    payload: _Payload,
    signatures: SigningKey | SecretKey | Signature | Iterable[SigningKey | SecretKey | Signature],
    *,
    flattened: bool = False,
    detached: bool = False,
    b64: bool = True,
    crit: Collection[str] = (),
) -> dict[str, Any]:
    """Sign bytes in JSON serialization, general or flattened (RFC 7515 section 7.2).

    `payload` is what is signed. `signatures` are keys or `Signature` objects, one signature for each; the form that
    `flattened` asks for has exactly one. `crit` names protected parameters that a verifier must understand; `b64` is
    the same for all signatures. `detached` leaves the payload out; it may then be a binary file, as `jwseal.jws.sign`
    takes it, which is read once for all signatures.
    """

def jws_verify_json(
    obj: _Text | JSONMapping,
    keys: _Keys,
    *,
    require: Literal["all", "any"] | int | Collection[str] = "all",
    payload: _Payload | None = None,
    algorithms: Collection[Algorithm] | None = None,
    crit: Collection[str] = (),
    max_size: int = 1048576,
    max_header_size: int = 4096,
) -> VerifiedJWS:
    """Verify a JWS in JSON serialization and return its payload (RFC 7515 section 7.2).

    `obj` is JSON text or a mapping. `keys` are a VerifyingKey, SecretKey or KeySet. `require` says how many of its
    signatures must verify: "all" (None means the same), "any", a number of different keys, or the kids of keys of the
    caller that must each have signed. Every signature is checked with its own header and key; `VerifiedJWS.signatures`
    says what became of each. One malformed entry refuses the whole object, more than 8 signatures are TokenTooLarge.
    `payload` is the detached payload, as `jwseal.jws.verify` takes it: a file is read once for all signatures.
    `algorithms` narrows the keys' own. `crit` lists the critical header parameters the caller understands. `max_size`
    and `max_header_size` are in bytes.
    """

def jws_parse(
    token: _Text | JSONMapping,
    *,
    crit: Collection[str] = (),
    max_size: int | None = None,
    max_header_size: int = 4096,
    accept_padding: bool = False,
) -> Unverified:
    """Take a JWS of any serialization apart without checking a signature; `UnverifiedSignature.verify` does that.

    It is for key loaders that must see the header before they can find a key. `token` is a compact JWS, JSON text or a
    mapping. `crit`, `max_size`, `max_header_size` and `accept_padding` are those of `jwseal.jws.verify`.
    """

def header_unverified(
    token: _Text, *, max_token_size: int = 16384, max_header_size: int = 4096, accept_padding: bool = False
) -> dict[str, Any]:
    """Return a compact token's header without checking anything but its form.

    Anyone can write anything there. Use it to choose among keys you already trust, never to decide. `token` is str or
    bytes. `max_token_size`, `max_header_size` and `accept_padding` are those of `Verifier`.
    """

def read_published_jwks(
    body: bytes, *, algorithms: Collection[Algorithm], max_keys: int, lenient: bool
) -> KeySet | None:
    """Read the body of a JWK Set endpoint: public keys of these algorithms. None is an empty set.

    RSA keys without `alg` get the RSA algorithms listed. Raises InvalidKey for anything else than an object whose array
    `keys` is empty or holds a usable key, and for more than `max_keys` members.
    """

def read_unverified(
    token: _Text, *, max_token_size: int = 16384, max_header_size: int = 4096, accept_padding: bool = False
) -> UnverifiedJWT:
    """Read a JWT's header and claims without checking its signature or a single claim.

    Anyone can write anything there. It is for logs and debugging, never for a decision. `token` is str or bytes.
    `max_token_size`, `max_header_size` and `accept_padding` are those of `Verifier`.
    """

def weak_secret(secret: bytes, *, alg: Algorithm, kid: str | None = None) -> SecretKey:
    """Use bytes as an HMAC secret though they are shorter than the hash's output (against RFC 7518 section 3.2).

    `secret`, `alg` and `kid` are those of `SecretKey.from_bytes`. A short secret can be guessed offline from one token.
    Empty secrets and key text are refused all the same; the key's repr says weak.
    """

portable: bool
prepared_algorithms: tuple[Algorithm, ...]
"""The algorithms whose keys are prepared on this processor; none where the environment has `JWSEAL_PORTABLE=1`."""

def sign_bytes(data: bytes, key: SigningKey | SecretKey) -> bytes:
    """Sign bytes that are no JWS signing input and return the bare signature, in JOSE form.

    `data` is what is signed, `key` the SigningKey or SecretKey that signs. A key that signs whatever it is given can
    be made to sign a token: never let a caller choose all the bytes.
    """

def verify_bytes(data: bytes, signature: bytes, key: VerifyingKey | SecretKey, *, alg: Algorithm) -> None:
    """Check a bare signature, in JOSE form, over bytes that are no JWS signing input.

    `data` is what was signed, `signature` the signature, `key` the VerifyingKey or SecretKey. Raises
    InvalidSignature, or AlgorithmNotAllowed if `alg` is not one of the key's.
    """

def read_json(text: _Text, max_depth: int = 32) -> Any:
    """Return the value of JSON text as the library reads tokens, or raise ValueError, which never quotes the text.

    Duplicate members, NaN, Infinity, numbers out of range, lone surrogates, a byte order mark, bytes that are not
    UTF-8, objects of over 1,024 members and nesting deeper than `max_depth`, at most 32, are refused.
    """

def base64url_decode(text: bytes) -> bytes:
    """Return the bytes of `text`, canonical base64url with or without its correct padding, or raise ValueError."""

# Not final: `jwseal.compat.pyjwt.PyJWS` is its subclass.
class PyJWSSteps:
    """The steps by which `jwseal.compat.pyjwt.PyJWS` verifies a token; one that has been replaced is called instead."""

    _algorithms: dict[str, Any]
    options: SigOptions

    def __new__(cls, *_arguments: Any, **_named: Any) -> Self:
        """Take any arguments, which are the subclass's."""

    def decode_complete(
        self,
        jwt: _Text,
        key: Any = "",
        algorithms: Sequence[str] | None = None,
        options: SigOptions | None = None,
        detached_payload: bytes | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Verify and return `payload` (bytes), `header` and `signature` (bytes).

        `jwt` is the token. `key` is PEM text, a secret, a `PyJWK`, or a key object of `cryptography` or jwseal.
        `algorithms` are the names to accept, which a `PyJWK` brings itself. `options` replace the object's own.
        `detached_payload` is the payload of a token without one.
        """

    def _load(self, jwt: _Text) -> tuple[bytes, bytes, dict[str, Any], bytes]:
        """Return payload, signing input, header and signature; nothing is verified."""

    @staticmethod
    def _decode_base64url_segment(segment: bytes, name: str) -> bytes:
        """Return the bytes of a segment; `name` is for the message."""

    def _validate_headers(self, headers: dict[str, Any], *, encoding: bool = False) -> None:
        """Apply the rules about `kid` and, when a token is read, `crit`."""

    def _validate_kid(self, kid: Any) -> None:
        """Refuse a `kid` that is no string."""

    def _validate_crit(self, headers: dict[str, Any]) -> None:
        """Refuse a `crit` that is malformed or names an extension that is not in `_supported_crit`."""

    def _verify_signature(
        self,
        signing_input: bytes,
        header: dict[str, Any],
        signature: bytes,
        key: Any = "",
        algorithms: Sequence[str] | None = None,
        options: SigOptions | None = None,
    ) -> None:
        """Refuse an algorithm that is not allowed, and a signature that does not verify."""

    def get_algorithm_by_name(self, alg_name: str) -> Any:
        """Return the algorithm object of the name `alg_name`; NotImplementedError if there is none."""

# Not final: `jwseal.compat.pyjwt.PyJWT` is its subclass.
class PyJWTSteps:
    """The steps by which `jwseal.compat.pyjwt.PyJWT` verifies a token; one that has been replaced is called instead."""

    _jws: Any
    options: FullOptions

    def __new__(cls, *_arguments: Any, **_named: Any) -> Self:
        """Take any arguments, which are the subclass's."""

    def decode(
        self,
        jwt: _Text,
        key: Any = "",
        algorithms: Sequence[str] | None = None,
        options: Options | None = None,
        verify: bool | None = None,
        detached_payload: bytes | None = None,
        audience: str | Iterable[str] | None = None,
        subject: str | None = None,
        issuer: str | Container[str] | None = None,
        leeway: float | timedelta = 0,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Verify a token and return its claims.

        `jwt` is the token. `key` is PEM text, a secret, a `PyJWK`, or a key object of `cryptography` or jwseal. `algorithms` are
        the names to accept. `options` say what to check (`verify_exp`, `require` and so on). `verify` only warns where it
        contradicts them. `detached_payload` is the payload of a token without one. `audience` is one name or several, of which
        `aud` must have one; `issuer` is one or a container; `subject` is the expected `sub`. `leeway` is how far clocks may
        differ, in seconds or as a timedelta.
        """

    def decode_complete(
        self,
        jwt: _Text,
        key: Any = "",
        algorithms: Sequence[str] | None = None,
        options: Options | None = None,
        verify: bool | None = None,
        detached_payload: bytes | None = None,
        audience: str | Iterable[str] | None = None,
        issuer: str | Container[str] | None = None,
        subject: str | None = None,
        leeway: float | timedelta = 0,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Verify a token and return `header`, `payload` (the claims) and `signature` (bytes).

        The arguments are those of `decode`: `jwt`, `key`, `algorithms`, `options`, `verify`, `detached_payload`, `audience`,
        `issuer`, `subject` and `leeway`.
        """

    def _merge_options(self, options: Options | None = None) -> FullOptions:
        """Return the object's options, those of the call before them."""

    def _decode_payload(self, decoded: dict[str, Any]) -> dict[str, Any]:
        """Return the claims in `decoded["payload"]`; subclasses override it to decompress, for instance."""

    def _validate_claims(
        self,
        payload: dict[str, Any],
        options: FullOptions,
        audience: str | Iterable[str] | None = None,
        issuer: str | Container[str] | None = None,
        subject: str | None = None,
        leeway: float | timedelta = 0,
    ) -> None:
        """Judge the claims: those that are required, the times, `iss`, `aud`, `sub` and `jti`."""

    def _validate_required_claims(self, payload: dict[str, Any], claims: Iterable[str]) -> None:
        """Refuse a token without one of `claims`."""

    def _validate_iat(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        """Refuse an `iat` that lies ahead."""

    def _validate_nbf(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        """Refuse an `nbf` that lies ahead."""

    def _validate_exp(self, payload: dict[str, Any], now: float, leeway: float) -> None:
        """Refuse an `exp` that has passed."""

    def _validate_iss(self, payload: dict[str, Any], issuer: str | Container[str] | None) -> None:
        """Refuse another issuer."""

    def _validate_aud(
        self, payload: dict[str, Any], audience: str | Iterable[str] | None, *, strict: bool = False
    ) -> None:
        """Refuse a token for another audience."""

    def _validate_sub(self, payload: dict[str, Any], subject: str | None = None) -> None:
        """Refuse another subject."""

    def _validate_jti(self, payload: dict[str, Any]) -> None:
        """Refuse a `jti` that is no string."""

def verify_primitive(
    alg: Algorithm, key: VerifyingKey | SecretKey, message: bytes, signature: bytes, *, plain: bool = False
) -> bool:
    """Whether `signature` is valid under `alg` and `key` over the raw `message`: for test vectors and benchmarks.

    It runs the check that `Verifier.verify` runs; `plain=True` runs the backend's own instead. A key that can be
    prepared is so at the first call, and should its verdict then differ from the one before, this raises
    `RuntimeError`. Private: applications have `jwseal.jws.verify`, which returns data or raises and cannot be ignored.
    """

def all_of(*conditions: Condition) -> Condition:
    """A condition that is true where all of these are, and false where one is; else an error prevails."""

def any_of(*conditions: Condition) -> Condition:
    """A condition that is true where one of these is; else an error prevails."""

def not_(condition: Condition, /) -> Condition:
    """A condition that is true where this one is false, and an error where it is one."""

def _condition(table: str | JSONMapping, shown: str) -> Condition:
    """The condition of a table, or of its JSON text."""

def _check_policy(policy: Policy) -> None:
    """Refuse a policy that no token could meet, or that has invalid bounds."""

def der_form(der: bytes) -> str:
    """Tell what `der` holds by its outline.

    One of SPKI, PKCS#8, encrypted PKCS#8, PKCS#1 public, PKCS#1 private, SEC 1, certificate, PKCS#12 and other. Raises
    InvalidKey for what is not one whole DER SEQUENCE.
    """

def der_is_settled(der: bytes) -> bool:
    """Whether the core reads `der`, SPKI or PKCS#8, as it is: conversion by another library could not help it."""

def certificate_key(der: bytes) -> bytes | None:
    """Take the SPKI out of `der`, a certificate (RFC 5280 section 4.1). None for what is no certificate."""

def check_rsa(n: bytes, e: bytes) -> None:
    """Refuse an RSA key that jwseal would not use, without making a key of it.

    `n` is the modulus and `e` the public exponent, both big-endian without leading zero bytes (RFC 7518 section 6.3.1).

    Raises `InvalidKey`, as `VerifyingKey.from_jwk` would.
    """

def _restore_issuer_template(template: str, claim: str, values: frozenset[str] | Unchecked) -> IssuerTemplate:
    """Make a pickled template again."""

def _restore_verifying_key(
    spki: bytes, algs: Collection[str], alg: str | None, kid: str | None, issuer: str | None
) -> VerifyingKey:
    """Make a key again from its pickle."""

def _restore_key_set(
    keys: Iterable[VerifyingKey | SecretKey], skipped: Iterable[tuple[int, str | None, str]]
) -> KeySet:
    """Make a set again from its pickle: `keys` and `skipped`."""
