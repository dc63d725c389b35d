"""Drop-in faces for code that leaves another library by changing one import line.

`jwseal.compat.authlib` stands in for `authlib.jose`, `jwseal.compat.pyjwt` for `jwt`. Both are clients of jwseal's public API: they
translate arguments, results and error classes, and take no cryptographic decision of their own. Each lists its deliberate deviations
in its module header.
"""
