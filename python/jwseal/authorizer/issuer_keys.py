"""The keys of an issuer: from the configuration, a file, a certificate, or a URL.

An RSA key verifies with the algorithms that the table lists; other keys fix their own. Keys in a file are read when the
configuration is, so that a missing or unreadable file is a PolicyError and not a refused token.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from jwseal import KeySet, SecretKey, VerifyingKey
from jwseal._encoding import read_json
from jwseal.authorizer.configuration import seconds
from jwseal.errors import InvalidKey, PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from jwseal.authorizer.configuration import IssuerTable

__all__ = ["IssuerKeys", "issuer_keys"]

# What a message of the library says to a program, and what the writer of a configuration can do instead.
_INSTEAD = (
    (re.compile(r": use VerifyingKey\.from_jwk, or KeySet\.from_jwks for a set"), ": name it as keys_file"),
    (re.compile(r": use from_pem"), ": name it as keys_file"),
    (
        re.compile(r": use SigningKey\.from_pem\(\.\.\.\)\.verifying_key"),
        ": write its public key to the file, with jwseal convert",
    ),
    (re.compile(r": lenient=True accepts it"), ": jwseal convert --lenient writes it as RFC 7518 has it"),
    (re.compile(r" \(allow_http_loopback=True allows (.*?)\)"), r" (\1 may go without)"),
)
# What "RSA" means to SignServer, and the curves' algorithms, which keys on them fix.
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_LONGEST_FILE = 1_048_576


class IssuerKeys(NamedTuple):
    """What a verifier takes: keys or a source of them, and the algorithms to accept; and each file read, by its key."""

    keys: Any
    algorithms: list[str] | None
    contents: dict[str, bytes]
    files: list[Path]

    @property
    def algs(self) -> list[str]:
        """The algorithms that keys of a file or of the configuration have; none for keys at a URL."""
        keys = self.keys if isinstance(self.keys, KeySet) else ()
        return sorted({alg for key in keys for alg in (key.algs if isinstance(key, VerifyingKey) else [key.alg])})


def issuer_keys(
    issuer: IssuerTable, folder: Path, before: Mapping[tuple[object, ...], Any], kept: dict[tuple[object, ...], Any]
) -> IssuerKeys:
    """Return the keys of an issuer. PolicyError if they cannot be read.

    `before` holds the sources at URLs by their settings, so that a configuration that is read again keeps their keys; the one
    that is used is added to `kept`.
    """
    table = issuer.table
    algorithms = table.get("algorithms")
    if "keys" in table:
        keys = _attempt(issuer, "keys", lambda: _local_set(table["keys"], algorithms))
        return IssuerKeys(keys, algorithms, {}, [])
    for key, read in (("keys_file", _from_file), ("certificate_file", _from_certificate)):
        if key in table:
            path = folder / table[key]
            content = _content(issuer, key, path)
            keys = _attempt(issuer, key, lambda: read(content, algorithms))  # noqa: B023
            return IssuerKeys(keys, algorithms, {key: content}, [path])
    if algorithms is None:
        raise issuer.document.error(
            ("issuers", issuer.name), "algorithms is missing, and a URL does not say which to accept"
        )
    return _remote(issuer, folder, algorithms, before, kept)


def _attempt(issuer: IssuerTable, key: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (InvalidKey, PolicyError) as error:
        sentence = str(error)
        for said, instead in _INSTEAD:
            sentence = said.sub(instead, sentence)
        raise issuer.error(key, sentence) from None


def _content(issuer: IssuerTable, key: str, path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(_LONGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it has no such name"
        raise issuer.error(
            key, f"{issuer.table[key]!r} cannot be read: {reason}; its place is beside the configuration"
        ) from None
    if len(content) > _LONGEST_FILE:
        raise issuer.error(key, f"a file of keys has at most {_LONGEST_FILE} bytes")
    return content


def _from_file(content: bytes, algorithms: list[str] | None) -> KeySet:
    if not content.strip():
        raise InvalidKey("the file is empty")
    text = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"{"):
        try:
            document = read_json(text)
        except ValueError as error:
            raise InvalidKey(f"the file is not valid JSON: {error}") from None
        return _local_set(document["keys"] if isinstance(document.get("keys"), list) else [document], algorithms)
    if b"CERTIFICATE-----" in content:
        return _from_certificate(content, algorithms)
    if b"-----BEGIN" not in content:
        raise InvalidKey("the file must hold a JWK, a JWK Set or PEM")
    return _of_each(lambda alg: VerifyingKey.from_pem(content, alg=alg), algorithms)


def _from_certificate(content: bytes, algorithms: list[str] | None) -> KeySet:
    return _of_each(lambda alg: VerifyingKey.from_certificate(content, alg=alg), algorithms)


def _of_each(read: Callable[[Any], VerifyingKey], algorithms: list[str] | None) -> KeySet:
    """One key for each algorithm: those of an RSA key are the operator's to name, another key has its own."""
    try:
        return KeySet([read(None)])
    except InvalidKey:
        names = _RSA if algorithms is None else algorithms
    return KeySet([read(alg) for alg in names])


def _local_set(jwks: list[Any], algorithms: list[str] | None) -> KeySet:
    """Every key that was written must be usable. Keys for encryption, which authorization servers publish too, are left out."""
    keys: list[VerifyingKey | SecretKey] = []
    for number, jwk in enumerate(jwks):
        if not isinstance(jwk, dict):
            raise InvalidKey(f"key {number} is not a JWK")
        if jwk.get("use") == "enc":
            continue
        try:
            keys += _keys_of(jwk, algorithms)
        except (InvalidKey, TypeError) as error:  # TOML has dates, which no JWK has
            raise InvalidKey(f"key {number}: {error}") from None
    return KeySet(keys)


def _keys_of(jwk: dict[str, Any], algorithms: list[str] | None) -> list[VerifyingKey | SecretKey]:
    if jwk.get("kty") == "RSA" and "alg" not in jwk:
        names: Any = _RSA if algorithms is None else algorithms
        return [VerifyingKey.from_jwk(jwk, alg=alg) for alg in names if alg in _RSA]
    return [SecretKey.from_jwk(jwk) if jwk.get("kty") == "oct" else VerifyingKey.from_jwk(jwk)]


def _remote(
    issuer: IssuerTable,
    folder: Path,
    algorithms: list[str],
    before: Mapping[tuple[object, ...], Any],
    kept: dict[tuple[object, ...], Any],
) -> IssuerKeys:
    from jwseal.remote import RemoteKeySet, discover

    table = issuer.table
    options: dict[str, Any] = {"algorithms": tuple(algorithms)}
    contents: dict[str, bytes] = {}
    for key, name in (("ca_file", "ca_file"), ("client_certificate_file", "client_certificate")):
        if key in table:
            # One that is missing is found now, and not by the first token.
            contents[key] = _content(issuer, key, folder / table[key])
            options[name] = str(folder / table[key])
    if "timeout" in table:
        options["timeout"] = seconds(table["timeout"])
    make: Callable[..., Any]
    key, make, place = (
        ("discovery", discover, table["issuer"])
        if "jwks_url" not in table
        else ("jwks_url", RemoteKeySet, table["jwks_url"])
    )
    # Where TLS is impossible: an issuer on this machine.
    if place.startswith("http://"):
        options["allow_http_loopback"] = True
    # A file that has changed is another: the source that read the old one is not kept.
    identity = (key, place, *sorted(options.items()), *(hashlib.sha256(one).digest() for one in contents.values()))
    source = before.get(identity) or _attempt(issuer, key, lambda: make(place, **options))
    kept[identity] = source
    return IssuerKeys(source, algorithms, contents, [folder / table[key] for key in contents])
