"""Verifiers for the tokens that account services issue: Microsoft Entra, Amazon Cognito, Keycloak, Google and Firebase.

Each function states which claims tell the tokens for this application from others that the same keys sign: those of another
tenant, another application, another kind. What no provider can do without is a required argument. The functions fetch nothing
when they are called; the keys are fetched when the first token is verified, or by `verifier.keys.preload()`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from jwseal import UNCHECKED, Issuers, Policy, Verifier
from jwseal.errors import PolicyError
from jwseal.policy import Unchecked
from jwseal.providers.key_source import RS256, Keys, declared, one_or_several

if TYPE_CHECKING:
    from collections.abc import Collection

    from jwseal.policy import Texts
    from jwseal.types import Algorithm, Span

__all__ = ["cognito", "entra", "entra_tenants", "firebase", "google", "keycloak"]

_ENTRA = "https://login.microsoftonline.com"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_USER_POOL = re.compile(r"([a-z]{2}(?:-[a-z]+)+-[0-9]+)_[A-Za-z0-9]+")
_GOOGLE = ("https://accounts.google.com", "accounts.google.com")
_GOOGLE_KEYS = "https://www.googleapis.com/oauth2/v3/certs"
_FIREBASE_KEYS = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
_FIREBASE_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]*")


def entra(
    tenant: str,
    *,
    audience: Texts,
    version: Literal["1.0", "2.0"] = "2.0",
    authority: str = _ENTRA,
    leeway: Span = 0,
    keys: Keys | None = None,
    jwks_uri: str | None = None,
    **options: Any,
) -> Verifier:
    """Verify access tokens of one Microsoft Entra tenant.

    tenant     the directory (tenant) id, a GUID; not a domain, nor `common` or `organizations`
    audience   the application (client) id of this API; in tokens of version 1.0 usually its `api://` URI
    version    that of the tokens: "2.0", or "1.0" where the API's manifest has no `requestedAccessTokenVersion: 2`
    authority  the sign-in host of a national cloud, such as https://login.microsoftonline.us; version 2.0 only
    leeway     as `Policy` takes it

    The client must be named (`azp`, in version 1.0 `appid`), which no ID token has: an API that shares its registration with
    its client would otherwise take the client's ID tokens for access tokens. `keys`, `jwks_uri` and other arguments are
    explained in `jwseal.providers`.
    """
    _tenant(tenant)
    policy = Policy(
        issuer=_entra_issuer(tenant, version, authority),
        audience=audience,
        leeway=leeway,
        claims={"tid": tenant, "ver": version},
        required=["azp" if version == "2.0" else "appid"],
    )
    # Keys of the endpoint for version 2.0 are published for issuers of that version (member `issuer`).
    where = f"{authority}/{tenant}/discovery/v2.0/keys" if version == "2.0" else f"{authority}/{tenant}/discovery/keys"
    return declared(policy, keys, "jwks", jwks_uri or where, RS256, options)


def entra_tenants(
    tenants: Collection[str] | Unchecked,
    *,
    audience: Texts,
    authority: str = _ENTRA,
    leeway: Span = 0,
    keys: Keys | None = None,
    jwks_uri: str | None = None,
    **options: Any,
) -> Issuers:
    """Verify access tokens, of version 2.0, of several Microsoft Entra tenants.

    `tenants` are the directory ids that are accepted; UNCHECKED is every organization that Entra has, and then the
    application must decide by `token["tid"]` whose data a caller sees. The issuer must be that of the tenant in `tid`, and
    the one that Entra publishes for the key. Otherwise as `entra`.
    """
    if not isinstance(tenants, Unchecked):
        for tenant in tenants:
            _tenant(tenant)
    from jwseal import IssuerTemplate

    template = IssuerTemplate(f"{authority}/{{tenant}}/v2.0", claim="tid", values=tenants)
    policy = Policy(issuer=template, audience=audience, leeway=leeway, claims={"ver": "2.0"}, required=["azp", "tid"])
    where = jwks_uri or f"{authority}/common/discovery/v2.0/keys"
    return Issuers({template: declared(policy, keys, "jwks", where, RS256, options)})


def cognito(
    user_pool: str,
    *,
    client_id: Texts,
    token_use: Literal["access", "id"],
    audience: Texts | Unchecked = UNCHECKED,
    leeway: Span = 0,
    keys: Keys | None = None,
    jwks_uri: str | None = None,
    **options: Any,
) -> Verifier:
    """Verify access tokens or ID tokens of an Amazon Cognito user pool.

    user_pool  its id, such as eu-west-1_AbCdEfGhI
    client_id  the app clients whose tokens are accepted: `client_id` of an access token, `aud` of an ID token
    token_use  which kind of token: "access" or "id"
    audience   for access tokens, the resource in `aud` where the client asked for one; Cognito leaves `aud` out otherwise

    Both forms of a pool's issuer are accepted, cognito-idp.REGION and issuer.cognito-idp.REGION.
    """
    found = _USER_POOL.fullmatch(user_pool)
    if found is None:
        raise PolicyError("user_pool must be the id of a user pool, such as eu-west-1_AbCdEfGhI")
    if token_use not in ("access", "id"):
        raise PolicyError('token_use must be "access" or "id"')
    host = f"cognito-idp.{found[1]}.amazonaws.com/{user_pool}"
    issuer = (f"https://{host}", f"https://issuer.{host}")
    if token_use == "access":
        clients = one_or_several(client_id)
        claims: Any = {"token_use": "access", "client_id": clients}
        policy = Policy(issuer=issuer, audience=audience, leeway=leeway, claims=claims, required=["sub"])
    elif audience is not UNCHECKED:
        raise PolicyError("audience is for access tokens: the audience of an ID token is its client_id")
    else:
        policy = Policy(issuer=issuer, audience=client_id, leeway=leeway, claims={"token_use": "id"}, required=["sub"])
    where = jwks_uri or f"https://{host}/.well-known/jwks.json"
    return declared(policy, keys, "jwks", where, RS256, options)


def keycloak(
    realm: str,
    *,
    audience: Texts,
    clients: Texts | Unchecked = UNCHECKED,
    algorithms: Collection[Algorithm] = RS256,
    leeway: Span = 0,
    keys: Keys | None = None,
    jwks_uri: str | None = None,
    **options: Any,
) -> Verifier:
    """Verify access tokens of a Keycloak realm.

    realm     its URL, which is the issuer: https://id.example/realms/shop
    audience  what `aud` must name. Keycloak names an API there once an audience mapper or a role of that client is in the
              token; `account` is refused, because nearly every token of a realm has it
    clients   the clients whose tokens are accepted (`azp`)

    The claim `typ` must be "Bearer": Keycloak signs ID tokens, logout tokens and access tokens with the same key.
    """
    if realm.endswith("/"):
        raise PolicyError("realm must be the issuer as tokens have it, without a slash at its end")
    if "account" in one_or_several(audience):
        raise PolicyError(
            "the audience account is in nearly every token of a realm: give the API an audience of its own"
        )
    claims: dict[str, Any] = {"typ": "Bearer"}
    if not isinstance(clients, Unchecked):
        claims["azp"] = one_or_several(clients)
    policy = Policy(issuer=realm, audience=audience, leeway=leeway, claims=claims, required=["sub"])
    return declared(policy, keys, "jwks", jwks_uri or f"{realm}/protocol/openid-connect/certs", algorithms, options)


def google(
    client_id: Texts,
    *,
    hosted_domain: Texts | None = None,
    leeway: Span = 0,
    keys: Keys | None = None,
    jwks_uri: str | None = None,
    **options: Any,
) -> Verifier:
    """Verify ID tokens of Google accounts. Google's access tokens are no JWTs.

    client_id      the OAuth client ids of this application
    hosted_domain  the Workspace domains whose accounts are accepted (`hd`); None is every Google account, and the domain of
                   the `email` claim does not show who administers an account

    Identify accounts by `sub`. `verify_id_token` adds the nonce.
    """
    claims: dict[str, Any] = {}
    if hosted_domain is not None:
        claims["hd"] = one_or_several(hosted_domain)
    policy = Policy(issuer=_GOOGLE, audience=client_id, leeway=leeway, claims=claims, required=["sub", "iat"])
    return declared(policy, keys, "jwks", jwks_uri or _GOOGLE_KEYS, RS256, options)


def firebase(
    project: str,
    *,
    leeway: Span = 0,
    keys: Keys | None = None,
    jwks_uri: str | None = None,
    **options: Any,
) -> Verifier:
    """Verify ID tokens of Firebase Authentication for one project.

    `project` is the project id. The same keys sign for all projects, so the issuer and the audience tell them apart. The keys
    are published as certificates: `jwks_uri` is that of another such document.
    """
    if not _FIREBASE_PROJECT.fullmatch(project):
        raise PolicyError("project must be the id of a Firebase project")
    policy = Policy(
        issuer=f"https://securetoken.google.com/{project}",
        audience=project,
        leeway=leeway,
        required=["sub", "iat", "auth_time"],
    )
    return declared(policy, keys, "certificates", jwks_uri or _FIREBASE_KEYS, RS256, options)


def _tenant(tenant: Any) -> None:
    if not (isinstance(tenant, str) and _GUID.fullmatch(tenant)):
        raise PolicyError(
            "a tenant must be a directory id, a GUID in lower case: tokens never name a domain or `common`"
        )


def _entra_issuer(tenant: str, version: str, authority: str) -> str:
    if version == "2.0":
        return f"{authority}/{tenant}/v2.0"
    if version == "1.0" and authority == _ENTRA:
        return f"https://sts.windows.net/{tenant}/"
    raise PolicyError('version must be "2.0" or, in the public cloud, "1.0"')
