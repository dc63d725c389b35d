"""The command `inspect`: prints a token without verifying it, and explains why a policy would refuse it.

Every rule of the policy is judged by itself, with the library's own verdict, so that all reasons are listed and not only the
first, and a token without a key at hand can be explained. With `--key` its signature is checked too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, cast

import typer
from typer import Option

from jwseal import DEFAULT_TYP, REQUIRED, UNCHECKED, Policy, SecretKey, Verifier, jws
from jwseal._encoding import base64url_encode
from jwseal.cli import arguments
from jwseal.cli.answer import REFUSED, answering, facts, relative, remark, write_json
from jwseal.cli.arguments import HeaderSize, Json, Padding, Text, Texts, Token, TokenSize
from jwseal.cli.files import File
from jwseal.cli.key_file import KeyReader, verifying
from jwseal.errors import AlgorithmNotAllowed, ClaimError, JOSEError, MalformedToken
from jwseal.insecure import header_unverified, read_unverified, sign_bytes

_TIMES = ("exp", "nbf", "iat", "auth_time")
# Accepts everything that has the form of a JWT; each rule is this policy with one argument.
_NOTHING: dict[str, Any] = {"issuer": UNCHECKED, "audience": UNCHECKED, "typ": UNCHECKED, "expiry": UNCHECKED}


class Finding(NamedTuple):
    """What a rule says of the token: the rule, and the refusal with its reason in words, or None."""

    rule: str
    error: JOSEError | None
    words: str = ""


def inspect(
    token: Token = None,
    key: Annotated[Texts, Option("--key", "-k", metavar="FILE", help="Check the signature with this key too.")] = None,
    issuer: Annotated[Texts, Option("--issuer", metavar="ISS", help="Explain: an issuer that is accepted.")] = None,
    audience: Annotated[
        Texts, Option("--audience", metavar="AUD", help="Explain: an audience that is accepted.")
    ] = None,
    subject: Annotated[Texts, Option("--subject", metavar="SUB", help="Explain: a subject that is accepted.")] = None,
    alg: Annotated[Texts, Option("--alg", metavar="ALG", help="Explain: an algorithm that is accepted.")] = None,
    typ: Annotated[Texts, Option("--typ", metavar="TYP", help="Explain: a typ that is accepted.")] = None,
    leeway: Annotated[str, Option("--leeway", metavar="SPAN", help="Allowed difference of clocks, up to 10m.")] = "0",
    max_age: Annotated[Text, Option("--max-age", metavar="SPAN", help="Explain: maximum time since iat.")] = None,
    max_lifetime: Annotated[Text, Option("--max-lifetime", metavar="SPAN", help="Explain: maximum exp - iat.")] = None,
    required: Annotated[
        Texts, Option("--require", metavar="CLAIM", help="Explain: a claim that must be present.")
    ] = None,
    claim: Annotated[
        Texts, Option("--claim", "-c", metavar="NAME=VALUE", help="Explain: a claim and its value.")
    ] = None,
    scope: Annotated[Texts, Option("--scope", metavar="SCOPE", help="Explain: a scope that must be granted.")] = None,
    no_expiry: Annotated[bool, Option("--allow-no-expiry", help="Accept tokens without exp.")] = False,
    now: Annotated[float | None, Option("--now", metavar="SECONDS", help="Explain as of this time.")] = None,
    accept_padding: Padding = False,
    max_token_size: TokenSize = 16384,
    max_header_size: HeaderSize = 4096,
    as_json: Json = False,
) -> None:
    """Print the contents of a token without verifying it, or explain why a policy would refuse it.

    Anyone can write anything into a token, so do not rely on what is printed. Use verify instead.

    With options that state a policy, every reason for a refusal is listed, and the exit status is 1 if there is one.

    Examples:
    jwseal inspect TOKEN

    jwseal inspect --issuer https://id.example --audience api @token.txt

    pbpaste | jwseal inspect
    """
    with answering(as_json=as_json):
        text = arguments.token(token)
        limits: dict[str, Any] = {"max_header_size": max_header_size, "accept_padding": accept_padding}
        header = header_unverified(text, max_token_size=max_token_size, **limits)
        seen: dict[str, Any] = {"verified": False, "header": header}
        claims: dict[str, Any] | None = None
        try:
            claims = seen["claims"] = read_unverified(text, max_token_size=max_token_size, **limits).claims
        except MalformedToken as error:
            payload = jws.parse(text, max_size=max_token_size, **limits).payload
            seen["payload"] = payload.decode("utf-8", "replace") or None
            remark(f"not a JWT: {error}")
        rules = _rules(
            issuer=issuer,
            audience=audience,
            subject=subject,
            typ=typ,
            required=required,
            max_age=max_age,
            max_lifetime=max_lifetime,
            claim=claim,
            scope=scope,
        )
        findings: list[Finding] = []
        if key or alg:
            findings += _signature(text, key or (), alg or (), header, limits | {"max_token_size": max_token_size})
        if claims is not None and (rules or findings):
            spans = {"leeway": arguments.span(leeway, "--leeway"), "expiry": UNCHECKED if no_expiry else REQUIRED}
            findings += _judged(text, header, claims, rules, spans, now)
        refused = [finding for finding in findings if finding.error]
        if findings:
            seen["refused"] = [{**facts(cast(JOSEError, one.error)), "words": one.words} for one in refused]
            seen["accepted"] = [one.rule for one in findings if not one.error]
        write_json(seen)
        if not as_json:
            for line in _times(claims or {}):
                remark(line)
            _tell(findings, refused)
        if key is None:
            remark("UNVERIFIED: nothing here was checked; use jwseal verify")
        if refused:
            raise typer.Exit(REFUSED)


def _rules(
    *,
    issuer: Texts,
    audience: Texts,
    subject: Texts,
    typ: Texts,
    required: Texts,
    max_age: Text,
    max_lifetime: Text,
    claim: Texts,
    scope: Texts,
) -> dict[str, dict[str, Any]]:
    """The rules of the policy: a name in the user's words, and the argument of Policy that states it."""
    rules: dict[str, dict[str, Any]] = {}
    for name, given in (("issuer", issuer), ("audience", audience), ("subject", subject), ("typ", typ)):
        if given:
            rules[f"--{name}"] = {name: given}
    rules |= {f"--require {name}": {"required": [name]} for name in required or ()}
    rules |= {
        f"--claim {name}": {"claims": {name: value}} for name, value in arguments.pairs(claim or (), "--claim").items()
    }
    rules |= {f"--scope {name}": {"scopes": {name}} for name in scope or ()}
    for option, span in (("max_age", max_age), ("max_lifetime", max_lifetime)):
        if span is not None:
            name = f"--{option.replace('_', '-')}"
            rules[name] = {option: arguments.span(span, name)}
    return rules


def _signature(
    text: str,
    names: Collection[str],
    algs: Collection[str],
    header: Mapping[str, Any],
    options: Mapping[str, Any],
) -> Iterator[Finding]:
    """Whether the keys verify it; without keys, whether its algorithm is accepted."""
    wanted = arguments.algorithms(algs)
    if not names:
        words = f"alg is {_shown(header.get('alg'))}, and {_shown(wanted)} is accepted"
        yield Finding("--alg", None if header.get("alg") in wanted else AlgorithmNotAllowed(words), words)
        return
    reader = KeyReader(None)
    materials = [one for name in names for one in reader.read_with(File(name, "--key"), wanted)]
    judge = Verifier(verifying(materials), Policy(**_NOTHING), algorithms=wanted or None, **options)
    error = _refusal(judge, text, 0.0)
    # Rules about claims come later, and have findings of their own.
    yield Finding("signature", None if isinstance(error, ClaimError) else error, str(error or ""))


def _judged(
    text: str,
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    rules: Mapping[str, Mapping[str, Any]],
    always: Mapping[str, Any],
    now: float | None,
) -> Iterator[Finding]:
    """Each rule's verdict on these claims, signed anew with a key that lives as long as this call."""
    key = SecretKey.generate("HS256")
    moment = time.time() if now is None else now
    head = {name: value for name, value in header.items() if name == "typ"} | {"alg": "HS256"}

    def signed(payload: str) -> str:
        text = f"{_base64url(json.dumps(head).encode())}.{payload}"
        return f"{text}.{_base64url(sign_bytes(text.encode(), key))}"

    whole = signed(text.split(".")[1].rstrip("="))
    # Every policy judges times first: without them the other rules are heard on a token whose times are wrong.
    timeless = {name: value for name, value in claims.items() if name not in ("exp", "nbf", "iat")}
    others = signed(_base64url(json.dumps(timeless).encode()))
    base = {**_NOTHING, "leeway": always["leeway"]}
    first = _refusal(Verifier(key, Policy(**{**base, "expiry": always["expiry"]})), whole, moment)
    yield Finding("times", first, _words(first, claims, header, {"expiry": None}, moment))
    for name, rule in {"typ": {"typ": DEFAULT_TYP}, **rules}.items():
        of_times = not {"max_age", "max_lifetime"}.isdisjoint(rule) or rule.get("required") in (
            ["exp"],
            ["nbf"],
            ["iat"],
        )
        if (of_times and first is not None) or (name == "typ" and "--typ" in rules):
            continue
        error = _refusal(Verifier(key, Policy(**{**base, **rule})), whole if of_times else others, moment)
        yield Finding(name, error, _words(error, claims, header, rule, moment))


def _base64url(octets: bytes) -> str:
    return base64url_encode(octets).decode()


def _refusal(judge: Verifier, text: str, now: float) -> JOSEError | None:
    try:
        judge.verify(text, now=now)
    except JOSEError as error:
        return error
    return None


def _words(
    error: JOSEError | None,
    claims: Mapping[str, Any],
    header: Mapping[str, Any],
    rule: Mapping[str, Any],
    now: float,
) -> str:
    """The reason in words, with what the token says and what is accepted."""
    if error is None:
        return ""
    name = getattr(error, "claim", None)
    value = claims.get(name) if isinstance(name, str) else None
    ((argument, wanted),) = rule.items()
    match error.code:
        case "invalid_claim" if argument == "max_lifetime":
            return f"exp is {claims['exp'] - claims['iat']:g} seconds after iat, more than {wanted:g}"
        case "token_expired":
            return f"it expired {_moment(value, now)}"
        case "token_not_yet_valid":
            return f"{name} lies ahead: {_moment(value, now)}; if the clocks differ, give --leeway"
        case "token_too_old":
            return f"iat is {_moment(value, now)}, longer ago than {wanted:g} seconds"
        case "missing_claim":
            return f"the claim {name} is absent"
        case "claim_mismatch":
            expected = wanted[name] if isinstance(wanted, dict) else wanted
            return f"{name} is {_shown(value)}, and {_shown(expected)} is accepted"
        case "insufficient_scope":
            granted = claims.get("scope", claims.get("scp"))
            return f"the scopes are {_shown(granted)}, and {_shown(set(wanted or ()))} is needed"
        case "wrong_typ":
            return f"typ is {_shown(header.get('typ'))}, and {_shown(wanted)} is accepted"
        case _:
            return str(error)


def _tell(findings: list[Finding], refused: list[Finding]) -> None:
    if not findings:
        return
    accepted = [finding.rule for finding in findings if not finding.error]
    if refused:
        remark(f"it would be refused, for {len(refused)} reason{'s' if len(refused) > 1 else ''}:")
    else:
        remark("nothing that was asked for would refuse it")
    for finding in refused:
        remark(f"  {cast(JOSEError, finding.error).code}: {finding.words}")
    if accepted and refused:
        remark(f"  in order: {', '.join(accepted)}")


def _shown(value: Any) -> str:
    if isinstance(value, list | set | frozenset) and len(value) == 1:
        (value,) = value
    if value is DEFAULT_TYP:
        return "none, JWT or at+jwt"
    return "absent" if value is None else json.dumps(sorted(value) if isinstance(value, set | frozenset) else value)


def _moment(value: Any, now: float) -> str:
    return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S}Z, {relative(value - now)}"


def _times(claims: Mapping[str, Any]) -> list[str]:
    lines = []
    for name in _TIMES:
        value = claims.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 253402300800:
            lines.append(f"{name:<9} {_moment(value, time.time())}")
    return lines
