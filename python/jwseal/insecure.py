"""Reading tokens without verifying them, signing and verifying bare bytes, and secrets that are too short.

No other module of jwseal does this, so a search for `jwseal.insecure` finds each use in an application. Do not base a decision
on what is read here: the sender of a token chooses all of it.
"""

from jwseal._native import UnverifiedJWT, header_unverified, read_unverified, sign_bytes, verify_bytes, weak_secret

__all__ = ["UnverifiedJWT", "header_unverified", "read_unverified", "sign_bytes", "verify_bytes", "weak_secret"]
