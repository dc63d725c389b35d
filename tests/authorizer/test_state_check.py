"""The judgement by stores: its order, its codes, and what a store that fails does to it (`jwseal.state.check`)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from judge import refusal
from jwseal import PolicyError
from jwseal.state import MemoryState
from jwseal.state.check import Budget, BudgetExhausted, StateCheck

NOW = 1000.0
CLAIMS = {"iss": "i", "jti": "j", "sid": "s", "sub": "alice", "iat": 990, "exp": 1060}


class Token(dict[str, Any]):
    """A verified token: its claims, its header's kid, its end."""

    def __init__(self, claims: dict[str, Any], kid: str | None, expires_at: float | None) -> None:
        super().__init__(claims)
        self.kid, self.expires_at = kid, expires_at


TOKEN = Token(CLAIMS, "k1", 1060.0)
Judge = Callable[..., frozenset[str]]


class Failing:
    """A store whose server cannot be reached."""

    def fail(self, *args: Any) -> bool:
        raise ConnectionError

    add = take = revoked = fail


class Answering:
    """A store with one answer."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def reply(self, *args: Any) -> Any:
        self.asked = args
        return self.answer

    add = take = revoked = reply


class Asynchronous(Answering):
    """A store with asynchronous methods."""

    async def reply(self, *args: Any) -> Any:
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    add = take = revoked = reply


@pytest.fixture(params=["ask", "ask_async"])
def judge(request: pytest.FixtureRequest) -> Judge:
    """Both ways to ask."""

    def judge(check: StateCheck, token: Token = TOKEN, budget: Budget | None = None, leeway: float = 30) -> Any:
        if request.param == "judge":
            return check.ask(token, NOW, leeway, budget)
        return asyncio.run(check.ask_async(token, NOW, leeway, budget))

    return judge


def test_a_token_is_used_once(judge: Judge) -> None:
    """The second use is `replayed`."""
    check = StateCheck(replay=MemoryState())
    assert judge(check) == frozenset()
    assert refusal(judge, check) == "replayed"


def test_other_identifiers_are_other_tokens(judge: Judge) -> None:
    """One jti of two issuers is two tokens."""
    check = StateCheck(replay=MemoryState())
    judge(check)
    assert judge(check, Token({**CLAIMS, "iss": "other"}, "k1", 1060.0)) == frozenset()


@pytest.mark.parametrize("missing", ["jti", "exp"])
def test_replay_needs_an_identifier_and_an_end(judge: Judge, missing: str) -> None:
    """A token without `jti` or without an expiry cannot be told from its copies."""
    claims = {name: value for name, value in CLAIMS.items() if name != missing}
    token = Token(claims, None, None if missing == "exp" else 1060.0)
    assert refusal(judge, StateCheck(replay=MemoryState()), token) == "missing_claim"


def test_an_entry_lives_until_the_token_ends(judge: Judge) -> None:
    """The time is exp + leeway - now."""
    store = Answering(True)
    judge(StateCheck(replay=store), leeway=30)
    assert store.asked[1] == 90.0


def test_revocation_comes_before_replay(judge: Judge) -> None:
    """A revoked token uses nothing up."""
    state = MemoryState()
    state.revoke("i", jti="j", ttl=60)
    check = StateCheck(replay=state, revocation=state)
    entries = len(state)
    assert [refusal(judge, check), refusal(judge, check)] == ["revoked", "revoked"]
    assert len(state) == entries


def test_what_revocation_is_asked(judge: Judge) -> None:
    """The store sees iss, jti, sid, sub, iat and the header's kid; what is absent or of another type is None."""
    store = Answering(False)
    judge(StateCheck(revocation=store))
    assert store.asked == ("i", "j", "s", "alice", 990.0, "k1")
    judge(StateCheck(revocation=store), Token({"sid": 5, "iat": True}, None, None))
    assert store.asked == (None, None, None, None, None, None)


def test_a_budget(judge: Judge) -> None:
    """A token with a budget is used as often as it says, and is not asked of the replay store."""
    check = StateCheck(replay=Failing(), budget=MemoryState())
    for _ in range(2):
        assert judge(check, budget=Budget(1, 2)) == frozenset()
    with pytest.raises(BudgetExhausted):
        judge(check, budget=Budget(1, 2))


@pytest.mark.parametrize("store", [Failing(), Answering(None), Answering(1), Answering("yes")])
@pytest.mark.parametrize("place", ["replay", "revocation"])
def test_a_store_that_fails(judge: Judge, store: Any, place: str) -> None:
    """A store that raises, or answers with no bool, is `state_unavailable`."""
    assert refusal(judge, StateCheck(**{place: store})) == "state_unavailable"


def test_an_asynchronous_store_that_fails() -> None:
    """An exception of an asynchronous method is `state_unavailable` too."""
    check = StateCheck(replay=Asynchronous(OSError()))
    assert refusal(lambda: asyncio.run(check.ask_async(TOKEN, NOW, 0))) == "state_unavailable"


def _is_sync(judge: Judge) -> bool:
    return any(getattr(cell.cell_contents, "param", "") == "judge" for cell in judge.__closure__ or ())


def test_a_full_store(judge: Judge) -> None:
    """A full MemoryState is `state_unavailable`, and the token is not used up."""
    state = MemoryState(max_entries=1)
    state.add("other", 10**9)
    assert refusal(judge, StateCheck(replay=state)) == "state_unavailable"


@pytest.mark.parametrize("place", ["replay", "revocation"])
def test_a_failure_that_is_allowed(judge: Judge, place: str) -> None:
    """With `on_unavailable="allow"` the token passes, and the result names what was not checked."""
    check = StateCheck(**{place: Failing()}, on_unavailable="allow")
    assert judge(check) == {place}


def test_what_is_allowed_is_failure_alone(judge: Judge) -> None:
    """With `on_unavailable="allow"` a store that answers is still believed."""
    state = MemoryState()
    state.revoke("i", sid="s", ttl=60)
    assert refusal(judge, StateCheck(revocation=state, on_unavailable="allow")) == "revoked"


def test_an_asynchronous_store(judge: Judge) -> None:
    """A store with asynchronous methods serves asynchronous calls; another call says which one to make."""
    check = StateCheck(replay=Asynchronous(True))
    if _is_sync(judge):
        with pytest.raises(TypeError, match="call verify_async or authorize_async"):
            judge(check)
    else:
        assert judge(check) == frozenset()


@pytest.mark.parametrize("name", ["replay", "revocation", "budget"])
@pytest.mark.parametrize("store", [object(), "memory", MemoryState], ids=["object", "str", "class"])
def test_what_is_no_store(name: str, store: Any) -> None:
    """An object without the protocol's methods is a TypeError."""
    with pytest.raises(TypeError, match=f"{name} must be a "):
        StateCheck(**{name: store})


def test_without_stores_nothing_is_asked(judge: Judge) -> None:
    """Without a store the judgement is empty, and says so."""
    assert (bool(StateCheck()), judge(StateCheck())) == (False, frozenset())
    assert StateCheck(budget=MemoryState())


def test_on_unavailable_is_one_of_two() -> None:
    """Another word would leave open what happens."""
    with pytest.raises(PolicyError, match='"deny" or "allow"'):
        StateCheck(on_unavailable="ignore")
