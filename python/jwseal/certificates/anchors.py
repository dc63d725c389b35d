"""`Anchors`: keys from the certificate chain in a token's header, under trust anchors that the operator chose.

RFC 7515 section 4.1.6 (`x5c`): standard base64 of DER, the signer's certificate first, each next one the issuer of the one
before. Section 4.1.8 (`x5t#S256`): the SHA-256 thumbprint of a certificate that the operator has. The header is not trusted:
nothing of it counts before the chain has been verified up to an anchor, and a URL in it is never fetched.

A chain that verified is an answer for the times at which all of its certificates are valid, and the time of each
verification is compared with them. Revocation is not checked.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from jwseal._encoding import base64url_encode
from jwseal._native import FoundKeys, VerifyingKey
from jwseal._pem import looks_like_pem, plain_text
from jwseal.certificates.chain import MAX_CERTIFICATES, Paths, Refused, reading
from jwseal.certificates.signer_rules import SignerRules
from jwseal.errors import AlgorithmNotAllowed, InvalidKey, KeyNotFound, PolicyError
from jwseal.policy import Unchecked
from jwseal.types import Algorithm, algorithm

__all__ = ["Anchors"]


class Anchors:
    """A key source for tokens that carry the certificate of their signer.

    Anchors(anchors, *, algorithms, subject=None, san=None, leaf_oids=(), intermediate_oids=(), extended_key_usage=(),
    certificates=())

    anchors             the certificates of the authorities that are trusted: PEM with one or several, DER, or a list of those
    algorithms          the header algorithms that are accepted; HMAC names are refused
    subject             what the subject of the signer's certificate must say: attribute (CN, O, OU, C, serialNumber,
                        organizationIdentifier or a dotted OID) to its value or values, or UNCHECKED
    san                 subject alternative names, one of which the signer's certificate must have: "DNS:...", "URI:...",
                        "email:...", "IP:..."
    leaf_oids           OIDs of extensions that the signer's certificate must have
    intermediate_oids   OIDs of extensions that the certificate which issued the signer's must have; it then must not be an anchor
    extended_key_usage  OIDs of extended key usages that the signer's certificate must have
    certificates        certificates of signers for tokens with `x5t#S256` and no `x5c`: each PEM with the signer's first and
                        those of its issuers after it

    Give at least one of subject, san, leaf_oids and extended_key_usage: an authority issues certificates to many.
    `subject=UNCHECKED` accepts all of them. Arguments that cannot be kept are PolicyError, certificates that cannot be read
    InvalidKey, values of a wrong type TypeError.

    A token is KeyNotFound where its header has no chain, or the chain does not verify or breaks a rule;
    AlgorithmNotAllowed where its `alg` is not one of `algorithms` or does not fit the key in the certificate.
    """

    __slots__ = ("_algorithms", "_known", "_paths", "_rules")

    _algorithms: tuple[Algorithm, ...]
    _known: Mapping[str, list[bytes]]
    _paths: Paths
    _rules: SignerRules

    def __init__(
        self,
        anchors: str | bytes | Iterable[str | bytes],
        *,
        algorithms: Iterable[Algorithm],
        subject: Mapping[str, str | Iterable[str]] | Unchecked | None = None,
        san: Iterable[str] | None = None,
        leaf_oids: Iterable[str] = (),
        intermediate_oids: Iterable[str] = (),
        extended_key_usage: Iterable[str] = (),
        certificates: Iterable[str | bytes] = (),
    ) -> None:
        """Judge the arguments."""
        keep = object.__setattr__
        keep(self, "_algorithms", _algorithms(algorithms))
        rules = SignerRules(
            subject=subject,
            san=san,
            leaf_oids=leaf_oids,
            intermediate_oids=intermediate_oids,
            extended_key_usage=extended_key_usage,
        )
        keep(self, "_rules", rules)
        keep(
            self, "_paths", Paths([one for source in _several("anchors", anchors) for one in _load("anchors", source)])
        )
        known = [
            [one.public_bytes(Encoding.DER) for one in _load("certificates", source)]
            for source in _several("certificates", certificates)
        ]
        keep(self, "_known", {_thumbprint(chain[0]): chain for chain in known})

    def find_key(self, header: Mapping[str, Any]) -> FoundKeys:
        """Return the key of the certificate that the header carries or names, and the times at which its chain holds."""
        alg = header["alg"]
        if alg not in self._algorithms:
            raise AlgorithmNotAllowed("the alg of the header is not one of those that the trust anchors are for")
        try:
            encoded = self._certificates(header)
            chains = self._paths.verify(encoded)
            for chain in chains:
                self._rules.check(chain)
        except Refused as refusal:
            reason = str(refusal)
        else:
            start, end = _whole_period((chain.not_before, chain.not_after) for chain in chains)
            return FoundKeys(self._key(encoded[0], alg), not_before=start, not_after=end)
        raise KeyNotFound(f"the certificates in the header cannot be used: {reason}")

    def _certificates(self, header: Mapping[str, Any]) -> list[bytes]:
        """Return the DER certificates that a header means, the signer's first."""
        thumbprint = header.get("x5t#S256")
        if "x5c" in header:
            encoded = _decoded(header["x5c"])
            if thumbprint is not None and thumbprint != _thumbprint(encoded[0]):
                raise Refused("x5t#S256 is not the thumbprint of the first certificate in x5c")
            return encoded
        if thumbprint is None:
            raise Refused("there is neither x5c nor x5t#S256")
        if thumbprint not in self._known:
            raise Refused("x5t#S256 does not match a known certificate")
        return self._known[thumbprint]

    def _key(self, certificate: bytes, alg: Algorithm) -> VerifyingKey:
        faults = {}
        for name in (alg, *self._algorithms):
            try:
                key = VerifyingKey.from_certificate(certificate, alg=name)
            except InvalidKey as fault:
                faults[name] = str(fault)
            else:
                if name == alg:
                    return key
                raise AlgorithmNotAllowed("the alg of the header is not one of the key in the signer's certificate")
        raise KeyNotFound(f"the key of the signer's certificate cannot be used: {faults[alg]}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("Anchors are immutable: make others")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("Anchors are immutable: make others")

    def __repr__(self) -> str:
        return f"Anchors({len(self._paths.anchors)} of them, algorithms={list(self._algorithms)})"


def _algorithms(names: Any) -> tuple[Algorithm, ...]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise PolicyError('algorithms must be a collection of algorithm names, as ["ES256"]')
    known = tuple(map(algorithm, names))
    if not known:
        raise PolicyError("algorithms is empty: name those that the signers use")
    if secret := [name for name in known if name.startswith("HS")]:
        raise PolicyError(f"algorithms has {secret[0]}: a certificate has no HMAC secret")
    return known


def _several(argument: str, sources: Any) -> list[str | bytes]:
    if not isinstance(sources, Iterable):
        raise TypeError(f"{argument} is PEM or DER, or a list of those, not {type(sources).__name__}")
    return [sources] if isinstance(sources, (str, bytes)) else list(sources)


def _load(argument: str, source: Any) -> list[x509.Certificate]:
    """Read what an operator has: PEM with one certificate or several, or DER."""
    if not isinstance(source, (str, bytes)):
        raise TypeError(f"{argument} are read from str or bytes, not {type(source).__name__}: give path.read_bytes()")
    text = plain_text(source)
    try:
        if looks_like_pem(text):
            return reading(x509.load_pem_x509_certificates, text)
        return [reading(x509.load_der_x509_certificate, text)]
    except Refused:
        pass
    raise InvalidKey(f"{argument} has a certificate that cannot be read: give X.509 certificates as PEM or DER")


def _decoded(x5c: Any) -> list[bytes]:
    if not isinstance(x5c, list) or not x5c or not all(isinstance(one, str) for one in x5c):
        raise Refused("x5c is not an array of strings")
    if len(x5c) > MAX_CERTIFICATES:
        raise Refused(f"there are {len(x5c)} certificates in x5c: at most {MAX_CERTIFICATES} are accepted")
    try:
        return [binascii.a2b_base64(text, strict_mode=True) for text in x5c]
    except ValueError:  # binascii.Error is one, and so is what text other than ASCII raises
        pass
    raise Refused("x5c has an entry that is not standard base64, with its padding and without line breaks")


def _thumbprint(der: bytes) -> str:
    digest = hashlib.sha256(der).digest()
    return base64url_encode(digest).decode()


def _whole_period(periods: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return the last period without a gap: a root that was issued again continues the one before."""
    latest_first = sorted(periods, reverse=True)
    start, end = latest_first[0]
    for earlier_start, earlier_end in latest_first[1:]:
        if earlier_end < start:
            break
        start, end = earlier_start, max(end, earlier_end)
    return start, end
