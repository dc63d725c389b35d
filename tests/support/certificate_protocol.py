"""uvicorn with the ASGI TLS extension, which it does not have: the certificate of a connection's client, for the application.

It is the class of the page "Mutual TLS".
"""

import asyncio
import ssl
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class CertificateProtocol(H11Protocol):
    """HTTP/1.1 whose scopes have the client's certificate."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Add the extension to the scopes of this connection."""
        super().connection_made(transport)
        app, connection = self.app, transport.get_extra_info("ssl_object")
        der = connection.getpeercert(binary_form=True) if connection else None
        chain = [ssl.DER_cert_to_PEM_cert(der)] if der else []

        async def with_certificate(scope: Any, receive: Any, send: Any) -> None:
            extensions = {**scope.get("extensions", {}), "tls": {"client_cert_chain": chain}}
            await app({**scope, "extensions": extensions}, receive, send)

        self.app = with_certificate
