"""Load on an application behind uvicorn: without authentication, with jwseal's adapter, with PyJWT.

    python benches/load.py [--framework fastapi|asgi] [--seconds 5] [--connections 16] [--rounds 5] [--alg ES256] [--json FILE]

`fastapi` is a FastAPI application with a dependency, whose own time is most of it; `asgi` is one bare ASGI route.

Each application runs in a uvicorn process of its own on one core's worth of event loop, and is asked over HTTP with connections kept
open. The three take turns, so that what else the machine does falls on all of them. It prints requests per second and the
99th percentile of a request's time, the median of the rounds, and what the rate is of the application without authentication.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from jwseal import KeySet, Policy, VerifiedJWT, Verifier
from jwseal.adapters.asgi import JWTMiddleware, token
from jwseal.adapters.fastapi import JWTBearer
from jwseal.testing import FakeIssuer

APPLICATIONS = ["none", "jwseal", "PyJWT"]
ISSUER, AUDIENCE = "https://id.example", "orders"


def application() -> Any:
    """The application that the environment names, whose one route answers with the subject."""
    kind, keys = os.environ["LOAD_APP"], os.environ["LOAD_KEYS"]
    make = {"fastapi": fastapi_application, "asgi": asgi_application}[os.environ["LOAD_FRAMEWORK"]]
    return make(kind, keys)


def asgi_application(kind: str, keys: str) -> Any:
    """One route and nothing else, behind jwseal's middleware, or with PyJWT called in it."""
    key = jwt.PyJWKSet.from_json(keys).keys[0]

    async def route(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError("no lifespan")
        status, subject = 200, "alice"
        if kind == "jwseal":
            subject = token(scope)["sub"]
        elif kind == "PyJWT":
            try:
                sent = dict(scope["headers"])[b"authorization"].removeprefix(b"Bearer ")
                subject = decode(sent.decode(), key)["sub"]
            except (KeyError, jwt.InvalidTokenError):
                status = 401
        body = json.dumps({"sub": subject}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return JWTMiddleware(route, verifier(keys)) if kind == "jwseal" else route


def verifier(keys: str) -> Verifier:
    return Verifier(KeySet.from_jwks(keys), Policy(issuer=ISSUER, audience=AUDIENCE))


def decode(sent: str, key: Any) -> dict[str, Any]:
    options: Any = {"require": ["exp", "iss", "aud"]}
    return jwt.decode(sent, key, [key.algorithm_name], options, audience=AUDIENCE, issuer=ISSUER)


def fastapi_application(kind: str, keys: str) -> FastAPI:
    """A FastAPI application whose route takes what a dependency verified."""
    app = FastAPI()
    if kind == "none":

        @app.get("/")
        async def plain(request: Request) -> dict[str, str]:
            return {"sub": "alice"}

    elif kind == "jwseal":
        auth = JWTBearer(verifier(keys))

        @app.get("/")
        async def verified(found: Annotated[VerifiedJWT, Depends(auth)]) -> dict[str, str]:
            return {"sub": found["sub"]}

    else:
        key, bearer = jwt.PyJWKSet.from_json(keys).keys[0], HTTPBearer()

        async def demanded(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> dict[str, Any]:
            try:
                return decode(credentials.credentials, key)
            except jwt.InvalidTokenError:
                raise HTTPException(401) from None

        @app.get("/")
        async def decoded(claims: Annotated[dict[str, Any], Depends(demanded)]) -> dict[str, str]:
            return {"sub": claims["sub"]}

    return app


async def load(port: int, request: bytes, connections: int, seconds: float) -> list[float]:
    """The times of the requests that this many connections make, one after the other on each."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (start := time.perf_counter()) < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            times.append(time.perf_counter() - start)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return times


def main() -> None:
    """Start the applications, load each in turn, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--alg", default="ES256")
    parser.add_argument("--framework", choices=["fastapi", "asgi"], default="fastapi")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    issuer = FakeIssuer(alg=asked.alg)
    keys = json.dumps(issuer.jwks())
    sent = issuer.token(iss=ISSUER, audience=AUDIENCE, expires_in=86_400, scope="read write") if issuer.start() else ""
    request = f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sent}\r\n\r\n".encode()
    ports, processes = {}, []
    for name in APPLICATIONS:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports[name] = free.getsockname()[1]
        command = [
            "-m",
            "uvicorn",
            "--factory",
            "load:application",
            "--lifespan",
            "off",
            "--log-level",
            "error",
            "--no-access-log",
        ]
        environment = {**os.environ, "LOAD_APP": name, "LOAD_KEYS": keys, "LOAD_FRAMEWORK": asked.framework}
        folder = os.path.dirname(os.path.abspath(__file__))
        started = [sys.executable, *command, "--port", str(ports[name])]
        processes.append(subprocess.Popen(started, cwd=folder, env=environment))
    try:
        for port in ports.values():
            while socket.socket().connect_ex(("127.0.0.1", port)):
                time.sleep(0.1)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in APPLICATIONS}
        for name in APPLICATIONS * (asked.rounds + 1):
            times = asyncio.run(load(ports[name], request, asked.connections, asked.seconds))
            found[name].append((len(times) / asked.seconds, statistics.quantiles(times, n=100)[98] * 1000))
        plain = [rate for rate, _ in found["none"][1:]]
        results = {}
        print(
            f"{asked.framework}, {asked.alg}, {asked.connections} connections, {asked.rounds} rounds of {asked.seconds:g} s"
        )
        print(f"{'':8} {'requests/s':>10} {'p99 ms':>8} {'of none':>8}")
        for name, rounds in found.items():
            rates, tails = zip(*rounds[1:], strict=True)  # the first warms up
            ratio = statistics.median(rate / base for rate, base in zip(rates, plain, strict=True))
            rate, tail = statistics.median(rates), statistics.median(tails)
            results[name] = {"rate": rate, "p99": tail, "of none": ratio}
            print(f"{name:8} {rate:10,.0f} {tail:8.1f} {ratio:8.2f}")
        if asked.json:
            asked.json.write_text(json.dumps({f"server {asked.framework}": results}, indent=1))
    finally:
        issuer.close()
        for process in processes:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
