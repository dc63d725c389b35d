"""`RemoteKeySet`: the JWK Set of a URL, fetched when it is first needed and kept current.

A verification with known keys never waits: the set is fetched anew ahead of its expiry, on another thread. A caller waits, a
few seconds at most, where there are no keys yet, where they are too old, and where a token names a key that is not there; the
last fetches at most once in ten seconds. A fetch that fails changes nothing: the keys serve on for `stale_if_error`.
What an answer lacks is withdrawn at once.
"""

from __future__ import annotations

import logging
import math
import os
import random
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from jwseal._native import KeySet, KeySetSource, SecretKey, read_published_jwks
from jwseal.errors import JOSEError, KeySourceUnavailable, PolicyError
from jwseal.remote.address import checked_url, named, origin
from jwseal.remote.clock import ManualClock
from jwseal.remote.fetch import NOT_MODIFIED, Answer, Fetch, FetchError
from jwseal.remote.fetcher import FETCHER
from jwseal.remote.freshness import LONGEST, fresh_for
from jwseal.remote.health import Health, KeySetEvent
from jwseal.remote.trust import Trust
from jwseal.remote.waiting import Flight, Waiter

if TYPE_CHECKING:
    from typing import Self

    import httpx

    from jwseal.types import Algorithm

__all__ = ["RemoteKeySet"]

# Minimum seconds between fetches for unknown kids, because anyone can send one.
UNKNOWN_KID_INTERVAL = 10.0
# Seconds until a fetch that failed is tried again: doubled each time up to these.
COLD_RETRY, WARM_RETRY = 5.0, 60.0
# The part of its freshness after which a set is fetched anew, and how far it may be off, so that fleets do not fetch at once.
REFRESH_AT, JITTER = 0.8, 0.1


class RemoteKeySet(KeySetSource):
    """The keys of a JWK Set endpoint (RFC 7517 section 5), a source of keys for verifiers.

    url                       the URL, or several to try in order
    algorithms                what the keys may be used with. An RSA key without `alg` gets those of RSA
    lenient                   as `KeySet.from_jwks`
    allow_http_loopback       allow http://127.0.0.1, ::1 and localhost, for tests and side processes
    refuse_private_addresses  refuse names that lead to addresses that are not public
    fresh_for                 seconds that a set is fresh where the server does not say: 60 to 86,400
    stale_if_error            seconds since the last success that keys are used while fetches fail: 0 to 86,400
    timeout                   seconds that a caller waits, at most
    background_timeout        seconds that a fetch takes for which no caller waits, at most
    max_bytes, max_keys       what an answer may have
    ca_file                   the certificates to trust, PEM, in place of certifi's
    system_trust_store        trust what the operating system trusts (package truststore)
    client_certificate        a PEM file, or (certificate, key) or (certificate, key, password)
    token_file                a file with a bearer token for the endpoint, read for each fetch
    local_keys                a KeySet that is there always; its keys win over fetched ones of the same kid
    on_event                  called with a KeySetEvent after each fetch, on the thread that fetches
    transport                 an httpx.BaseTransport to fetch through
    clock                     a ManualClock that measures the age of keys, for tests
    wall_clock                the time that `Expires` is compared with where the server sends no `Date`, in seconds since 1970

    Nothing is fetched before it is needed; `preload` fetches at start-up. Errors of this declaration are PolicyError.
    """

    def __new__(
        cls, *args: object, algorithms: Collection[Algorithm], clock: ManualClock | None = None, **options: object
    ) -> Self:
        """Make a source without keys."""
        del args, options
        if clock is not None and not isinstance(clock, ManualClock):
            raise TypeError(f"clock is a jwseal.remote.ManualClock, not {type(clock).__name__}")
        _require_a_list(algorithms)
        return super().__new__(cls, algorithms=algorithms, clock=None if clock is None else clock.native)

    def __init__(
        self,
        url: str | Sequence[str],
        *,
        algorithms: Collection[Algorithm],
        lenient: bool = False,
        allow_http_loopback: bool = False,
        refuse_private_addresses: bool = False,
        fresh_for: float = 300.0,
        stale_if_error: float = 3_600.0,
        timeout: float = 3.0,
        background_timeout: float = 10.0,
        max_bytes: int = 262_144,
        max_keys: int = 100,
        ca_file: str | os.PathLike[str] | None = None,
        system_trust_store: bool = False,
        client_certificate: str | os.PathLike[str] | tuple[str | os.PathLike[str], ...] | None = None,
        token_file: str | os.PathLike[str] | None = None,
        local_keys: KeySet | None = None,
        on_event: Callable[[KeySetEvent], object] | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: ManualClock | None = None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        del clock
        self._lenient, self._max_keys = lenient, _count("max_keys", max_keys)
        self._algorithms = tuple(algorithms)
        RemoteKeySet._read(self, b'{"keys":[]}')  # refuses names that no public key has
        self._allow_http_loopback = allow_http_loopback
        texts = [url] if isinstance(url, str) else _texts(url)
        self._urls = tuple(checked_url(text, allow_http_loopback=allow_http_loopback) for text in texts)
        if not self._urls:
            raise PolicyError("a remote key set needs a URL")
        self._fresh_for = _between("fresh_for", fresh_for, 60.0, LONGEST)
        self._stale_if_error = _between("stale_if_error", stale_if_error, 0.0, LONGEST)
        self._timeout = _between("timeout", timeout, 0.001, 60.0)
        self._background_timeout = _between("background_timeout", background_timeout, 0.001, 60.0)
        self._local_keys = _local_keys(local_keys, self._algorithms)
        if on_event is not None and not callable(on_event):
            raise TypeError(f"on_event is a function of one event, not {type(on_event).__name__}")
        if transport is not None and not hasattr(transport, "handle_request"):
            raise TypeError(f"transport is an httpx.BaseTransport, not {type(transport).__name__}")
        self._fetch = Fetch(
            max_bytes=_count("max_bytes", max_bytes),
            trust=Trust(ca_file=ca_file, system_trust_store=system_trust_store, client_certificate=client_certificate),
            transport=transport,
            refuse_private_addresses=refuse_private_addresses,
            token_file=None if token_file is None else os.fspath(token_file),
            token_origins=frozenset(map(origin, self._urls)),
        )
        if refuse_private_addresses:
            self._require_no_proxy(transport)
        self._on_event = on_event
        self._wall_clock = wall_clock

        self._flight: Flight | None = None
        self._remote: KeySet | None = None
        self._keys: KeySet | None = None
        self._source_url = named(self._urls[0])
        self._conditions: tuple[httpx.URL, dict[str, str]] | None = None
        self._succeeded_at = self._refuse_after = self._unknown_kid_at = self._retry_at = -math.inf
        self._unknown_kid_fetches = 0
        self._next_fetch_at: float | None = None
        self._failures = 0
        self._last_error: str | None = None
        if self._local_keys is not None:
            self._install_local()
        FETCHER.add(self)

    # Verifiers call these if none of the current keys fits.

    def keys_needed(self, reason: str, kid: str | None) -> Waiter | None:
        """Start a fetch, or join the current one, unless it is too early for one. Does not block.

        `reason` is "cold", "stale" or "unknown_kid", and `kid` the token's, or None.
        """
        with FETCHER.lock:
            now = self.clock.read()
            required = reason != "unknown_kid" or now > self._refuse_after
            if reason == "stale" and self._local_keys is not None:
                self._install_local()
                if kid is not None and self._local_keys.by_kid(kid):
                    return None
            if self._flight is None:
                if required and now < self._retry_at:
                    raise KeySourceUnavailable(f"the key source has no keys that may be used now: {self._last_error}")
                if not required and now < self._unknown_kid_at:
                    return None
                if not required:
                    self._unknown_kid_at = now + UNKNOWN_KID_INTERVAL
                    self._unknown_kid_fetches += self._flight is None
            flight = self._flight or self._begin(waited_for=True)
            return Waiter(flight, self._timeout, required=required)

    def refresh_due(self) -> None:
        """Begin the fetch that is due, where the thread that would have done it is not there: after a fork."""
        with FETCHER.lock:
            seconds = self.due_in()
            if seconds is not None and seconds <= 0:
                try:
                    self._begin(waited_for=False)
                except KeySourceUnavailable:  # the interpreter ends
                    return

    # What operators call.

    def preload(self) -> None:
        """Fetch the keys unless they were fetched already. Raises KeySourceUnavailable on failure."""
        waiter = self._preload()
        if waiter is not None:
            waiter.wait()

    async def preload_async(self) -> None:
        """As `preload`, without blocking the event loop."""
        waiter = self._preload()
        if waiter is not None:
            await waiter.wait_async()

    def refresh(self) -> bool:
        """Fetch now, and return whether the keys changed. Raises KeySourceUnavailable if that fails."""
        flight, waiter = self._refresh()
        waiter.wait()
        return flight.changed

    async def refresh_async(self) -> bool:
        """As `refresh`, without blocking the event loop."""
        flight, waiter = self._refresh()
        await waiter.wait_async()
        return flight.changed

    @property
    def ready(self) -> bool:
        """Whether tokens can be verified now with keys that were fetched."""
        return self.clock.read() <= self._refuse_after

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs, without their queries."""
        return tuple(map(named, self._urls))

    @property
    def health(self) -> Health:
        """The state now."""
        with FETCHER.lock:
            now, fetched = self.clock.read(), self._succeeded_at > -math.inf
            return Health(
                url=self._source_url,
                ready=self.ready,
                generation=self.generation,
                keys=self._keys,
                age=now - self._succeeded_at if fetched else None,
                next_fetch_in=None if self._next_fetch_at is None else max(self._next_fetch_at - now, 0.0),
                refused_in=max(self._refuse_after - now, 0.0) if fetched else None,
                failures=self._failures,
                unknown_kid_fetches=self._unknown_kid_fetches,
                last_error=self._last_error,
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._source_url}, generation {self.generation}>"

    # What subclasses change.

    def _locate(self, get: Callable[[str], bytes]) -> Sequence[str]:
        """Return the URLs to fetch from. `get` fetches a body by the rules of this source. Runs before each fetch."""
        del get
        return [str(url) for url in self._urls]

    def _read(self, body: bytes) -> KeySet | None:
        """Read the body of an answer. None is a set without keys; InvalidKey is a failure."""
        return read_published_jwks(body, algorithms=self._algorithms, max_keys=self._max_keys, lenient=self._lenient)

    # What the fetcher calls.

    def due_in(self) -> float | None:
        """As `Fetched.due_in`."""
        if self._flight is not None or self._next_fetch_at is None:
            return None
        return self._next_fetch_at - self.clock.read()

    def begin_due(self) -> None:
        """As `Fetched.begin_due`."""
        self._flight = Flight(waited_for=False)

    def forget_fetch(self) -> None:
        """As `Fetched.forget_fetch`."""
        self._flight = None

    def fetch(self) -> None:
        """As `Fetched.fetch`."""
        flight = self._flight
        if flight is None:
            return
        error: str | None = "the fetch was interrupted"
        event = None
        try:
            try:
                event, error = self._succeed(*self._fetch_any(flight)), None
            except FetchError as failure:
                error = str(failure)
            except Exception as failure:
                error = f"the fetch failed ({type(failure).__name__})"
        finally:
            with FETCHER.lock:
                if error is not None:
                    event = self._fail(error)
                self._hold_unknown_kids()
                self._flight = None
            flight.end(error, changed=event is not None and event.kind == "changed")
        if event is not None and self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:
                logging.getLogger("jwseal.remote").exception("on_event raised an exception")

    # Inside.

    def _preload(self) -> Waiter | None:
        with FETCHER.lock:
            if self.ready:
                return None
            flight = self._flight or self._begin(waited_for=True)
            return Waiter(flight, self._timeout, required=True)

    def _refresh(self) -> tuple[Flight, Waiter]:
        with FETCHER.lock:
            flight = self._flight or self._begin(waited_for=True)
            return flight, Waiter(flight, self._timeout, required=True)

    def _begin(self, *, waited_for: bool) -> Flight:
        flight = Flight(waited_for=waited_for)
        self._flight = flight
        try:
            FETCHER.fetch_soon(self)
        except RuntimeError:
            self._flight = None
            raise KeySourceUnavailable("the key source has no keys: no thread can be started to fetch them") from None
        return flight

    def _fetch_any(self, flight: Flight) -> tuple[KeySet | None, httpx.URL, Answer]:
        """Fetch from the first URL that has keys."""
        from jwseal.remote.connection import Deadline

        deadline = Deadline(self._timeout if flight.waited_for else self._background_timeout)

        def get(text: str) -> bytes:
            return self._fetch.get(self._checked(text), deadline).body

        urls = [self._checked(text) for text in self._locate(get)]
        failures = []
        for count, url in enumerate(urls):
            try:
                answer = self._fetch.get(url, deadline.share(len(urls) - count), self._conditions_for(url))
                keys = self._remote if answer.status == NOT_MODIFIED else self._readable(url, answer)
            except FetchError as failure:
                failures.append(str(failure))
            except TimeoutError:
                failures.append(f"{named(url)}: no time is left for it")
            else:
                return keys, url, answer
        raise FetchError("; ".join(failures) or "there is no URL to fetch from")

    def _checked(self, text: str) -> httpx.URL:
        try:
            return checked_url(text, allow_http_loopback=self._allow_http_loopback)
        except PolicyError as error:
            raise FetchError(str(error)) from None

    def _conditions_for(self, url: httpx.URL) -> dict[str, str] | None:
        return self._conditions[1] if self._conditions is not None and self._conditions[0] == url else None

    def _readable(self, url: httpx.URL, answer: Answer) -> KeySet | None:
        try:
            return self._read(answer.body)
        except JOSEError as error:
            raise FetchError(f"{named(url)}: {error}") from None

    def _succeed(self, keys: KeySet | None, url: httpx.URL, answer: Answer) -> KeySetEvent:
        fresh = fresh_for(answer.headers, self._fresh_for, self._wall_clock())
        with FETCHER.lock:
            now = self.clock.read()
            self._remote = keys
            if answer.status != NOT_MODIFIED:
                self._conditions = (url, _conditions(answer.headers))
            self._source_url = named(url)
            self._succeeded_at, self._refuse_after = now, now + max(fresh, self._stale_if_error)
            self._next_fetch_at = now + fresh * REFRESH_AT * _about_one()
            self._retry_at, self._failures, self._last_error = -math.inf, 0, None
            return self._use(_beside(self._local_keys, keys))

    def _use(self, keys: KeySet | None) -> KeySetEvent:
        before, self._keys = self._keys, keys
        changed = self.install(keys, refresh_at=self._next_fetch_at or math.inf, refuse_after=self._refuse_after)
        return KeySetEvent(
            kind="changed" if changed else "unchanged",
            url=self._source_url,
            generation=self.generation,
            added=tuple(key for key in keys or () if key not in (before or ())),
            removed=tuple(key for key in before or () if key not in (keys or ())),
        )

    def _install_local(self) -> None:
        """Use the local keys alone, without end."""
        self._keys = self._local_keys
        self.install(self._local_keys, refresh_at=math.inf, refuse_after=math.inf)
        self._hold_unknown_kids()

    def _fail(self, error: str) -> KeySetEvent:
        now = self.clock.read()
        self._failures += 1
        self._last_error = error
        longest = WARM_RETRY if now <= self._refuse_after else COLD_RETRY
        wait = min(2.0 ** min(self._failures - 1, 6), longest) * _about_one()
        self._retry_at = self._next_fetch_at = now + wait
        return KeySetEvent(kind="failed", url=self._source_url, generation=self.generation, error=error)

    def _hold_unknown_kids(self) -> None:
        """Let the core refuse unknown kids until a fetch for one is allowed again."""
        self.hold_unknown_kids(self._unknown_kid_at if self.ready else -math.inf)

    def _require_no_proxy(self, transport: httpx.BaseTransport | None) -> None:
        from jwseal.remote.connection import environment_proxy

        if transport is not None or any(url.scheme == "https" and environment_proxy(url) for url in self._urls):
            raise PolicyError(
                "refuse_private_addresses needs a direct connection: a proxy or a transport resolves the name itself"
            )


def _about_one() -> float:
    return _JITTERS.uniform(1 - JITTER, 1 + JITTER)


# A separate generator, so that the program's seeded one is not advanced. It only spreads load.
_JITTERS = random.Random()  # noqa: S311


def _require_a_list(algorithms: Any) -> None:
    if not isinstance(algorithms, Iterable):
        given = type(algorithms).__name__
        raise TypeError(f'algorithms is a list of those to accept from the URL, such as ["RS256"], not {given}')


def _texts(urls: Any) -> list[str]:
    if isinstance(urls, bytes) or not isinstance(urls, Iterable):
        raise TypeError(f"a URL is a str, or several in a list, not {type(urls).__name__}")
    return list(urls)


def _count(name: str, number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{name} is an int, not {type(number).__name__}")
    if not 1 <= number < 2**31:
        raise PolicyError(f"{name} must be 1 or more, and less than 2**31")
    return number


def _between(name: str, seconds: Any, least: float, most: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"{name} is a number of seconds, not {type(seconds).__name__}")
    if not least <= seconds <= most:
        raise PolicyError(f"{name} must be {least:g} to {most:g} seconds")
    return float(seconds)


def _local_keys(keys: KeySet | None, algorithms: Iterable[str]) -> KeySet | None:
    if keys is None:
        return None
    if not isinstance(keys, KeySet):
        raise TypeError(f"local_keys is a KeySet, not {type(keys).__name__}")
    for key in keys:
        if isinstance(key, SecretKey):
            raise PolicyError(
                "local_keys holds a SecretKey: keep secrets apart from public keys, in a verifier of their own"
            )
        if not set(key.algs) & set(algorithms):
            raise PolicyError("local_keys holds a key with none of the algorithms listed")
    return keys


def _beside(local: KeySet | None, remote: KeySet | None) -> KeySet | None:
    """Return both sets merged. A local key replaces a fetched key with the same kid."""
    if local is None or remote is None:
        return remote if local is None else local
    kids = {key.kid for key in local if key.kid is not None}
    others = [key for key in remote if key.kid not in kids and key not in local]
    return KeySet([*local, *others])


def _conditions(headers: Any) -> dict[str, str]:
    """What asks whether an answer is still right (RFC 9110 section 13.1)."""
    found = {"If-None-Match": headers.get("etag"), "If-Modified-Since": headers.get("last-modified")}
    return {
        name: value
        for name, value in found.items()
        if value and len(value) <= 256 and value.isprintable() and value.isascii()
    }
