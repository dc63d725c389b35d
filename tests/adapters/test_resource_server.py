"""What all adapters decide alike: where the credential is, which paths are open, what the answer and the log say."""

import asyncio
import logging
import pickle
from collections.abc import Sequence
from typing import Any

import pytest

from jwseal import InsufficientAuthentication, Issuers, PolicyError, SenderMismatch, Verifier
from jwseal.adapters.client_certificate import of_header
from jwseal.adapters.resource_server import Received, Refused, ResourceServer, preflight, require_authentication
from jwseal.testing import FakeIssuer, forge

METADATA = "https://api.example/.well-known/oauth-protected-resource"


def request(
    *values: str | bytes, path: str = "/", query: str | bytes = "", method: str = "GET", **more: str
) -> Received:
    """A request with these Authorization headers, and further ones by keyword."""

    def found(name: str) -> Sequence[str | bytes]:
        key = name.replace("-", "_")
        return values if name == "authorization" else [more[key]] if key in more else []

    return Received(found, method, path, query)


def refused(server: ResourceServer, received: Received, scopes: Sequence[str] = ()) -> Refused:
    """The refusal of this request, the same with and without a loop."""
    with pytest.raises(Refused) as caught:
        server.authenticate(received, scopes)
    with pytest.raises(Refused) as again:
        asyncio.run(server.authenticate_async(received, scopes))
    assert (caught.value.status, caught.value.headers) == (again.value.status, again.value.headers)
    return caught.value


def test_accepted(issuer: FakeIssuer, verifier: Verifier) -> None:
    """The result is the verified token, from a header as str or bytes, with either verb."""
    server, token = ResourceServer(verifier), issuer.token()
    for value in (f"Bearer {token}", f"bearer {token}".encode()):
        assert "alice" == server.authenticate(request(value))["sub"]
        assert "alice" == asyncio.run(server.authenticate_async(request(value)))["sub"]


def test_issuers(issuer: FakeIssuer, verifier: Verifier) -> None:
    """Issuers judge as a verifier does."""
    server = ResourceServer(Issuers({issuer.url: verifier}))
    assert "alice" == server.authenticate(request(f"Bearer {issuer.token()}"))["sub"]
    assert "key_not_found" == refused(server, request(f"Bearer {issuer.token(iss='https://other.example')}")).code


def test_the_challenge_names_what_was_declared(issuer: FakeIssuer, verifier: Verifier) -> None:
    """Realm, metadata and scopes are in the challenge (RFC 6750 section 3, RFC 9728 section 5.1)."""
    server = ResourceServer(verifier, realm="orders", resource_metadata=METADATA, scopes=["read"])
    none = refused(server, request())
    declared = f'realm="orders", resource_metadata="{METADATA}", scope="read"'
    assert (401, [("WWW-Authenticate", f"Bearer {declared}")]) == (none.status, none.headers)
    bad = refused(server, request("Bearer x"))
    assert [("WWW-Authenticate", f'Bearer error="invalid_token", {declared}')] == bad.headers


def test_scopes(issuer: FakeIssuer, verifier: Verifier) -> None:
    """A missing scope is 403, and the challenge names every scope that the request needs."""
    server = ResourceServer(verifier, scopes=["read"])
    narrow = request(f"Bearer {issuer.token(scope='read')}")
    assert server.authenticate(narrow)
    answer = refused(server, narrow, ["write"])
    assert (403, "insufficient_scope") == (answer.status, answer.code)
    assert 'scope="read write"' in answer.mapping["WWW-Authenticate"]
    assert "insufficient_scope" == refused(server, request(f"Bearer {issuer.token()}")).code


def test_unavailable(issuer: FakeIssuer, down: Any) -> None:
    """A provider that does not answer is 503 with Retry-After and no challenge."""
    answer = refused(ResourceServer(down), request(f"Bearer {issuer.token()}"))
    assert (503, "key_source_unavailable") == (answer.status, answer.code)
    assert answer.mapping["Retry-After"].isdigit()
    assert "WWW-Authenticate" not in answer.mapping


PLACES = [
    ({}, request("Bearer {}", query="page=2"), None),
    ({}, request("Bearer {}", query="access_token="), "malformed_token"),
    ({}, request("Bearer {}", query=b"a=1&access_token=x"), "malformed_token"),
    ({}, request("Bearer {}", query="access%5Ftoken=x"), "malformed_token"),
    ({}, request("Bearer {}", "Bearer {}"), "malformed_token"),
    ({}, request(query="access_token={}"), "missing_token"),
    ({"header": "X-Token"}, request(x_token="{}"), None),
    ({"header": "X-Token"}, request("Bearer {}"), "missing_token"),
    ({"header": "X-Token"}, request("Basic YQ==", x_token="{}"), "malformed_token"),
    ({"header": "X-Token"}, request("Bearer {}", x_token="{}"), "malformed_token"),
    ({"header": "X-Token"}, request("", x_token="{}"), "malformed_token"),
    ({"header": "X-Token"}, request(x_token="{}", query="access_token="), "malformed_token"),
    ({"header": "X-Token"}, request(x_token="{}\udca0"), "malformed_token"),
    ({}, request("Bearer {}", query="a=1;access_token=x"), "malformed_token"),
    ({}, request("Bearer {}", query=b"a=1;access%5Ftoken=x"), "malformed_token"),
    ({}, request("Bearer {}", query="a=1;access_tokens=x"), None),
    ({"header": "X-Token"}, request(x_token="{},{}"), "malformed_token"),
    ({"header": "X-Token"}, request(x_token="Bearer {}"), "malformed_token"),
    ({"header": "x-token"}, request(x_token=""), "malformed_token"),
    ({"header": "AUTHORIZATION"}, request("Bearer {}"), None),
]


@pytest.mark.parametrize(("options", "received", "code"), PLACES)
def test_one_credential_in_one_place(
    options: dict[str, str], received: Received, code: str | None, issuer: FakeIssuer, verifier: Verifier
) -> None:
    """The token is read from the one header that the operator named, and a second one anywhere refuses the request."""
    token, server = issuer.token(), ResourceServer(verifier, **options)  # type: ignore[arg-type]

    def values(name: str) -> list[str | bytes]:
        return [str(value).replace("{}", token) for value in received.values(name)]

    filled = Received(values, query=received.query)
    if code is None:
        assert server.authenticate(filled)
    else:
        assert code == refused(server, filled).code


def test_a_header_that_was_sent_twice(issuer: FakeIssuer, verifier: Verifier) -> None:
    """Two values of a header that an operator named are refused, equal ones too."""
    server, token = ResourceServer(verifier, header="X-Token"), issuer.token()
    assert "malformed_token" == refused(server, Received(lambda _: [token, token])).code


OPEN = ["/health", "/public/*", "/.well-known/oauth-protected-resource/*"]


@pytest.mark.parametrize(
    ("path", "is_open"),
    [
        ("/health", True),
        ("/public/a", True),
        ("/public/a/b.css", True),
        ("/public/", True),
        ("/.well-known/oauth-protected-resource/mcp", True),
        ("/", False),
        ("/health/", False),
        ("/healthz", False),
        ("/HEALTH", False),
        ("/public", False),
        ("/publicity", False),
        ("/x/public/a", False),
        ("/public/../admin", False),
        ("/public/a/../../admin", False),
        ("/public/./a", False),
        ("/public//admin", False),
        ("//public/a", False),
        ("/public/..", False),
        ("/public/..;/admin", False),
        ("/public/a;x=1", False),
        ("/public/..\\admin", False),
        ("/public/a\0", False),
        ("/public/%2e%2e/admin", False),
        ("/public/%252e%252e/admin", False),
        ("/public/100%", False),
        ("", False),
    ],
)
def test_excluded_paths(path: str, is_open: bool, verifier: Verifier) -> None:
    """An excluded path is excluded to the letter; what a server may resolve to another place is not below it."""
    assert is_open is ResourceServer(verifier, exclude=OPEN).open(request(path=path))


PREFLIGHT = {"origin": "https://app.example", "access_control_request_method": "GET"}


def test_preflights(verifier: Verifier) -> None:
    """OPTIONS with Origin and Access-Control-Request-Method needs no token, any other request does (Fetch 3.3.2)."""
    server = ResourceServer(verifier)
    assert server.open(request(method="OPTIONS", **PREFLIGHT))
    assert not server.open(request(method="OPTIONS"))
    assert not server.open(request(method="OPTIONS", origin="https://app.example"))
    assert not server.open(request(method="GET", **PREFLIGHT))
    assert preflight(request(method="OPTIONS", **PREFLIGHT))
    for name in ("x_http_method_override", "x_method_override", "x_http_method"):
        assert not server.open(request(method="OPTIONS", **PREFLIGHT, **{name: "DELETE"}))
    assert not ResourceServer(verifier, preflights=False).open(request(method="OPTIONS", **PREFLIGHT))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"scopes": "read"}, "collections of strings"),
        ({"exclude": "/health"}, "collections of strings"),
        ({"exclude": ["health"]}, "begins with '/'"),
        ({"exclude": ["*"]}, "begins with '/'"),
        ({"exclude": ["/a*"]}, "stands only in a final"),
        ({"exclude": ["/*/b"]}, "stands only in a final"),
        ({"exclude": ["/**"]}, "stands only in a final"),
    ],
)
def test_declarations_that_mean_something_else(options: dict[str, Any], sentence: str, verifier: Verifier) -> None:
    """A declaration that would protect less than it looks is PolicyError."""
    with pytest.raises(PolicyError, match=sentence):
        ResourceServer(verifier, **options)


@pytest.mark.parametrize("judge", [None, "verifier", object(), Verifier])
def test_no_judge(judge: Any) -> None:
    """What cannot judge is a TypeError when the program starts, not at the first request."""
    with pytest.raises(TypeError, match="Verifier, Issuers or Authorizer"):
        ResourceServer(judge)


def test_the_log_has_codes_and_nothing_else(
    issuer: FakeIssuer, verifier: Verifier, down: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Every refusal is one record with status and code; 503 is a warning. No claim and no part of a token is in it."""
    caplog.set_level(logging.INFO, "jwseal.adapters")
    server = ResourceServer(verifier)
    tokens = [attack.token for attack in forge.attacks(issuer, {"email": "alice@example.com"})]
    for token in tokens:
        with pytest.raises(Refused) as caught:
            server.authenticate(request(f"Bearer {token}"))
        assert caught.value.__suppress_context__
    with pytest.raises(Refused):
        ResourceServer(down).authenticate(request(f"Bearer {issuer.token()}"))
    records = caplog.records
    assert len(records) == len(tokens) + 1
    assert [record.levelname for record in records] == ["INFO"] * len(tokens) + ["WARNING"]
    assert {record.name for record in records} == {"jwseal.adapters"}
    for record, (code, _) in zip(records, forge.ATTACKS.values(), strict=False):
        assert record.getMessage() == f"{record.status} {record.code}"  # type: ignore[attr-defined]
        assert record.code == code  # type: ignore[attr-defined]


def test_what_a_refusal_holds(issuer: FakeIssuer, verifier: Verifier) -> None:
    """The answer is the same for every reason of one status, and travels between processes."""
    server = ResourceServer(verifier)
    answers = {
        (one.status, tuple(one.headers), one.body)
        for one in (refused(server, request(f"Bearer {attack.token}")) for attack in forge.attacks(issuer))
    }
    assert answers == {(401, (("WWW-Authenticate", 'Bearer error="invalid_token"'),), b"Unauthorized\n")}
    one = refused(server, request("Bearer x"))
    again = pickle.loads(pickle.dumps(one))
    assert (one.status, one.headers, one.code) == (again.status, again.headers, again.code)
    assert ("Content-Length", "13") in one.fields
    assert "no-store" == one.mapping["Cache-Control"]


def test_challenges_of_two_schemes_are_one_value() -> None:
    """A framework whose headers are a mapping gets both challenges (RFC 9110 section 11.6.1)."""
    two = Refused(401, [("WWW-Authenticate", "DPoP"), ("WWW-Authenticate", "Bearer")], "sender_mismatch")
    assert "DPoP, Bearer" == two.mapping["WWW-Authenticate"]


NOW = 1_700_000_000
STEP_UP: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"acr": "high"}, {"acr_values": ["high", "low"]}, True),
    ({"acr": "low"}, {"acr_values": ["high"]}, False),
    ({}, {"acr_values": ["high"]}, False),
    ({"acr": ["high"]}, {"acr_values": ["high"]}, False),
    ({"auth_time": NOW - 60}, {"max_age": 60}, True),
    ({"auth_time": NOW - 61}, {"max_age": 60}, False),
    ({"auth_time": str(NOW)}, {"max_age": 60}, False),
    ({"auth_time": True}, {"max_age": 60}, False),
    ({"auth_time": NOW + 1}, {"max_age": 60}, False),
    ({"auth_time": NOW * 1000}, {"max_age": 60}, False),
    ({"auth_time": NOW + 5}, {"max_age": 60, "leeway": 5}, True),
    ({"auth_time": NOW + 6}, {"max_age": 60, "leeway": 5}, False),
    ({"auth_time": NOW - 65}, {"max_age": 60, "leeway": 5}, True),
    ({}, {"max_age": 60}, False),
    ({}, {}, True),
]


@pytest.mark.parametrize(("claims", "demands", "met"), STEP_UP)
def test_step_up(
    claims: dict[str, Any], demands: dict[str, Any], met: bool, issuer: FakeIssuer, verifier: Verifier
) -> None:
    """How and when the user authenticated can be demanded, and the challenge says what is (RFC 9470 section 3)."""
    token = verifier.verify(issuer.token(claims))
    if met:
        require_authentication(token, now=NOW, **demands)
        return
    with pytest.raises(InsufficientAuthentication) as caught:
        require_authentication(token, now=NOW, **demands)
    answer = ResourceServer(verifier).refused(caught.value)
    assert (401, "insufficient_authentication") == (answer.status, answer.code)
    challenge = answer.mapping["WWW-Authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert ('max_age="60"' in challenge) is ("max_age" in demands)
    assert ('acr_values="' in challenge) is ("acr_values" in demands)


@pytest.mark.parametrize(
    "demands",
    [{"acr_values": "high"}, {"acr_values": b"high"}, {"max_age": -1}, {"max_age": float("nan")}, {"leeway": -1}],
)
def test_step_ups_that_would_demand_less(demands: Any, issuer: FakeIssuer, verifier: Verifier) -> None:
    """One str for a list would be compared with its parts, and NaN with nothing: each is PolicyError."""
    with pytest.raises(PolicyError):
        require_authentication(verifier.verify(issuer.token(acr="hi", auth_time=NOW)), now=NOW, **demands)


def test_a_set_of_acr_values(issuer: FakeIssuer, verifier: Verifier) -> None:
    """A claim of another type is refused, not an error, whatever collection it is looked for in."""
    with pytest.raises(InsufficientAuthentication):
        require_authentication(verifier.verify(issuer.token(acr=["high"])), acr_values={"high"})  # type: ignore[arg-type]


def test_scopes_as_one_string(issuer: FakeIssuer, verifier: Verifier) -> None:
    """Scopes of a route that are one str are PolicyError, with a token and without one."""
    server = ResourceServer(verifier)
    for received in (request(), request(f"Bearer {issuer.token(scope='r e a d')}")):
        with pytest.raises(PolicyError, match="collection of strings"):
            server.authenticate(received, "read")
        with pytest.raises(PolicyError, match="collection of strings"):
            asyncio.run(server.authenticate_async(received, "read"))


def test_a_certificate_of_no_bytes() -> None:
    """A header of RFC 9440 with nothing in it is refused where it is read."""
    with pytest.raises(SenderMismatch) as caught:
        of_header(["::"])
    assert "sender_mismatch" == caught.value.code
