//! The verification equation of ECDSA over tables (SEC 1 section 4.1.4).
//!
//! A signature is valid if r and s lie in 1..n-1 and the x of (z / s) G + (r / s) Q is r modulo n. The sum is not divided out:
//! r ZZ is compared with X, and so is (r + n) ZZ where r + n is still a coordinate. High s passes, as it does everywhere
//! in jwseal.

use std::sync::Arc;

use super::curve::Curve;
use super::field::{Field, Scalar};
use super::parameters::{P256, P384, P521, Secp256k1};
use super::table::{Table, sum_of_multiples};
use super::weierstrass::Finite;
use crate::PreparedKey;

/// The tables of an uncompressed point on P-256.
pub(crate) fn p256(point: &[u8]) -> Option<Box<dyn PreparedKey>> {
    tables::<P256>(point)
}

/// The tables of an uncompressed point on P-384.
pub(crate) fn p384(point: &[u8]) -> Option<Box<dyn PreparedKey>> {
    tables::<P384>(point)
}

/// The tables of an uncompressed point on P-521.
pub(crate) fn p521(point: &[u8]) -> Option<Box<dyn PreparedKey>> {
    tables::<P521>(point)
}

/// The tables of an uncompressed point on secp256k1.
pub(crate) fn secp256k1(point: &[u8]) -> Option<Box<dyn PreparedKey>> {
    tables::<Secp256k1>(point)
}

pub(super) fn tables<C: Curve>(point: &[u8]) -> Option<Box<dyn PreparedKey>> {
    Pair::<C>::new(point).map(|tables| Box::new(tables) as Box<dyn PreparedKey>)
}

/// The key's table and the generator's.
struct Pair<C: Curve> {
    key: Table<C>,
    generator: Arc<Table<C>>,
}

impl<C: Curve> Pair<C> {
    fn new(point: &[u8]) -> Option<Self> {
        let (_, coordinates) = point.split_first()?;
        let key = Table::new(&C::point(coordinates)?, C::BITS, C::KEY_WIDTH)?;
        let generator = C::shared().obtain(|| Table::new(&C::point(C::GENERATOR)?, C::BITS, C::GENERATOR_WIDTH))?;
        Some(Self { key, generator })
    }

    fn verdict(&self, digest: &[u8], signature: &[u8]) -> Option<bool> {
        let (r, s) = signature.split_at_checked(C::LEN)?;
        let (first, s) = (C::Scalar::read(r)?, C::Scalar::read(s)?);
        if first.is_zero() {
            return None;
        }
        // No digest in use is longer than the order, so nothing is truncated. A longer digest returns `None`.
        let z = C::Scalar::reduce(digest)?;
        let over_s = s.invert()?;
        let (u1, u2) = (z.mul(&over_s).octets(), first.mul(&over_s).octets());
        let sum = sum_of_multiples([(&*self.generator, u1.as_ref()), (&self.key, u2.as_ref())]);
        Some(has_x::<C>(&sum?, r))
    }
}

impl<C: Curve> PreparedKey for Pair<C> {
    fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
        self.verdict(digest, signature).unwrap_or(false)
    }
}

/// Whether the x of a point, as an integer, is r modulo the order.
fn has_x<C: Curve>(point: &Finite<C::Field>, r: &[u8]) -> bool {
    let is_x = |candidate: C::Field| candidate.mul(&point.zz).sub(&point.x).is_zero();
    C::Field::read(r).is_some_and(is_x) || raised::<C>(r).is_some_and(is_x)
}

/// r + n, where that is below the field's modulus: the other coordinate that is r modulo n.
pub(super) fn raised<C: Curve>(r: &[u8]) -> Option<C::Field> {
    let mut sum = r.to_vec();
    let mut carry = 0;
    for (octet, order) in sum.iter_mut().zip(C::ORDER).rev() {
        let total = u16::from(*octet) + u16::from(*order) + carry;
        let [high, low] = total.to_be_bytes();
        (*octet, carry) = (low, u16::from(high));
    }
    if carry == 0 { C::Field::read(&sum) } else { None }
}
