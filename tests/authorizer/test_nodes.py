"""Several authorizers on one Redis: what one of them used up, the others refuse, to the last moment in which a token is valid."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import forge
from jwseal.authorizer import Authorizer
from jwseal.state import RedisState
from redis_server import Server, needs_server

pytestmark = needs_server
KEY = forge.material("PS512")
NOW = 1_700_000_000
MODES = {"leeway": ('leeway = "30s"', 30), "signserver": ('compat = "signserver"', 300)}
CONFIGURATION = """
[issuers.bank]
issuer = "https://as.example"
keys = [{key}]
algorithms = ["PS512"]
audience = "signing"
{mode}

[workers.bound]
rules = ["sign"]
binding = "sad"

[workers.plain]
rules = ["sign"]

[[rules]]
id = "sign"
issuer = "bank"
effect = "allow"
when = {{ claim = "scope", contains = "sign", split = " " }}
"""
NUMBERS = itertools.count()
OID = "2.16.840.1.101.3.4.2.1"


def token(**claims: Any) -> str:
    """A token with an identifier of its own."""
    named = {"iss": "https://as.example", "aud": "signing", "sub": "ann", "jti": f"j{next(NUMBERS)}", "exp": NOW + 300}
    return forge.token({"alg": "PS512", "typ": "JWT"}, {**named, "scope": "sign", **claims}, KEY, "PS512")


class Node:
    """An authorizer with a client of its own, whose clock stands where a test puts it."""

    def __init__(self, server: Server, mode: str, **options: Any) -> None:
        jwk = KEY.public_jwk()
        key = "{ " + ", ".join(f"{name} = {json.dumps(jwk[name])}" for name in ("kty", "n", "e")) + " }"
        self.now: float = NOW
        state = RedisState(server.client(socket_timeout=1), prefix="nodes:")
        self.by = Authorizer.from_text(
            CONFIGURATION.format(key=key, mode=mode), clock=lambda: self.now, replay=state, budget=state, **options
        )

    def code(self, presented: str, now: float, worker: str = "plain", **request: Any) -> str:
        """The code of a decision at a moment."""
        self.now = now
        return self.by.authorize(presented, worker=worker, request=request or None).code


@pytest.mark.parametrize("mode", MODES)
def test_used_on_another_node_at_the_last_moment(server: Server, mode: str) -> None:
    """A token that one node allowed is replayed on another until exp and leeway are over, a millisecond before their end too."""
    line, leeway = MODES[mode]
    first, second = Node(server, line), Node(server, line)
    end = NOW + 300 + leeway
    early, late = token(), token()
    assert first.code(early, NOW) == "allowed"
    assert [second.code(early, now) for now in (NOW, end - 0.001, end)] == ["replayed", "replayed", "token_expired"]
    assert first.code(late, end - 0.001) == "allowed"
    assert second.code(late, end - 0.001) == "replayed"


def test_a_budget_over_several_nodes(server: Server) -> None:
    """The signatures of a token are counted over all nodes; what would exceed them is refused whole."""
    nodes = [Node(server, MODES["leeway"][0]) for _ in range(2)]
    digest = bytes(32).hex()
    presented = token(credentialID="c1", hashes=f"{digest},{'11' * 32}", hashAlgorithmOID=OID, numSignatures=3)

    def sign(node: Node, *hashes: str) -> str:
        return node.code(presented, NOW, "bound", credentialID="c1", hashes=list(hashes), hashAlgorithmOID=OID)

    assert sign(nodes[0], digest, "11" * 32) == "allowed"
    assert sign(nodes[1], digest, digest) == "budget_exhausted"
    assert [sign(nodes[1], digest), sign(nodes[0], digest)] == ["allowed", "budget_exhausted"]


def test_a_server_that_is_down(tmp_path: Path) -> None:
    """While the server is down a token is denied, or allowed where the setting says so and the decision names the stores."""
    server = Server(tmp_path)
    server.start()
    line = MODES["leeway"][0]
    denying, allowing = Node(server, line), Node(server, line, on_unavailable="allow")
    used = token()
    assert denying.code(used, NOW) == "allowed"
    server.kill()
    try:
        refused = denying.by.authorize(used, worker="plain")
        assert (refused.code, refused.stage, refused.http_status) == ("state_unavailable", "state", 503)
        passed = allowing.by.authorize(used, worker="plain")
        assert (passed.code, passed.unchecked, passed.audit()["unchecked"]) == ("allowed", {"replay"}, ["replay"])
        server.start()
        assert denying.code(used, NOW) == "replayed"
    finally:
        server.kill()
