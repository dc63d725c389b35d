"""The judges of a server process: `up` has the keys of the issuer, `down` none, for nothing listens at JWSEAL_TEST_DOWN.

JWSEAL_TEST_JUDGE is the kind of both. `options` are those of the adapter for the sender that JWSEAL_TEST_SENDER names.
"""

import os
from typing import Any

import protected_mcp
from judges import JUDGES
from jwseal.sender import DpopCheck, Nonce
from jwseal.state import MemoryState
from protected_apps import SCOPE

_name = os.environ["JWSEAL_TEST_SENDER"]
_senders: dict[str, Any] = {
    "dpop": DpopCheck(nonce=Nonce(bytes(32)), replay=MemoryState()),
    "mtls": "mtls",
    "mtls by header": "mtls",
}
_options = {"dpop": {"base_url": "https://api.example"}, "mtls by header": {"certificate_header": "Client-Cert"}}
_scope = "tools" if os.environ["JWSEAL_TEST_APP"] in protected_mcp.LIBRARIES else SCOPE
options: dict[str, Any] = _options.get(_name, {})
up, down = (
    JUDGES[os.environ["JWSEAL_TEST_JUDGE"]](
        os.environ["JWSEAL_TEST_ISSUER"], jwks, url, scope=_scope, sender=_senders.get(_name)
    )
    for jwks, url in (
        (os.environ["JWSEAL_TEST_KEYS"], os.environ["JWSEAL_TEST_URL"]),
        (None, os.environ["JWSEAL_TEST_DOWN"]),
    )
)
