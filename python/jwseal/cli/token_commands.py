"""Commands about tokens: sign claims, verify a token or a file of tokens.

`verify` requires an issuer and an audience, as the library does; `--any-issuer` and `--any-audience` waive them.
"""

from __future__ import annotations

import codecs
import json
import os
import time
from collections import Counter, deque
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from jwseal import DEFAULT_TYP, REQUIRED, UNCHECKED, Policy, SecretKey, Signer, SigningKey, Verifier
from jwseal.cli import arguments
from jwseal.cli.answer import REFUSED, answering, facts, relative, remark, write, write_json
from jwseal.cli.arguments import Alg, HeaderSize, Json, Kid, Lenient, Padding, Password, Text, Texts, Token, TokenSize
from jwseal.cli.files import File
from jwseal.cli.key_file import KeyReader, verifying
from jwseal.cli.remote_keys import CaFile, Discovery, KeyLocation, Loopback
from jwseal.errors import InvalidKey, JOSEError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from jwseal import KeySet, VerifiedJWT, VerifyingKey
    from jwseal.remote import RemoteKeySet

# How many refused lines are listed; the rest are counted.
_NAMED_LINES = 20


def sign(
    key: Annotated[
        str, Option("--key", "-k", metavar="FILE", help="Private key or HMAC secret: PEM, DER, OpenSSH or JWK.")
    ],
    claims: Annotated[
        Text, Argument(metavar="CLAIMS", help="A JSON file of claims; - is standard input.", show_default=False)
    ] = None,
    claim: Annotated[
        Texts, Option("--claim", "-c", metavar="NAME=VALUE", help="A claim, its value JSON or text.")
    ] = None,
    header: Annotated[Texts, Option("--header", metavar="NAME=VALUE", help="An additional header parameter.")] = None,
    issuer: Annotated[Text, Option("--issuer", metavar="ISS", help="The claim iss.")] = None,
    expires_in: Annotated[Text, Option("--expires-in", metavar="SPAN", help="Set exp: 90, 90s, 15m, 8h, 30d.")] = None,
    typ: Annotated[str, Option("--typ", metavar="TYP", help="The typ in the header; empty for none.")] = "JWT",
    alg: Alg = None,
    kid: Kid = None,
    password: Password = False,
    as_json: Json = False,
) -> None:
    """Sign claims and print the token.

    Examples:
    jwseal sign --key key.pem --issuer https://id.example --expires-in 5m --claim sub=alice --claim aud=api

    jwseal sign --key secret.jwk claims.json
    """
    with answering(as_json=as_json):
        source = File(key, "--key")
        reader = KeyReader(arguments.password(wanted=password))
        signer_key = reader.read(source, alg=arguments.algorithm_of(alg), kid=kid)
        if not isinstance(signer_key, SigningKey | SecretKey):
            raise InvalidKey(f"{source}: this is a public key, which cannot sign: give the private key")
        content = {} if claims is None else arguments.json_object(File(claims, "CLAIMS"))
        content.update(arguments.pairs(claim or (), "--claim"))
        if not content and issuer is None and expires_in is None:
            raise ValueError("nothing to sign: give a file of claims, --claim, --issuer or --expires-in")
        signer = Signer(
            signer_key,
            typ=typ or None,
            issuer=issuer,
            expires_in=None if expires_in is None else arguments.span(expires_in, "--expires-in"),
            headers=arguments.pairs(header or (), "--header") or None,
        )
        token = signer.sign(content)
        if as_json:
            write_json({"token": token, "alg": signer_key.alg, "kid": signer_key.kid})
        else:
            write(token)


def verify(
    token: Token = None,
    keys: Annotated[
        Texts, Option("--key", "-k", metavar="FILE", help="Key, certificate or JWK Set; repeatable.")
    ] = None,
    jwks_url: Annotated[Text, Option("--jwks-url", metavar="URL", help="Fetch the keys; needs --alg.")] = None,
    discovery: Discovery = None,
    ca_file: CaFile = None,
    loopback: Loopback = False,
    issuer: Annotated[Texts, Option("--issuer", metavar="ISS", help="An issuer to accept.")] = None,
    audience: Annotated[Texts, Option("--audience", metavar="AUD", help="An audience to accept.")] = None,
    any_issuer: Annotated[bool, Option("--any-issuer", help="Do not check iss.")] = False,
    any_audience: Annotated[bool, Option("--any-audience", help="Do not check aud.")] = False,
    subject: Annotated[Texts, Option("--subject", metavar="SUB", help="A subject to accept.")] = None,
    alg: Annotated[Texts, Option("--alg", metavar="ALG", help="An algorithm to accept; RSA keys may need it.")] = None,
    typ: Annotated[Texts, Option("--typ", metavar="TYP", help="A typ to accept (default: none, JWT, at+jwt).")] = None,
    any_typ: Annotated[bool, Option("--any-typ", help="Do not check typ.")] = False,
    leeway: Annotated[str, Option("--leeway", metavar="SPAN", help="Allowed difference of clocks, up to 10m.")] = "0",
    max_age: Annotated[Text, Option("--max-age", metavar="SPAN", help="Maximum time since iat.")] = None,
    max_lifetime: Annotated[Text, Option("--max-lifetime", metavar="SPAN", help="Maximum exp - iat.")] = None,
    required: Annotated[Texts, Option("--require", metavar="CLAIM", help="A claim that must be present.")] = None,
    claim: Annotated[
        Texts, Option("--claim", "-c", metavar="NAME=VALUE", help="A claim and its value, JSON or text.")
    ] = None,
    no_expiry: Annotated[bool, Option("--allow-no-expiry", help="Accept tokens without exp.")] = False,
    file: Annotated[Text, Option("--file", "-f", metavar="FILE", help="Verify a file of tokens, one a line.")] = None,
    now: Annotated[float | None, Option("--now", metavar="SECONDS", help="Verify as of this time.")] = None,
    accept_padding: Padding = False,
    max_token_size: TokenSize = 16384,
    max_header_size: HeaderSize = 4096,
    lenient: Lenient = False,
    password: Password = False,
    as_json: Json = False,
    as_lines: Annotated[bool, Option("--jsonl", help="Print one line of JSON for each token.")] = False,
) -> None:
    """Verify a token and print its claims, or verify a file of tokens and count the results.

    Examples:
    jwseal verify --key jwks.json --issuer https://id.example --audience api TOKEN

    jwseal verify --key key.pub.pem --alg RS256 --any-issuer --any-audience --file tokens.txt --jsonl
    """
    indent = None if as_lines else 2
    with answering(as_json=as_json or as_lines, indent=indent):
        if as_json and as_lines:
            raise ValueError("--json and --jsonl cannot be combined")
        if file is not None and token is not None:
            raise ValueError("give either TOKEN or --file")
        algs = arguments.algorithms(alg)
        if discovery is not None and not any_issuer:
            issuer = issuer or [discovery]
        if not (issuer or any_issuer):
            raise ValueError("give --issuer, or --any-issuer to accept any issuer")
        if not (audience or any_audience):
            raise ValueError("give --audience, or --any-audience to accept any audience")
        if (issuer and any_issuer) or (audience and any_audience) or (typ and any_typ):
            raise ValueError("an --any- option cannot be combined with the option that it waives")
        policy = Policy(
            issuer=issuer or UNCHECKED,
            audience=audience or UNCHECKED,
            subject=subject or UNCHECKED,
            typ=UNCHECKED if any_typ else typ or DEFAULT_TYP,
            expiry=UNCHECKED if no_expiry else REQUIRED,
            required=required or (),
            leeway=arguments.span(leeway, "--leeway"),
            max_age=None if max_age is None else arguments.span(max_age, "--max-age"),
            max_lifetime=None if max_lifetime is None else arguments.span(max_lifetime, "--max-lifetime"),
            claims=arguments.pairs(claim or (), "--claim"),
        )
        if sum(given is not None for given in (keys, jwks_url, discovery)) != 1:
            raise ValueError("give --key, --jwks-url or --issuer-discovery, one of them")
        found: VerifyingKey | SecretKey | KeySet | RemoteKeySet
        if keys is None:
            if not algs:
                raise ValueError("give --alg: what keys are used with is not left to who publishes them")
            found = KeyLocation(jwks_url, discovery, ca_file, loopback).key_set(algs, lenient=lenient)
        else:
            if url := next((name for name in keys if "://" in name[:12]), None):
                raise ValueError(f"--key {url} is a URL: give --jwks-url and --alg to fetch the keys")
            reader = KeyReader(arguments.password(wanted=password), lenient)
            found = verifying([one for name in keys for one in reader.read_with(File(name, "--key"), algs)])
        verifier = Verifier(
            found,
            policy,
            algorithms=algs or None if keys else None,
            max_token_size=max_token_size,
            max_header_size=max_header_size,
            accept_padding=accept_padding,
        )
        if file is not None:
            _verify_file(verifier, File(file, "--file"), now, as_json=as_json, as_lines=as_lines)
            return
        verified = verifier.verify(arguments.token(token), now=now)
        with suppress(BrokenPipeError):  # the status is the result, even if the output is not read
            if as_json or as_lines:
                write_json(_described(verified), indent=indent)
            else:
                write_json(verified.claims)
                remark(f"valid: {verified.alg}{_kid(verified.kid)}{_expiry(verified.expires_at, now)}")


def _verify_file(verifier: Verifier, source: File, now: float | None, *, as_json: bool, as_lines: bool) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    codes: Counter[str] = Counter()
    refused: list[dict[str, Any]] = []
    lines: deque[int] = deque()
    console = Console(stderr=True)
    columns = (TextColumn("verifying"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    start = time.perf_counter()
    with (
        source.open() as stream,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        size = None if source.name == "-" else os.stat(source.name).st_size or None  # a pipe has none
        task = bar.add_task("verifying", total=size)
        for verdict in verifier.verify_iter(
            _tokens(source, stream, lines),
            now=now,
            progress=lambda done: bar.update(task, completed=stream.tell() if size else done),
        ):
            line = lines.popleft()
            codes[verdict.code if isinstance(verdict, JOSEError) else "valid"] += 1
            if as_lines:
                write_json({"line": line, **_described(verdict)}, indent=None)
            elif isinstance(verdict, JOSEError) and len(refused) < _NAMED_LINES:
                refused.append({"line": line, **facts(verdict)})
    tokens, valid = codes.total(), codes.pop("valid", 0)
    if not tokens:
        raise ValueError(f"{source}: it holds no token")
    summary = {"tokens": tokens, "valid": valid, "refused": tokens - valid, "codes": dict(codes.most_common())}
    seconds = time.perf_counter() - start
    with suppress(BrokenPipeError):  # the status is the result, even if the output is not read
        if as_json:
            write_json({**summary, "seconds": round(seconds, 3), "first_refused": refused})
        elif not as_lines:
            _show_summary(tokens, valid, codes, refused, seconds)
    if valid != tokens:
        raise typer.Exit(REFUSED)


def _tokens(source: File, stream: BinaryIO, lines: deque[int]) -> Iterator[bytes]:
    """Yield the tokens, and append the number of each one's line to `lines`."""
    for number, line in enumerate(stream, 1):
        if number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise ValueError(f"{source}: it is text in UTF-16, as PowerShell writes it: save it as UTF-8")
        token = line.removeprefix(codecs.BOM_UTF8 if number == 1 else b"").strip()
        if token:
            lines.append(number)
            yield token


def _show_summary(tokens: int, valid: int, codes: Counter[str], refused: list[dict[str, Any]], seconds: float) -> None:
    width = max(map(len, ("tokens", "valid", *codes)))
    for name, count in (("tokens", tokens), ("valid", valid), *codes.most_common()):
        write(f"{name:<{width}}  {count:>10,}")
    for one in refused:
        remark(f"line {one['line']}: {one['code']}: {one['message']}")
    if len(refused) < tokens - valid:
        remark(f"... and {tokens - valid - len(refused):,} more")
    if seconds:
        remark(f"{tokens / seconds:,.0f} tokens per second")


def _described(verified: VerifiedJWT | JOSEError) -> dict[str, Any]:
    if isinstance(verified, JOSEError):
        return {"valid": False, **facts(verified)}
    return {"valid": True} | {
        name: getattr(verified, name) for name in ("alg", "kid", "expires_at", "header", "claims")
    }


def _kid(kid: str | None) -> str:
    return "" if kid is None else f", kid {json.dumps(kid)}"


def _expiry(expires_at: float | None, now: float | None) -> str:
    if expires_at is None:
        return ", never expires"
    return f", expires {relative(expires_at - (time.time() if now is None else now))}"
