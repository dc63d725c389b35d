"""A configuration that is unchanged, and files that it names that are not."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import forge
from jwseal.authorizer import Authorizer, authorizer

NOW = 1_700_000_000
CONFIGURATION = """
[issuers.one]
issuer = "https://one.example"
{source} = "as.keys"
algorithms = ["ES256"]
audience = "signing"

[[rules]]
id = "any"
issuer = "one"
effect = "allow"
when = {{ claim = "sub", exists = true }}
"""


def jwks(key: forge.Material) -> bytes:
    return json.dumps({"keys": [key.public_jwk()]}).encode()


def certificate(key: forge.Material) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "as")])
    begins, ends = datetime(2019, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public, 1, begins, ends).sign(key.private, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(("source", "content"), [("keys_file", jwks), ("certificate_file", certificate)])
def test_a_file_that_changes_is_read_at_the_next_look(
    tmp_path: Path, source: str, content: Callable[[forge.Material], bytes]
) -> None:
    """A key that is replaced in its file is seen at the next look, under another version, though the TOML is unchanged."""
    old, new = forge.material("ES256", "old"), forge.material("ES256", "new")
    file = tmp_path / "as.keys"
    file.write_bytes(content(old))
    (tmp_path / "a.toml").write_text(CONFIGURATION.format(source=source))
    by = Authorizer.from_file(tmp_path / "a.toml", reload_every=0, clock=lambda: NOW)
    claims = {"iss": "https://one.example", "aud": "signing", "sub": "ann", "exp": NOW + 60}
    before, presented = by.version, forge.token({"alg": "ES256"}, claims, old)
    assert by.authorize(presented).allowed
    status = os.stat(file)
    file.write_bytes(content(new))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))  # as tools do that copy the time
    assert by.authorize(presented).code == "invalid_signature"
    assert by.authorize(forge.token({"alg": "ES256"}, claims, new)).allowed
    assert by.version != before


def test_a_file_that_appears_after_its_configuration(tmp_path: Path) -> None:
    """A configuration that names a file which is not there yet is in force once the file is, and until then the one before."""
    old, new = forge.material("ES256", "old"), forge.material("ES256", "new")
    (tmp_path / "as.keys").write_bytes(jwks(old))
    (tmp_path / "a.toml").write_text(CONFIGURATION.format(source="keys_file"))
    by = Authorizer.from_file(tmp_path / "a.toml", reload_every=0, clock=lambda: NOW)
    claims = {"iss": "https://one.example", "aud": "signing", "sub": "ann", "exp": NOW + 60}
    (tmp_path / "a.toml").write_text(CONFIGURATION.format(source="keys_file").replace("as.keys", "new.keys"))
    assert by.authorize(forge.token({"alg": "ES256"}, claims, old)).allowed
    assert by.reload_error is not None
    (tmp_path / "new.keys").write_bytes(jwks(new))
    assert by.authorize(forge.token({"alg": "ES256"}, claims, new)).allowed
    assert by.authorize(forge.token({"alg": "ES256"}, claims, old)).code == "invalid_signature"
    assert by.reload_error is None


def test_a_file_that_is_replaced_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is replaced after it was read, and before the files' times are, is seen at the next look."""
    old, new = forge.material("ES256", "old"), forge.material("ES256", "new")
    (tmp_path / "as.keys").write_bytes(jwks(old))
    (tmp_path / "a.toml").write_text(CONFIGURATION.format(source="keys_file"))
    compile_policy = authorizer.compile_policy

    def compile_and_replace(*arguments: Any) -> Any:
        compiled = compile_policy(*arguments)
        (tmp_path / "as.keys").write_bytes(jwks(new))
        return compiled

    monkeypatch.setattr(authorizer, "compile_policy", compile_and_replace)
    by = Authorizer.from_file(tmp_path / "a.toml", reload_every=0, clock=lambda: NOW)
    claims = {"iss": "https://one.example", "aud": "signing", "sub": "ann", "exp": NOW + 60}
    monkeypatch.setattr(authorizer, "compile_policy", compile_policy)
    assert by.authorize(forge.token({"alg": "ES256"}, claims, new)).allowed
    assert by.authorize(forge.token({"alg": "ES256"}, claims, old)).code == "invalid_signature"
