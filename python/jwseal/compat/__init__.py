"""Compatibility layers for code that leaves another library by changing one import line.

`jwseal.compat.authlib` replaces `authlib.jose`, `jwseal.compat.pyjwt` replaces `jwt`. Both translate arguments, results
and error classes; jwseal judges keys and verifies signatures. Each lists its deliberate deviations in its module
header, and is loaded when it is first named.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jwseal.compat import authlib as authlib
    from jwseal.compat import pyjwt as pyjwt
else:

    def __getattr__(name):
        """Load an interface when it is first named."""
        if name == "authlib":
            import jwseal.compat.authlib as module
        elif name == "pyjwt":
            import jwseal.compat.pyjwt as module
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return module

    def __dir__():
        return sorted({*globals(), "authlib", "pyjwt"})


del TYPE_CHECKING
