//! What is fixed about a curve of ECDSA (SEC 2 section 2).

use super::field::{Field, Scalar};
use super::shared::Shared;
use super::table::Table;
use super::weierstrass::Affine;

/// A curve of prime order.
pub(super) trait Curve: Sized + Send + Sync + 'static {
    type Field: Field;
    type Scalar: Scalar;

    /// Bytes of a coordinate, and of a scalar.
    const LEN: usize;
    /// Bits of the order.
    const BITS: u32;
    /// Whether the coefficient a is zero; it is minus three otherwise.
    const A_IS_ZERO: bool;
    /// The order, big-endian.
    const ORDER: &'static [u8];
    /// The generator: x and y, big-endian.
    const GENERATOR: &'static [u8];
    /// The width of a digit in a key's table.
    const KEY_WIDTH: u32;
    /// The width of a digit in the generator's table, which there is once for all keys.
    const GENERATOR_WIDTH: u32;

    /// Where the generator's table is kept.
    fn shared() -> &'static Shared<Table<Self>>;

    /// A point from x and y side by side; the caller has checked that it is on the curve.
    fn point(octets: &[u8]) -> Option<Affine<Self::Field>> {
        let (x, y) = octets.split_at_checked(Self::LEN)?;
        Some(Affine { x: Self::Field::read(x)?, y: Self::Field::read(y)? })
    }
}
