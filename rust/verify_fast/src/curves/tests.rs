//! The tables against AWS-LC: the same verdict on every signature, valid, forged or made for an exceptional case.

use aws_lc_rs::digest::{self, Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED,
    ECDSA_P256K1_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm, KeyPair, ParsedPublicKey,
};

use super::curve::Curve;
use super::ecdsa::raised;
use super::field::{Field, Scalar};
use super::parameters::{P256, P384, P521, Secp256k1};
use super::table::{Group, Table};
use super::weierstrass::{Affine, Finite};
use super::{ecdsa, edwards};
use crate::PreparedKey;
use crate::tests::random;

mod inverses;
mod subjects;
pub(crate) use self::subjects::subjects;

/// What AWS-LC calls a curve, and what only tests need of it.
trait Named: Curve {
    const HASH: &'static digest::Algorithm;
    const VERIFYING: &'static EcdsaVerificationAlgorithm;
    const SIGNING: &'static EcdsaSigningAlgorithm;
    /// PKCS#8 up to the scalar of a key without its point.
    const PKCS8: &'static [u8];
    /// The coefficient b.
    const B: &'static str;
    /// The field's modulus p, which is 3 modulo 4.
    const P: &'static str;
}

macro_rules! named {
    ($curve:ident, $hash:ident, $verifying:ident, $signing:ident, $pkcs8:literal, $b:literal, $p:literal) => {
        impl Named for $curve {
            const HASH: &'static digest::Algorithm = &$hash;
            const VERIFYING: &'static EcdsaVerificationAlgorithm = &$verifying;
            const SIGNING: &'static EcdsaSigningAlgorithm = &$signing;
            const PKCS8: &'static [u8] = $pkcs8;
            const B: &'static str = $b;
            const P: &'static str = $p;
        }
    };
}

named!(
    P256,
    SHA256,
    ECDSA_P256_SHA256_FIXED,
    ECDSA_P256_SHA256_FIXED_SIGNING,
    b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
        \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20",
    "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
);
named!(
    P384,
    SHA384,
    ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING,
    b"\x30\x4e\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
        \x06\x05\x2b\x81\x04\x00\x22\x04\x37\x30\x35\x02\x01\x01\x04\x30",
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff"
);
named!(
    P521,
    SHA512,
    ECDSA_P521_SHA512_FIXED,
    ECDSA_P521_SHA512_FIXED_SIGNING,
    b"\x30\x60\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
        \x06\x05\x2b\x81\x04\x00\x23\x04\x49\x30\x47\x02\x01\x01\x04\x42",
    "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
);
named!(
    Secp256k1,
    SHA256,
    ECDSA_P256K1_SHA256_FIXED,
    ECDSA_P256K1_SHA256_FIXED_SIGNING,
    b"\x30\x3e\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
        \x06\x05\x2b\x81\x04\x00\x0a\x04\x27\x30\x25\x02\x01\x01\x04\x20",
    "0000000000000000000000000000000000000000000000000000000000000007",
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
);

/// How large the tables are: what SECURITY.md says about memory.
#[test]
fn sizes() {
    fn sizes<C: Named>() -> [usize; 2] {
        let point = C::point(C::GENERATOR).unwrap();
        [C::KEY_WIDTH, C::GENERATOR_WIDTH].map(|width| Table::<C>::new(&point, C::BITS, width).unwrap().octets() / 1024)
    }
    assert_eq!([86, 264], sizes::<P256>());
    assert_eq!([86, 264], sizes::<Secp256k1>());
    assert_eq!([195, 330], sizes::<P384>());
    assert_eq!([236, 1188], sizes::<P521>());
    assert_eq!([76, 384], edwards::sizes());
}

macro_rules! on_every_curve {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[test]
            fn $name() {
                each::$name::<P256>();
                each::$name::<Secp256k1>();
                each::$name::<P384>();
                each::$name::<P521>();
            }
        )*
    };
}

on_every_curve! {
    /// Random keys and messages, their signatures, and those with any byte of r, s or the message changed.
    random_signatures;
    /// r and s of zero, of n, above n, of full length and of another; n - s is as valid as s, r + n is not r.
    borders_of_r_and_s;
    /// The generator's multiple meets the key's: equal points are doubled.
    equal_points;
    /// The generator's multiple meets the negative of the key's: the sum is the point at infinity, which is refused.
    opposite_points;
    /// The sum passes through the point at infinity and goes on from there.
    infinity_on_the_way;
    /// A digest of zero: there is no multiple of the generator to start from.
    no_multiple_of_the_generator;
    /// Both scalars at the borders of recoding.
    scalars_at_the_borders;
    /// x is above n: r + n is compared where it is below p, and where it is not it is not reduced.
    x_above_the_order;
    /// The law of the group by itself, on sums with and without a denominator.
    the_group_law;
    /// The constants are those of the curve: the order, the generator.
    constants;
    /// Points of a wrong length or outside the field have no tables.
    malformed_points;
}

mod each {
    use super::*;

    pub(super) fn random_signatures<C: Named>() {
        for round in 0..4_u8 {
            let key = Key::<C>::generated();
            for number in 0..4_u8 {
                let message = vec![round; usize::from(number) * 17];
                let digest = hashed::<C>(&message);
                let signature = key.sign(&message);
                assert!(key.both(&digest, &signature));
                assert!(!key.both(&hashed::<C>(b"another"), &signature));
                for index in 0..signature.len() {
                    let mut changed = signature.clone();
                    changed[index] ^= 1 << (2 * number + round % 2);
                    assert!(!key.both(&digest, &changed), "byte {index}");
                }
            }
        }
        let (one, other) = (Key::<C>::generated(), Key::<C>::generated());
        let signature = one.sign(b"message");
        assert!(!other.both(&hashed::<C>(b"message"), &signature));
    }

    pub(super) fn borders_of_r_and_s<C: Named>() {
        let key = Key::<C>::generated();
        let digest = hashed::<C>(b"message");
        let signature = key.sign(b"message");
        let (r, s) = signature.split_at(C::LEN);
        let minus = |scalar: &[u8]| octets::<C>(&read::<C>(scalar).mul(&minus_one::<C>()));
        assert!(key.both(&digest, &[r, &minus(s)].concat()), "n - s");
        let zero = vec![0; C::LEN];
        let one = octets::<C>(&small::<C>(1));
        let above = sum(C::ORDER, &one).unwrap();
        let mut bad = vec![[r, &zero].concat(), [&zero, s].concat(), [zero.as_slice(), &zero].concat()];
        for other in [C::ORDER, &above, &vec![0xff; C::LEN], &octets::<C>(&minus_one::<C>()), &one, &minus(r)] {
            bad.push([r, other].concat());
            bad.push([other, s].concat());
            bad.push([other, other].concat());
        }
        // The same integers modulo n, written with n more, where they still have the length.
        bad.extend(sum(r, C::ORDER).map(|raised| [&raised, s].concat()));
        bad.extend(sum(s, C::ORDER).map(|raised| [r, &raised].concat()));
        bad.extend([[s, r].concat(), signature[1..].to_vec(), [&signature[..], &[0]].concat(), vec![], vec![0], zero]);
        for signature in bad {
            assert!(!key.both(&digest, &signature), "{signature:?}");
        }
    }

    pub(super) fn equal_points<C: Named>() {
        let row = small::<C>(1 << C::KEY_WIDTH);
        // u2 = 1 is one entry, Q itself, and u1 = d gives Q before it: the sum is 2 Q.
        assert!(forged::<C>(|d| (*d, small::<C>(1), twice::<C>(d))));
        // The same with the entry of the second row.
        assert!(forged::<C>(|d| (d.mul(&row), row, twice::<C>(&d.mul(&row)))));
        // The first row makes the sum equal to the second row's entry.
        let less = small::<C>((1 << C::KEY_WIDTH) - 1);
        let more = small::<C>((1 << C::KEY_WIDTH) + 1);
        assert!(forged::<C>(|d| (d.mul(&less), more, twice::<C>(&d.mul(&row)))));
    }

    pub(super) fn opposite_points<C: Named>() {
        for u2 in [1, 2, 1 << C::KEY_WIDTH, 77_777] {
            let u2 = small::<C>(u2);
            for r in [small::<C>(1), small::<C>(2), minus_one::<C>()] {
                // There is no R: whatever r says, s and z make up u1 and u2 for it.
                assert!(!made::<C>(|d| (d.mul(&u2).mul(&minus_one::<C>()), u2, r)));
            }
            // Nor does the point that was there before stay: r is its x.
            assert!(!made::<C>(|d| {
                let u1 = d.mul(&u2).mul(&minus_one::<C>());
                (u1, u2, C::Scalar::reduce(&point::<C>(&u1)[1..=C::LEN]).unwrap())
            }));
        }
    }

    pub(super) fn infinity_on_the_way<C: Named>() {
        // u1 = -d cancels the first row's Q, and the second row's 2^width Q is all that stays.
        let row = 1 << C::KEY_WIDTH;
        assert!(forged::<C>(|d| (d.mul(&minus_one::<C>()), small::<C>(row + 1), d.mul(&small::<C>(row)))));
    }

    pub(super) fn no_multiple_of_the_generator<C: Named>() {
        for u2 in [small::<C>(1), small::<C>(31), small::<C>(1 << 20), minus_one::<C>()] {
            assert!(forged::<C>(|d| (small::<C>(0), u2, u2.mul(d))));
        }
    }

    pub(super) fn scalars_at_the_borders<C: Named>() {
        let key = Key::<C>::generated();
        let filled = |octet: u8| C::Scalar::read(&[vec![0; 1], vec![octet; C::LEN - 1]].concat()).unwrap();
        let borders =
            [small::<C>(1), small::<C>(2), minus_one::<C>(), filled(0xff), filled(0x88), filled(0x80), filled(0x7f)];
        for u1 in borders {
            for u2 in borders {
                let total = sum_modulo::<C>(&u1, &u2.mul(&key.d));
                let x = &point::<C>(&total)[1..=C::LEN];
                let (digest, signature) = around::<C>(&u1, &u2, &C::Scalar::reduce(x).unwrap());
                assert!(key.both(&digest, &signature));
            }
        }
    }

    pub(super) fn x_above_the_order<C: Named>() {
        // R = (n + r, y) is made the public key itself: with z = 0 and s = r it is R that is computed.
        let zero = vec![0; C::HASH.output_len()];
        let one = octets::<C>(&small::<C>(1));
        let mut found = 0;
        for r in 1..40_u64 {
            let r = octets::<C>(&small::<C>(r));
            let Some(point) = lifted::<C>(&sum(&r, C::ORDER).unwrap()) else { continue };
            let key = Key::<C>::of(small::<C>(0), &point);
            assert!(key.both(&zero, &[r.clone(), r.clone()].concat()));
            let next = sum(&r, &one).unwrap();
            assert!(!key.both(&zero, &[next.clone(), next].concat()));
            found += 1;
        }
        assert!(found > 5);
        // The last r that has a second x is p - n - 1; p itself must not pass for zero.
        let gap = difference(&hex(C::P), C::ORDER);
        assert!(raised::<C>(&gap).is_none());
        assert!(raised::<C>(&difference(&gap, &one)).unwrap().add(&C::Field::ONE).is_zero());
        assert!(raised::<C>(&octets::<C>(&minus_one::<C>())).is_none());
    }

    pub(super) fn the_group_law<C: Named>() {
        let key = Key::<C>::generated();
        let entry = C::point(&key.point[1..]).unwrap();
        let minus = C::negate(&entry);
        let sum = |entries: &[Affine<C::Field>]| {
            let mut sum = C::NEUTRAL;
            for entry in entries {
                C::add(&mut sum, entry);
            }
            sum
        };
        let doubled = |mut sum| {
            C::double(&mut sum);
            sum
        };
        assert!(same::<C>(sum(&[entry]), &key.d));
        assert!(sum(&[entry, minus]).is_none() && doubled(C::NEUTRAL).is_none());
        assert!(same::<C>(sum(&[entry, entry]), &twice::<C>(&key.d)));
        assert!(same::<C>(doubled(sum(&[entry])), &twice::<C>(&key.d)));
        assert!(same::<C>(sum(&[entry, entry, entry]), &key.d.mul(&small::<C>(3))));
        assert!(same::<C>(sum(&[entry, minus, entry, entry]), &twice::<C>(&key.d)));
        // With a denominator: 3 Q - 2 Q is Q again, and meets Q and -Q.
        let again = [entry, entry, entry, minus, minus];
        assert!(!sum(&again).unwrap().zz.sub(&C::Field::ONE).is_zero());
        assert!(same::<C>(sum(&again), &key.d));
        assert!(same::<C>(sum(&[&again[..], &[entry]].concat()), &twice::<C>(&key.d)));
        assert!(same::<C>(doubled(sum(&again)), &twice::<C>(&key.d)));
        assert!(sum(&[&again[..], &[minus]].concat()).is_none());
        assert!(C::entries(&[sum(&again), C::NEUTRAL]).is_none());
        let back = C::entries(&[sum(&again), sum(&[entry, entry])]).unwrap()[0];
        assert!(back.x.sub(&entry.x).is_zero() && back.y.sub(&entry.y).is_zero());
    }

    pub(super) fn constants<C: Named>() {
        assert!(C::Scalar::read(C::ORDER).is_none());
        assert!(minus_one::<C>().mul(&minus_one::<C>()).mul(&small::<C>(7)).octets().as_ref()[0] == 7);
        let bits = 8 * C::LEN - C::ORDER[0].leading_zeros() as usize;
        assert_eq!(bits, C::BITS as usize);
        assert_eq!(point::<C>(&small::<C>(1))[1..], *C::GENERATOR);
        let point = C::point(C::GENERATOR).unwrap();
        assert!(equation::<C>(&point.x).sub(&point.y.square()).is_zero());
    }

    pub(super) fn malformed_points<C: Named>() {
        let key = Key::<C>::generated();
        let mut outside = key.point.clone();
        outside[1..=C::LEN].fill(0xff);
        for bad in [&[], &key.point[..C::LEN], &key.point[..2 * C::LEN], &[&key.point[..], &[0]].concat(), &outside] {
            assert!(ecdsa::tables::<C>(bad).is_none());
        }
    }
}

/// A key with its tables; d is zero where it is not known.
struct Key<C: Named> {
    signing: EcdsaKeyPair,
    backend: ParsedPublicKey,
    tables: Box<dyn PreparedKey>,
    point: Vec<u8>,
    d: C::Scalar,
}

impl<C: Named> Key<C> {
    fn generated() -> Self {
        let d = scalar::<C>();
        Self::of(d, &point::<C>(&d))
    }

    fn of(d: C::Scalar, point: &[u8]) -> Self {
        Self {
            signing: pair::<C>(&if d.is_zero() { small::<C>(1) } else { d }),
            backend: ParsedPublicKey::new(C::VERIFYING, point).unwrap(),
            tables: ecdsa::tables::<C>(point).unwrap(),
            point: point.to_vec(),
            d,
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signing.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    /// The verdict of the tables, which must be AWS-LC's where that takes the digest.
    fn both(&self, digest: &[u8], signature: &[u8]) -> bool {
        let verdict = self.tables.verify(digest, signature);
        if let Some(digest) = imported::<C>(digest) {
            let backend = self.backend.verify_digest_sig(&digest, signature).is_ok();
            assert_eq!(backend, verdict, "{} {signature:?}", C::LEN);
        }
        verdict
    }
}

/// The verdict on a signature for which u1 G + u2 Q is computed and is `total` G; they depend on the private key.
fn forged<C: Named>(scalars: impl Fn(&C::Scalar) -> (C::Scalar, C::Scalar, C::Scalar)) -> bool {
    made::<C>(|d| {
        let (u1, u2, total) = scalars(d);
        (u1, u2, C::Scalar::reduce(&point::<C>(&total)[1..=C::LEN]).unwrap())
    })
}

/// The verdict on a signature for which u1 G + u2 Q is computed, with this r. Keys are drawn until the digest that belongs
/// to it is one that AWS-LC takes, too.
fn made<C: Named>(scalars: impl Fn(&C::Scalar) -> (C::Scalar, C::Scalar, C::Scalar)) -> bool {
    loop {
        let d = scalar::<C>();
        let (u1, u2, r) = scalars(&d);
        let (digest, signature) = around::<C>(&u1, &u2, &r);
        if imported::<C>(&digest).is_some() {
            return Key::<C>::of(d, &point::<C>(&d)).both(&digest, &signature);
        }
    }
}

/// The digest and the signature for which u1 G + u2 Q is computed, with this r.
fn around<C: Named>(u1: &C::Scalar, u2: &C::Scalar, r: &C::Scalar) -> (Vec<u8>, Vec<u8>) {
    let s = r.mul(&u2.invert().unwrap());
    (octets::<C>(&u1.mul(&s)), [octets::<C>(r), octets::<C>(&s)].concat())
}

/// A digest as AWS-LC takes it: of the hash's length, which is shorter than the order of P-521.
fn imported<C: Named>(digest: &[u8]) -> Option<Digest> {
    let (front, own) = digest.split_at(digest.len() - C::HASH.output_len());
    let fits = front.iter().all(|octet| *octet == 0);
    fits.then(|| Digest::import_less_safe(own, C::HASH).unwrap())
}

fn hashed<C: Named>(message: &[u8]) -> Vec<u8> {
    digest::digest(C::HASH, message).as_ref().to_vec()
}

fn scalar<C: Curve>() -> C::Scalar {
    C::Scalar::reduce(&random(C::LEN)).unwrap()
}

fn small<C: Curve>(value: u64) -> C::Scalar {
    C::Scalar::reduce(&value.to_be_bytes()).unwrap()
}

fn twice<C: Curve>(scalar: &C::Scalar) -> C::Scalar {
    scalar.mul(&small::<C>(2))
}

fn minus_one<C: Curve>() -> C::Scalar {
    read::<C>(&difference(C::ORDER, &octets::<C>(&small::<C>(1))))
}

fn read<C: Curve>(octets: &[u8]) -> C::Scalar {
    C::Scalar::read(octets).unwrap()
}

/// Big-endian.
fn octets<C: Curve>(scalar: &C::Scalar) -> Vec<u8> {
    scalar.octets().as_ref().iter().rev().copied().collect()
}

/// AWS-LC's multiple of the generator, uncompressed.
fn point<C: Named>(scalar: &C::Scalar) -> Vec<u8> {
    pair::<C>(scalar).public_key().as_ref().to_vec()
}

fn pair<C: Named>(scalar: &C::Scalar) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(C::SIGNING, &[C::PKCS8, &octets::<C>(scalar)].concat()).unwrap()
}

/// Whether a sum is this multiple of the generator.
fn same<C: Named>(sum: Option<Finite<C::Field>>, scalar: &C::Scalar) -> bool {
    let (sum, point) = (sum.unwrap(), C::point(&point::<C>(scalar)[1..]).unwrap());
    point.x.mul(&sum.zz).sub(&sum.x).is_zero() && point.y.mul(&sum.zzz).sub(&sum.y).is_zero()
}

/// x^3 + ax + b.
fn equation<C: Named>(x: &C::Field) -> C::Field {
    let right = x.square().mul(x).add(&C::Field::read(&hex(C::B)).unwrap());
    if C::A_IS_ZERO { right } else { right.sub(&x.double().add(x)) }
}

/// The point with this x, if there is one.
fn lifted<C: Named>(x: &[u8]) -> Option<Vec<u8>> {
    let square = equation::<C>(&C::Field::read(x)?);
    // (p + 1) / 4 is the exponent of a square root.
    let exponent = sum(&hex(C::P), &octets::<C>(&small::<C>(1))).unwrap();
    let mut root = C::Field::ONE;
    let bits = exponent.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1));
    for bit in bits.take(8 * C::LEN - 2) {
        root = root.square();
        if bit == 1 {
            root = root.mul(&square);
        }
    }
    root.square().sub(&square).is_zero().then(|| [&[4], x, &root.written()].concat())
}

/// The sum of two integers, unless it is longer than they are.
fn sum(one: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let (octets, carry) = sum_and_carry(one, other, 0);
    (carry == 0).then_some(octets)
}

/// The difference of two integers, the first being the larger.
fn difference(one: &[u8], other: &[u8]) -> Vec<u8> {
    let complement: Vec<u8> = other.iter().map(|octet| !octet).collect();
    sum_and_carry(one, &complement, 1).0
}

fn sum_and_carry(one: &[u8], other: &[u8], mut carry: u16) -> (Vec<u8>, u16) {
    let digits = std::iter::zip(one, other).rev().map(|(one, other)| {
        let [high, low] = (u16::from(*one) + u16::from(*other) + carry).to_be_bytes();
        carry = u16::from(high);
        low
    });
    let mut octets: Vec<u8> = digits.collect();
    octets.reverse();
    (octets, carry)
}

/// The sum of two scalars.
fn sum_modulo<C: Curve>(one: &C::Scalar, other: &C::Scalar) -> C::Scalar {
    // a + b = a (1 + b / a).
    let quotient = octets::<C>(&other.mul(&one.invert().unwrap()));
    let more = sum(&quotient, &octets::<C>(&small::<C>(1))).unwrap();
    one.mul(&C::Scalar::reduce(&more).unwrap())
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|index| u8::from_str_radix(&text[index..index + 2], 16).unwrap()).collect()
}
