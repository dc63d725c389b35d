//! Ed25519 over tables (RFC 8032 sections 5.1.4 and 5.1.7).
//!
//! R' = S B - h A is encoded and compared with the 32 bytes of R that were received, without multiplying by the cofactor,
//! as AWS-LC does: an R in another encoding than the canonical one passes nowhere. The addition law is complete, so it
//! also holds for keys with a low-order component, and h is multiplied with as the integer below L, which for such keys is
//! not the same as any other integer that is h modulo L.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA512};
use crrl::ed25519::Scalar;
use crrl::field::GF25519;

use super::field::{Field, invert_all};
use super::shared::Shared;
use super::table::{Group, Table, sum_of_multiples};
use crate::PreparedKey;

/// The tables of a public key, from its encoding; the caller has checked that it is not of low order.
pub(crate) fn ed25519(key: &[u8]) -> Option<Box<dyn PreparedKey>> {
    Pair::new(key).map(|tables| Box::new(tables) as Box<dyn PreparedKey>)
}

/// The table of the key's negative and the generator's.
struct Pair {
    key: [u8; 32],
    minus_key: Table<Edwards25519>,
    generator: Arc<Table<Edwards25519>>,
}

impl Pair {
    fn new(key: &[u8]) -> Option<Self> {
        let minus_key = Table::new(&Edwards25519::negate(&point(key)?), BITS, KEY_WIDTH)?;
        let generator = SHARED.obtain(|| Table::new(&point(&GENERATOR)?, BITS, GENERATOR_WIDTH))?;
        Some(Self { key: key.try_into().ok()?, minus_key, generator })
    }

    fn verdict(&self, message: &[u8], signature: &[u8]) -> Option<bool> {
        let (r, s) = signature.split_at_checked(32)?;
        let s = Scalar::decode(s)?;
        let mut hash = Context::new(&SHA512);
        for octets in [r, &self.key, message] {
            hash.update(octets);
        }
        let h = Scalar::decode_reduce(hash.finish().as_ref());
        let sum = sum_of_multiples([(&*self.generator, &s.encode()), (&self.minus_key, &h.encode())]);
        Some(encode(&sum)? == r)
    }
}

impl PreparedKey for Pair {
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verdict(message, signature).unwrap_or(false)
    }
}

static SHARED: Shared<Table<Edwards25519>> = Shared::new();
/// Bits of L, the order of the generator.
const BITS: u32 = 253;
const KEY_WIDTH: u32 = 5;
const GENERATOR_WIDTH: u32 = 8;
/// The encoding of B.
const GENERATOR: [u8; 32] = *b"\x58\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\
    \x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66";

/// The group of -x^2 + y^2 = 1 + d x^2 y^2.
struct Edwards25519;

/// An affine point as additions want it: y + x, y - x, 2 d x y.
#[derive(Clone, Copy)]
struct Entry {
    sum: GF25519,
    difference: GF25519,
    product: GF25519,
}

impl Entry {
    fn new(x: &GF25519, y: &GF25519) -> Self {
        Self { sum: y + x, difference: y - x, product: x * y * TWICE_D }
    }
}

/// A point without division: x = X / Z, y = Y / Z, x y = T / Z.
#[derive(Clone, Copy)]
struct Extended {
    x: GF25519,
    y: GF25519,
    z: GF25519,
    t: GF25519,
}

impl Group for Edwards25519 {
    type Entry = Entry;
    type Sum = Extended;

    const NEUTRAL: Extended = Extended { x: GF25519::ZERO, y: GF25519::ONE, z: GF25519::ONE, t: GF25519::ZERO };

    #[inline]
    fn add(sum: &mut Extended, entry: &Entry) {
        let minus = (sum.y - sum.x) * entry.difference;
        let plus = (sum.y + sum.x) * entry.sum;
        let product = sum.t * entry.product;
        let twice = sum.z.mul2();
        let (e, f, g, h) = (plus - minus, twice - product, twice + product, plus + minus);
        *sum = Extended { x: e * f, y: g * h, z: f * g, t: e * h };
    }

    fn double(sum: &mut Extended) {
        let (xx, yy, twice) = (sum.x.square(), sum.y.square(), sum.z.square().mul2());
        let h = xx + yy;
        let e = h - (sum.x + sum.y).square();
        let g = xx - yy;
        let f = twice + g;
        *sum = Extended { x: e * f, y: g * h, z: f * g, t: e * h };
    }

    #[inline]
    fn negate(entry: &Entry) -> Entry {
        Entry { sum: entry.difference, difference: entry.sum, product: -entry.product }
    }

    fn entries(sums: &[Extended]) -> Option<Vec<Entry>> {
        let mut inverses: Vec<GF25519> = sums.iter().map(|sum| sum.z).collect();
        invert_all(&mut inverses)?;
        let entry = |(sum, inverse): (&Extended, &GF25519)| Entry::new(&(sum.x * inverse), &(sum.y * inverse));
        Some(sums.iter().zip(&inverses).map(entry).collect())
    }
}

/// A point from its canonical encoding.
fn point(octets: &[u8]) -> Option<Entry> {
    let mut y: [u8; 32] = octets.try_into().ok()?;
    let sign = y.last()? >> 7;
    *y.last_mut()? &= 0x7f;
    let y = GF25519::decode(&y)?;
    let yy = y.square();
    // Of the two roots this is the even one.
    let (root, is_square) = ((yy - GF25519::ONE) / (yy * D + GF25519::ONE)).sqrt();
    if is_square == 0 || (sign == 1 && root.iszero() != 0) {
        return None;
    }
    Some(Entry::new(&if sign == 1 { -root } else { root }, &y))
}

/// The canonical encoding of a point; there is one for each, as z is never zero.
fn encode(point: &Extended) -> Option<[u8; 32]> {
    let inverse = point.z.invert()?;
    let [parity, ..] = (point.x * inverse).encode();
    let mut octets = (point.y * inverse).encode();
    if let Some(last) = octets.last_mut() {
        *last |= parity << 7;
    }
    Some(octets)
}

/// -121665 / 121666.
const D: GF25519 =
    GF25519::w64be(0x5203_6cee_2b6f_fe73, 0x8cc7_4079_7779_e898, 0x0070_0a4d_4141_d8ab, 0x75eb_4dca_1359_78a3);
const TWICE_D: GF25519 =
    GF25519::w64be(0x2406_d9dc_56df_fce7, 0x198e_80f2_eef3_d130, 0x00e0_149a_8283_b156, 0xebd6_9b94_26b2_f159);

/// KiB of a key's table and of the generator's.
#[cfg(test)]
pub(super) fn sizes() -> [usize; 2] {
    [KEY_WIDTH, GENERATOR_WIDTH]
        .map(|width| Table::<Edwards25519>::new(&point(&GENERATOR).unwrap(), BITS, width).unwrap().octets() / 1024)
}

#[cfg(test)]
pub(super) mod tests {
    use aws_lc_rs::digest::digest;
    use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey, UnparsedPublicKey};
    use crrl::ed25519::Point;

    use super::*;
    use crate::tests::differential::{Numbers, Subject};
    use crate::tests::random;

    /// A key for `make differential`, whose point and whose signatures' points may have a low-order component.
    pub(in crate::curves) fn subject() -> Subject {
        let of_order = |octet: u8| if octet < 128 { Point::NEUTRAL } else { torsion()[usize::from(octet % 8)] };
        let a = scalar();
        let key = Key::new((Point::mulgen(&a) + of_order(random(1)[0])).encode());
        let (x, backend) = (key.x, ParsedPublicKey::new(&ED25519, key.x).unwrap());
        let signed = move |message: &[u8], low: Point| {
            let r = scalar();
            let encoded = (Point::mulgen(&r) + low).encode();
            (message.to_vec(), sign(&encoded, r, &x, a, message))
        };
        let mut crafted: Vec<_> = torsion().iter().map(|low| signed(&random(40), *low)).collect();
        for (first, last) in [(1, 0), (1, 0x80), (0xee, 0x7f), (0xee, 0xff)] {
            let mut neutral = [if first == 1 { 0 } else { 0xff }; 32];
            (neutral[0], neutral[31]) = (first, last);
            crafted.push((vec![first, last], sign(&neutral, Scalar::ZERO, &x, a, &[first, last])));
        }
        Subject {
            name: "EdDSA",
            public: x.to_vec(),
            verdicts: Box::new(move |(message, signature)| {
                let verdict = key.tables.verify(message, signature);
                [backend.verify_sig(message, signature).is_ok(), verdict, verdict]
            }),
            sign: Box::new(move |message| signed(message, of_order(random(1)[0]))),
            craft: Box::new(changed),
            crafted,
        }
    }

    /// S with L added, at a border or another; R another point.
    fn changed(signature: &[u8], numbers: &mut Numbers) -> Vec<u8> {
        let Some((r, s)) = signature.split_first_chunk::<32>() else { return signature.to_vec() };
        let s: [u8; 32] = s.try_into().unwrap_or_default();
        let other = Scalar::decode_reduce(&numbers.octets(64));
        let (r, s) = match numbers.below(6) {
            0 | 1 => (*r, (0..=numbers.below(14)).fold(s, |s, _| raised(&s, &order()))),
            2 => {
                (*r, *numbers.one_of(&[[0; 32], order(), Scalar::MINUS_ONE.encode(), [0xff; 32], Scalar::ONE.encode()]))
            }
            3 => (*r, other.encode()),
            4 => (Point::mulgen(&other).encode(), s),
            _ => (numbers.one_of(&torsion()).encode(), s),
        };
        [r, s].concat()
    }

    /// L.
    fn order() -> [u8; 32] {
        let mut octets = Scalar::MINUS_ONE.encode();
        octets[0] += 1;
        octets
    }

    /// The sum, without what is beyond its bytes.
    fn raised(one: &[u8; 32], more: &[u8; 32]) -> [u8; 32] {
        let mut carry = 0;
        std::array::from_fn(|at| {
            let [low, high] = (u16::from(one[at]) + u16::from(more[at]) + carry).to_le_bytes();
            carry = u16::from(high);
            low
        })
    }

    /// A key and its tables.
    struct Key {
        x: [u8; 32],
        tables: Box<dyn PreparedKey>,
    }

    impl Key {
        fn new(x: [u8; 32]) -> Self {
            Self { x, tables: ed25519(&x).unwrap() }
        }

        /// The verdict of the tables, which must be AWS-LC's.
        fn both(&self, message: &[u8], signature: &[u8]) -> bool {
            let verdict = self.tables.verify(message, signature);
            let backend = UnparsedPublicKey::new(&ED25519, self.x).verify(message, signature).is_ok();
            assert_eq!(backend, verdict, "{message:?} {signature:?}");
            verdict
        }
    }

    fn hash(r: &[u8], x: &[u8], message: &[u8]) -> Vec<u8> {
        digest(&SHA512, &[r, x, message].concat()).as_ref().to_vec()
    }

    fn scalar() -> Scalar {
        Scalar::decode_reduce(&random(64))
    }

    /// S for this R: r + h a.
    fn sign(r: &[u8; 32], r_scalar: Scalar, x: &[u8; 32], a: Scalar, message: &[u8]) -> Vec<u8> {
        let s = r_scalar + Scalar::decode_reduce(&hash(r, x, message)) * a;
        [*r, s.encode()].concat()
    }

    /// The points of order 1, 2, 4 and 8.
    fn torsion() -> Vec<Point> {
        let eight = b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\
            \xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05";
        let eight = Point::decode(eight).unwrap();
        (0..8).map(|multiple| (0..multiple).fold(Point::NEUTRAL, |sum, _| sum + eight)).collect()
    }

    /// Random keys and messages, their signatures, and those with any byte of R, S or the message changed.
    #[test]
    fn random_signatures() {
        for round in 0..8_u8 {
            let pair = Ed25519KeyPair::generate().unwrap();
            let key = Key::new(pair.public_key().as_ref().try_into().unwrap());
            let other = Key::new(Point::mulgen(&scalar()).encode());
            for number in 0..6_u8 {
                let message = vec![round; usize::from(number) * 37];
                let signature = pair.sign(&message).as_ref().to_vec();
                assert!(key.both(&message, &signature));
                assert!(!key.both(&[&message[..], b"x"].concat(), &signature));
                assert!(!other.both(&message, &signature));
                for index in 0..64 {
                    let mut changed = signature.clone();
                    changed[index] ^= 1 << (round % 8);
                    assert!(!key.both(&message, &changed), "byte {index}");
                }
                for cut in [0, 1, 31, 32, 63] {
                    assert!(!key.both(&message, &signature[..cut]));
                }
                assert!(!key.both(&message, &[&signature[..], &[0]].concat()));
            }
        }
    }

    /// S + L and more, L itself and all ones are refused, and so are values at the borders below L, which no key signed.
    #[test]
    fn borders_of_s() {
        let a = scalar();
        let key = Key::new(Point::mulgen(&a).encode());
        let r = scalar();
        let encoded = Point::mulgen(&r).encode();
        let good = sign(&encoded, r, &key.x, a, b"message");
        assert!(key.both(b"message", &good));
        let mut s: [u8; 32] = good[32..].try_into().unwrap();
        for _ in 0..14 {
            s = raised(&s, &order());
            assert!(!key.both(b"message", &[encoded, s].concat()));
        }
        for s in [[0; 32], order(), Scalar::MINUS_ONE.encode(), [0xff; 32], Scalar::ONE.encode()] {
            assert!(!key.both(b"message", &[encoded, s].concat()));
        }
    }

    /// Every key with a low-order component, every R with one: cofactorless, as AWS-LC judges them.
    #[test]
    fn mixed_orders() {
        let (mut good, mut bad) = (0, 0);
        for key_torsion in torsion() {
            let a = scalar();
            let key = Key::new((Point::mulgen(&a) + key_torsion).encode());
            for r_torsion in torsion() {
                for message in 0..8_u8 {
                    let r = scalar();
                    let encoded = (Point::mulgen(&r) + r_torsion).encode();
                    let signature = sign(&encoded, r, &key.x, a, &[message]);
                    // The equation with the cofactor always holds here.
                    if key.both(&[message], &signature) { good += 1 } else { bad += 1 }
                }
            }
        }
        assert!(good > 20 && bad > 200, "{good} {bad}");
    }

    /// R in an encoding that is not canonical is refused, though it decodes to the point that is computed.
    #[test]
    fn loose_encodings_of_r() {
        let a = scalar();
        let key = Key::new(Point::mulgen(&a).encode());
        let mut identity = [0; 32];
        identity[0] = 1;
        let zero = Scalar::ZERO;
        assert!(key.both(b"message", &sign(&identity, zero, &key.x, a, b"message")));
        let mut signed = identity;
        signed[31] |= 0x80;
        let mut above = [0xff; 32];
        (above[0], above[31]) = (0xee, 0x7f);
        let mut both = above;
        both[31] |= 0x80;
        for r in [signed, above, both] {
            assert!(!key.both(b"message", &sign(&r, zero, &key.x, a, b"message")));
        }
    }

    /// The addition law by itself: a point and its negative, twice, and the neutral one, against `crrl`'s.
    #[test]
    fn the_group_law() {
        let a = Point::mulgen(&scalar());
        let entry = point(&a.encode()).unwrap();
        let minus = Edwards25519::negate(&entry);
        let sum = |entries: &[Entry]| {
            let mut sum = Edwards25519::NEUTRAL;
            for entry in entries {
                Edwards25519::add(&mut sum, entry);
            }
            sum
        };
        assert_eq!(a.encode(), encode(&sum(&[entry])).unwrap());
        assert_eq!((-a).encode(), encode(&sum(&[minus])).unwrap());
        assert_eq!(Point::NEUTRAL.encode(), encode(&sum(&[entry, minus])).unwrap());
        assert_eq!((a + a).encode(), encode(&sum(&[entry, entry])).unwrap());
        assert_eq!(a.encode(), encode(&sum(&[entry, entry, minus])).unwrap());
        let mut twice = sum(&[entry]);
        Edwards25519::double(&mut twice);
        assert_eq!((a + a).encode(), encode(&twice).unwrap());
        for low in torsion() {
            let low_entry = point(&low.encode()).unwrap();
            assert_eq!((a + low).encode(), encode(&sum(&[entry, low_entry])).unwrap());
        }
    }

    /// The multiple of the generator and of a key of mixed order by scalars at the borders of recoding, as integers.
    #[test]
    fn scalars_at_the_borders() {
        let eight = torsion()[1];
        let a = Point::mulgen(&scalar()) + eight;
        let table = Table::<Edwards25519>::new(&point(&a.encode()).unwrap(), BITS, KEY_WIDTH).unwrap();
        let base = Table::<Edwards25519>::new(&point(&GENERATOR).unwrap(), BITS, GENERATOR_WIDTH).unwrap();
        let mut scalars = vec![Scalar::ZERO, Scalar::ONE, Scalar::MINUS_ONE, scalar(), scalar()];
        for octet in [0xff, 0x88, 0x80, 0x7f, 0x55] {
            let mut octets = [octet; 32];
            octets[31] = 0x0f;
            scalars.push(Scalar::decode(&octets).unwrap());
        }
        for k in scalars {
            assert_eq!((a * k).encode(), encode(&sum_of_multiples([(&table, &k.encode()), (&table, &[])])).unwrap());
            assert_eq!(
                Point::mulgen(&k).encode(),
                encode(&sum_of_multiples([(&base, &k.encode()), (&base, &[])])).unwrap()
            );
        }
    }

    /// Bytes that do not encode a point are not prepared.
    #[test]
    fn malformed_points() {
        let mut two = [0; 32];
        two[0] = 2;
        let mut signed = [0; 32];
        (signed[0], signed[31]) = (1, 0x80);
        for bad in [&two[..], &signed, &[0xff; 32], &GENERATOR[..31], &[]] {
            assert!(ed25519(bad).is_none());
        }
    }
}
