"""Keys from X.509 certificates: chains in the token under configured trust anchors, and sets of certificates at a URL.

    from jwseal.certificates import Anchors

    keys = Anchors(root_pem, algorithms=["ES256"], subject={"O": "Bank"})
    verifier = Verifier(keys, policy, max_token_size=32_768, max_header_size=16_384)

`Anchors` is a key source for tokens with `x5c` or `x5t#S256` (RFC 7515 sections 4.1.6 and 4.1.8). Without it a certificate in
a token is never read. Revocation is not checked: there is no CRL and no OCSP. `RemoteCertificates` fetches a JSON object of kid
to PEM certificate; it needs the extra `remote` and is loaded when it is named.
"""

from jwseal.certificates.anchors import Anchors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jwseal.certificates.remote import RemoteCertificates as RemoteCertificates

__all__ = ["Anchors", "RemoteCertificates"]

if not TYPE_CHECKING:

    def __getattr__(name):
        """Load what needs an HTTP client when it is first named."""
        if name == "RemoteCertificates":
            from jwseal.certificates.remote import RemoteCertificates

            return RemoteCertificates
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), "RemoteCertificates"})


del TYPE_CHECKING
