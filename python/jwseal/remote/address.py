"""Which URLs are fetched, and which addresses are connected to.

HTTPS only; plain HTTP to the machine itself where the caller allows it. Names are resolved once for each connection, and the
addresses that come of it are judged and connected to, so that a name cannot lead elsewhere in between (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from jwseal.errors import PolicyError
from jwseal.remote.resolver import look_up

if TYPE_CHECKING:
    import httpx

__all__ = ["Address", "checked_url", "named", "origin", "resolved"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_NUMBERS = re.compile(r"[0-9.]+")
# The last 32 bits are an IPv4 address: translated by the network (RFC 6052), or mapped by the machine (RFC 4291).
_EMBEDDED = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::ffff:0:0/96")))
# All other addresses beyond 2000::/3 are refused: loopback, local, NAT64 of one's own, compatible with IPv4, reserved.
_GLOBAL = ipaddress.IPv6Network("2000::/3")
# The registries of special addresses (RFC 6890), the same with every version of Python: what is not reachable from everywhere,
# and what leads to another address (6to4, Teredo).
_SPECIAL_6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_SPECIAL_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)


def checked_url(text: str, *, allow_http_loopback: bool = False) -> httpx.URL:
    """Parse a URL to fetch from. Raises PolicyError for any other than https, and for one with credentials in it."""
    import httpx

    if not isinstance(text, str):
        raise TypeError(f"a URL is a str, not {type(text).__name__}")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise PolicyError("the URL of a key set cannot be parsed") from None
    if url.scheme not in {"https", "http"} or not url.host:
        raise PolicyError("keys are fetched by https, from a URL such as https://id.example/jwks.json")
    if not _is_host(url.raw_host.decode("ascii")):
        raise PolicyError(
            "the host of a URL is a name of letters, digits and -, with dots between its parts, or an IP address"
        )
    if url.port is not None and not 1 <= url.port <= 65_535:
        raise PolicyError("the port of a URL is 1 to 65535")
    if url.userinfo:
        raise PolicyError("the URL of a key set has credentials in it: use token_file= or client_certificate=")
    if url.scheme == "http" and not (allow_http_loopback and _is_loopback_name(url.host)):
        raise PolicyError(
            "keys that come by plain http can be replaced on the way: use https (allow_http_loopback=True allows http to "
            "127.0.0.1, ::1 and localhost)"
        )
    return url


def named(url: httpx.URL) -> str:
    """A URL for messages: without query, fragment and credentials."""
    return str(url.copy_with(query=None, fragment=None, userinfo=b""))


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """What two URLs of one server have in common (RFC 6454 section 4)."""
    return url.scheme, url.host, url.port


def resolved(host: str, port: int, seconds: float, *, only_loopback: bool, refuse_private: bool) -> list[Address]:
    """Return the addresses of a host, those first that its resolver prefers. Raises OSError where none may be connected to.

    After these `seconds` it is TimeoutError.
    """
    addresses = [ipaddress.ip_address(text) for text in look_up(host, port, seconds)]
    if only_loopback and not all(address.is_loopback for address in addresses):
        raise PermissionError("the name of this machine leads elsewhere")
    if refuse_private and not only_loopback and any(map(_is_private, addresses)):
        raise PermissionError("the name leads to a private address")
    return addresses


def _is_host(host: str) -> bool:
    """Whether a resolver may be asked for it (RFC 1123 section 2.1); `_` occurs in names inside clusters."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        # What looks like an address and is none is a name to no one (RFC 3696 section 2).
        return len(host) <= 253 and bool(_HOST.fullmatch(host)) and not _NUMBERS.fullmatch(host)
    return True


def _is_loopback_name(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_private(address: Address) -> bool:
    """Whether an address is not one of the public Internet, or leads to one that is not."""
    if isinstance(address, ipaddress.IPv4Address):
        return any(address in network for network in _SPECIAL_4)
    if any(address in network for network in _EMBEDDED):
        return _is_private(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return address not in _GLOBAL or any(address in network for network in _SPECIAL_6)
