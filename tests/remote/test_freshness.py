"""How long an answer is fresh: what its headers say, within a minute and a day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwseal.remote.freshness import LONGEST, SHORTEST, fresh_for

DATE = "Sat, 28 Nov 2026 12:00:00 GMT"
LATER = "Sat, 28 Nov 2026 12:20:00 GMT"
NOW = 1_795_867_200.0

CASES = [
    ({}, 300.0),
    ({"cache-control": "max-age=900"}, 900.0),
    ({"cache-control": 'public, MAX-AGE = "900"'}, 900.0),
    ({"cache-control": "max-age=900", "age": "100"}, 800.0),
    ({"cache-control": "max-age=900", "age": "soon"}, 900.0),
    ({"cache-control": "max-age=900", "age": "5000"}, SHORTEST),
    ({"cache-control": "max-age=900", "expires": DATE, "date": DATE}, 900.0),
    ({"cache-control": "max-age=5"}, SHORTEST),
    ({"cache-control": "max-age=999999999999"}, LONGEST),
    ({"cache-control": "no-store"}, SHORTEST),
    ({"cache-control": "no-cache, max-age=900"}, SHORTEST),
    ({"cache-control": "max-age=-1"}, 300.0),
    ({"cache-control": "max-age=1e9"}, 300.0),
    ({"cache-control": "max-age=10000, max-age=900"}, 300.0),
    ({"cache-control": "s-maxage=900"}, 300.0),
    ({"cache-control": "max-age=٩٠٠"}, 300.0),
    ({"expires": LATER, "date": DATE}, 1_200.0),
    ({"expires": LATER}, 1_200.0),
    ({"expires": DATE, "date": LATER}, SHORTEST),
    ({"expires": "0"}, SHORTEST),
    ({"expires": "Sat, 28 Nov 2026 99:00:00 GMT"}, SHORTEST),
    ({"expires": LATER, "date": "yesterday"}, 1_200.0),
]


@pytest.mark.parametrize(("headers", "seconds"), CASES)
def test_freshness(headers: dict[str, str], seconds: float) -> None:
    """Cache-Control counts before Expires, Age is subtracted, and what cannot be read is as if it were not there."""
    assert fresh_for(headers, 300.0, NOW) == seconds


@given(st.dictionaries(st.sampled_from(["cache-control", "age", "expires", "date"]), st.text(max_size=60)))
def test_any_header(headers: dict[str, str]) -> None:
    """Whatever a server writes, a set is fresh for a minute to a day."""
    assert SHORTEST <= fresh_for(headers, 300.0, NOW) <= LONGEST


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_any_number(age: int, passed: int) -> None:
    """Numbers of any size stay within the bounds."""
    assert SHORTEST <= fresh_for({"cache-control": f"max-age={age}", "age": str(passed)}, 300.0, NOW) <= LONGEST
