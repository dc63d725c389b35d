"""The judges of a server process: `up` has the keys of JWSEAL_TEST_KEYS, `down` none, for nothing listens at JWSEAL_TEST_DOWN.

`options` are those of the adapter for the sender that JWSEAL_TEST_SENDER names.
"""

import os
from typing import Any

from jwseal import KeySet, Policy, Verifier
from jwseal.remote import RemoteKeySet
from jwseal.sender import DpopCheck, Nonce
from jwseal.state import MemoryState

_name = os.environ["JWSEAL_TEST_SENDER"]
_senders: dict[str, Any] = {
    "dpop": DpopCheck(nonce=Nonce(bytes(32)), replay=MemoryState()),
    "mtls": "mtls",
    "mtls by header": "mtls",
}
_options = {"dpop": {"base_url": "https://api.example"}, "mtls by header": {"certificate_header": "Client-Cert"}}
_policy = Policy(issuer=os.environ["JWSEAL_TEST_ISSUER"], audience="api")
_nobody = RemoteKeySet(os.environ["JWSEAL_TEST_DOWN"], algorithms=["ES256"], allow_http_loopback=True)
options: dict[str, Any] = _options.get(_name, {})
up, down = (
    Verifier(keys, _policy, sender=_senders.get(_name))
    for keys in (KeySet.from_jwks(os.environ["JWSEAL_TEST_KEYS"]), _nobody)
)
