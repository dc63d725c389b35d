"""Parts for tests of programs that verify tokens: an issuer with a real HTTP server, forged tokens, and a check of protection.

    from jwseal.testing import FakeIssuer, assert_protected, forge

    with FakeIssuer() as issuer:
        token = issuer.token(sub="alice", audience="api")
        forged = forge.token("public_key_as_secret", issuer)
        assert_protected(app, issuer, path="/orders")

`Answer` is what the issuer's server is told to send, right or wrong; `Request` is one that it received. With pytest the fixtures
`fake_issuer` and `jwseal_clock` are there without an import. The private keys are made when they are needed and nothing here is
fit to issue tokens that protect anything.
"""

from jwseal.testing import forge
from jwseal.testing.answer import Answer
from jwseal.testing.client import Client
from jwseal.testing.clock import Clock
from jwseal.testing.issuer import FakeIssuer
from jwseal.testing.protection import Report, assert_protected
from jwseal.testing.server import Gate, Request

__all__ = ["Answer", "Client", "Clock", "FakeIssuer", "Gate", "Report", "Request", "assert_protected", "forge"]
