//! The group of a curve y^2 = x^3 + ax + b of prime order, a being zero or minus three (SEC 1 section 2.2.1).
//!
//! A running sum is Jacobian with the powers of Z kept instead of Z: x = X / ZZ and y = Y / ZZZ, where ZZ^3 = ZZZ^2. Adding
//! an affine point to it takes ten multiplications. The formulas hold for two different points that are not each other's
//! negative; the other cases are told apart before they are used, each with its own answer.

use super::curve::Curve;
use super::field::{Field, invert_all};
use super::table::Group;

/// A point of the curve, not the one at infinity.
#[derive(Clone, Copy)]
pub(super) struct Affine<F> {
    pub(super) x: F,
    pub(super) y: F,
}

/// A point of the curve, not the one at infinity, without division.
#[derive(Clone, Copy)]
pub(super) struct Finite<F> {
    pub(super) x: F,
    pub(super) y: F,
    pub(super) zz: F,
    pub(super) zzz: F,
}

impl<C: Curve> Group for C {
    type Entry = Affine<C::Field>;
    /// `None` is the point at infinity.
    type Sum = Option<Finite<C::Field>>;

    const NEUTRAL: Self::Sum = None;

    #[inline]
    fn add(sum: &Self::Sum, entry: &Self::Entry) -> Self::Sum {
        match sum {
            None => Some(Finite { x: entry.x, y: entry.y, zz: C::Field::ONE, zzz: C::Field::ONE }),
            Some(sum) => add::<C>(sum, entry),
        }
    }

    fn double(sum: &Self::Sum) -> Self::Sum {
        sum.as_ref().map(double::<C>)
    }

    #[inline]
    fn negate(entry: &Self::Entry) -> Self::Entry {
        Affine { x: entry.x, y: entry.y.negate() }
    }

    fn entries(sums: &[Self::Sum]) -> Option<Vec<Self::Entry>> {
        let sums: Vec<Finite<C::Field>> = sums.iter().copied().collect::<Option<_>>()?;
        let mut inverses: Vec<C::Field> = sums.iter().map(|sum| sum.zzz).collect();
        invert_all(&mut inverses)?;
        let affine = |(sum, inverse): (&Finite<C::Field>, &C::Field)| {
            // (ZZ / ZZZ)^2 = 1 / ZZ, as ZZ^3 = ZZZ^2.
            let over_zz = sum.zz.mul(inverse).square();
            Affine { x: sum.x.mul(&over_zz), y: sum.y.mul(inverse) }
        };
        Some(sums.iter().zip(&inverses).map(affine).collect())
    }
}

/// The sum of a finite point and an affine one.
#[inline]
fn add<C: Curve>(sum: &Finite<C::Field>, entry: &Affine<C::Field>) -> Option<Finite<C::Field>> {
    let across = entry.x.mul(&sum.zz).sub(&sum.x);
    let up = entry.y.mul(&sum.zzz).sub(&sum.y);
    if across.is_zero() {
        // One x: the points are equal, or each other's negative.
        return if up.is_zero() { Some(double::<C>(sum)) } else { None };
    }
    let square = across.square();
    let cube = square.mul(&across);
    let middle = sum.x.mul(&square);
    let x = up.square().sub(&cube).sub(&middle.double());
    let y = middle.sub(&x).mul(&up).sub(&sum.y.mul(&cube));
    Some(Finite { x, y, zz: sum.zz.mul(&square), zzz: sum.zzz.mul(&cube) })
}

/// Twice a finite point; y is never zero, as a group of prime order has no point of order two.
fn double<C: Curve>(sum: &Finite<C::Field>) -> Finite<C::Field> {
    let twice = sum.y.double();
    let square = twice.square();
    let cube = square.mul(&twice);
    let middle = sum.x.mul(&square);
    let slope = if C::A_IS_ZERO {
        let squared = sum.x.square();
        squared.double().add(&squared)
    } else {
        // 3 x^2 - 3 ZZ^2, as a difference of squares.
        let product = sum.x.sub(&sum.zz).mul(&sum.x.add(&sum.zz));
        product.double().add(&product)
    };
    let x = slope.square().sub(&middle.double());
    let y = middle.sub(&x).mul(&slope).sub(&sum.y.mul(&cube));
    Finite { x, y, zz: sum.zz.mul(&square), zzz: sum.zzz.mul(&cube) }
}
