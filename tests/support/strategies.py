"""What Hypothesis draws from: JSON values, claims, headers, and octets that look almost like tokens, keys or JSON."""

from hypothesis import strategies as st

import forge

# Text JSON can carry: any code point but the lone surrogates.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
integers = st.integers(min_value=-(10**40), max_value=10**40) | st.integers(-(2**63), 2**64)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | integers | floats | text

json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=5),
    max_leaves=20,
)

# Claims no policy judges: none of the registered names.
REGISTERED = ("iss", "aud", "sub", "exp", "nbf", "iat", "jti")
claims = st.dictionaries(text.filter(lambda name: name not in REGISTERED), json_values, max_size=6)

algs = st.sampled_from(forge.ALGS)
octets = st.binary(max_size=200)

# Segments from the alphabet of a compact JWS and a little beyond it.
near_base64 = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\x00é", max_size=60)
headers = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "cty", "crit", "b64", "jwk", "jku", "x5c", "zip", "x"]),
    scalars | st.sampled_from(forge.ALGS) | st.lists(scalars, max_size=3),
    max_size=5,
)


@st.composite
def near_tokens(draw: st.DrawFn) -> str:
    """Three segments, each of which may be a header, JSON, octets or noise."""
    parts = []
    for _ in range(draw(st.sampled_from([1, 2, 3, 3, 3, 3, 4, 5]))):
        part = draw(headers | json_values | octets | near_base64.map(lambda noise: (noise,)))
        parts.append(part[0] if isinstance(part, tuple) else forge.b64(forge.octets(part)))
    return ".".join(parts)


jwk_members = st.fixed_dictionaries(
    {},
    optional={
        "kty": st.sampled_from(["RSA", "EC", "OKP", "oct", "AKP", "rsa", "", None, 1]),
        "crv": st.sampled_from(["P-256", "P-384", "P-521", "secp256k1", "Ed25519", "Ed448", "X25519", None]),
        "alg": algs | scalars,
        "use": st.sampled_from(["sig", "enc", 1, None]),
        "key_ops": st.lists(st.sampled_from(["sign", "verify", "encrypt", 1]), max_size=3) | scalars,
        "kid": text | scalars,
        **{
            name: octets.map(forge.b64) | st.binary(min_size=31, max_size=33).map(forge.b64) | scalars
            for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi", "x", "y", "k", "pub", "priv")
        },
    },
)
