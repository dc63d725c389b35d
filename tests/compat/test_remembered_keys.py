"""The memory of raw key arguments that both compatibility layers share: bounded, exact, and without secrets' text."""

import gc
import os
import threading
from collections.abc import Iterator

import pytest

from jwseal import SigningKey, VerifyingKey
from jwseal.compat import remembered_keys
from jwseal.compat.remembered_keys import CAPACITY, forget, remembered


class Key:
    """Something that `build` returns."""

    def __init__(self, material: object) -> None:
        self.material = material


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("material", [b"material", "material"])
def test_the_same_material_gives_the_same_key(material: bytes | str, public: bool) -> None:
    """Equal text gives the very result that was built for it."""
    first = remembered("kind", material, "RS256", Key, public=public)
    assert remembered("kind", material, "RS256", Key, public=public) is first


@pytest.mark.parametrize("public", [True, False])
def test_kind_algorithm_type_and_every_octet_tell_keys_apart(public: bool) -> None:
    """Material that differs in kind, algorithm, type or one byte has a result of its own."""
    questions = [
        ("a", b"x" * 999, "RS256"),
        ("b", b"x" * 999, "RS256"),
        ("a", b"x" * 999, "PS256"),
        ("a", b"x" * 998 + b"y", "RS256"),
    ]
    keys = [remembered(kind, material, alg, Key, public=public) for kind, material, alg in questions]
    keys.append(remembered("a", "x" * 999, "RS256", Key, public=public))
    assert len(set(map(id, keys))) == 5


def test_at_most_256_results_are_kept_and_the_oldest_leaves() -> None:
    """The 257th result takes the place of the oldest."""
    first = remembered("kind", "0", "RS256", Key)
    for number in range(1, CAPACITY):
        remembered("kind", str(number), "RS256", Key)
    assert remembered("kind", "0", "RS256", Key) is first
    remembered("kind", "one more", "RS256", Key)
    assert remembered("kind", "0", "RS256", Key) is not first
    assert CAPACITY == 256


def test_a_key_that_left_is_dropped() -> None:
    """A result that left, or was forgotten, is not kept alive."""
    alive = []

    class Counted:
        def __init__(self, _material: object) -> None:
            alive.append(1)

        def __del__(self) -> None:
            alive.pop()

    for number in range(400):
        remembered("kind", str(number), "HS256", Counted)
    gc.collect()
    assert len(alive) == CAPACITY
    forget()
    gc.collect()
    assert alive == []


def test_a_build_that_raises_is_not_remembered() -> None:
    """A `build` that raises is asked again at the next call."""

    def broken(_material: object) -> Key:
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):
            remembered("kind", b"x", "RS256", broken)
    assert isinstance(remembered("kind", b"x", "RS256", Key), Key)


def test_secret_material_is_not_kept() -> None:
    """Material that may be secret is found by a digest, and is not in the cache itself."""
    material = b"a secret that should not stay"
    remembered("kind", material, "HS256", Key)
    assert not any(material in index for index in remembered_keys._cache.entries)


def test_threads_share_it() -> None:
    """Threads that read and write at the same time get one result, and the cache keeps its size."""
    key = SigningKey.generate("ES256").verifying_key
    pem = key.to_pem()
    found = []

    def ask() -> None:
        for number in range(900):
            remembered("kind", str(number % 400), "RS256", Key)
            found.append(remembered("verify", pem, "ES256", VerifyingKey.from_pem, public=True))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {key}
    assert len(remembered_keys._cache.entries) == CAPACITY


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_of_a_writing_parent_can_write() -> None:
    """A process that was forked while its parent wrote can write too."""
    with remembered_keys._cache.writing:
        child = os.fork()
        if child == 0:
            remembered("kind", b"x", "RS256", Key)
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
