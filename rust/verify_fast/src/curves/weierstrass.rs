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
    fn add(sum: &mut Self::Sum, entry: &Self::Entry) {
        match sum {
            None => *sum = Some(Finite { x: entry.x, y: entry.y, zz: C::Field::ONE, zzz: C::Field::ONE }),
            Some(point) => match add::<C>(point, entry) {
                Step::Done => {}
                Step::Equal => double::<C>(point),
                Step::Opposite => *sum = None,
            },
        }
    }

    fn double(sum: &mut Self::Sum) {
        if let Some(point) = sum {
            double::<C>(point);
        }
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

/// The result of an addition.
enum Step {
    Done,
    /// Nothing was added: the points are equal.
    Equal,
    /// Nothing was added: the points are each other's negative.
    Opposite,
}

/// Adds an affine point to another finite one, where the formulas hold.
#[inline]
fn add<C: Curve>(point: &mut Finite<C::Field>, entry: &Affine<C::Field>) -> Step {
    let across = entry.x.mul(&point.zz).sub(&point.x);
    let up = entry.y.mul(&point.zzz).sub(&point.y);
    if across.is_zero() {
        return if up.is_zero() { Step::Equal } else { Step::Opposite };
    }
    let square = across.square();
    let cube = square.mul(&across);
    let middle = point.x.mul(&square);
    point.x = up.square().sub(&cube).sub(&middle).sub(&middle);
    point.y = middle.sub(&point.x).mul(&up).sub(&point.y.mul(&cube));
    point.zz = point.zz.mul(&square);
    point.zzz = point.zzz.mul(&cube);
    Step::Done
}

/// Doubles a finite point; y is never zero, as a group of prime order has no point of order two.
fn double<C: Curve>(point: &mut Finite<C::Field>) {
    let twice = point.y.double();
    let square = twice.square();
    let cube = square.mul(&twice);
    let middle = point.x.mul(&square);
    let slope = if C::A_IS_ZERO {
        let squared = point.x.square();
        squared.double().add(&squared)
    } else {
        // 3 x^2 - 3 ZZ^2, as a difference of squares.
        let product = point.x.sub(&point.zz).mul(&point.x.add(&point.zz));
        product.double().add(&product)
    };
    point.x = slope.square().sub(&middle).sub(&middle);
    point.y = middle.sub(&point.x).mul(&slope).sub(&point.y.mul(&cube));
    point.zz = point.zz.mul(&square);
    point.zzz = point.zzz.mul(&cube);
}
