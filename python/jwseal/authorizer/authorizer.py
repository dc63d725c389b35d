"""`Authorizer`: from a token to a decision, by a configuration that can be replaced while it runs.

A configuration is read whole before it takes effect, in one assignment; a call that has begun ends with the version that it
began with. One that cannot be read leaves the last good version in place. Sources of keys at URLs are kept from version to
version, and so are the stores, which are the program's.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jwseal.authorizer.binding import with_digests
from jwseal.authorizer.configuration import read_configuration
from jwseal.authorizer.decision import Decision
from jwseal.authorizer.explanation import Explanation
from jwseal.authorizer.judgement import identify, judge, refuse, refuse_exhausted, refuse_missing, refuse_unverified
from jwseal.authorizer.lint import lint
from jwseal.authorizer.policy import CompiledPolicy, compile_policy
from jwseal.errors import InvalidToken, PolicyError, Unavailable
from jwseal.sender import DpopCheck, sender_check
from jwseal.state.check import BudgetExhausted, StateCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal, Self

    from jwseal import VerifiedJWT
    from jwseal.sender import CertificateCheck, ClientCertificate, Dpop
    from jwseal.state import BudgetStore, ReplayStore, RevocationStore
    from jwseal.state.check import Budget
    from jwseal.types import Moment

__all__ = ["Authorizer"]

_new = Decision.__new__

_LOG = logging.getLogger("jwseal.authorizer")

_NO_SENDER = (
    'this authorizer was made without sender=, so it checks no proof: give sender="dpop" or "mtls" to from_file or from_text, '
    "or give authorize no sender"
)

# Nanoseconds by which the times of a file may be behind the clock: file systems read it once in a while.
_TICK = 10_000_000


class Authorizer:
    """Decides what tokens allow. Make one with `from_file` or `from_text`; it can be used from any thread.

    Options of both:

    replay          a ReplayStore: a token is used once
    revocation      a RevocationStore
    budget          a BudgetStore: a token of a worker with `binding` is used `numSignatures` times
    on_unavailable  "deny", or "allow" to pass a token whose store does not answer; its decision names the store
    sender          "dpop" or "mtls": each call must then have the proof that the sender of the token holds the key that it is
                    bound to; or a DpopCheck or CertificateCheck of jwseal.sender
    clock           a callable that returns the current time; None is the system's clock
    """

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError("make an Authorizer with from_file or from_text")

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        reload_every: float | None = None,
        replay: ReplayStore | None = None,
        revocation: RevocationStore | None = None,
        budget: BudgetStore | None = None,
        on_unavailable: str = "deny",
        sender: Literal["dpop", "mtls"] | DpopCheck | CertificateCheck | None = None,
        clock: Callable[[], Moment] | None = None,
    ) -> Self:
        """Return an authorizer for a TOML file; the files that it names are beside it.

        With `reload_every` the files are looked at again at most every so many seconds, by the call that is due, and read
        again where they changed. A configuration that cannot be used is PolicyError, with line, column and key.
        """
        if reload_every is not None and (isinstance(reload_every, bool) or not isinstance(reload_every, int | float)):
            raise TypeError(f"reload_every must be a number of seconds, not {type(reload_every).__name__}")
        if reload_every is not None and not reload_every >= 0:
            raise PolicyError("reload_every must be 0 seconds or more, or None")
        state = StateCheck(replay=replay, revocation=revocation, budget=budget, on_unavailable=on_unavailable)
        self = cls._make(state, sender, clock)
        self._path = Path(path)
        self._reload_every = reload_every
        self._policy = self._read_file({})
        return self

    @classmethod
    def from_text(
        cls,
        toml: str,
        *,
        folder: str | os.PathLike[str] = ".",
        replay: ReplayStore | None = None,
        revocation: RevocationStore | None = None,
        budget: BudgetStore | None = None,
        on_unavailable: str = "deny",
        sender: Literal["dpop", "mtls"] | DpopCheck | CertificateCheck | None = None,
        clock: Callable[[], Moment] | None = None,
    ) -> Self:
        """Return an authorizer for a TOML text; `folder` is where the files that it names are."""
        if not isinstance(toml, str):
            raise TypeError(f"toml must be str, not {type(toml).__name__}")
        state = StateCheck(replay=replay, revocation=revocation, budget=budget, on_unavailable=on_unavailable)
        self = cls._make(state, sender, clock)
        self._policy = self._compiled(toml, "configuration", Path(folder), {})
        return self

    @classmethod
    def _make(cls, state: StateCheck, sender: object, clock: Callable[[], Moment] | None) -> Self:
        if clock is not None and not callable(clock):
            raise TypeError(f"clock must be a function that returns the time, not {type(clock).__name__}")
        self = cls.__new__(cls)
        self._state, self._clock = state, clock
        self._has_stores = bool(state)
        self._sender = None if sender is None else sender_check(sender)
        self._path = None
        self._reload_every = None
        self._reloading = threading.Lock()
        self._next_look = time.monotonic()
        self._seen = ()
        self._reload_error = None
        self._warnings = ()
        return self

    _clock: Callable[[], Moment] | None
    _has_stores: bool
    _next_look: float
    _path: Path | None
    _policy: CompiledPolicy
    _reload_every: float | None
    _reload_error: PolicyError | None
    _reloading: threading.Lock
    _seen: tuple[tuple[int, ...] | None, ...]
    _sender: Any
    _state: StateCheck
    _warnings: tuple[str, ...]

    @property
    def version(self) -> str:
        """SHA-256 of the configuration in effect and of the files that it names, in hexadecimal."""
        return self._policy.version

    @property
    def workers(self) -> tuple[str, ...]:
        """The names of the workers; empty where the configuration has none."""
        return tuple(name for name in self._policy.workers if name is not None)

    @property
    def sender(self) -> DpopCheck | CertificateCheck | None:
        """What checks the proofs of senders, or None where a token is accepted from anyone."""
        check: DpopCheck | CertificateCheck | None = self._sender
        return check

    @property
    def reload_error(self) -> PolicyError | None:
        """Why the newest configuration is not in effect, or None."""
        return self._reload_error

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is valid in the configuration and probably not meant, a sentence each; the same is logged when it is loaded."""
        return self._warnings

    def authorize(
        self,
        token: str | bytes | None,
        *,
        worker: str | None = None,
        request: Mapping[str, Any] | None = None,
        sender: Dpop | ClientCertificate | None = None,
    ) -> Decision:
        """Decide on a token. A bad token, or none, is a decision and no exception.

        `request` says what is to be done: values that conditions name, and for a worker with `binding` the parameters of the
        CSC API: `credentialID`, `hashes` (text or bytes), `hashAlgorithmOID`. An unknown worker is PolicyError.

        `sender` is the proof of the sender, as `Verifier.verify` takes it, for an authorizer that was made with `sender=`. It is
        checked after the claims and before the rules: one that is missing or wrong is the code `sender_mismatch`.
        """
        decision = self._begin(token, worker, request, sender)
        policy = decision._policy
        if token is None:
            refuse_missing(decision)
            return decision
        try:
            verified = policy.verifiers.verify(token, now=decision._now)
            decision._verified, decision._issuer = verified, policy.only_issuer
            if decision._issuer is None:
                identify(decision, verified)
            if self._sender is not None:
                self._sender.check(verified, sender, token, now=decision._time)
                decision._sender = self._sender
        except (InvalidToken, Unavailable) as error:
            refuse_unverified(decision, error)
            return decision
        budget = judge(decision, verified, request)
        if self._has_stores and decision._error is None:
            try:
                decision._unchecked = self._state.ask(*self._questions(decision, verified, budget))
            except BudgetExhausted:
                refuse_exhausted(decision)
            except (InvalidToken, Unavailable) as error:
                refuse(decision, error, "state")
        return decision

    async def authorize_async(
        self,
        token: str | bytes | None,
        *,
        worker: str | None = None,
        request: Mapping[str, Any] | None = None,
        sender: Dpop | ClientCertificate | None = None,
    ) -> Decision:
        """As `authorize`; waits for sources of keys and for stores without blocking the event loop."""
        decision = self._begin(token, worker, request, sender)
        policy = decision._policy
        if token is None:
            refuse_missing(decision)
            return decision
        try:
            verified = await policy.verifiers.verify_async(token, now=decision._now)
            decision._verified, decision._issuer = verified, policy.only_issuer
            if decision._issuer is None:
                identify(decision, verified)
            if self._sender is not None:
                await self._sender.check_async(verified, sender, token, now=decision._time)
                decision._sender = self._sender
        except (InvalidToken, Unavailable) as error:
            refuse_unverified(decision, error)
            return decision
        budget = judge(decision, verified, request)
        if self._has_stores and decision._error is None:
            try:
                decision._unchecked = await self._state.ask_async(*self._questions(decision, verified, budget))
            except BudgetExhausted:
                refuse_exhausted(decision)
            except (InvalidToken, Unavailable) as error:
                refuse(decision, error, "state")
        return decision

    def explain(
        self,
        token: str | bytes | None,
        *,
        worker: str | None = None,
        request: Mapping[str, Any] | None = None,
        values: bool = False,
    ) -> Explanation:
        """Return each rule and condition with its outcome, and the decision without the stores and the sender's proof.

        Neither is asked for, so nothing is used up. Claims are shown with `values=True` only.
        """
        decision = self._begin(token, worker, request)
        policy = decision._policy
        if token is None:
            refuse_missing(decision)
            return Explanation(decision, [])
        try:
            verified = policy.verifiers.verify(token, now=decision._now)
            decision._verified, decision._issuer = verified, policy.only_issuer
            if decision._issuer is None:
                identify(decision, verified)
        except (InvalidToken, Unavailable) as error:
            refuse_unverified(decision, error)
            return Explanation(decision, [])
        judge(decision, verified, request)
        name = policy.issuers[verified["iss"]].name
        asked = None if request is None else with_digests(request)
        return Explanation(decision, decision._worker.rules.explain(verified, name, asked, values=values))

    def reload(self) -> bool:
        """Read the files again, and return whether the version changed. PolicyError leaves the last good version in effect.

        An authorizer from text has no files, and stays as it is.
        """
        with self._reloading:
            return self._reload()

    def __repr__(self) -> str:
        return f"<Authorizer of {len(self._policy.issuers)} issuer(s), version {self.version[:12]}>"

    def _begin(
        self, token: str | bytes | None, worker: str | None, request: Mapping[str, Any] | None, sender: object = None
    ) -> Decision:
        if request is not None and not hasattr(request, "keys"):
            raise TypeError(f"request must be a mapping or None, not {type(request).__name__}")
        if sender is not None and self._sender is None:
            raise PolicyError(_NO_SENDER)
        if self._reload_every is not None:
            self._look_again(self._reload_every)
        policy = self._policy
        decision = _new(Decision)
        decision._policy, decision._token = policy, token
        decision._verified = decision._issuer = decision._sender = decision._rule = decision._attributes = None
        decision._error = decision._unchecked = None
        decision._worker = policy.only_worker if worker is None and policy.only_worker else policy.worker(worker)
        decision._now = None if self._clock is None else self._now()
        return decision

    def _now(self) -> float:
        if self._clock is None:
            return time.time()
        now = self._clock()
        return now.timestamp() if isinstance(now, datetime) else float(now)

    def _questions(
        self, decision: Decision, verified: VerifiedJWT, budget: Budget | None
    ) -> tuple[VerifiedJWT, float, float, Budget | None]:
        """What the stores are asked about."""
        leeway = 0.0 if decision._issuer is None else decision._issuer.leeway
        return verified, decision._time, leeway, None if self._state.budget is None else budget

    def _look_again(self, every: float) -> None:
        if time.monotonic() < self._next_look or not self._reloading.acquire(blocking=False):
            return
        failed = str(self._reload_error)
        try:
            self._next_look = time.monotonic() + every
            if self._signature(self._policy) != self._seen:
                self._reload()
        except PolicyError as error:
            # It is read again at each look, for a file that it names may appear; the same sentence is logged once.
            if str(error) != failed:
                _LOG.error("the configuration is not replaced: %s", error)
        finally:
            self._reloading.release()

    def _reload(self) -> bool:
        if self._path is None:
            return False
        before = self._policy
        try:
            self._policy = self._read_file(before.sources)
        except PolicyError as error:
            self._reload_error = error
            raise
        self._reload_error = None
        return self._policy.version != before.version

    def _read_file(self, sources: dict[tuple[object, ...], Any]) -> CompiledPolicy:
        assert self._path is not None  # noqa: S101  # for the type checker: from_file set it
        # Until all of it is read: a look that finds nothing seen reads again.
        self._seen = ()
        start = time.time_ns()
        try:
            text = self._path.read_bytes().decode()
        except OSError as error:
            raise PolicyError(f"{self._path}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise PolicyError(f"{self._path}: the file is not UTF-8") from None
        policy = self._compiled(text, str(self._path), self._path.parent, sources)
        seen = self._signature(policy)
        # A file that was replaced meanwhile may have been read as it was before.
        latest = max((status[-1] for status in seen if status), default=0)
        self._seen = () if latest > start - _TICK else seen
        return policy

    def _compiled(self, text: str, name: str, folder: Path, sources: dict[tuple[object, ...], Any]) -> CompiledPolicy:
        """Compile a text, and log what its lint remarks."""
        policy = compile_policy(read_configuration(text, name=name, folder=folder), sources)
        self._warnings = lint(policy, self._now())
        for sentence in self._warnings:
            _LOG.warning("%s", sentence)
        return policy

    def _signature(self, policy: CompiledPolicy) -> tuple[tuple[int, ...] | None, ...]:
        """What tells that a file changed: its device, its number, its size and the times at which it was written and changed."""
        found: list[tuple[int, ...] | None] = []
        for path in [self._path, *policy.files]:
            try:
                status = os.stat(str(path))
            except OSError:
                found.append(None)
            else:
                found.append((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
        return tuple(found)
