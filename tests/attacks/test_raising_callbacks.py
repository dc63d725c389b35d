"""The caller's code that jwseal calls may raise anything, at any time: it reaches the caller, and everything works afterwards.

Among what is raised is the `PanicException` of jwseal's own extension. PyO3 resumes the panic where the extension meets it, so a panic
unwinds through the extension as one of its own would. No batch hangs on it, no lock stays held, and it is no Exception, which a program
might take for a refusal.
"""

import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import pytest

import forge
from judge import LAX, secret, signing, verifier, verifying
from jwseal import KeySet, Signer, SigningKey, VerifiedJWT, Verifier, jws
from jwseal.remote import KeyLookup

MATERIAL = forge.material("ES256")
SIGNER = Signer(signing(MATERIAL, kid="a"))
TOKENS = SIGNER.sign_many([{"n": number} for number in range(100)])
JUDGED = verifier(verifying(MATERIAL), cache=8)

Raise = Callable[..., NoReturn]


class Stop(BaseException):
    """What is neither an Exception nor known to Python."""


def panic() -> type[BaseException]:
    """The class of the exceptions that panics of jwseal's extension become. PyO3 makes it when the extension first meets an error."""
    with pytest.raises(ZeroDivisionError):
        SIGNER.sign_many(1 // 0 for _ in range(1))
    found = [one for one in BaseException.__subclasses__() if one.__name__ == "PanicException"]
    # `cryptography` has a class of that name too, which is an exception like any other here.
    assert found
    return next(one for one in found if resumes(one))


def resumes(exception: type[BaseException]) -> bool:
    """Whether the extension resumes a panic when it meets an exception of this class: another object is raised then."""
    error = exception("a panic of this test")
    with pytest.raises(exception) as caught:
        SIGNER.sign(Keys(raiser(error)))
    return caught.value is not error


def raiser(error: BaseException) -> Raise:
    def call(*_: object, **__: object) -> NoReturn:
        raise error

    return call


class Keys(Mapping[str, Any]):
    """A mapping whose methods do what it is told."""

    def __init__(self, call: Raise) -> None:
        self.call = call

    def keys(self) -> Any:
        self.call()

    def __getitem__(self, name: str) -> Any:
        self.call()

    def __iter__(self) -> Iterator[str]:
        self.call()

    def __len__(self) -> int:
        return self.call()


class Values(Keys):
    """A mapping that has names, and no values."""

    def keys(self) -> Any:
        return ["sub"]


class Zone(dt.tzinfo):
    """A time zone that is asked."""

    def __init__(self, call: Raise) -> None:
        self.call = call

    def utcoffset(self, _: object) -> Any:
        self.call()


class File(io.RawIOBase):
    """A file that has a mebibyte and more."""

    def __init__(self, call: Raise) -> None:
        self.call, self.pieces = call, 40

    def read(self, size: int = -1) -> Any:
        self.pieces -= 1
        return bytes(size) if self.pieces else self.call()


class Device:
    """A signer outside of this process, and a store of keys."""

    alg, kid, verifying_key = "ES256", "a", verifying(MATERIAL, kid="a")

    def __init__(self, call: Raise) -> None:
        self.sign = self.find_key = call


def items(call: Raise, values: list[Any]) -> Iterator[Any]:
    """These values, and then an exception."""
    yield from values
    call()


def external(call: Raise) -> SigningKey:
    return SigningKey.external(Device(call))


CALLS: dict[str, Callable[[Raise], object]] = {
    "the names of claims": lambda call: SIGNER.sign(Keys(call)),
    "the values of claims": lambda call: SIGNER.sign(Values(call)),
    "a header": lambda call: SIGNER.sign({}, headers=Values(call)),
    "the clock of a signer": lambda call: Signer(signing(MATERIAL), clock=call).sign({}),
    "an external signer": lambda call: Signer(external(call)).sign({}),
    "an external signer of many": lambda call: Signer(external(call)).sign_many([{}] * 100),
    "an external signer of bytes": lambda call: jws.sign(b"x", external(call)),
    "claims of many": lambda call: SIGNER.sign_many(items(call, [{}] * 1_000), workers=3),
    "no iterator of claims": lambda call: SIGNER.sign_many(Iterable(call)),
    "tokens of a list": lambda call: JUDGED.verify_many(items(call, TOKENS), workers=3),
    "tokens of a stream": lambda call: list(JUDGED.verify_iter(items(call, TOKENS), workers=3)),
    "no iterator of tokens": lambda call: JUDGED.verify_many(Iterable(call)),
    "the progress of a stream": lambda call: list(JUDGED.verify_iter(TOKENS, progress=call)),
    "the clock of a verifier": lambda call: Verifier(verifying(MATERIAL), LAX, clock=call).verify(TOKENS[0]),
    "the clock of a list": lambda call: Verifier(verifying(MATERIAL), LAX, clock=call).verify_many(TOKENS),
    "a time zone": lambda call: JUDGED.verify(TOKENS[0], now=dt.datetime(2026, 1, 1, tzinfo=Zone(call))),
    "a store of keys": lambda call: Verifier(KeyLookup(Device(call)), LAX).verify(TOKENS[0]),
    "a store of keys of many": lambda call: Verifier(KeyLookup(Device(call)), LAX).verify_many(TOKENS),
    "the keys of a set": lambda call: KeySet(items(call, [verifying(MATERIAL)])),
    "the members of a set": lambda call: KeySet.from_jwks(Values(call)),
    "a payload that is signed": lambda call: jws.sign(File(call), secret(), detached=True),
    "a payload that is verified": lambda call: jws.verify(
        jws.sign(b"x", secret(), detached=True), secret(), payload=File(call)
    ),
}


class Iterable:
    """An object that has no iterator to give."""

    def __init__(self, call: Raise) -> None:
        self.call = call

    def __iter__(self) -> Any:
        self.call()


def works() -> bool:
    """Whether jwseal goes on: batches on the pool, the cache, the memory of headers, an external signer, a file."""
    made = SIGNER.sign_many([{"sub": "a"}] * 100, workers=3)
    judged = [
        *JUDGED.verify_many(made, workers=3),
        *JUDGED.verify_iter(made, workers=3),
        JUDGED.verify(made[0]),
    ]
    device = Signer(external(lambda octets: MATERIAL.sign(octets)))
    judged += [JUDGED.verify(device.sign({"sub": "a"})), Verifier(KeyLookup(Found()), LAX).verify(made[1])]
    detached = jws.sign(io.BytesIO(bytes(3 << 20)), secret(), detached=True)
    jws.verify(detached, secret(), payload=io.BytesIO(bytes(3 << 20)))
    return all(isinstance(one, VerifiedJWT) and one.claims["sub"] == "a" for one in judged)


class Found:
    def find_key(self, _: dict[str, Any], /) -> Any:
        return Device.verifying_key


@pytest.mark.parametrize("name", CALLS)
def test_what_is_raised_reaches_the_caller(name: str) -> None:
    """The very exception is raised by the call, whatever its class, and the next calls succeed."""
    for error in (
        KeyboardInterrupt(),
        SystemExit(3),
        GeneratorExit(),
        Stop(),
        MemoryError(),
        RecursionError(),
        OSError(),
    ):
        if name.startswith("a store of keys") and isinstance(error, Exception):
            continue  # It is an answer: the key source is unavailable.
        with pytest.raises(type(error)) as caught:
            CALLS[name](raiser(error))
        assert caught.value is error
    assert works()


@pytest.mark.parametrize("name", CALLS)
def test_a_panic_within_a_call(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A panic is raised as one, which no handler of refusals takes for its own, and the next calls succeed."""
    exception = panic()
    assert not issubclass(exception, Exception)
    with pytest.raises(exception, match="a panic of this test"):
        CALLS[name](raiser(exception("a panic of this test")))
    assert works()
    assert "resuming a panic" in capfd.readouterr().err


@pytest.mark.parametrize("error", ["a panic", "an exception"])
def test_what_is_raised_is_forgotten(error: str) -> None:
    """A call that ended so leaves no mark on the recursion limit: a thousand of them are as good as one."""
    exception = panic() if error == "a panic" else Stop
    for name in ("the names of claims", "an external signer", "tokens of a list"):
        for _ in range(350):
            with pytest.raises(exception):
                CALLS[name](raiser(exception("a panic of this test")))
    assert works()
