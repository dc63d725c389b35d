"""Commands about keys: generate one, convert one, print its thumbprint, publish several as a JWK Set.

Only `keygen --out` and `convert --private` write private keys.
"""

from __future__ import annotations

import binascii
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, cast

from typer import Argument, Option

from jwseal import KeySet, SecretKey, SigningKey, VerifyingKey
from jwseal.cli import arguments
from jwseal.cli.answer import answering, remark, with_options, write, write_json
from jwseal.cli.arguments import Alg, Json, Kid, Lenient, Password, Text
from jwseal.cli.files import File
from jwseal.cli.key_file import KeyReader, Material, public
from jwseal.errors import InvalidKey

if TYPE_CHECKING:
    from jwseal.types import Algorithm

_HMAC = ("HS256", "HS384", "HS512")


Form: TypeAlias = Literal["pem", "der", "jwk"]
Digest: TypeAlias = Literal["sha256", "sha384", "sha512"]
Encrypt = Annotated[
    bool, Option("--encrypt", help=f"Encrypt the PEM: prompt, or use ${arguments.NEW_PASSWORD_VARIABLE}.")
]
Force = Annotated[bool, Option("--force", help="Replace files that exist.")]


def keygen(
    alg: Annotated[str, Argument(metavar="ALG", help="HS256, RS256, PS256, ES256, ES256K, EdDSA, ML-DSA-65, ...")],
    out: Annotated[str, Option("--out", "-o", metavar="FILE", help="File for the private key; - is standard output.")],
    public_out: Annotated[Text, Option("--public-out", metavar="FILE", help="File for the public key.")] = None,
    form: Annotated[Form | None, Option("--format", help="Output format (default: pem, or jwk for secrets).")] = None,
    kid: Kid = None,
    bits: Annotated[int, Option("--bits", help="Length of an RSA modulus.")] = 2048,
    encrypt: Encrypt = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Generate a key.

    Only its owner can read the private key's file.

    Examples:
    jwseal keygen ES256 --out key.pem --public-out key.pub.pem

    jwseal keygen HS256 --kid 2026-a --out secret.jwk
    """
    with answering(as_json=as_json):
        private, public_half = File(out, "--out"), None if public_out is None else File(public_out, "--public-out")
        if public_half is not None:
            if alg in _HMAC:
                raise InvalidKey("an HMAC secret has no public key: omit --public-out")
            public_half.check_target(secret=False, force=force)
        private.check_target(secret=True, force=force)
        _refuse_one_file(private, public_half)
        name = cast("Algorithm", alg)
        key = SecretKey.generate(name, kid=kid) if alg in _HMAC else SigningKey.generate(name, kid=kid, bits=bits)
        chosen = form or ("jwk" if isinstance(key, SecretKey) else "pem")
        half = key.verifying_key if isinstance(key, SigningKey) else None
        put(private, _private_octets(key, chosen, encrypt=encrypt), secret=True, force=force)
        _refuse_one_file(private, public_half)  # again: file systems may ignore case
        if half is not None and public_half is not None:
            put(public_half, _public_octets(half, chosen), force=force)
        if as_json and "-" not in (out, public_out):
            thumbprint = {} if half is None else {"thumbprint": half.thumbprint()}
            write_json({"alg": alg, "kid": kid, **thumbprint, "private": out, "public": public_out})
            return
        remark(f"{alg} {'secret' if half is None else 'private key'} written to {_where(out)}")
        if public_out is not None:
            remark(f"public key written to {_where(public_out)}")
        elif half is not None:
            remark(f"no public key was written; to write it: jwseal convert {out} --to {chosen}")
        if chosen != "jwk" and kid is not None:
            remark(f"{chosen.upper()} cannot hold a key ID: give --kid {kid} again when you use the key")


def convert(
    key: Annotated[
        str, Argument(metavar="KEY", help="PEM, DER, JWK, certificate or OpenSSH key; - is standard input.")
    ],
    to: Annotated[Form, Option("--to", help="Output format.")],
    out: Annotated[str, Option("--out", "-o", metavar="FILE", help="Output file.")] = "-",
    private: Annotated[bool, Option("--private", help="Write the private key instead of the public key.")] = False,
    alg: Alg = None,
    kid: Kid = None,
    lenient: Lenient = False,
    password: Password = False,
    encrypt: Encrypt = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Convert a key to another format. Writes the public key unless --private is given.

    Examples:
    jwseal convert server.crt --to pem

    jwseal convert key.pem --alg PS256 --kid 2026-a --to jwk

    jwseal convert id_ed25519 --private --to pem --encrypt --out key.pem
    """
    with answering(as_json=as_json):
        reader = KeyReader(arguments.password(wanted=password), lenient)
        source, target = File(key), File(out, "--out")
        name, known = arguments.algorithm_of(alg), alg is not None or to == "jwk"
        found = reader.read(source, alg=name, kid=kid) if known else reader.read_with_any(source)
        if private:
            if not isinstance(found, SigningKey | SecretKey):
                raise InvalidKey(f"{source}: it holds no private key: omit --private")
            octets = _private_octets(found, to, encrypt=encrypt)
        else:
            if encrypt:
                raise InvalidKey("only a private key can be encrypted: add --private")
            octets = _public_octets(_one(found, source), to)
        put(target, octets, secret=private, force=force)
        if out != "-" and as_json:
            write_json({"out": out, "format": to, "private": private})
        elif out != "-":
            remark(f"{'private' if private else 'public'} key written to {out}")


def thumbprint(
    key: Annotated[str, Argument(metavar="KEY", help="PEM, DER, JWK, JWK Set, certificate or OpenSSH key.")],
    uri: Annotated[bool, Option("--uri", help="Print a thumbprint URI (SHA-256).")] = False,
    digest: Annotated[Digest, Option("--digest", help="The hash function.")] = "sha256",
    lenient: Lenient = False,
    password: Password = False,
    as_json: Json = False,
) -> None:
    """Print the JWK thumbprint of a key, or of each key of a set (RFC 7638, RFC 9278).

    Examples:
    jwseal thumbprint key.pem

    jwseal thumbprint jwks.json --uri
    """
    with answering(as_json=as_json):
        if uri and digest != "sha256":
            raise ValueError("a thumbprint URI always uses SHA-256: omit --digest")
        source = File(key)
        keys = public(KeyReader(arguments.password(wanted=password), lenient).read_with_any(source), source)
        prints = [one.thumbprint_uri() if uri else one.thumbprint(digest) for one in keys]
        if as_json:
            write_json([{"kid": one.kid, "thumbprint": text} for one, text in zip(keys, prints, strict=True)])
        elif len(keys) == 1:
            write(prints[0])
        else:
            for one, text in zip(keys, prints, strict=True):
                write(text if one.kid is None else f"{text}  {json.dumps(one.kid)}")


def jwks(
    keys: Annotated[list[str], Argument(metavar="KEY...", help="PEM, DER, JWK, JWK Set, certificate or OpenSSH keys.")],
    out: Annotated[str, Option("--out", "-o", metavar="FILE", help="Output file.")] = "-",
    alg: Alg = None,
    thumbprint_kids: Annotated[
        bool, Option("--thumbprint-kids", help="Use the thumbprint as the kid of keys that have none.")
    ] = False,
    lenient: Lenient = False,
    password: Password = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Make a JWK Set of the public keys of key files.

    Members of a set that cannot be used are left out and listed.

    Examples:
    jwseal jwks current.pem next.pem --thumbprint-kids --out jwks.json

    jwseal jwks make ./show --out jwks.json
    """
    with answering(as_json=as_json):
        reader = KeyReader(arguments.password(wanted=password), lenient)
        members: list[VerifyingKey] = []
        skipped: list[dict[str, Any]] = []
        wanted = arguments.algorithms([alg] if alg else None)
        for source in map(File, keys):
            for found in reader.read_with(source, wanted):
                if isinstance(found, KeySet):
                    skipped += [
                        {"file": source.name, "place": place, "kid": kid, "reason": with_options(reason)}
                        for place, kid, reason in found.skipped
                    ]
                members += public(found, source)
        if thumbprint_kids:
            members = [_with_kid(key) for key in members]
        made = KeySet(members).to_jwks()
        if out != "-" or not as_json:
            put(File(out, "--out"), json.dumps(made, indent=2).encode() + b"\n", force=force)
        if as_json:
            write_json({"jwks": made, "skipped": skipped})
        for one in skipped:
            remark(f"skipped: {one['file']}, member {one['place']}: {one['reason']}")


def _refuse_one_file(private: File, public_half: File | None) -> None:
    if public_half is not None and private.same_as(public_half):
        raise ValueError("--out and --public-out name the same file: the public key would replace the private one")


def put(target: File, content: bytes, *, secret: bool = False, force: bool = False) -> None:
    """Write a file, or to standard output if its name is -."""
    if target.name == "-":
        write(content)
    else:
        target.write(content, secret=secret, force=force)


def _where(name: str) -> str:
    return "standard output" if name == "-" else name


def _one(found: Material, source: File) -> VerifyingKey:
    keys = public(found, source)
    if len(keys) != 1:
        raise InvalidKey(f"{source}: it holds {len(keys)} keys: convert one at a time, or use jwseal jwks")
    return keys[0]


def _with_kid(key: VerifyingKey) -> VerifyingKey:
    return key if key.kid is not None else VerifyingKey.from_jwk(key.to_jwk(), kid=key.thumbprint())


def _private_octets(key: SigningKey | SecretKey, form: Form, *, encrypt: bool) -> bytes:
    if form == "jwk":
        if encrypt:
            raise InvalidKey("a JWK cannot be encrypted: use --format pem, or omit --encrypt")
        return json.dumps(key.to_private_jwk(), indent=2).encode() + b"\n"
    if isinstance(key, SecretKey):
        raise InvalidKey("an HMAC secret has no PEM or DER form: write it as a JWK")
    pem = key.to_private_pem(password=arguments.new_password(wanted=encrypt))
    return pem if form == "pem" else _der(pem)


def _public_octets(key: VerifyingKey, form: Form) -> bytes:
    if form == "jwk":
        return json.dumps(key.to_jwk(), indent=2).encode() + b"\n"
    return key.to_pem() if form == "pem" else _der(key.to_pem())


def _der(pem: bytes) -> bytes:
    return binascii.a2b_base64(b"".join(pem.splitlines()[1:-1]))
