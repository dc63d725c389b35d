"""The command line: what each command prints, on which stream, and its exit status."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from jwseal import KeySet, SecretKey, Signer, SigningKey, VerifyingKey
from jwseal.cli import answer
from jwseal.insecure import header_unverified, read_unverified
from terminal import ANY, EXPECT, ISSUER, PRIVATE, RSA_KEY, answered, key_file, mint, rsa_file, run

# The command itself


def test_help_names_every_command() -> None:
    """`--help` lists the commands, and the help of each has an example."""
    shown = run("--help").stdout
    for command in ("keygen", "convert", "thumbprint", "jwks", "sign", "verify", "inspect"):
        assert command in shown
        assert f"jwseal {command}" in run(command, "--help").stdout


def test_version() -> None:
    """`--version` prints the package's version."""
    import jwseal

    assert f"jwseal {jwseal.__version__}" == run("--version").stdout.strip()


def test_version_as_json() -> None:
    """`--version --json` shows JWSEAL_PORTABLE and the algorithms whose keys are prepared: with JWSEAL_PORTABLE=1 none."""
    from jwseal import _native

    report = json.loads(run("--version", "--json").stdout)
    assert (_native.portable, list(_native.prepared_algorithms)) == (report["portable"], report["prepared_algorithms"])
    command = [sys.executable, "-m", "jwseal.cli", "--version", "--json"]
    done = subprocess.run(command, env={**os.environ, "JWSEAL_PORTABLE": "1"}, capture_output=True, check=True)
    report = json.loads(done.stdout)
    assert (True, []) == (report["portable"], report["prepared_algorithms"])


def test_usage_error_is_status_2() -> None:
    """An unknown command or a missing argument is status 2."""
    run("sing", status=2)
    run("keygen", "ES256", status=2)


def test_without_typer_one_sentence() -> None:
    """Without typer, the command prints one line that says what to install, and exits with status 2."""
    program = "import sys; sys.modules['typer'] = None; from jwseal.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (2, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines()))
    assert "pip install 'jwseal[cli]'" in done.stderr


def test_runs_as_a_module() -> None:
    """`python -m jwseal.cli` runs the command."""
    done = subprocess.run([sys.executable, "-m", "jwseal.cli", "--version"], capture_output=True, check=True)
    assert done.stdout.startswith(b"jwseal ")


# keygen


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed448", "ML-DSA-44"])
def test_keygen(alg: str) -> None:
    """The two files hold one key pair, and only the owner can read the private one."""
    result = run("keygen", alg, "--out", "key.pem", "--public-out", "pub.pem")
    assert "" == result.stdout
    assert PRIVATE == stat.S_IMODE(os.stat("key.pem").st_mode)
    key = SigningKey.from_pem(Path("key.pem").read_bytes(), alg=alg)  # type: ignore[arg-type]
    assert key.verifying_key == VerifyingKey.from_pem(Path("pub.pem").read_bytes(), alg=alg)  # type: ignore[arg-type]


def test_keygen_jwk_and_json() -> None:
    """A JWK holds kid and alg. `--json` prints the file names and not the key."""
    told = answered("keygen", "ES256", "--kid", "a", "--format", "jwk", "-o", "key.jwk")
    key = SigningKey.from_jwk(Path("key.jwk").read_bytes())
    assert {"alg": "ES256", "kid": "a", "thumbprint": key.thumbprint(), "private": "key.jwk", "public": None} == told


def test_keygen_secret() -> None:
    """An HMAC secret is written as a JWK and has no public key."""
    run("keygen", "HS512", "--out", "secret.jwk")
    assert "HS512" == SecretKey.from_jwk(Path("secret.jwk").read_bytes()).alg
    assert PRIVATE == stat.S_IMODE(os.stat("secret.jwk").st_mode)
    assert "no public key" in run("keygen", "HS256", "-o", "a", "--public-out", "b", status=2).stderr
    assert not Path("a").exists()
    assert "as a JWK" in run("keygen", "HS256", "-o", "c", "--format", "pem", status=2).stderr


def test_keygen_to_standard_output() -> None:
    """`--out -` prints the private key and nothing else on standard output."""
    result = run("keygen", "ES256", "--out", "-")
    assert SigningKey.from_pem(result.stdout_bytes)
    assert "standard output" in result.stderr


def test_keygen_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is taken from the environment, or from a prompt that asks twice."""
    monkeypatch.setenv("JWSEAL_NEW_PASSWORD", "secret")
    run("keygen", "ES256", "--encrypt", "--out", "a.pem")
    assert SigningKey.from_pem(Path("a.pem").read_bytes(), password="secret")
    monkeypatch.delenv("JWSEAL_NEW_PASSWORD")
    result = run("keygen", "ES256", "--encrypt", "--out", "b.pem", given="typed\ntyped\n")
    assert SigningKey.from_pem(Path("b.pem").read_bytes(), password="typed")
    assert "typed" not in result.output
    assert "cannot be encrypted" in run("keygen", "ES256", "--encrypt", "--format", "jwk", "-o", "c", status=2).stderr


def test_keygen_never_replaces_by_accident() -> None:
    """An existing file is kept unless `--force` is given; the new file has the permissions 0600."""
    Path("key.pem").write_text("precious")
    Path("key.pem").chmod(0o644)
    assert "--force" in run("keygen", "ES256", "--out", "key.pem", status=2).stderr
    assert "precious" == Path("key.pem").read_text()
    run("keygen", "ES256", "--out", "key.pem", "--force")
    assert PRIVATE == stat.S_IMODE(os.stat("key.pem").st_mode)


@pytest.mark.parametrize("alg", ["none", "ES521", "es256", ""])
def test_keygen_unknown_alg(alg: str) -> None:
    """An unknown algorithm is status 2 and writes nothing."""
    assert "invalid_key" == answered("keygen", alg, "--out", "key.pem", status=2)["error"]["code"]
    assert not Path("key.pem").exists()


# convert


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "Ed448", "ML-DSA-44"])
def test_convert_round_trip(alg: str) -> None:
    """PEM to DER to JWK to PEM gives the same key, private and public."""
    key = key_file(alg=alg)
    for half in ([], ["--private"]):
        run("convert", "key.pem", "--to", "der", "--out", "a.der", "--force", *half)
        run("convert", "a.der", "--to", "jwk", "--out", "b.jwk", "--force", *half)
        run("convert", "b.jwk", "--to", "pem", "--out", "c.pem", "--force", *half)
        assert key.thumbprint() == run("thumbprint", "c.pem").stdout.strip()
    assert Path("key.pem").read_bytes() == Path("c.pem").read_bytes()


def test_convert_gives_the_public_half() -> None:
    """Without `--private` the public key is written, by default to standard output."""
    key = key_file()
    assert key.verifying_key.to_pem() == run("convert", "key.pem", "--to", "pem").stdout_bytes
    assert key.verifying_key.to_jwk() == json.loads(run("convert", "key.pem", "--to", "jwk").stdout)
    assert "PRIVATE" in run("convert", "key.pem", "--to", "pem", "--private").stdout


def test_convert_rsa() -> None:
    """An RSA key needs its alg to be written as a JWK, and for no other format."""
    rsa_file()
    run("convert", "rsa.pem", "--to", "der", "--out", "rsa.der")
    assert "needs its algorithm" in run("convert", "rsa.pem", "--to", "jwk", status=2).stderr
    jwk = json.loads(run("convert", "rsa.pem", "--to", "jwk", "--alg", "PS256", "--kid", "a").stdout)
    assert ("RSA", "PS256", "a") == (jwk["kty"], jwk["alg"], jwk["kid"])
    assert "d" not in jwk


def test_weak_rsa_is_refused_for_its_weakness() -> None:
    """The error for a 1024-bit RSA key is about its size, not about a missing alg."""
    weak = rsa.generate_private_key(65537, 1024).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    Path("weak.pem").write_bytes(weak)
    assert "2048" in run("thumbprint", "weak.pem", status=2).stderr


def test_convert_every_form_in() -> None:
    """Certificates, OpenSSH, PKCS#1, PKCS#8 and SPKI keys are recognised by their contents."""
    rsa_file()
    public, want = RSA_KEY.public_key(), run("thumbprint", "rsa.pem").stdout
    encoding, private, form = serialization.Encoding, serialization.PrivateFormat, serialization.PublicFormat
    plain = serialization.NoEncryption()
    for name, octets in {
        "pkcs1.pem": RSA_KEY.private_bytes(encoding.PEM, private.TraditionalOpenSSL, plain),
        "pkcs1.der": RSA_KEY.private_bytes(encoding.DER, private.TraditionalOpenSSL, plain),
        "pkcs8.der": RSA_KEY.private_bytes(encoding.DER, private.PKCS8, plain),
        "openssh": RSA_KEY.private_bytes(encoding.PEM, private.OpenSSH, plain),
        "spki.pem": public.public_bytes(encoding.PEM, form.SubjectPublicKeyInfo),
        "spki.der": public.public_bytes(encoding.DER, form.SubjectPublicKeyInfo),
        "public1.pem": public.public_bytes(encoding.PEM, form.PKCS1),
        "public1.der": public.public_bytes(encoding.DER, form.PKCS1),
        "openssh.pub": public.public_bytes(encoding.OpenSSH, form.OpenSSH),
        "cert.pem": certificate(encoding.PEM),
        "cert.der": certificate(encoding.DER),
    }.items():
        Path(name).write_bytes(octets)
        assert want == run("thumbprint", name).stdout, name


def certificate(encoding: serialization.Encoding) -> bytes:
    """A certificate of the RSA key."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    start = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    builder = builder.not_valid_before(start).not_valid_after(start + dt.timedelta(days=1))
    return builder.public_key(RSA_KEY.public_key()).sign(RSA_KEY, hashes.SHA256()).public_bytes(encoding)


@pytest.mark.parametrize("form", ["pem", "der"])
def test_convert_passwords(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An encrypted key is read with --password and written with --encrypt."""
    Path("key").write_bytes(
        RSA_KEY.private_bytes(
            getattr(serialization.Encoding, form.upper()),
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"old"),
        )
    )
    assert "add --password" in run("convert", "key", "--to", "pem", status=2).stderr
    assert "password is wrong" in run("convert", "key", "--to", "pem", "--password", given="no\n", status=2).stderr
    monkeypatch.setenv("JWSEAL_PASSWORD", "old")
    monkeypatch.setenv("JWSEAL_NEW_PASSWORD", "new")
    run("convert", "key", "--to", "pem", "--private", "--password", "--encrypt", "--out", "new.pem")
    assert SigningKey.from_pem(Path("new.pem").read_bytes(), alg="RS256", password="new")
    assert PRIVATE == stat.S_IMODE(os.stat("new.pem").st_mode)


def test_convert_refusals() -> None:
    """A conversion that is not possible is status 2, and the message gives the reason."""
    key = key_file()
    Path("pub.pem").write_bytes(key.verifying_key.to_pem())
    Path("garbage").write_bytes(b"\x00garbage")
    Path("set").write_text(json.dumps(KeySet([key.verifying_key, key_file("b.pem").verifying_key]).to_jwks()))
    for words, *arguments in (
        ("no private key", "pub.pem", "--to", "pem", "--private"),
        ("add --private", "key.pem", "--to", "pem", "--encrypt"),
        ("not a key file", "garbage", "--to", "pem"),
        ("2 keys", "set", "--to", "pem"),
        ("No such file", "missing", "--to", "pem"),
    ):
        assert words in run("convert", *arguments, status=2).stderr
    assert "garbage:" in answered("convert", "garbage", "--to", "pem", status=2)["error"]["message"]


def test_convert_reads_standard_input() -> None:
    """`-` is standard input."""
    key = key_file()
    assert (
        key.verifying_key.to_pem()
        == run("convert", "-", "--to", "pem", given=Path("key.pem").read_bytes()).stdout_bytes
    )


# thumbprint


def test_thumbprint() -> None:
    """The thumbprint, its URI and other digests equal those of the library."""
    key = key_file(kid=None)
    assert key.thumbprint() == run("thumbprint", "key.pem").stdout.strip()
    assert key.verifying_key.thumbprint_uri() == run("thumbprint", "key.pem", "--uri").stdout.strip()
    assert key.thumbprint("sha512") == run("thumbprint", "key.pem", "--digest", "sha512").stdout.strip()
    assert [{"kid": None, "thumbprint": key.thumbprint()}] == answered("thumbprint", "key.pem")
    run("thumbprint", "key.pem", "--uri", "--digest", "sha384", status=2)


def test_thumbprint_of_a_set_and_of_a_secret() -> None:
    """A set prints one line a key. A secret is an error, because a thumbprint would allow guessing it."""
    keys = [key_file(kid=kid).verifying_key for kid in ("a", "b")]
    Path("set").write_text(json.dumps(KeySet(keys).to_jwks()))
    shown = run("thumbprint", "set").stdout.splitlines()
    assert [f'{key.thumbprint()}  "{key.kid}"' for key in keys] == shown
    Path("secret").write_text(json.dumps(SecretKey.generate("HS256").to_private_jwk()))
    assert "no public key" in run("thumbprint", "secret", status=2).stderr
    rsa_file()
    jwk = SigningKey.from_pem(Path("rsa.pem").read_bytes(), alg="RS256").verifying_key.to_jwk()
    Path("set").write_text(json.dumps({"keys": [{name: jwk[name] for name in ("kty", "n", "e")}]}))
    assert run("thumbprint", "rsa.pem").stdout == run("thumbprint", "set").stdout


# jwks


def test_jwks() -> None:
    """The set holds the public keys of all files; RSA keys get the alg that is given."""
    first, second = key_file("a.pem"), key_file("b.jwk", alg="EdDSA", kid="b")
    rsa_file()
    made = json.loads(run("jwks", "a.pem", "b.jwk", "rsa.pem", "--alg", "RS256").stdout)
    found = KeySet.from_jwks(made)
    assert (3, ()) == (len(found), found.skipped)
    assert first.verifying_key in found
    assert second.verifying_key in found
    assert not any(name in member for member in made["keys"] for name in ("d", "p", "q", "priv"))


def test_jwks_thumbprint_kids_and_skipped() -> None:
    """`--thumbprint-kids` sets missing kids. Unusable members of a set are left out and listed."""
    key = key_file()
    other = SigningKey.generate("ES384", kid="b").verifying_key
    Path("set").write_text(json.dumps({"keys": [other.to_jwk(), {"kty": "odd", "kid": "c"}]}))
    told = answered("jwks", "key.pem", "set", "--thumbprint-kids")
    assert [key.thumbprint(), "b"] == [member["kid"] for member in told["jwks"]["keys"]]
    assert [("set", 1, "c")] == [(one["file"], one["place"], one["kid"]) for one in told["skipped"]]
    result = run("jwks", "set", "--out", "jwks.json")
    assert "skipped: set, member 1" in result.stderr
    assert 1 == len(json.loads(Path("jwks.json").read_text())["keys"])


def test_jwks_refuses_secrets() -> None:
    """A secret, or an RSA key without alg, is status 2."""
    Path("secret").write_text(json.dumps(SecretKey.generate("HS256").to_private_jwk()))
    assert "no public key" in run("jwks", "secret", status=2).stderr
    rsa_file()
    assert "needs its algorithm" in run("jwks", "rsa.pem", status=2).stderr


# sign


def test_sign() -> None:
    """Claims come from a file or standard input and from options; options replace claims of the file."""
    key = key_file("key.jwk", kid="a")
    Path("claims.json").write_text('{"sub": "alice", "aud": ["x", "y"]}')
    options = (
        "--claim",
        "aud=api",
        "--claim",
        "admin=true",
        "--claim",
        'n="1"',
        "--issuer",
        ISSUER,
        "--expires-in",
        "5m",
    )
    for source, given in (("claims.json", None), ("-", Path("claims.json").read_bytes())):
        token = run("sign", "--key", "key.jwk", source, *options, given=given).stdout.strip()
        read = read_unverified(token)
        assert {"alg": "ES256", "typ": "JWT", "kid": "a"} == read.header
        claims = read.claims
        assert 300 == claims.pop("exp") - claims.pop("iat")
        assert {"sub": "alice", "aud": "api", "admin": True, "n": "1", "iss": ISSUER} == claims
    told = answered("sign", "-k", "key.jwk", "claims.json")
    assert ("ES256", "a") == (told["alg"], told["kid"])
    assert key.thumbprint()


def test_sign_headers() -> None:
    """`--typ`, `--kid` and `--header` set header parameters."""
    key_file()
    shared = ("sign", "-k", "key.pem", "-c", "sub=a")
    token = run(*shared, "--typ", "at+jwt", "--kid", "b", "--header", "x=1").stdout.strip()
    assert {"alg": "ES256", "typ": "at+jwt", "kid": "b", "x": 1} == header_unverified(token)
    assert "typ" not in header_unverified(run(*shared, "--typ", "").stdout.strip())


def test_sign_refusals() -> None:
    """What cannot be signed is status 2, and the message gives the reason."""
    key = key_file()
    rsa_file()
    Path("pub.pem").write_bytes(key.verifying_key.to_pem())
    Path("twice.json").write_text('{"a": 1, "a": 2}')
    Path("list.json").write_text("[]")
    for words, *arguments in (
        ("nothing to sign", "-k", "key.pem"),
        ("cannot sign", "-k", "pub.pem", "-c", "sub=a"),
        ("needs its algorithm", "-k", "rsa.pem", "-c", "sub=a"),
        ("duplicate member", "-k", "key.pem", "twice.json"),
        ("JSON object", "-k", "key.pem", "list.json"),
        ("name=value", "-k", "key.pem", "-c", "sub"),
        ("given twice", "-k", "key.pem", "-c", "a=1", "-c", "a=2"),
        ("length of time", "-k", "key.pem", "-c", "a=1", "--expires-in", "soon"),
        ("alg", "-k", "key.pem", "-c", "a=1", "--header", "alg=none"),
    ):
        assert words in run("sign", *arguments, status=2).stderr, words


# verify


def test_verify() -> None:
    """For a valid token the claims go to standard output, a summary to standard error, and the status is 0."""
    key = key_file()
    Path("pub.pem").write_bytes(key.verifying_key.to_pem())
    token = mint(key)
    Path("token.txt").write_text(token + "\n")
    for source, given in ((token, None), ("-", token + "\n"), ("@token.txt", None)):
        result = run("verify", "-k", "pub.pem", *EXPECT, source, given=given)
        assert "alice" == json.loads(result.stdout)["sub"]
        assert "valid: ES256, expires in 5 minutes" == result.stderr.strip()
    told = answered("verify", "-k", "key.pem", *EXPECT, token)
    assert (True, "ES256", "alice") == (told["valid"], told["alg"], told["claims"]["sub"])
    assert told["claims"]["exp"] == told["expires_at"]


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("claim_mismatch", ["--issuer", "https://other.example", "--audience", "api"]),
        ("claim_mismatch", ["--issuer", ISSUER, "--audience", "other"]),
        ("claim_mismatch", [*EXPECT, "--subject", "bob"]),
        ("wrong_typ", [*EXPECT, "--typ", "at+jwt"]),
        ("missing_claim", [*EXPECT, "--require", "jti"]),
        ("token_expired", [*EXPECT, "--now", "4000000000"]),
        ("token_not_yet_valid", [*EXPECT, "--now", "1"]),
    ],
)
def test_verify_refused(code: str, options: list[str]) -> None:
    """A refused token is status 1; its code goes to standard error and nothing to standard output."""
    token = mint(key_file())
    result = run("verify", "-k", "key.pem", *options, token, status=1)
    assert "" == result.stdout
    assert result.stderr.startswith(f"invalid: {code}: ")
    told = answered("verify", "-k", "key.pem", *options, token, status=1)
    assert (False, code) == (told["valid"], told["code"])


def test_verify_forged_and_malformed() -> None:
    """A forged and a malformed token are status 1."""
    token, other = mint(key_file()), mint(key_file())
    assert "invalid_signature" == answered("verify", "-k", "key.pem", *EXPECT, token, status=1)["code"]
    assert "alice" == answered("verify", "-k", "key.pem", *EXPECT, other)["claims"]["sub"]
    assert "malformed_token" == answered("verify", "-k", "key.pem", *EXPECT, "garbage", status=1)["code"]
    assert "malformed_token" == answered("verify", "-k", "key.pem", *EXPECT, given=b"\xff", status=1)["code"]


def test_verify_wants_decisions() -> None:
    """Issuer and audience must each be given or waived, and not both."""
    token = mint(key_file())
    assert "--any-issuer" in run("verify", "-k", "key.pem", token, "--audience", "api", status=2).stderr
    assert "--any-audience" in run("verify", "-k", "key.pem", token, "--issuer", ISSUER, status=2).stderr
    run("verify", "-k", "key.pem", token, *EXPECT, "--any-issuer", status=2)
    run("verify", "-k", "key.pem", token, *ANY)


def test_verify_times() -> None:
    """`--leeway`, `--max-age` and `--allow-no-expiry` work as the policy's arguments do."""
    key = key_file()
    expired = Signer(key).sign({"exp": 1_000_000_000, "iat": 999_999_000}, now=999_999_000)
    shared = ("verify", "-k", "key.pem", *ANY, expired)
    run(*shared, "--now", "1000000005", "--leeway", "10s")
    assert "token_too_old" == answered(*shared, "--now", "999999999", "--max-age", "1m", status=1)["code"]
    assert "leeway" in run(*shared, "--leeway", "11m", status=2).stderr
    eternal = Signer(key).sign({"sub": "a"})
    run("verify", "-k", "key.pem", *ANY, eternal, status=1)
    assert "never expires" in run("verify", "-k", "key.pem", *ANY, eternal, "--allow-no-expiry").stderr


def test_verify_key_forms() -> None:
    """`--key` takes keys, sets, certificates and secrets. `--alg` sets the algorithm of RSA keys and restricts all."""
    rsa_file()
    Path("cert.pem").write_bytes(certificate(serialization.Encoding.PEM))
    signer = SigningKey.from_pem(Path("rsa.pem").read_bytes(), alg="PS256")
    other = key_file("other.pem", kid=None)
    for keys in (["cert.pem"], ["rsa.pem"], ["other.pem", "cert.pem"]):
        options = [word for name in keys for word in ("-k", name)]
        run("verify", *options, *EXPECT, "--alg", "PS256", mint(signer))
    run("verify", "-k", "other.pem", "-k", "rsa.pem", "--alg", "PS256", "--alg", "ES256", *EXPECT, mint(other))
    narrowed = ("verify", "-k", "other.pem", "-k", "rsa.pem", "--alg", "PS256", *EXPECT, mint(other))
    assert "algorithm_not_allowed" == answered(*narrowed, status=1)["code"]
    assert "needs its algorithm" in run("verify", "-k", "rsa.pem", *EXPECT, "x", status=2).stderr
    bare = {"keys": [{k: v for k, v in signer.verifying_key.to_jwk().items() if k != "alg"}]}
    Path("jwks.json").write_text(json.dumps(bare))
    run("verify", "-k", "jwks.json", *EXPECT, "--alg", "PS256", mint(signer))
    secret = SecretKey.generate("HS256")
    Path("secret.jwk").write_text(json.dumps(secret.to_private_jwk()))
    run("verify", "-k", "secret.jwk", *EXPECT, mint(secret))


def test_verify_unusable_key() -> None:
    """A key that cannot be used is status 2, whether or not the token is valid."""
    Path("key.pem").write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    told = answered("verify", "-k", "key.pem", *EXPECT, "x", status=2)
    assert "invalid_key" == told["error"]["code"]
    assert told["error"]["message"].startswith("--key key.pem: ")


def test_verify_file() -> None:
    """The tokens of a file are counted by code and the refused lines listed; one refused token is status 1."""
    key = key_file()
    good, forged = mint(key), mint(SigningKey.generate("ES256"))
    Path("tokens.txt").write_text(f"{good}\n\n{forged}\n{good}\r\ngarbage\n{mint(key, exp=1)}\n")
    shared = ("verify", "-k", "key.pem", *EXPECT, "--file")
    told = answered(*shared, "tokens.txt", status=1)
    assert (5, 2, 3) == (told["tokens"], told["valid"], told["refused"])
    assert {"invalid_signature": 1, "malformed_token": 1, "token_expired": 1} == told["codes"]
    assert [3, 5, 6] == [one["line"] for one in told["first_refused"]]
    result = run(*shared, "tokens.txt", status=1)
    assert ["tokens", "5", "valid", "2"] == result.stdout.split()[:4]
    assert "line 3: invalid_signature" in result.stderr
    Path("good.txt").write_text(f"{good}\n" * 3000)
    assert 3000 == answered(*shared, "good.txt")["valid"]
    assert 3000 == answered(*shared, "-", given=Path("good.txt").read_bytes())["valid"]
    run(*shared, "tokens.txt", good, status=2)


def test_verify_file_names_only_the_first_lines() -> None:
    """The first twenty refused lines are listed, the rest counted."""
    key_file()
    Path("tokens.txt").write_text("x\n" * 50)
    shared = ("verify", "-k", "key.pem", *EXPECT, "--file", "tokens.txt")
    assert (50, 20) == tuple(
        value if isinstance(value, int) else len(value)
        for name, value in answered(*shared, status=1).items()
        if name in {"refused", "first_refused"}
    )
    assert "... and 30 more" in run(*shared, status=1).stderr


# inspect


def test_inspect() -> None:
    """The contents of a token are printed, with a note that they are unverified."""
    token = mint(SigningKey.generate("ES256", kid="a"))
    for arguments, given in (((token,), None), ((), token), (("--json", "-"), f"  {token}\n")):
        result = run("inspect", *arguments, given=given)
        told = json.loads(result.stdout)
        assert (False, "a", "alice") == (told["verified"], told["header"]["kid"], told["claims"]["sub"])
        assert "UNVERIFIED" in result.stderr
    assert "exp " in run("inspect", token).stderr


def test_inspect_what_is_no_jwt() -> None:
    """The payload of a JWS that is not a JWT is printed as text; what is not a JWS is status 1."""
    from jwseal import jws

    token = jws.sign("über".encode(), SigningKey.generate("ES256"))
    told = answered("inspect", token)
    assert ("über", False) == (told["payload"], told["verified"])
    assert "malformed_token" == answered("inspect", "abc", status=1)["code"]


def test_control_characters_are_escaped() -> None:
    """Control characters and bidirectional overrides of a token are printed as escapes."""
    token = mint(SigningKey.generate("ES256"), name="\x1b[31m\u202e\x9b\u00e4\U000e0001")
    shown = run("inspect", token).stdout
    assert "\\u001b[31m\\u202e\\u009b\u00e4\\udb40\\udc01" in shown
    assert "\x1b" not in shown
    assert "\x1b[31m\u202e\x9b\u00e4\U000e0001" == json.loads(shown)["claims"]["name"]
    assert "a\nb" == answer.printable("a\nb")


def test_nothing_secret_is_printed() -> None:
    """Commands that do not write private keys print no part of one."""
    key = key_file("key.jwk")
    private = key.to_private_jwk()["d"]
    token = mint(key)
    for arguments in (
        ("convert", "key.jwk", "--to", "jwk"),
        ("thumbprint", "key.jwk"),
        ("jwks", "key.jwk"),
        ("sign", "-k", "key.jwk", "-c", "a=1"),
        ("verify", "-k", "key.jwk", *EXPECT, token),
    ):
        result = run(*arguments)
        assert private not in result.stdout + result.stderr
