"""Chains of certificates: which verify under a trust anchor, when, and whose certificates may sign (RFC 5280 section 6)."""

import ipaddress
from collections.abc import Callable
from typing import Any

import cryptography
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import forge
from authority import DAY, OLD, VERIFIES_CHAINS, Certified, authority, intermediate, issue, marked, named, root
from judge import NOW, refusal
from jwseal import UNCHECKED
from jwseal.certificates.chain import MAX_CERTIFICATE_SIZE, MAX_CERTIFICATES, Chain, Paths, Refused
from jwseal.certificates.signer_rules import SignerRules

pytestmark = pytest.mark.skipif(not VERIFIES_CHAINS, reason=OLD)


def verify(*chain: Certified, anchors: tuple[Certified, ...] = ()) -> list[Chain]:
    """Verify a chain, the signer's certificate first, under `root` unless other anchors are named."""
    return Paths([one.certificate for one in anchors or (root(),)]).verify([one.der for one in chain])


def reason(*chain: Certified, anchors: tuple[Certified, ...] = ()) -> str:
    """Why this chain is refused."""
    with pytest.raises(Refused) as caught:
        verify(*chain, anchors=anchors)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_a_chain_up_to_the_anchor() -> None:
    """A chain verifies with its root and without it, and directly under the anchor."""
    signer = issue("signer", intermediate())
    for chain in ((signer, intermediate()), (signer, intermediate(), root())):
        (found,) = verify(*chain)
        assert (signer.certificate, intermediate().certificate, root().certificate) == found.certificates
    direct = issue("signer", root())
    assert (direct.certificate, root().certificate) == verify(direct)[0].certificates


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed448"])
def test_any_key_of_the_signer(alg: str) -> None:
    """The key of the signer may be of any type: it is judged where it is used."""
    assert verify(issue("signer", intermediate(), private=forge.material(alg).private), intermediate())


@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
def test_authorities_on_curves(curve: Callable[[], ec.EllipticCurve]) -> None:
    """Authorities sign with ECDSA on P-256, P-384 and P-521."""
    above = authority("a", private=ec.generate_private_key(curve()))
    assert verify(issue("signer", above), anchors=(above,))


def test_authority_with_rsa() -> None:
    """Authorities sign with RSA of 2048 bits, not of 1024."""
    above = authority("a", private=rsa.generate_private_key(65537, 2048))
    assert verify(issue("signer", above), anchors=(above,))
    weak = authority("weak", root(), private=rsa.generate_private_key(65537, 1024))
    assert "does not verify" in reason(issue("signer", weak), weak)


@pytest.mark.parametrize("make", [ed25519.Ed25519PrivateKey.generate, lambda: ec.generate_private_key(ec.SECP256K1())])
def test_authorities_with_other_keys(make: Callable[[], Any]) -> None:
    """An authority's key on edwards25519 or secp256k1 verifies nothing, as the module says."""
    below = authority("a", root(), private=make())
    assert "does not verify" in reason(issue("signer", below), below)


def test_the_period_is_the_intersection() -> None:
    """A chain holds from the latest start to the earliest end among all its certificates, the anchor's included."""
    above = authority("root", start=NOW - 9 * DAY, end=NOW + 3 * DAY)
    middle = authority("middle", above, start=NOW - 5 * DAY, end=NOW + 4 * DAY)
    signer = issue("signer", middle, start=NOW - 7 * DAY, end=NOW + 6 * DAY)
    (found,) = verify(signer, middle, anchors=(above,))
    assert (NOW - 5 * DAY, NOW + 3 * DAY) == (found.not_before, found.not_after)


@pytest.mark.parametrize("expired", ["signer", "middle", "root"])
def test_an_expired_certificate_ends_the_period(expired: str) -> None:
    """A certificate that expired, wherever it stands, ends the period in which the chain holds."""
    ends = {expired: {"end": NOW - 60}}
    above = authority("root", **ends.get("root", {}))
    middle = authority("middle", above, **ends.get("middle", {}))
    (found,) = verify(issue("signer", middle, **ends.get("signer", {})), middle, anchors=(above,))
    assert NOW - 60 == found.not_after


def test_certificates_that_were_never_valid_together() -> None:
    """A signer's certificate from after the authority's end is refused, and so is an anchor from after the signer's."""
    middle = authority("middle", root(), start=NOW - DAY, end=NOW - 60)
    assert "do not overlap" in reason(issue("signer", middle, start=NOW - 30), middle)
    later = authority("root", private=root().private, start=NOW + 2 * DAY, end=NOW + 3 * DAY)
    assert "does not verify" in reason(issue("signer", root()), anchors=(later,))


def test_a_root_that_was_issued_again() -> None:
    """Two certificates of one root each give a chain."""
    first = authority("root", end=NOW + 60)
    second = authority("root", private=first.private, start=NOW + 30, end=NOW + 9 * DAY)
    signer = issue("signer", first)
    for anchors in ((second, first), (first, second)):
        periods = sorted((one.not_before, one.not_after) for one in verify(signer, anchors=anchors))
        assert [(NOW - DAY, NOW + 60), (NOW + 30, NOW + DAY)] == periods


def test_another_authority() -> None:
    """A chain of an authority that is not trusted is refused, and so is one that only has the name of one that is."""
    other = authority("other")
    assert "no trust anchor has the name" in reason(issue("signer", other), other)
    namesake = authority("root")
    assert "does not verify" in reason(issue("signer", namesake))
    assert "does not verify" in reason(issue("signer", namesake), namesake)


def test_a_self_signed_signer() -> None:
    """A certificate that its own subject signed proves nothing."""
    assert "no trust anchor has the name" in reason(issue("signer"))
    assert "does not verify" in reason(issue("root"))


def test_a_missing_intermediate() -> None:
    """Nothing is fetched: a chain without an intermediate is refused."""
    assert "no trust anchor has the name" in reason(issue("signer", intermediate()))


def test_forged_signatures() -> None:
    """A certificate that another key signed is refused, wherever it stands."""
    wrong = ec.generate_private_key(ec.SECP256R1())
    assert "does not verify" in reason(issue("signer", intermediate(), signed_by=wrong), intermediate())
    forged = authority("middle", root(), signed_by=wrong)
    assert "does not verify" in reason(issue("signer", forged), forged)


def test_order() -> None:
    """The signer's certificate comes first, then each issuer: no other order, and nothing that does not belong."""
    signer = issue("signer", intermediate())
    assert "not in order" in reason(signer, root(), intermediate())
    assert "not in order" in reason(intermediate(), signer)
    assert "not in order" in reason(signer, intermediate(), issue("other", root()))
    assert "not in order" in reason(signer, signer, intermediate())
    assert "same subject" in reason(signer, intermediate(), root(), root())


def test_a_ca_as_signer() -> None:
    """A CA's certificate signs no tokens: neither the anchor itself nor an intermediate."""
    assert "must not sign tokens" in reason(root())
    assert "must not sign tokens" in reason(intermediate(), root())


def test_a_signer_that_issues() -> None:
    """The holder of a signer's certificate cannot issue certificates."""
    holder = issue("holder", root())
    assert "certificate 2 of 2 is not a CA certificate" == reason(issue("signer", holder), holder)
    unmarked = authority("unmarked", root(), constraints=False)
    assert "certificate 2 of 2 is not a CA certificate" == reason(issue("signer", unmarked), unmarked)
    no_certificates = authority("crl", root(), usage=("crl_sign",))
    assert "without keyCertSign" in reason(issue("signer", no_certificates), no_certificates)


def test_path_length() -> None:
    """A path longer than an authority allows is refused."""
    above = authority("root", path_length=0)
    middle = authority("middle", above)
    assert verify(issue("signer", above), anchors=(above,))
    assert "does not verify" in reason(issue("signer", middle), middle, anchors=(above,))


def test_name_constraints() -> None:
    """A name outside what an authority may certify is refused, in every form of name."""
    pairs = [
        (x509.DNSName("good.example"), x509.DNSName("a.good.example"), x509.DNSName("evil.example")),
        (x509.RFC822Name("good.example"), None, x509.RFC822Name("a@evil.example")),
        (x509.UniformResourceIdentifier("good.example"), None, x509.UniformResourceIdentifier("https://evil.example/")),
    ]
    for permitted, inside, outside in pairs:
        above = authority("root", extensions=((x509.NameConstraints([permitted], None), True),))
        assert "does not verify" in reason(issue("signer", above, extensions=(named(outside),)), anchors=(above,))
        if inside is not None:
            assert verify(issue("signer", above, extensions=(named(inside),)), anchors=(above,))


def test_critical_extensions() -> None:
    """A critical extension that is not known, or that demands a request to somewhere, is refused."""
    unknown = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
    assert "does not verify" in reason(issue("signer", root(), extensions=(unknown,)))
    revoked_elsewhere = (x509.CRLDistributionPoints([_point()]), True)
    assert "does not verify" in reason(issue("signer", root(), extensions=(revoked_elsewhere,)))


@pytest.mark.skipif(
    int(cryptography.__version__.split(".")[0]) < 49, reason="before version 49 it is refused like others"
)
def test_critical_certificate_policies() -> None:
    """A critical certificate policy restricts nothing where any policy is accepted."""
    policy = (x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), None)]), True)
    middle = authority("middle", root(), extensions=(policy,))
    assert verify(issue("signer", middle, extensions=(policy,)), middle)


def _point() -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier("http://a.example/")], None, None, None)


def test_bounds() -> None:
    """At most 8 certificates of at most 8,192 bytes each are read."""
    signer = issue("signer", root())
    assert (8, 8192) == (MAX_CERTIFICATES, MAX_CERTIFICATE_SIZE)
    assert "there are 0 certificates" in reason()
    assert "there are 9 certificates" in reason(*[signer] * 9)
    large = issue("signer", root(), extensions=(marked_with(9000),))
    assert "bytes: at most 8192" in reason(large)
    above = [root()]
    for number in range(6):
        above.append(authority(f"middle {number}", above[-1]))
    assert verify(issue("signer", above[-1]), *above[::-1])
    too_many = Paths([root().certificate])
    with pytest.raises(Refused, match="there are 1000 certificates"):
        too_many.verify([b""] * 1000)


def marked_with(size: int) -> tuple[x509.ExtensionType, bool]:
    """An extension of this many bytes."""
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x04" + bytes(size)), False


def test_what_is_no_certificate() -> None:
    """Octets that are no certificate, or one with a byte too many, too few or changed, are refused without their text."""
    signer = issue("signer", root()).der
    paths = Paths([root().certificate])
    for octets in (b"", b"\x30\x00", b"secret", signer[:-1], signer + b"\0", root().pem):
        with pytest.raises(Refused) as caught:
            paths.verify([octets])
        assert "cannot be read" in str(caught.value)
    for at in range(0, len(signer), 7):
        with pytest.raises(Refused) as caught:
            paths.verify([signer[:at] + bytes([signer[at] ^ 0x55]) + signer[at + 1 :]])
        assert caught.value.__cause__ is None


def test_anchors_that_cannot_be() -> None:
    """An anchor must be a CA's certificate that may sign certificates; without an anchor no certificate is trusted."""
    for wrong in ([], [issue("signer", root())], [authority("crl", usage=("crl_sign",))]):
        assert "invalid_policy" == refusal(Paths, [one.certificate for one in wrong])


RULES: dict[str, Any] = {
    "subject": None,
    "san": None,
    "leaf_oids": (),
    "intermediate_oids": (),
    "extended_key_usage": (),
}


def judge(signer: Certified, *chain: Certified, **rules: Any) -> str:
    """The verdict of rules on a signer, under `intermediate` unless another chain is given."""
    (found,) = verify(signer, *(chain or (intermediate(),)))
    try:
        SignerRules(**RULES | rules).check(found)
    except Refused as refused:
        return str(refused)
    return "accepted"


def test_key_usage_of_the_signer() -> None:
    """The signer's key usage has digitalSignature or contentCommitment, where there is one."""
    for usage in (("digital_signature",), ("content_commitment",), ("digital_signature", "key_encipherment"), None):
        assert "accepted" == judge(issue("signer", intermediate(), usage=usage), subject=UNCHECKED)
    for usage in (("key_encipherment",), ("crl_sign",), ("key_agreement", "data_encipherment")):
        assert "key usage" in judge(issue("signer", intermediate(), usage=usage), subject=UNCHECKED)


def test_extended_key_usage() -> None:
    """A required extended key usage must be there; anyExtendedKeyUsage is not taken for it."""
    wanted, other, every = "1.3.6.1.5.5.7.3.36", "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
    for present, expected in (([wanted, other], True), ([other], False), ([every], False), (None, False)):
        usages = x509.ExtendedKeyUsage([x509.ObjectIdentifier(one) for one in present or [other]])
        signer = issue("signer", intermediate(), extensions=((usages, False),) if present else ())
        assert expected == (judge(signer, extended_key_usage=[wanted]) == "accepted")


def test_subject() -> None:
    """Each attribute that is named must be in the subject once, with one of the values."""
    signer = issue("signer", intermediate(), organization="Bank")
    for subject in ({"O": "Bank"}, {"O": ["Other", "Bank"], "CN": "signer"}, {"2.5.4.10": {"Bank"}}):
        assert "accepted" == judge(signer, subject=subject)
    for wrong in (
        {"O": "bank"},
        {"O": "Ban"},
        {"O": "Bank", "CN": "other"},
        {"OU": "Bank"},
        {"organizationIdentifier": "x"},
    ):
        assert "subject of the signer's certificate" in judge(signer, subject=wrong)


def test_a_subject_with_an_attribute_twice() -> None:
    """An attribute that is there twice is none: the second may be what the authority did not check."""
    twice = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, one) for one in ("Bank", "Other")])
    signer = issue(twice, intermediate())
    assert "subject of the signer's certificate" in judge(signer, subject={"O": "Bank"})


def test_subject_alternative_names() -> None:
    """One of the accepted names must be among the certificate's, of the same form and exactly."""
    names = (
        x509.DNSName("Signer.example"),
        x509.UniformResourceIdentifier("spiffe://bank/signer"),
        x509.RFC822Name("seal@bank.example"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
    )
    signer = issue("signer", intermediate(), extensions=(named(*names),))
    for name in ("DNS:signer.EXAMPLE", "URI:spiffe://bank/signer", "email:seal@bank.example", "IP:192.0.2.1"):
        assert "accepted" == judge(signer, san=["DNS:other.example", name])
    for name in ("DNS:example", "DNS:spiffe", "URI:spiffe://bank/signer/", "email:Seal@bank.example", "IP:192.0.2.2"):
        assert "no subject alternative name" in judge(signer, san=[name])
    assert "no subject alternative name" in judge(issue("signer.example", intermediate()), san=["DNS:signer.example"])
    wild = issue("signer", intermediate(), extensions=(named(x509.DNSName("*.example")),))
    assert "no subject alternative name" in judge(wild, san=["DNS:signer.example"])


def test_extensions_that_mark_a_purpose() -> None:
    """Required extensions of the signer's certificate and of the one that issued it, as App Store receipts have them."""
    leaf_oid, intermediate_oid = "1.2.840.113635.100.6.11.1", "1.2.840.113635.100.6.2.1"
    rules = {"leaf_oids": [leaf_oid], "intermediate_oids": [intermediate_oid]}
    above = authority("above", root(), extensions=(marked(intermediate_oid),))

    assert "accepted" == judge(issue("signer", above, extensions=(marked(leaf_oid),)), above, **rules)
    assert "lacks an extension" in judge(issue("signer", above), above, **rules)
    assert "lacks an extension" in judge(issue("signer", above, extensions=(marked("1.2.3.4"),)), above, **rules)
    unmarked = issue("signer", intermediate(), extensions=(marked(leaf_oid), marked("1.2.3.4")))
    assert "issued the signer's lacks" in judge(unmarked, intermediate(), **rules)
    # A mark on another certificate of the chain, or none because there is no intermediate, does not do.
    misplaced = authority("misplaced", above)
    signer = issue("signer", misplaced, extensions=(marked(leaf_oid), marked(intermediate_oid)))
    assert "issued the signer's lacks" in judge(signer, misplaced, above, **rules)
    below_root = issue("signer", root(), extensions=(marked(leaf_oid),))
    assert "issued the signer's lacks" in judge(below_root, root(), **rules)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"intermediate_oids": ["1.2.3"]},
        {"subject": {}},
        {"subject": {"XX": "a"}},
        {"subject": {5: "a"}},
        {"subject": {"1": "a"}},
        {"subject": {"CN": []}},
        {"subject": {"CN": ""}},
        {"san": []},
        {"san": ["signer.example"]},
        {"san": ["DNS:"]},
        {"san": ["DNS:*.example"]},
        {"san": ["DNS:b\u00fccher.example"]},
        {"san": ["IP:signer.example"]},
        {"san": ["dns:signer.example"]},
        {"leaf_oids": ["1.2.x"]},
        {"leaf_oids": [""]},
        {"leaf_oids": "1.2.3."},
        {"extended_key_usage": ["serverAuth"]},
    ],
)
def test_rules_that_cannot_be(wrong: dict[str, Any]) -> None:
    """Rules that no certificate could keep, and none at all, are PolicyError."""
    assert "invalid_policy" == refusal(lambda: SignerRules(**RULES | wrong))


@pytest.mark.parametrize("wrong", [{"subject": "O=Bank"}, {"subject": {"O": 5}}, {"san": 5}, {"leaf_oids": [1]}])
def test_rules_of_a_wrong_type(wrong: dict[str, Any]) -> None:
    """A rule of another Python type is TypeError."""
    with pytest.raises(TypeError):
        SignerRules(**RULES | wrong)


def test_many_issuers_of_one_name() -> None:
    """A chain of namesakes costs no more than its number of certificates: it is refused before any signature is verified."""
    loop = authority("loop")
    chain = [issue("signer", loop), *[authority("loop", private=loop.private) for _ in range(7)]]
    assert "same subject" in reason(*chain)
