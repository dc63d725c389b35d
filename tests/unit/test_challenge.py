"""`jwseal.challenge`: what a refused request is answered with (RFC 6750, RFC 9728, RFC 9470, RFC 9449)."""

import re
from typing import Any

import pytest

import forge
from judge import AUDIENCE, ISSUER, NOW, STRICT, claims, hs256, refusal, secret
from jwseal import Policy, Verifier, bearer, challenge, errors

METADATA = "https://api.example/.well-known/oauth-protected-resource"

# One exception of each class: its arguments are its message, and the claim where it has one.
EXCEPTIONS = [
    made("the message", "claim") if issubclass(made, errors.ClaimError) else made("the message")
    for made in (getattr(errors, name) for name in errors.__all__)
    if made.code not in ("insufficient_authentication", "sender_mismatch")
]


def header(error: errors.JOSEError, **declared: Any) -> str:
    """The one WWW-Authenticate header of the response."""
    (name, value), *others = challenge(error, **declared)[1]
    assert ("WWW-Authenticate", []) == (name, others)
    return value


def caught(call: Any, *args: Any, **named: Any) -> errors.JOSEError:
    """The exception that a call ends in."""
    with pytest.raises(errors.JOSEError) as raised:
        call(*args, **named)
    return raised.value


@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: error.code)
def test_status_and_headers(error: errors.JOSEError) -> None:
    """The status is the exception's own; refusals have a challenge, outages Retry-After, faults of the program nothing."""
    status, headers = challenge(error)
    assert error.http_status == status
    kinds = {401: ["WWW-Authenticate"], 403: ["WWW-Authenticate"], 503: ["Retry-After"], 500: []}
    assert kinds[status] == [name for name, _ in headers]


@pytest.mark.parametrize("error", EXCEPTIONS, ids=lambda error: error.code)
def test_only_the_kind_of_refusal_is_told(error: errors.JOSEError) -> None:
    """Neither message nor claim nor code reaches the client: every 401 for a token has the same challenge."""
    told = {401: 'Bearer error="invalid_token"', 403: 'Bearer error="insufficient_scope"'}
    if error.http_status in told and not isinstance(error, errors.MissingToken):
        assert told[error.http_status] == header(error)


def test_no_credentials() -> None:
    """A request without a token gets no error attribute (RFC 6750 section 3.1), with or without parameters."""
    error = caught(bearer, None)
    assert (401, [("WWW-Authenticate", "Bearer")]) == challenge(error)
    assert 'Bearer realm="api", scope="read"' == header(error, realm="api", scope="read")


def test_refused_token() -> None:
    """A refused token is invalid_token, with what the program declares behind it."""
    token = hs256(claims(exp=NOW - 1))
    error = caught(Verifier(secret(), STRICT).verify, token, now=NOW)
    assert "token_expired" == error.code
    expected = f'Bearer error="invalid_token", realm="api", resource_metadata="{METADATA}", scope="read write"'
    assert expected == header(error, realm="api", resource_metadata=METADATA, scope=["read", "write"])


def test_nothing_of_the_token_is_in_the_response() -> None:
    """Claims that carry header text of their own cannot get it into the response."""
    evil = 'x"\r\nSet-Cookie: a=b'
    for changes in ({"iss": evil}, {"aud": evil}, {"sub": 5, "x": evil}, {"exp": evil}):
        policy = Policy(issuer=ISSUER, audience=AUDIENCE, subject="someone")
        error = caught(Verifier(secret(), policy).verify, hs256(claims(**changes)), now=NOW)
        assert (401, [("WWW-Authenticate", 'Bearer error="invalid_token"')]) == challenge(error)


def test_unavailable() -> None:
    """An outage is 503 with Retry-After and without a challenge: the token may be good."""
    status, headers = challenge(errors.KeySourceUnavailable("no keys"), realm="api", scope="read")
    assert 503 == status
    assert [("Retry-After", "5")] == headers


@pytest.mark.parametrize("error", [errors.InvalidKey("x"), errors.PolicyError("x"), errors.JOSEError("x")])
def test_faults_of_the_program(error: errors.JOSEError) -> None:
    """What only the program's author can mend is 500, and tells the client nothing."""
    assert (500, []) == challenge(error, realm="api")


class _Proof(errors.ClaimError):
    code = "sender_mismatch"
    algs: Any = ("ES256", "PS256")
    nonce: Any = None


def test_step_up() -> None:
    """An authentication that is too weak or too old says which one is wanted (RFC 9470 section 3)."""
    error = errors.InsufficientAuthentication("m", "acr", acr_values=("high", "higher"), max_age=300.0)
    expected = 'Bearer error="insufficient_user_authentication", acr_values="high higher", max_age="300", realm="a"'
    assert (401, expected) == (challenge(error)[0], header(error, realm="a"))
    assert 'Bearer error="insufficient_user_authentication"' == header(errors.InsufficientAuthentication("m"))


def test_dpop() -> None:
    """A missing or wrong proof is a DPoP challenge with the algorithms accepted (RFC 9449 section 7.1)."""
    error = _Proof("m", "cnf")
    assert 'DPoP error="invalid_dpop_proof", algs="ES256 PS256"' == header(error)
    error.nonce = "eyJ7S_zG.eyJH0-Z.HX4w-7v"
    expected = [
        ("WWW-Authenticate", 'DPoP error="use_dpop_nonce", algs="ES256 PS256", realm="a"'),
        ("DPoP-Nonce", "eyJ7S_zG.eyJH0-Z.HX4w-7v"),
    ]
    assert (401, expected) == challenge(error, realm="a")


def test_certificate_that_does_not_match() -> None:
    """Without algorithms for a proof it is a client certificate that does not match: invalid_token (RFC 8705 section 3)."""
    error = _Proof("m", "cnf")
    error.algs = ()
    assert 'Bearer error="invalid_token"' == header(error)


@pytest.mark.parametrize("realm", ['a"b', "a\\b", '", error="none', "a, b=c"])
def test_realm_is_quoted(realm: str) -> None:
    """A realm stays one quoted string, whatever printable text it is (RFC 9110 section 5.6.4)."""
    (quoted,) = re.findall(r'^Bearer realm="((?:[^"\\]|\\.)*)"$', header(errors.MissingToken("m"), realm=realm))
    assert realm == re.sub(r"\\(.)", r"\1", quoted)


@pytest.mark.parametrize(
    "declared",
    [
        {"realm": "a\r\nX: y"},
        {"realm": "a\x00"},
        {"realm": "é"},
        {"realm": "\x7f"},
        {"scope": 'read"'},
        {"scope": "read  write"},
        {"scope": "read\twrite"},
        {"scope": ""},
        {"scope": ["read write"]},
        {"scope": ["a\r\n"]},
        {"scope": ["a\\"]},
        {"resource_metadata": "https://a b"},
        {"resource_metadata": 'https://a"'},
        {"resource_metadata": "https://a\n"},
        {"resource_metadata": ""},
    ],
)
def test_what_no_header_can_carry(declared: Any) -> None:
    """Text that would end a header or its value is PolicyError, for every kind of exception."""
    for error in (errors.MissingToken("m"), errors.KeySourceUnavailable("m"), errors.PolicyError("m")):
        assert "invalid_policy" == refusal(challenge, error, **declared)


@pytest.mark.parametrize(
    ("error", "declared"),
    [
        (ValueError("x"), {}),
        (None, {}),
        (errors.MissingToken, {}),
        (errors.MissingToken("m"), {"realm": 5}),
        (errors.MissingToken("m"), {"realm": b"x"}),
        (errors.MissingToken("m"), {"scope": 5}),
        (errors.MissingToken("m"), {"scope": [5]}),
        (errors.MissingToken("m"), {"resource_metadata": ["https://a"]}),
    ],
)
def test_types(error: Any, declared: Any) -> None:
    """What is no exception of jwseal, or no text, is TypeError."""
    with pytest.raises(TypeError):
        challenge(error, **declared)


def test_scopes_of_a_set_are_sorted() -> None:
    """The same set gives the same header each time."""
    assert 'Bearer scope="a b c"' == header(errors.MissingToken("m"), scope={"c", "a", "b"})
    assert "Bearer" == header(errors.MissingToken("m"), scope=[])


def test_a_refusal_of_each_stage() -> None:
    """Shape, algorithm, key, signature and claims are refused alike."""
    verifier = Verifier(secret(), STRICT)
    good = hs256(claims())
    wrong = [
        "x",
        good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
        hs256(claims(), {"alg": "HS384"}),
        hs256(claims(iss="x")),
        forge.T0,
    ]
    assert {'Bearer error="invalid_token"'} == {header(caught(verifier.verify, token, now=NOW)) for token in wrong}
