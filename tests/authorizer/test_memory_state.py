"""`MemoryState`: atomic, bounded, and no entry leaves before its time."""

import threading

import pytest

from jwseal import PolicyError, StateUnavailable
from jwseal.state import BudgetStore, MemoryState, ReplayStore, RevocationStore
from jwseal.state.identifier import identifier


class Clock:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> MemoryState:
    return MemoryState(max_entries=3, clock=clock)


def test_it_has_all_three_protocols(state: MemoryState) -> None:
    """One object serves for replay, revocation and budgets."""
    assert isinstance(state, ReplayStore)
    assert isinstance(state, RevocationStore)
    assert isinstance(state, BudgetStore)


def test_a_key_is_added_once(state: MemoryState, clock: Clock) -> None:
    """A key is refused until its time is over, to the millisecond."""
    assert state.add("a", 10) is True
    clock.now += 9.999
    assert state.add("a", 10) is False
    clock.now += 0.001
    assert state.add("a", 10) is True


def test_a_full_store_refuses_and_drops_nothing(state: MemoryState, clock: Clock) -> None:
    """When it is full, a new key is StateUnavailable, and the keys it holds are still refused."""
    for key in "abc":
        assert state.add(key, 10)
    with pytest.raises(StateUnavailable, match="full"):
        state.add("d", 10)
    assert [state.add(key, 10) for key in "abc"] == [False, False, False]
    clock.now += 10
    assert state.add("d", 10)
    assert len(state) == 1


def test_a_full_store_still_counts_down(state: MemoryState) -> None:
    """A budget that is there already can be used while the store is full; a new one cannot begin."""
    state.take("budget", 1, 2, 10)
    state.add("a", 10)
    state.add("b", 10)
    assert state.take("budget", 1, 2, 10) is True
    with pytest.raises(StateUnavailable):
        state.take("other", 1, 2, 10)


@pytest.mark.parametrize(
    ("taken", "answers"), [((1, 1, 1), (True, True, False)), ((2, 1), (True, False)), ((3,), (False,))]
)
def test_a_budget_of_two(state: MemoryState, taken: tuple[int, ...], answers: tuple[bool, ...]) -> None:
    """What would exceed the budget is refused whole, and takes nothing."""
    assert tuple(state.take("k", n, 2, 10) for n in taken) == answers


def test_a_budget_takes_at_least_one(state: MemoryState) -> None:
    """Nothing, or less, cannot be taken."""
    assert (state.take("k", 0, 2, 10), state.take("k", -1, 2, 10)) == (False, False)


def test_a_budget_lives_as_long_as_its_longest_take(state: MemoryState, clock: Clock) -> None:
    """A later take can extend the entry, and never shortens it."""
    state.take("k", 1, 1, 10)
    clock.now += 5
    assert not state.take("k", 1, 1, 1)
    state.take("long", 1, 2, 5)
    state.take("long", 1, 2, 20)
    clock.now += 19
    assert not state.take("long", 1, 2, 1)
    assert state.take("k", 1, 1, 10)


def test_one_of_many_threads_is_first() -> None:
    """Of fifty threads that add one key, one is told that it is new."""
    state, answers, start = MemoryState(), list[bool](), threading.Barrier(50)

    def add() -> None:
        start.wait()
        answers.append(state.add("k", 60))

    threads = [threading.Thread(target=add) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 49 + [True]


@pytest.mark.parametrize("kind", ["jti", "sid", "kid"])
def test_revoked_by_name(state: MemoryState, clock: Clock, kind: str) -> None:
    """A token, a session or a key is revoked at one issuer, for the time given."""
    state.revoke("i", **{kind: "x"}, ttl=10)
    names = {"jti": None, "sid": None, "sub": None, "iat": None, "kid": None}
    assert state.revoked("i", *{**names, kind: "x"}.values())
    assert not state.revoked("i", *{**names, kind: "y"}.values())
    assert not state.revoked("other", *{**names, kind: "x"}.values())
    clock.now += 10
    assert not state.revoked("i", *{**names, kind: "x"}.values())


def test_a_name_of_one_kind_is_none_of_another(state: MemoryState) -> None:
    """A revoked session does not revoke a token whose jti is the same text."""
    state.revoke("i", sid="x", ttl=10)
    assert not state.revoked("i", "x", None, "x", None, "x")


@pytest.mark.parametrize(("iat", "revoked"), [(99.0, True), (100.0, False), (None, True)])
def test_a_subjects_earlier_tokens(state: MemoryState, iat: float | None, revoked: bool) -> None:
    """A watermark revokes the subject's tokens issued before it, and those that do not say when."""
    state.revoke("i", sub="alice", before=100, ttl=10)
    assert state.revoked("i", None, None, "alice", iat, None) is revoked
    assert not state.revoked("i", None, None, "bob", iat, None)


def test_a_watermark_never_moves_back(state: MemoryState) -> None:
    """The later of two watermarks counts."""
    state.revoke("i", sub="alice", before=100, ttl=10)
    state.revoke("i", sub="alice", before=50, ttl=10)
    assert state.revoked("i", None, None, "alice", 99, None)


@pytest.mark.parametrize(
    "named", [{}, {"jti": "a", "kid": "b"}, {"sub": "a"}, {"jti": "a", "before": 1}], ids=lambda named: "+".join(named)
)
def test_revoke_names_one_thing(state: MemoryState, named: dict) -> None:
    """`revoke` takes exactly one name, and `before` goes with a subject."""
    with pytest.raises(PolicyError):
        state.revoke("i", ttl=10, **named)


def test_revoke_takes_text(state: MemoryState) -> None:
    """A name of another type would never match."""
    with pytest.raises(TypeError, match="jti must be str, not int"):
        state.revoke("i", ttl=10, jti=5)  # type: ignore[arg-type]


def test_arguments() -> None:
    """An invalid bound or clock is an error when the store is created."""
    with pytest.raises(PolicyError):
        MemoryState(max_entries=0)
    with pytest.raises(TypeError):
        MemoryState(max_entries=1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        MemoryState(clock=5)  # type: ignore[arg-type]


def test_an_empty_store_is_true(state: MemoryState) -> None:
    """`if store` tells a store from None."""
    assert state
    assert repr(state) == "<MemoryState of 0 of at most 3 entries>"


def test_identifiers_do_not_run_together() -> None:
    """Two lists of parts are never one key: lengths are part of it, and absent is not empty."""
    lists = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("abc", None), ("", "abc"), (None, "abc")]
    assert len({identifier(*parts) for parts in lists}) == len(lists)
