"""What should stand out in review: reading tokens without checking them, and secrets that are too short.

Nothing else in jwseal does these things, so a search for `jwseal.insecure` finds every place where an application does.
Nothing read here may decide anything: whoever sent the token chose every octet of it.
"""

from jwseal._native import UnverifiedJWT, header_unverified, read_unverified, sign_octets, verify_octets, weak_secret

__all__ = ["UnverifiedJWT", "header_unverified", "read_unverified", "sign_octets", "verify_octets", "weak_secret"]
