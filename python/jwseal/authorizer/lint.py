"""The lint of a configuration: remarks on parts that are valid but probably not intended. It runs when a configuration is loaded.

The core remarks on conditions and rules. Here is what takes more than the rules: names mapped to users, certificates,
and what no worker names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jwseal._encoding import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jwseal.authorizer.attribute_map import AttributeMap
    from jwseal.authorizer.configuration import Configuration
    from jwseal.authorizer.document import Place
    from jwseal.authorizer.policy import CompiledPolicy

__all__ = ["lint"]

_IDENTITIES = ("username", "key_alias")
_PRIVATE = (
    "holds a private key, of which only the public half is used: the issuer alone should have the private one; "
    "jwseal convert writes the public one"
)


def lint(policy: CompiledPolicy, now: float) -> tuple[str, ...]:
    """Return one sentence for each remark, with its place."""
    configuration = policy.configuration
    found = [
        *_rules(policy),
        *_maps(policy),
        *_unused(configuration),
        *_certificates(policy, now),
        *_private_keys(policy),
    ]
    return tuple(str(configuration.document.error(place, sentence)) for place, sentence in found)


def _rules(policy: CompiledPolicy) -> Iterator[tuple[Place, str]]:
    """The core's remarks on the rules of each worker, each once; rules of two workers do not shadow one another."""
    found: dict[tuple[Place, str], None] = {}
    rules = policy.configuration.rules
    for name, worker in policy.workers.items():
        own = policy.configuration.workers[name].rules if name is not None else [rule["id"] for rule in rules]
        numbers = [number for number, rule in enumerate(rules) if rule["id"] in own]
        for place, sentence in worker.rules.lint():
            below = place[1:] if place[:1] == ("rules",) else ()
            number = numbers[int(below[0])] if below else 0
            found[("rules", number, *below[1:]), sentence] = None
    yield from found


def _maps(policy: CompiledPolicy) -> Iterator[tuple[Place, str]]:
    configuration = policy.configuration
    for name, attribute_map in configuration.maps.items():
        rules = list(_rules_of(configuration, name))
        issuers = {issuer for rule in rules for issuer in _list(rule["issuer"])}
        unverified = {
            rule
            for worker in policy.workers.values()
            if worker.map is attribute_map
            for rule in worker.rules.allowing_unverified_email()
        }
        for place, sentence in _identities(attribute_map, unverified, issuers, len(configuration.issuers)):
            yield ("maps", name, *place), sentence


def _identities(
    attribute_map: AttributeMap, unverified: set[str], issuers: set[str], known: int
) -> Iterator[tuple[Place, str]]:
    for slot in attribute_map.slots:
        if slot.group not in _IDENTITIES:
            continue
        if "email" in slot.template.claims and unverified:
            yield (
                (slot.group,),
                "email names a user, and a rule allows it without email_verified: anyone may claim an address",
            )
        if "iss" not in slot.template.claims and (len(issuers) > 1 or (known > 1 and not slot.template.literal)):
            yield (
                (slot.group,),
                "two issuers may use the same name for different people: add {iss}, or a prefix for each issuer",
            )


def _rules_of(configuration: Configuration, name: str) -> Iterator[dict[str, Any]]:
    """The allow rules whose tokens a map is for."""
    workers = configuration.workers.values()
    ids = {one for worker in workers if worker.map == name for one in worker.rules}
    everywhere = not workers and name == "default"
    for rule in configuration.rules:
        if rule["effect"] == "allow" and (everywhere or rule["id"] in ids):
            yield rule


def _unused(configuration: Configuration) -> Iterator[tuple[Place, str]]:
    workers = configuration.workers.values()
    named = {rule for worker in workers for rule in worker.rules}
    for number, rule in enumerate(configuration.rules):
        if workers and rule["id"] not in named:
            yield ("rules", number), "no worker names this rule, so it never applies"
    maps = {worker.map for worker in workers} if workers else {"default"}
    for name in configuration.maps:
        if name not in maps:
            yield (
                ("maps", name),
                "no worker names this map" if workers else "without workers the map default applies alone",
            )


def _certificates(policy: CompiledPolicy, now: float) -> Iterator[tuple[Place, str]]:
    for name, keys in policy.keys.items():
        for key in ("certificate_file", "keys_file"):
            ends = _end(keys.contents.get(key, b""))
            if ends is not None and ends < now:
                yield ("issuers", name, key), "the certificate has expired; its key is trusted all the same"


def _private_keys(policy: CompiledPolicy) -> Iterator[tuple[Place, str]]:
    for name, issuer in policy.configuration.issuers.items():
        for number, jwk in enumerate(issuer.table.get("keys", ())):
            if _is_private(jwk):
                yield ("issuers", name, "keys", number), _PRIVATE
        content = policy.keys[name].contents.get("keys_file", b"").lstrip(b"\xef\xbb\xbf \t\r\n")
        document = read_json(content) if content.startswith(b"{") else {}
        jwks = document.get("keys")
        if any(_is_private(jwk) for jwk in (jwks if isinstance(jwks, list) else [document])):
            yield ("issuers", name, "keys_file"), _PRIVATE


def _is_private(jwk: Any) -> bool:
    """Whether a JWK has the private key beside the public one (RFC 7518 section 6; `priv` is that of RFC 9964)."""
    return isinstance(jwk, dict) and jwk.get("kty") != "oct" and ("d" in jwk or "priv" in jwk)


def _end(content: bytes) -> float | None:
    """When the certificate in a file ends; None if it has none."""
    if b"CERTIFICATE-----" not in content and not content.startswith(b"\x30"):
        return None
    from cryptography import x509

    try:
        read = x509.load_der_x509_certificate if content.startswith(b"\x30") else x509.load_pem_x509_certificate
        certificate = read(content)
    except (ValueError, x509.InvalidVersion):  # a certificate of version 2 or 4
        return None
    if hasattr(certificate, "not_valid_after_utc"):
        return float(certificate.not_valid_after_utc.timestamp())
    from datetime import UTC

    return float(certificate.not_valid_after.replace(tzinfo=UTC).timestamp())


def _list(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
