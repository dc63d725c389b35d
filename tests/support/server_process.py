"""A real server in a process of its own, which runs one of `protected_apps`: uvicorn, hypercorn, granian, gunicorn and others.

With `tls` it has a certificate of this authority, and verifies the certificate of a client that sends one.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import protected_apps
from certificate import Authority
from jwseal.testing import FakeIssuer

COMMANDS: dict[str, list[str]] = {
    "uvicorn": ["-m", "uvicorn", "served_app:app", "--host", "127.0.0.1", "--log-level", "error", "--port"],
    "granian": ["-m", "granian", "served_app:app", "--host", "127.0.0.1", "--no-log", "--interface", "{}", "--port"],
    "gunicorn": ["-m", "gunicorn", "served_app:app", "--log-level", "error", "--bind"],
    "hypercorn": ["-m", "hypercorn", "served_app:app", "--log-level", "error", "--bind"],
    "aiohttp": ["served_app.py"],
    "werkzeug": ["served_app.py"],
    "grpc": ["protected_grpc.py", "{name}"],
}
# The options that each needs for TLS. `served_app.py` reads the environment.
TLS: dict[str, list[str]] = {
    "uvicorn": [
        *("--ssl-certfile", "{file}", "--ssl-keyfile", "{file}", "--ssl-ca-certs", "{ca}", "--ssl-cert-reqs", "1"),
        *("--http", "certificate_protocol:CertificateProtocol"),
    ],
    "granian": ["--ssl-certificate", "{file}", "--ssl-keyfile", "{file}", "--ssl-ca", "{ca}", "--ssl-client-verify"],
    "gunicorn": ["--certfile", "{file}", "--keyfile", "{file}", "--ca-certs", "{ca}", "--cert-reqs", "1"],
    "hypercorn": [
        *("--certfile", "{file}", "--keyfile", "{file}", "--ca-certs", "{ca}", "--verify-mode", "CERT_OPTIONAL"),
    ],
}


@contextmanager
def serving(
    server: str,
    name: str,
    issuer: FakeIssuer,
    *more: str,
    judge: str = "verifier",
    sender: str = "",
    tls: Authority | None = None,
    pushed: bool = False,
) -> Iterator[str]:
    """The URL of a server process that runs this application. Below `/down` its keys cannot be fetched.

    `judge` is a kind of `judges`. `sender` is the proof that it demands: "dpop" with nonces of 32 zero bytes, "mtls", or "mtls by
    header" with `Client-Cert`.
    `pushed` is whether the program pushes Flask's application context when it is imported.
    """
    protected_apps.needed(server)
    if server != "grpc":
        protected_apps.needed(protected_apps.framework(name))
    port, nobody = free_port(), free_port()
    interface = "wsgi" if name in protected_apps.WSGI else "asgi"
    command = [part.format(interface, name=name) for part in COMMANDS[server]]
    command += [f"127.0.0.1:{port}" if "--bind" in command else str(port), *more]
    files = {"ca": str(tls.file), "file": str(tls.issue())} if tls else {}
    if tls:
        command[3:3] = [part.format(**files) for part in TLS.get(server, [])]
    environment = {
        **os.environ,
        "JWSEAL_TEST_APP": name,
        "JWSEAL_TEST_ISSUER": issuer.url,
        "JWSEAL_TEST_KEYS": json.dumps(issuer.jwks()),
        "JWSEAL_TEST_URL": issuer.jwks_uri,
        "JWSEAL_TEST_JUDGE": judge,
        "JWSEAL_TEST_DOWN": f"http://127.0.0.1:{nobody}/jwks",
        "JWSEAL_TEST_SENDER": sender,
        "JWSEAL_TEST_TLS": json.dumps(files),
        "JWSEAL_TEST_PUSHED": "1" if pushed else "",
    }
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=Path(__file__).parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_for(port, process)
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        process.terminate()
        said = process.communicate(timeout=30)[0].decode()
    # A refusal is no error of the application. aiohttp's server reports what it cannot read with a traceback of its own.
    assert server == "aiohttp" or "Traceback" not in said, said


def free_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens, or fail with what the process said."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(process.communicate()[0].decode())
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    pytest.fail("the server did not start within a minute")
