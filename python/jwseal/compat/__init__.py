"""Compatibility layers for code that leaves another library by changing one import line.

`jwseal.compat.authlib` replaces `authlib.jose`, `jwseal.compat.pyjwt` replaces `jwt`. Both are clients of jwseal's public API: they translate
arguments, results and error classes, and jwseal judges keys and verifies signatures. Each lists its deliberate deviations in its module
header.
"""
