"""JSON and base64url as the core reads them: the one strict reader of each for all Python code.

`read_json` refuses JSON that two parsers could read differently, `base64url_decode` a second spelling of the same bytes. Both raise
ValueError with a reason that quotes nothing of the text.
"""

from jwseal._native import base64url_decode, read_json

__all__ = ["base64url_decode", "read_json"]
