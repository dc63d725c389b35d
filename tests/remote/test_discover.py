"""`jwseal.remote.discover`: keys found through the metadata of an issuer, which is compared, and read again for each fetch."""

import asyncio
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from judge import refusal
from jwseal import Issuers, KeySourceUnavailable, Policy, Verifier
from jwseal.remote import KeySetEvent, ManualClock, RemoteKeySet, discover
from jwseal.testing import Answer, FakeIssuer

OPENID, OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
METADATA = (OPENID, OAUTH)


@pytest.fixture(params=["", "/tenant/realm"])
def issuer(request: pytest.FixtureRequest) -> Iterator[FakeIssuer]:
    """A running issuer, without and with a path."""
    with FakeIssuer(path=request.param) as made:
        yield made


def keys_of(issuer: FakeIssuer, **options: Any) -> RemoteKeySet:
    """The issuer's keys, found by its name."""
    return discover(issuer.url, algorithms=["ES256"], allow_http_loopback=True, **options)


def verifier(issuer: FakeIssuer, **options: Any) -> Verifier:
    """A verifier with the issuer's keys."""
    return Verifier(keys_of(issuer, **options), Policy(issuer=issuer.url, audience="api"))


def failure(keys: RemoteKeySet) -> str:
    """Why keys cannot be fetched."""
    with pytest.raises(KeySourceUnavailable):
        keys.preload()
    return keys.health.last_error or ""


def test_openid_metadata(issuer: FakeIssuer) -> None:
    """The metadata of OpenID Connect is asked for first, after the issuer's path."""
    assert "alice" == verifier(issuer).verify(issuer.token())["sub"]
    assert (1, 0, 1) == (issuer.count(OPENID), issuer.count(OAUTH), issuer.count())


def test_oauth_metadata(issuer: FakeIssuer) -> None:
    """Where there is none, that of RFC 8414 is, before the issuer's path."""
    issuer.reply(Answer(404), to=OPENID)
    assert "alice" == verifier(issuer).verify(issuer.token())["sub"]
    assert (1, 1, 1) == (issuer.count(OPENID), issuer.count(OAUTH), issuer.count())


def test_await(issuer: FakeIssuer) -> None:
    """An awaited verification finds the keys too."""
    assert "alice" == asyncio.run(verifier(issuer).verify_async(issuer.token()))["sub"]


@pytest.mark.parametrize("change", ["{}/", "{}x", "HTTP{}", None, 5, ["{}"], "https://other.example"])
def test_issuer_is_compared_exactly(issuer: FakeIssuer, change: Any) -> None:
    """Metadata of another issuer, in any spelling, gives no keys, and they are not fetched."""
    issuer.metadata["issuer"] = change.format(issuer.url.removeprefix("http")) if isinstance(change, str) else change
    if change == "{}/":
        issuer.metadata["issuer"] = issuer.url + "/"
    made = keys_of(issuer)
    assert "the metadata is of another issuer" in failure(made)
    assert 0 == issuer.count()
    assert "key_source_unavailable" == refusal(
        Verifier(made, Policy(issuer=issuer.url, audience="api")).verify, issuer.token()
    )


def test_a_slash_at_the_end_of_the_name() -> None:
    """A slash at the end belongs to the name, and not to the URL of the metadata."""
    with FakeIssuer() as issuer:
        issuer.metadata["issuer"] = issuer.url + "/"
        made = discover(issuer.url + "/", algorithms=["ES256"], allow_http_loopback=True)
        made.preload()
        assert made.ready


@pytest.mark.parametrize(
    "answer", [Answer(500), Answer.empty(), Answer.garbage(), Answer(body=b"[]"), Answer.hang_up()]
)
def test_metadata_that_cannot_be_read(issuer: FakeIssuer, answer: Answer) -> None:
    """Metadata that fails is a failed fetch: without keys key_source_unavailable, with keys they serve on."""
    warm = verifier(issuer)
    warm.verify(issuer.token())
    for path in METADATA:
        issuer.reply(answer, to=path)
    cold = verifier(issuer)
    assert "key_source_unavailable" == refusal(cold.verify, issuer.token())
    with pytest.raises(KeySourceUnavailable):
        warm.keys.refresh()
    assert "alice" == warm.verify(issuer.token())["sub"]
    issuer.recover()
    warm.keys.refresh()
    assert "alice" == warm.verify(issuer.token())["sub"]


def test_metadata_with_a_member_twice(issuer: FakeIssuer) -> None:
    """Metadata that two parsers could read differently is refused."""
    body = f'{{"issuer":"https://other.example","issuer":"{issuer.url}","jwks_uri":"{issuer.jwks_uri}"}}'.encode()
    for path in METADATA:
        issuer.reply(Answer(body=body), to=path)
    assert "not strict JSON" in failure(keys_of(issuer))


def test_down_at_the_start(issuer: FakeIssuer) -> None:
    """A provider that is down when the program starts does not stop it, and is found when it is back."""
    issuer.close()
    clock = ManualClock()
    asked = verifier(issuer, clock=clock)
    assert "key_source_unavailable" == refusal(asked.verify, issuer.token())
    issuer.start()
    clock.advance(5.1)
    assert "alice" == asked.verify(issuer.token())["sub"]


def test_keys_that_move(issuer: FakeIssuer) -> None:
    """Metadata is read again with each fetch: an issuer that publishes its keys elsewhere is followed at once."""
    asked = verifier(issuer)
    asked.verify(issuer.token())
    issuer.rotate()
    issuer.metadata["jwks_uri"] = issuer.serve("/moved", issuer.jwks())
    issuer.reply(Answer(404))
    assert "key-2" == asked.verify(issuer.token()).kid
    assert (1, 1, 2) == (issuer.count(), issuer.count("/moved"), issuer.count(OPENID))


def test_withdrawal(issuer: FakeIssuer) -> None:
    """A key that the set lacks after a fetch is refused on the next call."""
    asked = verifier(issuer)
    old = issuer.token()
    asked.verify(old)
    issuer.rotate()
    issuer.withdraw("key-1")
    assert "key-2" == asked.verify(issuer.token()).kid
    assert "key_not_found" == refusal(asked.verify, old)


def test_keys_on_another_server(issuer: FakeIssuer) -> None:
    """A jwks_uri with another origin is refused, unless the caller waives it or gives the URL."""
    with FakeIssuer() as elsewhere:
        issuer.metadata["jwks_uri"] = elsewhere.serve("/keys", issuer.jwks())
        assert "its jwks_uri is on another server" in failure(keys_of(issuer))
        assert 0 == elsewhere.connections
        for options in ({"same_origin": False}, {"jwks_uri": elsewhere.url + "/keys"}):
            assert "alice" == verifier(issuer, **options).verify(issuer.token())["sub"]
        assert 2 == elsewhere.count("/keys")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/jwks",
        "file:///etc/passwd",
        "data:,x",
        "/jwks",
        "https://u:p@id.example/",
        "",
        5,
        None,
        ["x"],
        ...,
    ],
)
def test_jwks_uri_that_is_no_https_url(issuer: FakeIssuer, url: Any) -> None:
    """A jwks_uri that could not be configured cannot be published either, whatever is waived; the metadata is named."""
    issuer.metadata["jwks_uri"] = url
    told = failure(keys_of(issuer, same_origin=False))
    cause = "its jwks_uri cannot be used" if isinstance(url, str) else "the metadata has no jwks_uri"
    assert f"{issuer.url}/.well-known/openid-configuration: {cause}" in told
    assert "u:p" not in told
    assert 0 == issuer.count()


def test_jwks_uri_of_the_callers(issuer: FakeIssuer) -> None:
    """`jwks_uri=` replaces what is published, as EKS needs, and the metadata's issuer is compared all the same."""
    issuer.metadata["jwks_uri"] = "https://10.0.0.1:6443/openid/v1/jwks"
    assert "alice" == verifier(issuer, jwks_uri=issuer.jwks_uri).verify(issuer.token())["sub"]
    issuer.metadata["issuer"] = "https://other.example"
    assert "another issuer" in failure(keys_of(issuer, jwks_uri=issuer.jwks_uri))


def test_metadata_of_the_callers_place() -> None:
    """`discovery_url=` is asked for the metadata of an issuer whose name leads nowhere."""
    with FakeIssuer() as inside:
        name = "https://issuer.invalid/cluster"
        inside.metadata["issuer"] = name
        made = discover(name, algorithms=["ES256"], discovery_url=inside.url + OPENID, allow_http_loopback=True)
        asked = Verifier(made, Policy(issuer=name, audience="api"))
        assert name == asked.verify(inside.token(iss=name))["iss"]
        assert (1, 0) == (inside.count(OPENID), inside.count(OAUTH))


@pytest.mark.parametrize(
    "name",
    [
        "http://id.example",
        "id.example",
        "",
        "https://id.example?x=1",
        "https://id.example/#x",
        "https://user@id.example",
    ],
)
def test_names_that_are_no_issuer(name: str) -> None:
    """An issuer is an https URL without query, fragment and credentials."""
    assert "invalid_policy" == refusal(discover, name, algorithms=["ES256"])


def test_types() -> None:
    """A name that is no str is TypeError, and so is an option that does not exist."""
    with pytest.raises(TypeError):
        discover(5, algorithms=["ES256"])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        discover("https://id.example", algorithms=["ES256"], algorithm="x")
    with pytest.raises(TypeError):
        discover("https://id.example")  # type: ignore[call-arg]


def test_published_algorithms_widen_nothing(issuer: FakeIssuer) -> None:
    """What metadata says of algorithms is not read: a key of another algorithm stays out."""
    issuer.add_key("ES384", "other")
    issuer.metadata["id_token_signing_alg_values_supported"] = ["ES256", "ES384", "HS256", "none"]
    assert "algorithm_not_allowed" == refusal(verifier(issuer).verify, issuer.token(kid="other"))


def test_a_fetch_is_metadata_and_keys_in_one_deadline(issuer: FakeIssuer) -> None:
    """Metadata that drips uses up the time of the whole fetch."""
    for path in METADATA:
        issuer.reply(Answer.byte_by_byte(0.05), to=path)
    events: SimpleQueue[KeySetEvent] = SimpleQueue()
    failure(keys_of(issuer, timeout=0.3, on_event=events.put))
    assert "no answer within" in (events.get(timeout=10).error or "")
    assert 0 == issuer.count()


def test_token_file_goes_to_the_issuer_alone(issuer: FakeIssuer, tmp_path: Any) -> None:
    """The bearer token is sent to the origin of the metadata, and not to a server that the metadata names."""
    (tmp_path / "token").write_text("secret-token")
    with FakeIssuer() as elsewhere:
        issuer.metadata["jwks_uri"] = elsewhere.serve("/keys", issuer.jwks())
        keys_of(issuer, same_origin=False, token_file=tmp_path / "token").preload()
        assert "Bearer secret-token" == issuer.requests[0].headers["authorization"]
        assert "authorization" not in elsewhere.requests[0].headers


def test_issuers_share_nothing(issuer: FakeIssuer) -> None:
    """Two issuers of one server with the same kid: each is found by its own name and verifies with its own keys."""
    other = issuer.another("/other", kid="key-1")
    asked = Issuers({one.url: verifier(one) for one in (issuer, other)})
    assert [issuer.url, other.url] == [asked.verify(one.token())["iss"] for one in (issuer, other)]
    assert "invalid_signature" == refusal(asked.verify, other.token(iss=issuer.url))
