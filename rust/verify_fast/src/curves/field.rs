//! The operations of a field, and of the integers modulo a group's order, that the group laws need.
//!
//! Elements are values: two that are equal need not look alike, and only `is_zero` tells. Time is variable throughout.

/// An element of the field that a curve is defined over.
pub(super) trait Field: Copy + Send + Sync + 'static {
    const ONE: Self;

    /// From big-endian bytes; `None` unless they have the full length and are below the modulus.
    fn read(octets: &[u8]) -> Option<Self>;
    #[must_use]
    fn add(&self, other: &Self) -> Self;
    #[must_use]
    fn sub(&self, other: &Self) -> Self;
    #[must_use]
    fn mul(&self, other: &Self) -> Self;
    #[must_use]
    fn square(&self) -> Self;
    #[must_use]
    fn negate(&self) -> Self;
    /// The inverse; `None` for zero.
    fn invert(&self) -> Option<Self>;
    fn is_zero(&self) -> bool;

    /// Big-endian bytes.
    #[cfg(test)]
    fn written(&self) -> Vec<u8>;

    /// Twice this.
    #[must_use]
    fn double(&self) -> Self {
        self.add(self)
    }
}

/// An integer modulo the prime order of a group.
pub(super) trait Scalar: Copy {
    /// Little-endian bytes, as many as the order has.
    type Octets: AsRef<[u8]>;

    /// From big-endian bytes; `None` unless they have the full length and are below the order.
    fn read(octets: &[u8]) -> Option<Self>;
    /// From at most the full length of big-endian bytes, modulo the order.
    fn reduce(octets: &[u8]) -> Option<Self>;
    #[must_use]
    fn mul(&self, other: &Self) -> Self;
    /// The inverse; `None` for zero.
    fn invert(&self) -> Option<Self>;
    fn is_zero(&self) -> bool;
    /// The integer itself, below the order.
    fn octets(&self) -> Self::Octets;
}

/// Inverts all at the price of one inversion and three multiplications each; `None` if one of them is zero.
pub(super) fn invert_all<F: Field>(elements: &mut [F]) -> Option<()> {
    let mut product = F::ONE;
    let mut before = Vec::with_capacity(elements.len());
    for element in elements.iter() {
        before.push(product);
        product = product.mul(element);
    }
    let mut inverse = product.invert()?;
    for (element, before) in elements.iter_mut().zip(before).rev() {
        let own = inverse.mul(&before);
        inverse = inverse.mul(element);
        *element = own;
    }
    Some(())
}

/// Big-endian bytes of exactly this length, turned to little-endian.
pub(super) fn reversed<const LEN: usize>(octets: &[u8]) -> Option<[u8; LEN]> {
    let mut turned: [u8; LEN] = octets.try_into().ok()?;
    turned.reverse();
    Some(turned)
}

/// Big-endian bytes of at most this length, turned to little-endian.
pub(super) fn padded<const LEN: usize>(octets: &[u8]) -> Option<[u8; LEN]> {
    let mut turned = [0; LEN];
    let (own, _) = turned.split_at_mut_checked(octets.len())?;
    own.copy_from_slice(octets);
    own.reverse();
    Some(turned)
}
