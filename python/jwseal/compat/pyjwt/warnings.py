"""PyJWT's warning categories, under PyJWT's names."""


class RemovedInPyjwt3Warning(DeprecationWarning):
    """An argument that PyJWT 3 no longer takes."""


class InsecureKeyLengthWarning(UserWarning):
    """An HMAC secret is shorter than its hash's output (RFC 7518 section 3.2)."""
