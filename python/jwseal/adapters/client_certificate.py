"""The certificate of a TLS client, as servers, sockets and proxies hand it over (RFC 8705, RFC 9440).

What it returns is DER. What cannot be read is SenderMismatch. It verifies no certificate: the server that ended the TLS connection did.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from jwseal import SenderMismatch

_PEM = r"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*"

__all__ = ["of_header", "of_pem", "of_socket"]


def of_socket(connection: Any) -> bytes | None:
    """The certificate of the client of an ssl.SSLSocket or SSLObject; None if it sent none, or without TLS."""
    ask = getattr(connection, "getpeercert", None)
    der: bytes | None = ask(binary_form=True) if ask else None
    return der


def of_pem(text: object) -> bytes:
    """One certificate in PEM, and nothing else. `ssl.PEM_cert_to_DER_cert` would read the first of two."""
    found = re.fullmatch(_PEM, text) if isinstance(text, str) else None
    try:
        if found:
            return base64.b64decode("".join(found[1].split()), validate=True)
    except ValueError:
        pass
    raise SenderMismatch("the client's certificate cannot be read", "cnf")


def of_header(values: Sequence[str | bytes]) -> bytes | None:
    """What a proxy sends: `:BASE64:` (RFC 9440 section 2.1), or PEM escaped for a URL, as nginx writes it; None for no header."""
    if not values:
        return None
    if len(values) > 1:
        raise SenderMismatch("the header of the client's certificate was sent more than once", "cnf")
    text = values[0].decode("latin-1") if isinstance(values[0], bytes) else values[0]
    if not (len(text) > 1 and text.startswith(":") and text.endswith(":")):
        return of_pem(unquote(text))
    try:
        if der := base64.b64decode(text[1:-1], validate=True):
            return der
    except ValueError:
        pass
    raise SenderMismatch("the header of the client's certificate cannot be read", "cnf")
