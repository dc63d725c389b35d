"""The trusted authorities and the client certificate of TLS connections. Files are read again when they change."""

from __future__ import annotations

import os
import ssl

from jwseal.errors import PolicyError

__all__ = ["Trust"]


class Trust:
    """The TLS context of a source, created again when one of its files was replaced."""

    def __init__(
        self,
        *,
        ca_file: str | os.PathLike[str] | None = None,
        system_trust_store: bool = False,
        client_certificate: str | os.PathLike[str] | tuple[str | os.PathLike[str], ...] | None = None,
    ) -> None:
        if ca_file is not None and system_trust_store:
            raise PolicyError("give ca_file or system_trust_store, not both")
        certificate = client_certificate or ()
        if not isinstance(certificate, tuple):
            certificate = (certificate,)
        if len(certificate) > 3:
            raise PolicyError(
                "client_certificate is a file, or a tuple of the files of certificate and key, and a password"
            )
        self._ca_file = ca_file
        self._system_trust_store = system_trust_store
        self._certificate = certificate
        self._seen: list[tuple[int, int]] = []
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """The context. Raises OSError and ssl.SSLError for files that cannot be read."""
        files = [file for file in (self._ca_file, *self._certificate[:2]) if file is not None]
        seen = [(status.st_mtime_ns, status.st_ino) for status in map(os.stat, files)]
        if self._context is None or seen != self._seen:
            self._context, self._seen = self._make(), seen
        return self._context

    def _make(self) -> ssl.SSLContext:
        if self._system_trust_store:
            context = _system_context()
        elif self._ca_file is not None:
            context = ssl.create_default_context(cafile=self._ca_file)
        else:
            import httpx

            context = httpx.create_ssl_context()
        if self._certificate:
            certificate, key, password = [*(os.fspath(part) for part in self._certificate), None, None][:3]
            context.load_cert_chain(str(certificate), key, password)
        return context


def _system_context() -> ssl.SSLContext:
    try:
        import truststore
    except ImportError:
        raise PolicyError(
            "system_trust_store=True needs the package truststore: pip install 'jwseal[remote]'"
        ) from None
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
