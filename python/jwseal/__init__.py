"""JSON Web Signatures and JWTs, at the speed of the cryptography underneath (RFC 7515, RFC 7519).

Create a key, sign a token, state what you require, and verify:

    key = SigningKey.generate("ES256", kid="2026-a")
    token = Signer(key, issuer="https://id.example", expires_in=300).sign({"sub": "alice", "aud": "api"})

    verifier = Verifier(key.verifying_key, Policy(issuer="https://id.example", audience="api"))
    claims = verifier.verify(token).claims

This module holds names only. Elsewhere: `jwseal.jws` signs and verifies bytes that are not a JWT, `jwseal.errors` is
the tree of exceptions, `jwseal.remote` has keys that live elsewhere, `jwseal.types` has names for annotations,
`jwseal.insecure` keeps what should stand out in review, and `jwseal.compat` has the interfaces of other libraries.
Each is loaded when it is first named. `cryptography` is loaded when a key is first read from PEM, DER, SSH or a
certificate.
"""

from jwseal import errors as errors
from jwseal._native import (
    Condition,
    IssuerTemplate,
    KeySet,
    SecretKey,
    Signer,
    SigningKey,
    VerifiedJWT,
    VerifyingKey,
    __version__,
    all_of,
    any_of,
    bearer,
    not_,
)
from jwseal.errors import *  # noqa: F403  # it holds exceptions only, all of them public
from jwseal.policy import DEFAULT_TYP, REQUIRED, UNCHECKED, Policy
from jwseal.verifier import Issuers, Verifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jwseal import authorizer as authorizer
    from jwseal import certificates as certificates
    from jwseal import compat as compat
    from jwseal import condition as condition
    from jwseal import insecure as insecure
    from jwseal import jws as jws
    from jwseal import providers as providers
    from jwseal import remote as remote
    from jwseal import sender as sender
    from jwseal import state as state
    from jwseal import types as types
    from jwseal._challenge import challenge as challenge
    from jwseal.condition import claim as claim
    from jwseal.condition import header as header

__all__ = [
    "DEFAULT_TYP",
    "REQUIRED",
    "UNCHECKED",
    "Condition",
    "IssuerTemplate",
    "Issuers",
    "KeySet",
    "Policy",
    "SecretKey",
    "Signer",
    "SigningKey",
    "VerifiedJWT",
    "Verifier",
    "VerifyingKey",
    "__version__",
    "all_of",
    "any_of",
    "bearer",
    "challenge",
    "claim",
    "header",
    "not_",
]
__all__ += errors.__all__

if not TYPE_CHECKING:

    def __getattr__(name):
        """Load a module of the package, or a function with a module of its own, when it is first named."""
        # Each import is written out, and so are those that only the extension makes (`key` and what it needs): tools
        # that freeze programs, PyInstaller and its like, find modules by reading code.
        if name == "compat":
            import jwseal.compat as module
        elif name == "insecure":
            import jwseal.insecure as module
        elif name == "jws":
            import jwseal.jws as module
        elif name == "remote":
            import jwseal.remote as module
        elif name == "state":
            import jwseal.state as module
            import jwseal.state.check  # noqa: F401
        elif name == "sender":
            import jwseal.sender as module
        elif name == "authorizer":
            import jwseal.authorizer as module
        elif name == "certificates":
            import jwseal.certificates as module
        elif name == "providers":
            import jwseal.providers as module
        elif name == "types":
            import jwseal.types as module
        elif name == "challenge":
            from jwseal._challenge import challenge as module
        elif name == "claim":
            from jwseal.condition import claim as module
        elif name == "header":
            from jwseal.condition import header as module
        elif name == "condition":
            import jwseal.condition as module
        elif name == "key":
            import hashlib  # noqa: F401

            import jwseal.key as module
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return module

    def __dir__():
        lazy = (
            "authorizer",
            "certificates",
            "challenge",
            "claim",
            "compat",
            "condition",
            "header",
            "insecure",
            "jws",
            "providers",
            "remote",
            "sender",
            "state",
            "types",
        )
        return sorted({*globals(), *lazy})


del TYPE_CHECKING
