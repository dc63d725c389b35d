"""What a server process runs: `served_app:app`, one of `protected_apps` as the environment says.

JWSEAL_TEST_APP is its name, JWSEAL_TEST_ISSUER the issuer, JWSEAL_TEST_KEYS its JWK Set as JSON.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import protected_apps
from jwseal import KeySet, Policy, Verifier

keys = KeySet.from_jwks(os.environ["JWSEAL_TEST_KEYS"])
verifier = Verifier(keys, Policy(issuer=os.environ["JWSEAL_TEST_ISSUER"], audience="api"))
app = protected_apps.APPS[os.environ["JWSEAL_TEST_APP"]](verifier)

if __name__ == "__main__":  # aiohttp serves its applications itself
    from aiohttp import web

    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
