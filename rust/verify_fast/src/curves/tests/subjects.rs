//! Keys and crafted ECDSA signatures for `make differential`: the exceptional cases of the group law, with random digits.

use super::*;
use crate::curves::edwards;
use crate::tests::differential::{Numbers, SignedMessage, Subject};

/// A key of each curve, and one of each Weierstrass curve whose points have an x above the order.
pub(crate) fn subjects() -> Vec<Subject> {
    let mut subjects = vec![edwards::tests::subject()];
    for made in [ecdsa::<P256>("ES256"), ecdsa::<P384>("ES384"), ecdsa::<P521>("ES512"), ecdsa::<Secp256k1>("ES256K")] {
        subjects.push(made);
    }
    subjects
}

fn ecdsa<C: Named + 'static>(name: &'static str) -> Subject {
    let lifted = random(1)[0].is_multiple_of(8).then(above_the_order::<C>).flatten();
    let (key, crafted) = lifted.unwrap_or_else(|| {
        let key = Key::<C>::generated();
        let crafted = crafted(&key);
        (key, crafted)
    });
    let public = key.point.clone();
    let key = std::rc::Rc::new(key);
    let signing = std::rc::Rc::clone(&key);
    Subject {
        name,
        public,
        verdicts: Box::new(move |(digest, signature)| {
            let verdict = key.tables.verify(digest, signature);
            // A digest that AWS-LC does not take is cut to the hash's length for both.
            match imported::<C>(digest) {
                Some(digest) => [key.backend.verify_digest_sig(&digest, signature).is_ok(), verdict, verdict],
                None => [verdict; 3],
            }
        }),
        sign: Box::new(move |message| (hashed::<C>(message), signing.sign(message))),
        craft: Box::new(|signature, numbers| changed::<C>(signature, numbers)),
        crafted,
    }
}

/// Signatures for which u1 G + u2 Q meets equal points, opposite points, infinity, or no multiple of the generator.
fn crafted<C: Named>(key: &Key<C>) -> Vec<SignedMessage> {
    let mut numbers = Numbers::new(u64::from_le_bytes(random(8).try_into().unwrap()));
    let d = key.d;
    let minus = d.mul(&minus_one::<C>());
    let mut made = Vec::new();
    for kind in 0..8 {
        // A digest of P-521 is shorter than its order, so one in 512 will do.
        let tries = if 8 * C::HASH.output_len() < C::BITS as usize { 2_000 } else { 3 };
        let found = (0..tries).find_map(|_| {
            let (one, other) = (entry::<C>(&mut numbers, false), entry::<C>(&mut numbers, true));
            let both = sum_modulo::<C>(&one, &other);
            let (u1, u2, total) = match kind {
                0 => (d.mul(&one), one, twice::<C>(&d.mul(&one))),
                1 => (d.mul(&one), both, sum_modulo::<C>(&twice::<C>(&d.mul(&one)), &d.mul(&other))),
                2 => (minus.mul(&one), both, d.mul(&other)),
                3 => (minus.mul(&one), one, scalar::<C>()),
                4 => (minus.mul(&one), one, d.mul(&one)),
                5 => (small::<C>(0), one, d.mul(&one)),
                6 => (small::<C>(0), scalar::<C>(), small::<C>(1)),
                _ => {
                    let (u1, u2) = (minus_one::<C>(), one);
                    (u1, u2, sum_modulo::<C>(&u1, &u2.mul(&d)))
                }
            };
            let r = C::Scalar::reduce(&point::<C>(&total)[1..=C::LEN]).unwrap();
            let (digest, signature) = around::<C>(&u1, &u2, &r);
            imported::<C>(&digest).map(|own| (own.as_ref().to_vec(), signature))
        });
        made.extend(found);
    }
    made
}

/// One entry of a key's table: a digit in one window.
fn entry<C: Named>(numbers: &mut Numbers, high: bool) -> C::Scalar {
    let digit = 1 + numbers.below(1 << (C::KEY_WIDTH - 1));
    let windows = C::BITS as usize / C::KEY_WIDTH as usize;
    let window = if high { 1 + windows / 2 + numbers.below(windows / 2) } else { numbers.below(windows / 2) };
    let mut scalar = small::<C>(u64::try_from(digit).unwrap());
    for _ in 0..window {
        scalar = scalar.mul(&small::<C>(1 << C::KEY_WIDTH));
    }
    scalar
}

/// A key that is itself the point R = (n + r, y): with a digest of zero and s = r it is R that is computed.
fn above_the_order<C: Named>() -> Option<(Key<C>, Vec<SignedMessage>)> {
    let mut numbers = Numbers::new(u64::from_le_bytes(random(8).try_into().unwrap()));
    (0..64).find_map(|_| {
        let r = octets::<C>(&small::<C>(1 + numbers.next() % 0xffff_ffff));
        let key = Key::<C>::of(small::<C>(0), &lifted::<C>(&sum(&r, C::ORDER)?)?);
        Some((key, vec![(vec![0; C::HASH.output_len()], [r.clone(), r].concat())]))
    })
}

/// r or s replaced by a number at a border, by another modulo n, or by itself with n more.
fn changed<C: Named>(signature: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    if signature.len() != 2 * C::LEN {
        return signature.to_vec();
    }
    let (r, s) = signature.split_at(C::LEN);
    let own = if numbers.below(2) == 0 { r } else { s };
    let one = octets::<C>(&small::<C>(1));
    let new = match numbers.below(10) {
        0 | 1 => C::Scalar::read(own).map(|own| octets::<C>(&own.mul(&minus_one::<C>()))),
        2 => sum(own, C::ORDER),
        3 => sum(own, &one),
        4 => Some(C::ORDER.to_vec()),
        5 => sum(C::ORDER, &octets::<C>(&small::<C>(numbers.next() % 4))),
        6 => Some(octets::<C>(&minus_one::<C>())),
        7 => Some(octets::<C>(&small::<C>(numbers.next() % 4))),
        _ => C::Scalar::reduce(&numbers.octets(C::LEN)).map(|new| octets::<C>(&new)),
    };
    let new = new.unwrap_or_else(|| own.to_vec());
    if std::ptr::eq(own, r) { [&new, s].concat() } else { [r, &new].concat() }
}
