"""`make demo`: keys from the openssl command, tokens from three other libraries, jwseal's verdicts, and the speed.

Nothing in it is canned: keys are made in a temporary folder, tokens are minted by PyJWT, joserfc and jwcrypto for each
algorithm they have, and every one of them is verified through a single key set. Ends with status 1 if any verdict is
not the expected one.
"""

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import joserfc.jwk
import joserfc.jwt
import jwcrypto.jwk
import jwcrypto.jwt
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import jwseal
import jwseal.jws

ISSUER, AUDIENCE = "https://id.example", "https://api.example"
NOW = int(time.time())
CLAIMS = {
    "iss": ISSUER,
    "sub": "alice",
    "aud": AUDIENCE,
    "iat": NOW,
    "exp": NOW + 3600,
    "scope": "read write",
    "realm_access": {"roles": ["user", "editor"]},
}
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}
RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ROUNDS, BLOCK_SECONDS = 15, 0.02
BOLD, DIM, GREEN, RED, OFF = ("\33[1m", "\33[2m", "\33[32m", "\33[31m", "\33[0m") if sys.stdout.isatty() else [""] * 5


@dataclass(frozen=True)
class Entry:
    """One row of the demonstration: an algorithm with its key, named by `kid`."""

    kid: str
    alg: str
    secret: bytes = b""
    pem: bytes = b""
    maker: str = "openssl"

    @property
    def signer(self) -> jwseal.SecretKey | jwseal.SigningKey:
        if self.secret:
            return jwseal.SecretKey.from_bytes(self.secret, alg=self.alg, kid=self.kid)
        return jwseal.SigningKey.from_pem(self.pem, alg=self.alg, kid=self.kid)

    @property
    def verifier(self) -> jwseal.SecretKey | jwseal.VerifyingKey:
        return self.signer if self.secret else self.signer.verifying_key


def main() -> int:
    if not shutil.which("openssl"):
        print("the demonstration makes its keys with the openssl command: install it (apt install openssl)")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        entries = make_keys(Path(folder))
    keys = jwseal.KeySet([entry.verifier for entry in entries])
    verifier = jwseal.Verifier(keys, jwseal.Policy(issuer=ISSUER, audience=AUDIENCE))
    wrong = show_tokens(entries, verifier) + show_refusals(entries, verifier)
    show_speed(entries)
    print(f"\n{GREEN}every verdict is as expected{OFF}" if not wrong else f"\n{RED}{wrong} verdicts are wrong{OFF}")
    return 1 if wrong else 0


# Keys.


def make_keys(folder: Path) -> list[Entry]:
    title("keys", openssl("version").decode().split(" (")[0].strip())
    entries = [Entry(f"hs{bits}", f"HS{bits}", openssl("rand", str(bits // 8))) for bits in (256, 384, 512)]
    rsa = generated(folder, "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    entries += [Entry(alg.lower(), alg, pem=rsa) for alg in RSA]
    for alg, curve in CURVES.items():
        pem = generated(folder, "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-pkeyopt", "ec_param_enc:named_curve")
        entries.append(Entry(alg.lower(), alg, pem=pem))
    for curve in ("Ed25519", "Ed448"):
        entries += own_if_needed(folder, curve.upper(), Entry(curve.lower(), "EdDSA"), generate=curve)
    for alg in ("ML-DSA-44", "ML-DSA-65", "ML-DSA-87"):
        entries += own_if_needed(folder, alg, Entry(alg.lower(), alg), generate=alg)
    makers = {maker: [entry.kid for entry in entries if entry.maker == maker] for maker in ("openssl", "jwseal")}
    for maker, kids in makers.items():
        if kids:
            print(f"made by {maker}: {', '.join(kids)}")
    return entries


def own_if_needed(folder: Path, name: str, entry: Entry, *, generate: str) -> list[Entry]:
    """The key from openssl if this one is new enough for the algorithm, else one of jwseal's own."""
    try:
        made = Entry(entry.kid, entry.alg, pem=generated(folder, name))
        made.signer  # noqa: B018  # reads it
    except (subprocess.CalledProcessError, jwseal.InvalidKey):
        pem = jwseal.SigningKey.generate(generate).to_private_pem(password=None)
        made = Entry(entry.kid, entry.alg, pem=pem, maker="jwseal")
    return [made]


def generated(folder: Path, algorithm: str, *options: str) -> bytes:
    path = folder / f"{algorithm}.pem"
    openssl("genpkey", "-algorithm", algorithm, *options, "-out", str(path))
    return path.read_bytes()


def openssl(*arguments: str) -> bytes:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


# Tokens.


def show_tokens(entries: list[Entry], verifier: jwseal.Verifier) -> int:
    """Mint with every library that has the algorithm, verify with jwseal; the number of wrong verdicts."""
    minters = {"PyJWT": by_pyjwt, "joserfc": by_joserfc, "jwcrypto": by_jwcrypto, "jwseal": by_jwseal}
    title("tokens", "minted by each library that has the algorithm, verified by jwseal through one key set")
    print(f"{'kid':<11}{'alg':<11}" + "".join(f"{library:<10}" for library in minters))
    wrong = count = 0
    for entry in entries:
        row = f"{entry.kid:<11}{entry.alg:<11}"
        for mint in minters.values():
            token = mint(entry)
            verdict = f"{DIM}-{OFF}" if token is None else verified(verifier, token, entry)
            wrong += verdict not in {f"{DIM}-{OFF}", f"{GREEN}ok{OFF}"}
            count += token is not None
            row += verdict + " " * (10 - len(verdict.replace(DIM, "").replace(GREEN, "").replace(OFF, "")))
        print(row.rstrip())
    print(f"{count} tokens; '-': the library does not have it")
    return wrong


def verified(verifier: jwseal.Verifier, token: str, entry: Entry) -> str:
    try:
        result = verifier.verify(token)
    except jwseal.JOSEError as error:
        return f"{type(error).__name__}"
    same = all(result[name] == value for name, value in CLAIMS.items()) and result.kid == entry.kid
    return f"{GREEN}ok{OFF}" if same else "wrong claims"


def by_pyjwt(entry: Entry) -> str | None:
    if entry.alg.startswith("ML-DSA"):
        return None
    key = entry.secret or load_pem_private_key(entry.pem, None)
    return jwt.encode(CLAIMS, key, algorithm=entry.alg, headers={"kid": entry.kid})


def by_joserfc(entry: Entry) -> str | None:
    if entry.alg.startswith("ML-DSA"):
        return None
    kinds = {"H": joserfc.jwk.OctKey, "R": joserfc.jwk.RSAKey, "P": joserfc.jwk.RSAKey, "E": joserfc.jwk.ECKey}
    kind = joserfc.jwk.OKPKey if entry.alg == "EdDSA" else kinds[entry.alg[0]]
    alg = {"ed25519": "Ed25519", "ed448": "Ed448"}.get(entry.kid, entry.alg)  # it prefers RFC 9864's names
    key = kind.import_key(entry.secret or entry.pem)
    return joserfc.jwt.encode({"alg": alg, "kid": entry.kid, "typ": "JWT"}, CLAIMS, key, algorithms=[alg])


def by_jwcrypto(entry: Entry) -> str | None:
    key_class = jwcrypto.jwk.JWK
    if entry.alg.startswith("ML-DSA"):  # it reads these keys from a JWK (RFC 9964)
        key = key_class(**entry.signer.to_private_jwk())
    else:
        key = key_class(kty="oct", k=base64url(entry.secret)) if entry.secret else key_class.from_pem(entry.pem)
    token = jwcrypto.jwt.JWT({"alg": entry.alg, "kid": entry.kid}, CLAIMS, algs=[entry.alg])
    token.make_signed_token(key)
    return token.serialize()


def by_jwseal(entry: Entry) -> str:
    return jwseal.Signer(entry.signer).sign(CLAIMS)


# Refusals.


def show_refusals(entries: list[Entry], verifier: jwseal.Verifier) -> int:
    """Tamper, and see each attempt refused with its code; the number of wrong verdicts."""
    title("refusals", "what is done to a token, and the code it is refused with")
    wrong = 0
    for what, token, expected in forgeries({entry.kid: entry for entry in entries}):
        try:
            verifier.verify(token)
        except jwseal.InvalidToken as refusal:
            code = refusal.code
        else:
            code = "accepted"
        wrong += code != expected
        print(f"{what:<54}{GREEN if code == expected else RED}{code}{OFF}")
    return wrong


def forgeries(entries: dict[str, Entry]) -> list[tuple[str, str, str]]:
    es256, rs256 = entries["es256"], entries["rs256"]
    sign = jwseal.Signer(es256.signer).sign
    head, body, signature = sign(CLAIMS).split(".")
    admin = encoded({**CLAIMS, "sub": "root"})
    rsa_public = rs256.signer.verifying_key
    confused = f"{encoded({'alg': 'HS256', 'kid': 'rs256'})}.{body}"
    confused += "." + base64url(hmac_sha256(rsa_public.to_pem(), confused.encode()))
    stranger = jwseal.SigningKey.generate("ES256", kid="es256")
    embedded = jwseal.Signer(stranger, headers={"jwk": stranger.verifying_key.to_jwk()}).sign(CLAIMS)
    doubled = base64url(json.dumps(CLAIMS).replace("{", '{"sub": "root", ', 1).encode())
    return [
        ("the payload says root, the signature stays", f"{head}.{admin}.{signature}", "invalid_signature"),
        ("alg: none, no signature", f"{encoded({'alg': 'none'})}.{admin}.", "algorithm_not_allowed"),
        ("HMAC with the RSA public key as its secret", confused, "algorithm_not_allowed"),
        ("signed by a stranger under our kid", jwseal.Signer(stranger).sign(CLAIMS), "invalid_signature"),
        ("signed by a stranger whose key is in the header", embedded, "invalid_signature"),
        ("an unknown kid", sign_with_kid(es256, "es999"), "key_not_found"),
        ("an RS256 token relabelled PS256", relabelled(rs256, "PS256"), "algorithm_not_allowed"),
        ("base64 padding added", f"{head}.{body}.{signature}=", "malformed_token"),
        ("the signature in the other base64 spelling", other_spelling(head, body, signature), "malformed_token"),
        ("one claim twice, under a valid signature", signed_bytes(es256, doubled), "malformed_token"),
        ("a critical header parameter we do not know", sign_critical(es256), "unsupported_header"),
        ("expired an hour ago", sign({**CLAIMS, "exp": NOW - 3600}), "token_expired"),
        ("exp is a string", signed_bytes(es256, encoded({**CLAIMS, "exp": str(NOW + 3600)})), "invalid_claim"),
        ("not valid before tomorrow", sign({**CLAIMS, "nbf": NOW + 86400}), "token_not_yet_valid"),
        ("meant for another audience", sign({**CLAIMS, "aud": "https://other.example"}), "claim_mismatch"),
        ("another issuer", sign({**CLAIMS, "iss": "https://evil.example"}), "claim_mismatch"),
        ("without exp", sign({k: v for k, v in CLAIMS.items() if k != "exp"}), "missing_claim"),
        ("typ of another kind of token", jwseal.Signer(es256.signer, typ="secevent+jwt").sign(CLAIMS), "wrong_typ"),
        ("a hundred kilobytes", sign({**CLAIMS, "note": "x" * 100_000}), "token_too_large"),
        ("with 'Bearer ' in front", "Bearer " + sign(CLAIMS), "malformed_token"),
    ]


def encoded(value: dict) -> str:
    return base64url(json.dumps(value).encode())


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    import hmac

    return hmac.digest(key, data, "sha256")


def sign_with_kid(entry: Entry, kid: str) -> str:
    return jwseal.Signer(jwseal.SigningKey.from_pem(entry.pem, kid=kid)).sign(CLAIMS)


def relabelled(entry: Entry, alg: str) -> str:
    _, body, signature = jwseal.Signer(entry.signer).sign(CLAIMS).split(".")
    return f"{encoded({'alg': alg, 'kid': entry.kid})}.{body}.{signature}"


def other_spelling(head: str, body: str, signature: str) -> str:
    """The last character carries bits that no byte uses; another one decodes to the same bytes elsewhere."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return f"{head}.{body}.{signature[:-1]}{alphabet[alphabet.index(signature[-1]) | 1]}"


def signed_bytes(entry: Entry, body: str) -> str:
    return jwseal.jws.sign(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), entry.signer)


def sign_critical(entry: Entry) -> str:
    payload = json.dumps(CLAIMS).encode()
    return jwseal.jws.sign(payload, entry.signer, headers={"policy-id": "7"}, crit=["policy-id"])


# Speed.


def show_speed(entries: list[Entry]) -> None:
    """Tokens per second beside PyJWT, in alternating blocks; the ratio is the median of the paired rounds."""
    title("speed", "verified tokens per second on one core, claims in hand, PyJWT's key prepared; paired rounds")
    print(f"{'':<11}{'jwseal':>12}{'PyJWT':>12}{'ratio':>10}")
    for entry in entries:
        if entry.kid in {"hs256", "rs256", "ps256", "es256", "es384", "ed25519"}:
            ours, theirs = contest(entry)
            ratio = median(ours_now / theirs_now for ours_now, theirs_now in zip(ours, theirs, strict=True))
            print(f"{entry.alg:<11}{median(ours):>12,.0f}{median(theirs):>12,.0f}{ratio:>9.1f}x")
    print(f"{DIM}this is the build the tests use; `make bench` measures the release build against every peer{OFF}")


def contest(entry: Entry) -> tuple[list[float], list[float]]:
    token = by_jwseal(entry)
    verify = jwseal.Verifier(entry.verifier, jwseal.Policy(issuer=ISSUER, audience=AUDIENCE)).verify
    key = entry.secret or load_pem_private_key(entry.pem, None).public_key()

    def ours() -> dict:
        return verify(token).claims

    def theirs() -> dict:
        return jwt.decode(token, key, algorithms=[entry.alg], audience=AUDIENCE, issuer=ISSUER)

    assert ours() == theirs() == CLAIMS
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for found, work in zip(rates, (ours, theirs), strict=True):
            found.append(rate(work))
    return rates


def rate(work: Callable[[], object]) -> float:
    done, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < BLOCK_SECONDS:
        for _ in range(20):
            work()
        done += 20
    return done / elapsed


def title(name: str, explanation: str) -> None:
    print(f"\n{BOLD}{name}{OFF}  {DIM}{explanation}{OFF}")


if __name__ == "__main__":
    sys.exit(main())
