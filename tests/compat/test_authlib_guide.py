"""The code of Authlib's guide to JWS, as printed, with the import line changed.

Each block is executed in a folder with `private.pem` and `public.pem`, once for each library, in one namespace as a reader would.
"""

from pathlib import Path
from typing import Any

import pytest

from authlib_pair import SECRET, layer, plain, private_pem, public_pem, real

COMPACT = """
jws = JsonWebSignature()
# alg is a required parameter name
protected = {'alg': 'HS256'}
payload = b'example'
secret = b'secret'
s = jws.serialize_compact(protected, payload, secret)
"""

COMPACT_RSA = """
jws = JsonWebSignature(algorithms=['RS256'])
protected = {'alg': 'RS256'}
payload = b'example'
with open('private.pem', 'rb') as f:
    secret = f.read()
s = jws.serialize_compact(protected, payload, secret)

# if it is a RS256, we use public RSA key
with open('public.pem', 'rb') as f:
    key = f.read()
data = jws.deserialize_compact(s, key)
jws_header = data['header']
payload = data['payload']
"""

LOAD_BY_ALG = """
def load_key(header, payload):
    if header['alg'] == 'RS256':
        return rsa_pub_key
    elif header['alg'] == 'HS256':
        return shared_secret
    else:
        raise UnsupportedAlgorithmError()

claims = jws.deserialize_compact(token, load_key)
"""

LOAD_BY_KID = """
def load_key(header, payload):
    kid = header['kid']
    return get_key_by_kid(kid)

data = jws.deserialize_compact(s, load_key)
"""

JSON_FORMS = """
# Flattened JSON serialization header syntax
header = {'protected': {'alg': 'HS256'}, 'header': {'cty': 'JWT'}}
key = b'secret'
payload = b'example'
flattened = jws.serialize_json(header, payload, key)

# General JSON serialization header syntax
header = [{'protected': {'alg': 'HS256'}, 'header': {'cty': 'JWT'}}]
general = jws.serialize_json(header, payload, key)
"""

MANY_SIGNATURES = """
def load_private_key(header, payload):
    kid = header['kid']
    return get_private_key(kid)

header = [
    {'protected': {'alg': 'HS256'}, 'header': {'kid': 'foo'}},
    {'protected': {'alg': 'RS256'}, 'header': {'kid': 'bar'}},
]
data = jws.serialize_json(header, payload, load_private_key)
# data is a dict

def load_public_key(header, payload):
    kid = header['kid']
    return get_public_key(kid)

result = jws.deserialize_json(data, load_public_key)
"""

PRIVATE_HEADERS = """
private_headers = ['h1', 'h2']
jws = JsonWebSignature(private_headers=private_headers)
"""

Namespace = dict[str, Any]


@pytest.fixture(params=[lib for lib in (real, layer) if lib], ids=lambda lib: lib.__name__)
def names(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Namespace:
    """What a reader of the guide has after the import line, in a folder with the two files."""
    (tmp_path / "private.pem").write_bytes(private_pem("RS256"))
    (tmp_path / "public.pem").write_bytes(public_pem("RS256"))
    monkeypatch.chdir(tmp_path)
    lib = request.param
    return {"JsonWebSignature": lib.JsonWebSignature, "UnsupportedAlgorithmError": lib.errors.UnsupportedAlgorithmError}


short_secret = pytest.mark.filterwarnings("ignore::jwseal.compat.authlib.errors.InsecureKeyWarning")


@short_secret
def test_compact_with_a_secret(names: Namespace) -> None:
    """The guide's first example gives the token of RFC 7515's header and secret."""
    exec(COMPACT, names)
    assert names["s"] == b"eyJhbGciOiJIUzI1NiJ9.ZXhhbXBsZQ.VFVYg0kLRk7acZjnMT6NMwb39_IjXTTLqb8CzDEamj0"
    assert names["jws"].deserialize_compact(names["s"], b"secret")["payload"] == b"example"


def test_compact_with_rsa_files(names: Namespace) -> None:
    """The guide's example with PEM files."""
    exec(COMPACT_RSA, names)
    assert (names["jws_header"], names["payload"]) == ({"alg": "RS256"}, b"example")


@pytest.mark.parametrize(("alg", "key"), [("RS256", private_pem("RS256")), ("HS256", SECRET), ("HS512", SECRET)])
def test_a_key_by_algorithm(names: Namespace, alg: str, key: bytes) -> None:
    """The guide's loader that chooses a key by `alg`."""
    jws = names["JsonWebSignature"]()
    token = jws.serialize_compact({"alg": alg}, b"example", key)
    names |= {"jws": jws, "token": token, "rsa_pub_key": public_pem("RS256"), "shared_secret": SECRET}
    if alg == "HS512":
        with pytest.raises(names["UnsupportedAlgorithmError"]):
            exec(LOAD_BY_ALG, names)
    else:
        exec(LOAD_BY_ALG, names)
        assert names["claims"]["payload"] == b"example"


def test_a_key_by_kid(names: Namespace) -> None:
    """The guide's loader that chooses a key by `kid`, whose own KeyError reaches the caller."""
    jws = names["JsonWebSignature"]()
    names |= {"jws": jws, "s": jws.serialize_compact({"alg": "HS256", "kid": "a"}, b"example", SECRET)}
    exec(LOAD_BY_KID, names | {"get_key_by_kid": {"a": SECRET}.__getitem__})
    with pytest.raises(KeyError):
        exec(LOAD_BY_KID, names | {"get_key_by_kid": {}.__getitem__})


@short_secret
def test_json_forms(names: Namespace) -> None:
    """The guide's flattened and general forms."""
    exec(JSON_FORMS, names | (space := {"jws": names["JsonWebSignature"]()}), space)
    for form in ("flattened", "general"):
        assert space["jws"].deserialize(space[form], b"secret")["payload"] == b"example"
    assert plain(space["general"])["signatures"][0]["header"] == {"cty": "JWT"}


def test_many_signatures(names: Namespace) -> None:
    """The guide's example of two signatures with a loader for each direction."""
    names |= {
        "jws": names["JsonWebSignature"](),
        "payload": b"example",
        "get_private_key": {"foo": SECRET, "bar": private_pem("RS256")}.__getitem__,
        "get_public_key": {"foo": SECRET, "bar": public_pem("RS256")}.__getitem__,
    }
    exec(MANY_SIGNATURES, names)
    assert [header["kid"] for header in names["result"]["header"]] == ["foo", "bar"]
    assert isinstance(names["data"], dict)


def test_private_headers(names: Namespace) -> None:
    """The guide's example of private headers."""
    exec(PRIVATE_HEADERS, names)
    assert names["jws"].serialize_compact({"alg": "HS256", "h1": 1}, b"example", SECRET)
