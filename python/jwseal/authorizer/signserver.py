"""The importer of SignServer's worker properties: the JWT Authorizer and the Extended JWS Authorizer into TOML.

What is read: `SERVER.N.ISSUER`, `.PUBLICKEY`, `.KEYALGORITHM`, `.DESCRIPTION`, `JWS.N.CLAIM.NAME`, `.CLAIM.VALUE`, `.ISSUER`,
`.DESCRIPTION`, and the same as `AUTHSERVERn.*` (`.KEYALG`) and `AUTHJWTn.*`; `ACCEPTED_AUDIENCES`, `MAX_ALLOWED_CLOCK_SCEW`,
`OPTIONAL_TYPE`, `CLAIMS_TO_CONTEXT`; `SUBJECTDN_PATTERN`, `SUBJECTALTNAME_PATTERN`, `USERNAME_PATTERN`, which become a map.
A prefix `WORKER42.` or `WORKERGENID1.` is taken off; all properties must be one worker's.

The result decides as SignServer does, by `compat = "signserver"`. The report lists what is not carried over and what a stricter
configuration would change. Nothing is guessed: a property without which tokens would be judged otherwise is PolicyError.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from jwseal import VerifyingKey
from jwseal.authorizer.distinguished_name_pattern import alternative_name_map, subject_map, template_text
from jwseal.authorizer.properties import Property, read_properties
from jwseal.authorizer.toml_text import toml_text
from jwseal.errors import InvalidKey, PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Imported", "import_signserver"]

_PREFIX = re.compile(r"(?:GLOB\.)?(WORKER(?:GENID)?\d+)\.", re.IGNORECASE)
_SERVER = re.compile(r"(?:SERVER\.|AUTHSERVER)(\d+)\.(ISSUER|PUBLICKEY|KEYALGORITHM|KEYALG|DESCRIPTION)")
_RULE = re.compile(r"(?:JWS\.|AUTHJWT)(\d+)\.(ISSUER|CLAIM\.NAME|CLAIM\.VALUE|DESCRIPTION)")
_SIMPLE = ("ACCEPTED_AUDIENCES", "MAX_ALLOWED_CLOCK_SCEW", "OPTIONAL_TYPE", "CLAIMS_TO_CONTEXT")
_PATTERNS = ("SUBJECTDN_PATTERN", "SUBJECTALTNAME_PATTERN", "USERNAME_PATTERN")
_AUTHORIZERS = (
    "com.czertainly.signserver.module.extendedjws.ExtendedJwsAuthorizer",
    "org.signserver.server.jwtauth.JwtAuthorizer",
)
_DEFAULT_SKEW, _MOST_SKEW = 300, 600


class Imported(NamedTuple):
    """A configuration in TOML, and sentences for the person who imports it: what to check and what could be stricter."""

    toml: str
    report: list[str]


def import_signserver(text: str, *, name: str = "properties") -> Imported:
    """Return the configuration that decides as these properties do. PolicyError says what cannot be carried over."""
    return _Import(read_properties(text, name), name).result()


class _Import:
    def __init__(self, properties: dict[str, Property], name: str) -> None:
        self.name = name
        self.report: list[str] = []
        self.properties = self._without_prefix(properties)
        # The JWT Authorizer demands a typ, the Extended JWS Authorizer documents none.
        self._is_signserver = any(one.startswith("AUTHSERVER") for one in self.properties)

    def result(self) -> Imported:
        self._judge_names()
        issuers = dict(self._issuers())
        rules = list(self._rules({table["issuer"]: key for key, table in issuers.items()}))
        if not issuers:
            raise PolicyError(f"{self.name}: there is no SERVER.N.ISSUER or AUTHSERVERn.ISSUER")
        if not rules:
            raise PolicyError(f"{self.name}: there are no rules, so nothing would be allowed")
        tables: dict[str, Any] = {"issuers": issuers, "rules": rules}
        if map_table := self._map():
            tables["maps"] = {"default": map_table}
        self._advise(issuers)
        return Imported(toml_text(tables), self.report)

    def _without_prefix(self, properties: dict[str, Property]) -> dict[str, Property]:
        workers = {match[1].upper() for name in properties if (match := _PREFIX.match(name))}
        if len(workers) > 1:
            raise PolicyError(f"{self.name}: it has the properties of {len(workers)} workers: import one at a time")
        found: dict[str, Property] = {}
        for name, value in properties.items():
            plain = _PREFIX.sub("", name)
            if plain in found:
                raise self._twice(found[plain], value, plain)
            found[plain] = value
        return found

    def _judge_names(self) -> None:
        for name, value in self.properties.items():
            known = name in (*_SIMPLE, *_PATTERNS) or _SERVER.fullmatch(name) or _RULE.fullmatch(name)
            if name == "AUTHTYPE" and value.value.strip() not in _AUTHORIZERS:
                raise self._error(name, "is not an authorizer that can be imported")
            if not known and name != "AUTHTYPE":
                if re.match(r"(?:SERVER\.|AUTHSERVER|JWS\.|AUTHJWT)\d", name):
                    raise self._error(name, "is unknown, and may change what is allowed")
                self.report.append(f"not carried over: {name} (line {value.line})")

    def _issuers(self) -> Iterator[tuple[str, dict[str, Any]]]:
        skew = self._skew()
        audiences = [one for one in (part.strip() for part in self._value("ACCEPTED_AUDIENCES").split(",")) if one]
        seen: set[str] = set()
        for number, group in self._groups(_SERVER):
            issuer = group.get("ISSUER", "").strip()
            if not issuer or "PUBLICKEY" not in group:
                raise PolicyError(f"{self.name}: server {number} needs ISSUER and PUBLICKEY")
            if issuer in seen:
                raise PolicyError(f"{self.name}: server {number} has the same ISSUER as another server")
            seen.add(issuer)
            table: dict[str, Any] = {"issuer": issuer, "compat": "signserver", "leeway": skew}
            if "DESCRIPTION" in group and group["DESCRIPTION"].strip():
                table["description"] = group["DESCRIPTION"].strip()
            table["keys"] = [self._key(number, group)]
            if audiences:
                table["audience"] = audiences
            if self._is_signserver and not self._flag("OPTIONAL_TYPE"):
                table["typ"] = "JWT"
            yield f"server{number}", table

    def _rules(self, names: dict[str, str]) -> Iterator[dict[str, Any]]:
        for number, group in self._groups(_RULE):
            claim, value = group.get("CLAIM.NAME", "").strip(), group.get("CLAIM.VALUE")
            if not claim or value is None:
                raise PolicyError(f"{self.name}: rule {number} needs CLAIM.NAME and CLAIM.VALUE")
            issuer = group.get("ISSUER", "").strip()
            if not issuer and f"server{number}" in names.values():
                chosen = [f"server{number}"]  # the Extended JWS Authorizer ties rule and server by their number
            elif issuer in names:
                chosen = [names[issuer]]
            elif not issuer:
                raise PolicyError(f"{self.name}: rule {number} needs ISSUER: there is no server {number}")
            else:
                self.report.append(f"left out: rule {number} is for an issuer that no server has, so it allows nothing")
                continue
            rule: dict[str, Any] = {"id": f"rule{number}", "issuer": chosen[0], "effect": "allow"}
            if "DESCRIPTION" in group and group["DESCRIPTION"].strip():
                rule["description"] = group["DESCRIPTION"].strip()
            yield {**rule, "when": {"claim": _path(claim), "equals": value}}

    def _map(self) -> dict[str, Any]:
        table: dict[str, Any] = {}
        if pattern := self._value("SUBJECTDN_PATTERN"):
            table["subject_dn"] = subject_map(pattern, self._named("SUBJECTDN_PATTERN"))
        if pattern := self._value("SUBJECTALTNAME_PATTERN"):
            table["san"] = alternative_name_map(pattern, self._named("SUBJECTALTNAME_PATTERN"))
        if pattern := self._value("USERNAME_PATTERN"):
            table["username"] = template_text(pattern, self._named("USERNAME_PATTERN"))
        if self._flag("CLAIMS_TO_CONTEXT"):
            table["all_claims_to_context"] = True
        return table

    def _advise(self, issuers: dict[str, dict[str, Any]]) -> None:
        """What compat = "signserver" accepts, and a configuration without it would refuse."""
        for name, table in issuers.items():
            at = f"issuers.{name}"
            if "audience" not in table:
                self.report.append(f"{at}: tokens with aud are refused, others are not bound to you: give audience")
            else:
                self.report.append(f"{at}: a token without aud is accepted; without compat it is refused")
            if table["leeway"] > 60:
                self.report.append(f"{at}: tokens are accepted {table['leeway']} s after exp; 30 s is common")
            algorithms = "RS256 to PS512" if table["keys"][0]["kty"] == "RSA" else "those of its curve"
            self.report.append(
                f"{at}: algorithms are {algorithms}; without compat, name the one that the issuer signs with"
            )
        self.report.append(
            'rules: a claim equals its text (42 is "42"), a list contains it; without compat, types differ'
        )

    def _key(self, number: str, group: dict[str, str]) -> dict[str, Any]:
        family = (group.get("KEYALG") or "RSA").strip().upper()
        if family not in ("RSA", "EC", "ECDSA"):
            raise PolicyError(f"{self.name}: server {number}: the key algorithm must be RSA or ECDSA")
        try:
            octets = base64.b64decode("".join(group["PUBLICKEY"].split()), validate=True)
        except ValueError:
            raise PolicyError(f"{self.name}: server {number}: PUBLICKEY is not a base64-encoded public key") from None
        try:
            key = VerifyingKey.from_der(octets, alg="RS256" if family == "RSA" else None)
        except InvalidKey as error:
            raise PolicyError(f"{self.name}: server {number}: PUBLICKEY: {error}") from None
        jwk = dict(key.to_jwk())
        if (jwk["kty"] == "RSA") != (family == "RSA"):
            raise PolicyError(f"{self.name}: server {number}: the key is not an {family} key")
        # The family is what is named: an RSA key verifies with each of its algorithms.
        if family == "RSA":
            del jwk["alg"]
        return jwk

    def _skew(self) -> int:
        text = self._value("MAX_ALLOWED_CLOCK_SCEW")
        if not text:
            return _DEFAULT_SKEW
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
            raise self._error("MAX_ALLOWED_CLOCK_SCEW", "is not a number of seconds")
        if not 0 <= int(text) <= _MOST_SKEW:
            raise self._error("MAX_ALLOWED_CLOCK_SCEW", f"must be 0 to {_MOST_SKEW} seconds")
        return int(text)

    def _groups(self, pattern: re.Pattern[str]) -> list[tuple[str, dict[str, str]]]:
        """Properties of one number together, by number."""
        groups: dict[str, dict[str, Property]] = {}
        for name, value in self.properties.items():
            if match := pattern.fullmatch(name):
                group, field = groups.setdefault(str(int(match[1])), {}), match[2].replace("KEYALGORITHM", "KEYALG")
                if field in group:
                    raise self._twice(group[field], value, name)
                group[field] = value
        found = {number: {field: one.value for field, one in group.items()} for number, group in groups.items()}
        return sorted(found.items(), key=lambda group: int(group[0]))

    def _value(self, name: str) -> str:
        return self.properties[name].value.strip() if name in self.properties else ""

    def _flag(self, name: str) -> bool:
        return self._value(name).lower() == "true"

    def _named(self, name: str) -> str:
        return f"{self.name}:{self.properties[name].line}: {name}"

    def _twice(self, first: Property, second: Property, name: str) -> PolicyError:
        return PolicyError(
            f"{self.name}:{second.line}: {name} says again what line {first.line} says: leave one of them out"
        )

    def _error(self, name: str, reason: str) -> PolicyError:
        return PolicyError(f"{self._named(name)} {reason}")


def _path(claim: str) -> str:
    """SignServer reads top-level claims: the name is one segment, whatever it has in it."""
    return claim if re.fullmatch(r"[A-Za-z0-9_-]+", claim) else json.dumps(claim)
