"""Commands about JWK Sets: fetch one, show what is in one, and find what is wrong with one.

A set is a file, standard input or a URL. Nothing here decides what a key may be: the library reads the set, and says what it
cannot use and why. Certificates beside keys are compared with them and their dates shown; no chain is verified.
"""

from __future__ import annotations

import binascii
import hashlib
import json
import time
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer import Argument, Option
from typer.core import TyperGroup

from jwseal import KeySet, SecretKey, VerifyingKey
from jwseal._encoding import base64url_decode, base64url_encode, read_json
from jwseal.cli import arguments
from jwseal.cli.answer import REFUSED, answering, relative, remark, with_options, write, write_json
from jwseal.cli.arguments import Json, Lenient, Texts
from jwseal.cli.files import File
from jwseal.cli.key_commands import Force, jwks, put
from jwseal.cli.remote_keys import CaFile, Discovery, KeyLocation, Loopback
from jwseal.errors import InvalidKey, JOSEError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jwseal.types import Algorithm

# Seconds before the end of a certificate or key in which `lint` names it.
_SOON = 30 * 86_400
# Keys that `RemoteKeySet` takes.
_MOST_KEYS = 100
# Members that must never be published.
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv")

Source = Annotated[
    str | None, Argument(metavar="SOURCE", help="A file, - for standard input, or an https URL.", show_default=False)
]
Algs = Annotated[Texts, Option("--alg", metavar="ALG", help="What RSA keys without alg are used with; repeatable.")]


class _Group(TyperGroup):
    """`jwseal jwks KEY...` makes a set. A file that has the name of a command is given as ./show."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "-h", "--help"}:
            args = ["make", *args]
        return super().parse_args(ctx, args)


group = typer.Typer(cls=_Group, no_args_is_help=True, help="Make, fetch, show and check JWK Sets.")
group.command("make", no_args_is_help=True)(jwks)


@group.command()
def fetch(
    url: Annotated[str | None, Argument(metavar="URL", help="The https URL of a JWK Set.", show_default=False)] = None,
    issuer: Discovery = None,
    out: Annotated[str, Option("--out", "-o", metavar="FILE", help="Output file.")] = "-",
    ca_file: CaFile = None,
    loopback: Loopback = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Fetch a JWK Set and write it as it was received.

    A set without a usable key is refused. No redirect is followed.

    Examples:
    jwseal jwks fetch https://id.example/jwks.json --out jwks.json

    jwseal jwks fetch --issuer-discovery https://id.example --out jwks.json
    """
    with answering(as_json=as_json):
        if as_json and out == "-":
            raise ValueError("--json describes the set: give --out FILE for the set itself")
        body, headers = _place(url, issuer, ca_file, loopback=loopback).fetch()
        keys, skipped, _ = _read(body, ["RS256"], lenient=True)
        put(File(out, "--out"), body, force=force)
        if as_json:
            write_json({"keys": len(keys), "skipped": len(skipped), "fresh_for": _fresh_for(headers)})
        else:
            remark(_counted(keys, skipped, headers))


@group.command()
def show(
    source: Source = None,
    issuer: Discovery = None,
    alg: Algs = None,
    lenient: Lenient = False,
    ca_file: CaFile = None,
    loopback: Loopback = False,
    as_json: Json = False,
) -> None:
    """Show what is in a JWK Set, what cannot be used and why, and what expires.

    Examples:
    jwseal jwks show jwks.json

    jwseal jwks show https://id.example/jwks.json --alg RS256
    """
    with answering(as_json=as_json):
        body, headers = _content(source, issuer, ca_file, loopback=loopback)
        keys, skipped, members = _read(body, arguments.algorithms(alg), lenient=lenient)
        shown = [_described(index, key, members[index]) for index, key in keys]
        if as_json:
            write_json({"keys": shown, "skipped": skipped, "fresh_for": _fresh_for(headers)})
            return
        for one in shown:
            write(_line(one))
        for one in skipped:
            write(f"{one['place']}  {_kid(one['kid'])}  not usable: {one['reason']}")
        remark(_counted(keys, skipped, headers))


@group.command()
def lint(
    source: Source = None,
    issuer: Discovery = None,
    alg: Algs = None,
    ca_file: CaFile = None,
    loopback: Loopback = False,
    as_json: Json = False,
) -> None:
    """Find what is wrong with a JWK Set before others find it.

    The exit status is 1 if there is an error, 0 if there are warnings at most.

    Examples:
    jwseal jwks lint jwks.json

    jwseal jwks lint https://id.example/jwks.json
    """
    with answering(as_json=as_json):
        body, _ = _content(source, issuer, ca_file, loopback=loopback)
        try:
            keys, skipped, members = _read(body, arguments.algorithms(alg), lenient=False)
        except InvalidKey as error:
            findings = [Finding("error", None, None, with_options(str(error))), *_exposed(_members(body))]
        else:
            findings = [*_unusable(skipped, members), *_doubtful(keys, members), *_exposed(members)]
            findings.sort(key=lambda one: -1 if one.place is None else one.place)
        errors = sum(one.level == "error" for one in findings)
        if as_json:
            write_json(
                {"errors": errors, "warnings": len(findings) - errors, "findings": [one._asdict() for one in findings]}
            )
        else:
            for one in findings:
                where = "set" if one.place is None else f"key {one.place}{_kid(one.kid, ', kid ')}"
                write(f"{one.level}: {where}: {one.message}")
            remark(f"{errors} errors, {len(findings) - errors} warnings")
        if errors:
            raise typer.Exit(REFUSED)


class Finding(NamedTuple):
    """One thing that `lint` has to say; without a place it is about the whole set."""

    level: str
    place: int | None
    kid: str | None
    message: str


def _place(url: str | None, issuer: str | None, ca_file: str | None, *, loopback: bool) -> KeyLocation:
    if (url is None) == (issuer is None):
        raise ValueError("give a URL or --issuer-discovery, one of them")
    return KeyLocation(url, issuer, ca_file, loopback)


def _content(source: str | None, issuer: str | None, ca_file: str | None, *, loopback: bool) -> tuple[bytes, Any]:
    """The bytes of a set and, if it was fetched, the headers of the response."""
    if source is not None and issuer is None and "://" not in source[:12]:
        return File(source).read(), {}
    return _place(source, issuer, ca_file, loopback=loopback).fetch()


def _read(
    body: bytes, algs: Sequence[Algorithm], *, lenient: bool
) -> tuple[list[tuple[int, VerifyingKey | SecretKey]], list[dict[str, Any]], list[Any]]:
    """The usable keys, each with its place in the set, the members that cannot be used, and all members as they are."""
    read = KeySet.from_jwks(body, algorithms=algs or None, lenient=lenient)
    members = read_json(body)["keys"]
    skipped = [{"place": index, "kid": kid, "reason": with_options(reason)} for index, kid, reason in read.skipped]
    unusable = {one["place"] for one in skipped}
    found: list[tuple[int, VerifyingKey | SecretKey]] = []
    for index, member in enumerate(members):
        if index not in unusable:
            (key,) = KeySet.from_jwks({"keys": [member]}, algorithms=algs or None, lenient=lenient)
            # A key that is there twice is in the set once.
            found += [] if any(key == other for _, other in found) else [(index, key)]
    return found, skipped, members


def _described(index: int, key: VerifyingKey | SecretKey, member: Mapping[str, Any]) -> dict[str, Any]:
    """What `show` says of a key."""
    if isinstance(key, SecretKey):
        return {"place": index, "kid": key.kid, "algs": [key.alg], "type": "secret"}
    jwk = key.to_jwk()
    kind = f"RSA {8 * len(base64url_decode(jwk['n'].encode()))}" if "n" in jwk else str(jwk.get("crv") or jwk["kty"])
    described = {"place": index, "kid": key.kid, "algs": list(key.algs), "type": kind, "thumbprint": key.thumbprint()}
    if key.issuer is not None:
        described["issuer"] = key.issuer
    if _is_private(member):
        described["private"] = True
    ends = list(_ends(member))
    return {**described, "expires_at": min(ends)} if ends else described


def _line(one: Mapping[str, Any]) -> str:
    parts = [str(one["place"]), _kid(one["kid"]), "/".join(one["algs"]), one["type"]]
    parts += [one[name] for name in ("thumbprint", "issuer") if name in one]
    if "private" in one:
        parts.append("with its private members")
    if "expires_at" in one:
        parts.append(f"expires {relative(one['expires_at'] - time.time())}")
    return "  ".join(parts)


def _unusable(skipped: Sequence[Mapping[str, Any]], members: Sequence[Any]) -> Iterator[Finding]:
    """What no verifier takes, or only one that is told how."""
    for one in skipped:
        member = members[one["place"]]
        is_other = isinstance(member, dict) and member.get("use", "sig") != "sig"
        lacks_alg = isinstance(member, dict) and member.get("kty") == "RSA" and "alg" not in member
        level = "warning" if is_other or lacks_alg else "error"
        yield Finding(level, one["place"], one["kid"], one["reason"])


def _doubtful(keys: Sequence[tuple[int, VerifyingKey | SecretKey]], members: Sequence[Any]) -> Iterator[Finding]:
    """What verifiers take and should not have to."""
    if len(members) > _MOST_KEYS:
        yield Finding("warning", None, None, f"the set has {len(members)} keys: many clients take {_MOST_KEYS} at most")
    for index, key in keys:
        member, kid = members[index], key.kid
        if kid is None and len(members) > 1:
            yield Finding("warning", index, kid, "the key has no kid, so it is tried for every token")
        left = min(_ends(member), default=time.time() + 2 * _SOON) - time.time()
        if left < _SOON:
            yield Finding("warning", index, kid, f"the key or its certificate expires {relative(left)}")
        if (difference := _difference(key, member)) is not None:
            yield Finding("error", index, kid, difference)


def _members(body: bytes) -> list[Any]:
    """The members of a set of which no key can be used; none of what is no set."""
    try:
        found = read_json(body)
    except ValueError:
        return []
    members = found.get("keys") if isinstance(found, dict) else None
    return members if isinstance(members, list) else []


def _exposed(members: Sequence[Any]) -> Iterator[Finding]:
    """What everyone can read now."""
    for index, member in enumerate(members):
        if isinstance(member, dict) and _is_private(member):
            kid = member.get("kid")
            said = "the JWK has private members: anyone who has read it can sign; replace the key"
            yield Finding("error", index, kid if isinstance(kid, str) else None, said)


def _is_private(member: Mapping[str, Any]) -> bool:
    return any(name in member for name in _PRIVATE)


def _difference(key: VerifyingKey | SecretKey, member: Mapping[str, Any]) -> str | None:
    """How a certificate beside the key contradicts it (RFC 7517 sections 4.7 to 4.9)."""
    der = _certificate(member)
    if der is None or isinstance(key, SecretKey):
        return None
    try:
        own = VerifyingKey.from_certificate(der, alg=key.algs[0])
    except JOSEError as error:
        return f"x5c: {error}"
    if own.thumbprint() != key.thumbprint():
        return "the certificate in x5c has another key"
    for name, digest in (("x5t", hashlib.sha1), ("x5t#S256", hashlib.sha256)):
        said = member.get(name)
        if said is not None and said != _base64url(digest(der).digest()):
            return f"{name} is not that of the certificate in x5c"
    return None


def _ends(member: Mapping[str, Any]) -> Iterator[float]:
    """When the key ends, in seconds since 1970: by its member exp, by its certificate."""
    end = member.get("exp")
    if isinstance(end, int | float) and not isinstance(end, bool):
        yield float(end)
    der = _certificate(member)
    if der is None:
        return
    from datetime import UTC

    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return
    # cryptography before version 42 has the naive time only.
    aware = getattr(certificate, "not_valid_after_utc", None)
    yield (aware or certificate.not_valid_after.replace(tzinfo=UTC)).timestamp()


def _certificate(member: Mapping[str, Any]) -> bytes | None:
    chain = member.get("x5c")
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        return None
    try:
        return binascii.a2b_base64(chain[0], strict_mode=True)
    except (binascii.Error, ValueError):
        return None


def _base64url(octets: bytes) -> str:
    return base64url_encode(octets).decode()


def _fresh_for(headers: Mapping[str, str]) -> float | None:
    """The seconds that a fetched set may be used by its own headers; None for a file."""
    if not headers:
        return None
    from jwseal.remote.freshness import fresh_for

    return fresh_for(headers, 300.0, time.time())


def _counted(keys: Sequence[object], skipped: Sequence[object], headers: Mapping[str, str]) -> str:
    fresh = _fresh_for(headers)
    return f"{len(keys)} keys, {len(skipped)} not usable" + ("" if fresh is None else f"; fresh for {fresh:g} seconds")


def _kid(kid: str | None, before: str = "") -> str:
    return "" if kid is None and before else before + ("no kid" if kid is None else json.dumps(kid))
