"""Rotating keys without refusing anyone: publish the new key, sign with it later, drop the old one last.

Sets are immutable, so a rotation is a new `KeySet` and a new `Verifier` put in the old one's place by one assignment.
"""

import json

from jwseal import KeyNotFound, KeySet, Policy, Signer, SigningKey, Verifier

policy = Policy(issuer="https://id.example", audience="api")


def published(*keys: SigningKey) -> str:
    """The JWK Set document: public members only."""
    return json.dumps(KeySet([key.verifying_key for key in keys]).to_jwks())


def main():
    march, april = (SigningKey.generate("EdDSA", kid=kid) for kid in ("2026-03", "2026-04"))
    by_march = Signer(march, issuer="https://id.example", expires_in=3600).sign({"aud": "api", "sub": "alice"})
    by_april = Signer(april, issuer="https://id.example", expires_in=3600).sign({"aud": "api", "sub": "alice"})

    for phase, document in [
        ("only the old key", published(march)),
        ("both are published", published(march, april)),
        ("the old one is gone", published(april)),
    ]:
        verifier = Verifier(KeySet.from_jwks(document), policy)
        print(f"{phase}: march {verdict(verifier, by_march)}, april {verdict(verifier, by_april)}")


def verdict(verifier, token):
    try:
        return "ok for " + verifier.verify(token)["sub"]
    except KeyNotFound as refusal:
        return refusal.code


if __name__ == "__main__":
    main()
