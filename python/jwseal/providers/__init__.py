"""Verifiers for the tokens of identity providers, each with what its tokens must say, and the rules of ID tokens.

    from jwseal import providers

    verifier = providers.keycloak("https://id.example/realms/shop", audience="orders-api")
    token = verifier.verify(access_token)

Each function returns a `Verifier`, `entra_tenants` an `Issuers`. All take, beside their own arguments:

keys       a key, a KeySet or a key source of the caller's own; the provider's published keys are then not fetched
jwks_uri   where those are fetched from, if not where the provider publishes them
others     are those of `jwseal.remote.RemoteKeySet`, or of `discover`: timeout, ca_file, transport and so on

For rules of your own: `Verifier(verifier.keys, verifier.policy.replace(scopes=["orders:read"]))`. `verify_id_token` adds what
OpenID Connect demands of an ID token: the nonce, the authorized party and the hash of the access token.
"""

from jwseal.providers.accounts import cognito, entra, entra_tenants, firebase, google, keycloak
from jwseal.providers.id_token import verify_id_token, verify_id_token_async
from jwseal.providers.profiles import access_tokens, openid
from jwseal.providers.workloads import github_actions, kubernetes

__all__ = [
    "access_tokens",
    "cognito",
    "entra",
    "entra_tenants",
    "firebase",
    "github_actions",
    "google",
    "keycloak",
    "kubernetes",
    "openid",
    "verify_id_token",
    "verify_id_token_async",
]
