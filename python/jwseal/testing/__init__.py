"""Parts for tests of programs that verify tokens: an issuer with a real HTTP server.

    from jwseal.testing import FakeIssuer

    with FakeIssuer() as issuer:
        token = issuer.token(sub="alice", audience="api")

`Answer` is what the server is told to send, right or wrong; `Request` is one that it received. With pytest,
`pytest_plugins = ["jwseal.testing.plugin"]` in `conftest.py` gives the fixture `fake_issuer`. The private keys are made when
they are needed and nothing here is fit to issue tokens that protect anything.
"""

from jwseal.testing.answer import Answer
from jwseal.testing.issuer import FakeIssuer
from jwseal.testing.server import Gate, Request

__all__ = ["Answer", "FakeIssuer", "Gate", "Request"]
