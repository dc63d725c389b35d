"""Verifiers for the tokens that programs get about themselves: GitHub Actions and Kubernetes service accounts.

Everyone on GitHub, and every pod of a cluster, gets tokens from the same issuer and with any audience it asks for, so that the
audience says nothing about who is calling. Whose tokens are accepted is therefore a required argument.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jwseal import Policy, Verifier
from jwseal.errors import PolicyError
from jwseal.policy import Unchecked
from jwseal.providers.key_source import RS256, Keys, declared, one_or_several

if TYPE_CHECKING:
    from collections.abc import Collection

    from jwseal.policy import Texts
    from jwseal.types import Algorithm, Span

__all__ = ["github_actions", "kubernetes"]

_GITHUB = "https://token.actions.githubusercontent.com"
_CLUSTER_KEYS = "https://kubernetes.default.svc/openid/v1/jwks"
_POD = "/var/run/secrets/kubernetes.io/serviceaccount"


def github_actions(
    *,
    audience: Texts,
    repository_id: Texts | None = None,
    repository_owner_id: Texts | None = None,
    repository: Texts | None = None,
    repository_owner: Texts | None = None,
    ref: Texts | None = None,
    environment: Texts | None = None,
    job_workflow_ref: Texts | None = None,
    event_name: Texts | None = None,
    issuer: str = _GITHUB,
    leeway: Span = 0,
    keys: Keys | None = None,
    jwks_uri: str | None = None,
    **options: Any,
) -> Verifier:
    """Verify the ID tokens of GitHub Actions workflows.

    audience             the audience that the workflow asks for; choose one that names this service
    repository_id        the ids of the repositories that are accepted, as text: an id is never given out again
    repository_owner_id  the ids of the users or organizations whose repositories are accepted, as text
    repository           the same by name, "octo-org/octo-repo": anyone who takes over an abandoned name is accepted too
    repository_owner     the same by name, "octo-org"
    ref                  the Git refs, such as refs/heads/main
    environment          the deployment environments
    job_workflow_ref     the reusable workflows, as "octo-org/ci/.github/workflows/deploy.yml@refs/heads/main"
    event_name           the events; leave pull_request out where pull requests must not be served
    issuer               another issuer, such as that of an enterprise with a unique token URL

    One of the first four must be given: workflows of everyone on GitHub have tokens of this issuer. `sub` is not judged, since
    its form differs between repositories and may be changed by their administrators.
    """
    given = {
        "repository_id": repository_id,
        "repository_owner_id": repository_owner_id,
        "repository": repository,
        "repository_owner": repository_owner,
        "ref": ref,
        "environment": environment,
        "job_workflow_ref": job_workflow_ref,
        "event_name": event_name,
    }
    if not any((repository_id, repository_owner_id, repository, repository_owner)):
        raise PolicyError(
            "say whose workflows are accepted: repository_id=, repository_owner_id=, repository= or repository_owner="
        )
    claims = {name: one_or_several(accepted) for name, accepted in given.items() if accepted is not None}
    policy = Policy(issuer=issuer, audience=audience, leeway=leeway, claims=claims, required=["sub", "jti"])
    return declared(policy, keys, "jwks", jwks_uri or f"{issuer}/.well-known/jwks", RS256, options)


def kubernetes(
    issuer: str,
    *,
    audience: Texts,
    service_accounts: Texts | Unchecked,
    algorithms: Collection[Algorithm] = RS256,
    leeway: Span = 0,
    keys: Keys | None = None,
    jwks_uri: str | None = None,
    **options: Any,
) -> Verifier:
    """Verify projected tokens of Kubernetes service accounts.

    issuer            the cluster's `--service-account-issuer`, such as https://kubernetes.default.svc.cluster.local
    audience          that of the projected volume, which must name this service. The issuer, which is the audience of the API
                      server, is refused: such a token opens the API server to everyone who receives it
    service_accounts  those that are accepted, as "namespace/name"; UNCHECKED is every pod of the cluster

    The keys come from the API server, with the certificate authority and the token of this program's own pod, which is read
    again for each fetch. With `jwks_uri` they come from there, without either: for an EKS cluster it is the issuer with /keys
    at its end. Tokens of the older kind, without an expiry and an audience, are refused. The API server's own checks whether
    the pod still exists are not made.
    """
    if issuer in one_or_several(audience):
        raise PolicyError("the issuer is the audience of the API server: give this service an audience of its own")
    subject: Any = service_accounts
    if not isinstance(service_accounts, Unchecked):
        subject = [_subject(name) for name in one_or_several(service_accounts)]
    policy = Policy(issuer=issuer, audience=audience, subject=subject, leeway=leeway, required=["iat", "kubernetes.io"])
    if jwks_uri is None and keys is None:
        options = {"ca_file": f"{_POD}/ca.crt", "token_file": f"{_POD}/token"} | options
    return declared(policy, keys, "jwks", jwks_uri or _CLUSTER_KEYS, algorithms, options)


def _subject(name: Any) -> str:
    namespace, slash, account = name.partition("/") if isinstance(name, str) else ("", "", "")
    if not (namespace and slash and account) or "/" in account or ":" in name:
        raise PolicyError('service_accounts has names of the form "namespace/name"')
    return f"system:serviceaccount:{namespace}:{account}"
