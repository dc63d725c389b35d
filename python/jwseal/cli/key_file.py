"""Reads key files of any form: PEM, DER, JWK, JWK Set, certificate or OpenSSH.

A program tells the library which form a key has; here the form is found out from the contents. The key is then read by the
library's own constructors, with the same checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from jwseal import KeySet, SecretKey, SigningKey, VerifyingKey
from jwseal._encoding import read_json
from jwseal._native import der_form
from jwseal.errors import InvalidKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jwseal.cli.files import File
    from jwseal.types import Algorithm

Material: TypeAlias = SigningKey | SecretKey | VerifyingKey | KeySet

_SSH_STARTS = (b"ssh-", b"ecdsa-sha2-", b"sk-")
_BEGIN = b"-----BEGIN "
_DER_SEQUENCE = b"\x30"
# The messages for an RSA key without an algorithm, alone or in a set.
_LACKS_ALG = ("an RSA key needs its algorithm", "an RSA key without alg")


class KeyReader(NamedTuple):
    """How key files are read: the password, and whether minor errors in JWKs are accepted."""

    password: str | None = None
    lenient: bool = False

    def read(self, source: File, *, alg: Algorithm | None = None, kid: str | None = None) -> Material:
        """Read a file whose keys are used with this algorithm."""
        return self._read(source, source.read(), alg, kid)

    def read_with(self, source: File, algs: Sequence[Algorithm]) -> list[Material]:
        """Read a file once for each algorithm that suits its key; if none does, with the key's own algorithm."""
        octets = source.read()
        if octets.lstrip().startswith(b"{") and b'"keys"' in octets:
            return [self._read(source, octets, fill=[alg for alg in algs if alg[:2] in {"RS", "PS"}])]
        found: list[Material] = []
        refusal: InvalidKey | None = None
        for alg in (*algs, None):
            if alg is None and found:
                break
            try:
                found.append(self._read(source, octets, alg))
            except InvalidKey as error:
                refusal = error
        if refusal is not None and not found:
            raise refusal
        return found

    def read_with_any(self, source: File) -> Material:
        """Read a file of keys where their algorithm does not matter."""
        octets = source.read()
        try:
            return self._read(source, octets)
        except InvalidKey as error:
            if not any(words in str(error) for words in _LACKS_ALG):
                raise
            return self._read(source, octets, "RS256", fill=["RS256"])

    def _read(
        self,
        source: File,
        octets: bytes,
        alg: Algorithm | None = None,
        kid: str | None = None,
        fill: Sequence[Algorithm] = (),
    ) -> Material:
        try:
            if octets.lstrip().startswith(b"{"):
                found = self._read_jwk(octets, alg, kid, fill or ([] if alg is None else [alg]))
            else:
                found = self._read_binary(octets, alg, kid)
        except InvalidKey as error:
            raise InvalidKey(f"{source}: {error}") from None
        if isinstance(found, SigningKey):
            source.mark_private()
        return found

    def _read_jwk(self, octets: bytes, alg: Algorithm | None, kid: str | None, fill: Sequence[Algorithm]) -> Material:
        try:
            members = read_json(octets)
        except ValueError:
            raise InvalidKey("this looks like a JWK but is not JSON, or a member occurs more than once") from None
        if "keys" in members:
            if kid is not None:
                raise InvalidKey("--kid is for one key, and this is a set")
            return KeySet.from_jwks(octets, algorithms=fill or None, lenient=self.lenient)
        if members.get("kty") == "oct":
            return SecretKey.from_jwk(octets, alg=alg, kid=kid, lenient=self.lenient)
        kind = SigningKey if "d" in members or "priv" in members else VerifyingKey
        return kind.from_jwk(octets, alg=alg, kid=kid, lenient=self.lenient)

    def _read_binary(self, octets: bytes, alg: Algorithm | None, kid: str | None) -> Material:
        if octets.startswith(_DER_SEQUENCE):
            return self._read_der(octets, alg, kid)
        if _BEGIN in octets:
            label = octets.split(_BEGIN, 1)[1].split(b"-----", 1)[0]
            if label.endswith(b"CERTIFICATE"):
                return VerifyingKey.from_certificate(octets, alg=alg, kid=kid)
            if label.endswith(b"PUBLIC KEY"):
                return VerifyingKey.from_pem(octets, alg=alg, kid=kid)
            return SigningKey.from_pem(octets, alg=alg, kid=kid, password=self.password)
        if octets.lstrip().startswith(_SSH_STARTS):
            return VerifyingKey.from_ssh(octets, alg=alg, kid=kid)
        raise InvalidKey(
            "this is not a key file: give PEM, DER, a JWK, a JWK Set, a certificate or an OpenSSH public key"
        )

    def _read_der(self, octets: bytes, alg: Algorithm | None, kid: str | None) -> Material:
        try:
            outline = der_form(octets)
        except InvalidKey:
            raise InvalidKey("this is not a readable certificate, public key or private key in DER") from None
        if outline == "certificate":
            return VerifyingKey.from_certificate(octets, alg=alg, kid=kid)
        if outline in ("SPKI", "PKCS#1 public"):
            return VerifyingKey.from_der(octets, alg=alg, kid=kid)
        return SigningKey.from_der(octets, alg=alg, kid=kid, password=self.password)


def public(material: Material, source: File) -> list[VerifyingKey]:
    """Return the public keys of what was read. Raises InvalidKey for a secret."""
    if isinstance(material, SigningKey):
        return [material.verifying_key]
    if isinstance(material, VerifyingKey):
        return [material]
    if isinstance(material, KeySet):
        return [key for member in material for key in public(member, source)]
    raise InvalidKey(f"{source}: this is an HMAC secret, which has no public key")


def verifying(materials: Sequence[Material]) -> VerifyingKey | SecretKey | KeySet:
    """Return the keys for a verifier: public keys, also those of private keys, and secrets."""
    if len(materials) == 1:
        only = materials[0]
        return only.verifying_key if isinstance(only, SigningKey) else only
    keys: list[VerifyingKey | SecretKey] = []
    for material in materials:
        one = verifying([material])
        keys.extend(one if isinstance(one, KeySet) else [one])
    return KeySet(keys)
