"""`assert_protected`: sends an application every bad credential and checks each answer (RFC 6750 section 3).

    report = assert_protected(app, issuer, path="/orders")

`app` is an ASGI or WSGI application, the URL of a server, or a `Client` around any other way to send a request. The good token
of the same run must be accepted, so that an application that refuses everything is not taken for a protected one. It needs
no test framework. The application must accept tokens of the FakeIssuer with its default claims.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jwseal.testing import forge
from jwseal.testing.client import Answered, Client, client_of

if TYPE_CHECKING:
    from jwseal.testing.issuer import FakeIssuer

__all__ = ["Case", "Report", "assert_protected"]

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    """One request: its headers and query, the statuses that are right for it, and those of them that are not."""

    name: str
    headers: Headers
    query: str = ""
    statuses: range | tuple[int, ...] = range(400, 500)
    wrong: tuple[int, ...] = ()
    error: str | None = "invalid_token"
    secrets: tuple[str, ...] = ()


@dataclass
class Report:
    """What an application answered: `passed` names the cases that were right, `failed` says what is wrong with others."""

    passed: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    untried: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{len(self.passed)} cases passed, {len(self.failed)} failed"]
        lines += [f"  {name}: {why}" for name, why in self.failed.items()]
        lines += [f"  not tried: {name}" for name in self.untried]
        return "\n".join(lines)


def assert_protected(
    app: Any,
    issuer: FakeIssuer,
    *,
    path: str = "/",
    method: str = "GET",
    claims: Mapping[str, Any] | None = None,
    scope: str | None = None,
    preflights: bool = True,
    unavailable: Any = None,
) -> Report:
    """Send every bad credential and raise AssertionError, with the report, if one is answered wrongly.

    claims        further claims of the good token
    scope         scopes that the path needs: the good token has them, and one without them must get 403
    preflights    whether a CORS preflight passes without a token; if not, it must be refused
    unavailable   the same application where its verifier cannot fetch the keys of the issuer: the good token must get 503
                  with Retry-After
    """
    good = issuer.token({**({"scope": scope} if scope else {}), **(claims or {})})
    report = Report(untried=() if unavailable else ("provider down: give unavailable=",))
    with client_of(app) as client:
        for case in _cases(issuer, good, claims or {}, scope):
            _judge(report, case, client, method, path)
        asks = [("Origin", "https://app.example"), ("Access-Control-Request-Method", method)]
        statuses, wrong, error = (range(200, 500), (401, 403), None) if preflights else ((401,), (), "")
        _judge(report, Case("CORS preflight", asks, "", statuses, wrong, error), client, "OPTIONS", path)
        with client.one_context():
            for case in _after_a_good_token(issuer, good, claims or {}):
                _judge(report, case, client, method, path)
    if unavailable is not None:
        with client_of(unavailable) as client:
            case = Case("provider down", [("Authorization", f"Bearer {good}")], "", (503,), (), None, _secrets(good))
            _judge(report, case, client, method, path)
    if report.failed:
        raise AssertionError(str(report))
    return report


def _cases(issuer: FakeIssuer, good: str, claims: Mapping[str, Any], scope: str | None) -> Iterator[Case]:
    secrets = _secrets(good)
    accepted = range(200, 400)

    def header(name: str, *values: str, query: str = "", error: str | None = "invalid_token") -> Case:
        return Case(name, [("Authorization", value) for value in values], query, error=error, secrets=secrets)

    foreign = forge.token("foreign_key", issuer, claims)
    query = urlencode({"access_token": good})
    yield Case("good token", [("Authorization", f"Bearer {good}")], "", accepted, error=None)
    yield Case("lower-case scheme", [("Authorization", f"bearer {good}")], "", accepted, error=None)
    yield Case("upper-case scheme", [("AUTHORIZATION", f"BEARER {good}")], "", accepted, error=None)
    yield Case("no credentials", [], "", (401,), error="", secrets=secrets)
    yield Case("token in the query", [], query, (401,), error="", secrets=secrets)
    yield header("two headers", f"Bearer {good}", f"Bearer {good}")
    yield header("two headers, the first forged", f"Bearer {foreign}", f"Bearer {good}")
    yield header("two headers, the second forged", f"Bearer {good}", f"Bearer {foreign}")
    yield header("two headers of two schemes", f"Bearer {good}", "Basic YWxpY2U6c2VjcmV0")
    yield header("header and query", f"Bearer {good}", query=query)
    yield header("header and escaped query", f"Bearer {good}", query=query.replace("_", "%5F"))
    yield header("another scheme", "Basic YWxpY2U6c2VjcmV0")
    yield header("no scheme", good)
    yield header("no token", "Bearer")
    yield header("no token but a space", "Bearer ")
    yield header("trailing comma", f"Bearer {good},")
    yield header("two tokens in one header", f"Bearer {good}, Bearer {good}")
    yield header("parameters after the token", f"Bearer {good}; x=1")
    yield header("quotes around the token", f'Bearer "{good}"')
    yield header("two words after the scheme", f"Bearer {good} {good}")
    yield header("scheme twice", f"Bearer Bearer {good}")
    yield header("scheme and colon", f"Bearer: {good}")
    for character in "\x01", "\x08", "\x0b", "\x1f", "\x7f", "\xa0":
        # The server may refuse the request before the application sees it, and say so in its own words.
        headers = [("Authorization", f"Bearer {good}{character}")]
        yield Case(f"control character {ord(character):02x}", headers)
    if scope:
        narrow = issuer.token({**claims, "scope": "nothing"})
        headers = [("Authorization", f"Bearer {narrow}")]
        yield Case("scope missing", headers, "", (403,), error="insufficient_scope", secrets=_secrets(narrow))
    more = {**claims, **({"scope": scope} if scope else {})}
    for attack in forge.attacks(issuer, more):
        headers = [("Authorization", f"Bearer {attack.token}")]
        # A server may refuse so long a header before the application sees it, and repeat it in its own words.
        yield Case(attack.name, headers, secrets=() if len(attack.token) > 8000 else _secrets(attack.token))


def _after_a_good_token(issuer: FakeIssuer, good: str, claims: Mapping[str, Any]) -> Iterator[Case]:
    """What the application may have kept of a request is nothing to the next one on the same worker."""
    forged = forge.token("foreign_key", issuer, claims)
    yield Case("good token once more", [("Authorization", f"Bearer {good}")], "", range(200, 400), error=None)
    yield Case("no credentials after a good token", [], "", (401,), error="", secrets=_secrets(good))
    yield Case("forged token after a good token", [("Authorization", f"Bearer {forged}")], secrets=_secrets(forged))


def _secrets(token: str) -> tuple[str, ...]:
    """What no answer may hold: each segment of a token that is long enough to be told from other text."""
    return tuple(part for part in token.split(".") if len(part) > 16)


def _judge(report: Report, case: Case, client: Client, method: str, path: str) -> None:
    try:
        answer = client.send(method, path, case.headers, case.query)
    except Exception as error:  # a server would answer 500
        report.failed[case.name] = f"the application raised {type(error).__name__}"
        return
    wrong = _fault(case, answer)
    if wrong is None:
        report.passed[case.name] = answer.status
    else:
        report.failed[case.name] = wrong


def _fault(case: Case, answer: Answered) -> str | None:
    if answer.status not in case.statuses or answer.status in case.wrong:
        least, most = min(case.statuses), max(case.statuses)
        right = least if least == most else f"one from {least} to {most}"
        return f"the status is {answer.status}, and {right} is right"
    challenge = ", ".join(value for name, value in answer.headers if name.lower() == "www-authenticate")
    if answer.status == 401 and not re.search(r"\b(Bearer|DPoP)\b", challenge):
        return "a 401 needs a WWW-Authenticate header with the scheme Bearer (RFC 6750 section 3)"
    if case.error == "" and "error=" in challenge:
        return "without credentials the challenge has no error (RFC 6750 section 3.1)"
    if case.error and answer.status in (401, 403) and f'error="{case.error}"' not in challenge:
        return f'the challenge lacks error="{case.error}" (RFC 6750 section 3.1)'
    if answer.status == 503 and not any(name.lower() == "retry-after" for name, _ in answer.headers):
        return "a 503 needs Retry-After (RFC 9110 section 15.6.4)"
    shown = answer.body.decode("latin-1") + "\n".join(value for _, value in answer.headers)
    if any(secret in shown for secret in case.secrets):
        return "the answer repeats a part of the token"
    return None
