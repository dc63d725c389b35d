"""What a server process runs: `served_app:app`, one of `protected_apps` as the environment says.

JWSEAL_TEST_APP is its name, JWSEAL_TEST_ISSUER the issuer, JWSEAL_TEST_KEYS its JWK Set as JSON. Below `/down` is the same
application with a verifier whose keys cannot be fetched, because nothing listens at JWSEAL_TEST_DOWN.
"""

import json
import os
import ssl
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import protected_apps
from jwseal import KeySet, Policy, Verifier
from jwseal.remote import RemoteKeySet
from jwseal.sender import DpopCheck, Nonce
from jwseal.state import MemoryState

NAME = os.environ["JWSEAL_TEST_APP"]
policy = Policy(issuer=os.environ["JWSEAL_TEST_ISSUER"], audience="api")
nobody = RemoteKeySet(os.environ["JWSEAL_TEST_DOWN"], algorithms=["ES256"], allow_http_loopback=True)
SENDER, TLS = os.environ["JWSEAL_TEST_SENDER"], json.loads(os.environ["JWSEAL_TEST_TLS"])
nonce = Nonce(bytes(32))
senders: dict[str, Any] = {
    "dpop": DpopCheck(nonce=nonce, replay=MemoryState()),
    "mtls": "mtls",
    "mtls by header": "mtls",
}
named = {"dpop": {"base_url": "https://api.example"}, "mtls by header": {"certificate_header": "Client-Cert"}}
options: dict[str, Any] = named.get(SENDER, {})
up, down = (
    protected_apps.APPS[NAME](Verifier(keys, policy, sender=senders.get(SENDER)), **options)
    for keys in (KeySet.from_jwks(os.environ["JWSEAL_TEST_KEYS"]), nobody)
)


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Choose by the path."""
    if scope["type"] != "lifespan" and scope["path"].startswith("/down/"):
        path = scope["path"].removeprefix("/down")
        await down({**scope, "path": path, "raw_path": path.encode()}, receive, send)
    else:
        await up(scope, receive, send)


def wsgi(environ: dict[str, Any], start_response: Any) -> Any:
    """Choose by the path."""
    if environ["PATH_INFO"].startswith("/down/"):
        return down({**environ, "PATH_INFO": environ["PATH_INFO"].removeprefix("/down")}, start_response)
    return up(environ, start_response)


app = wsgi if NAME in protected_apps.WSGI else asgi

if __name__ == "__main__":  # aiohttp and Werkzeug serve applications themselves
    context = None
    if TLS:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=TLS["ca"])
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_cert_chain(TLS["file"])
    port = int(sys.argv[-1])
    if NAME == "aiohttp":
        from aiohttp import web

        up.add_subapp("/down/", down)
        web.run_app(up, host="127.0.0.1", port=port, print=None, ssl_context=context)
    else:
        from werkzeug.serving import run_simple

        run_simple("127.0.0.1", port, up, threaded=True, ssl_context=context)
