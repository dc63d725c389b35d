"""Adapters: an application of any framework refuses requests without a valid token (RFC 6750, RFC 9728, RFC 9470).

`asgi` and `wsgi` are middleware that needs no framework. The others need theirs, and each is an extra of the package:
`starlette`, `fastapi`, `litestar`, `flask`, `quart`, `django`, `rest_framework`, `aiohttp`, `grpc`, `mcp`, `fastmcp`.
All of them ask `resource_server.ResourceServer`, which decides; an adapter reads the request and writes the answer.
Import the one you use: `from jwseal.adapters.fastapi import JWTBearer`.
"""
