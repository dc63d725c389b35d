"""How long an answer stays fresh: Cache-Control, Age and Expires (RFC 9111 section 4.2), within bounds.

Pure arithmetic. What a server writes wrongly counts as not written. No server makes a set stay longer than a day, nor makes
it be fetched more than once a minute.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

__all__ = ["LONGEST", "SHORTEST", "fresh_for"]

SHORTEST, LONGEST = 60.0, 86_400.0


def fresh_for(headers: Mapping[str, str], default: float, now: float) -> float:
    """Return the seconds that an answer with these headers is fresh. Names are in lower case; `now` is in seconds since 1970."""
    seconds = _of_cache_control(headers)
    if seconds is None:
        seconds = _of_expires(headers, now)
    return min(max(default if seconds is None else seconds, SHORTEST), LONGEST)


def _of_cache_control(headers: Mapping[str, str]) -> float | None:
    directives = [part.strip().lower() for part in headers.get("cache-control", "").split(",")]
    if "no-store" in directives or "no-cache" in directives:
        return 0.0
    ages = [match[1] for part in directives if (match := re.fullmatch(r'max-age\s*=\s*"?(\d{1,12})"?', part, re.ASCII))]
    if len(ages) != 1:
        return None
    age = headers.get("age", "").strip()
    return float(ages[0]) - (float(age) if re.fullmatch(r"\d{1,12}", age, re.ASCII) else 0.0)


def _of_expires(headers: Mapping[str, str], now: float) -> float | None:
    if "expires" not in headers:
        return None
    expires = _date(headers["expires"])
    if expires is None:
        return 0.0  # RFC 9111 section 5.3: a date that cannot be read, "0" above all, is in the past
    # The server's own date beside it, so that a wrong clock on either side does not count.
    date = _date(headers.get("date", ""))
    return expires - (now if date is None else date)


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
