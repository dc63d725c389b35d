"""What a server process runs: `served_app:app`, one of `protected_apps` as the environment says.

JWSEAL_TEST_APP is its name. Below `/down` is the same application with a verifier whose keys cannot be fetched.
"""

import json
import os
import ssl
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import protected_apps
import protected_mcp
import served_judges

NAME, TLS = os.environ["JWSEAL_TEST_APP"], json.loads(os.environ["JWSEAL_TEST_TLS"])


def application(judge: Any) -> Any:
    """The application with this judge."""
    if NAME in protected_mcp.LIBRARIES:
        made = protected_mcp.LIBRARIES[NAME](judge, os.environ["JWSEAL_TEST_ISSUER"], **served_judges.options)
        return protected_mcp.browsers(made)
    return protected_apps.APPS[NAME](judge, **served_judges.options)


up, down = application(served_judges.up), application(served_judges.down)

if os.environ["JWSEAL_TEST_PUSHED"]:
    up.app_context().push()


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
