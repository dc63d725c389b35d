//! The fields of P-256, secp256k1 and edwards25519, and the integers modulo the orders of the first two, by `crrl`.

use crrl::field::{GF25519, GFp256, GFsecp256k1};
use crrl::{p256, secp256k1};

use super::field::{Field, Scalar, padded, reversed};

macro_rules! field {
    ($element:ty) => {
        impl Field for $element {
            const ONE: Self = <$element>::ONE;

            fn read(octets: &[u8]) -> Option<Self> {
                <$element>::decode(&reversed::<32>(octets)?)
            }

            #[inline]
            fn add(&self, other: &Self) -> Self {
                self + other
            }

            #[inline]
            fn sub(&self, other: &Self) -> Self {
                self - other
            }

            #[inline]
            fn mul(&self, other: &Self) -> Self {
                self * other
            }

            #[inline]
            fn square(&self) -> Self {
                <$element>::square(*self)
            }

            #[inline]
            fn negate(&self) -> Self {
                -self
            }

            fn invert(&self) -> Self {
                <$element>::ONE / self
            }

            #[inline]
            fn is_zero(&self) -> bool {
                self.iszero() != 0
            }

            #[cfg(test)]
            fn written(&self) -> Vec<u8> {
                self.encode().into_iter().rev().collect()
            }

            #[inline]
            fn double(&self) -> Self {
                self.mul2()
            }
        }
    };
}

field!(GFp256);
field!(GFsecp256k1);
field!(GF25519);

macro_rules! scalar {
    ($scalar:ty) => {
        impl Scalar for $scalar {
            type Octets = [u8; 32];

            fn read(octets: &[u8]) -> Option<Self> {
                <$scalar>::decode(&reversed::<32>(octets)?)
            }

            fn reduce(octets: &[u8]) -> Option<Self> {
                padded::<32>(octets).map(|octets| <$scalar>::decode_reduce(&octets))
            }

            fn mul(&self, other: &Self) -> Self {
                self * other
            }

            fn invert(&self) -> Self {
                <$scalar>::ONE / self
            }

            fn is_zero(&self) -> bool {
                self.iszero() != 0
            }

            fn octets(&self) -> [u8; 32] {
                self.encode()
            }
        }
    };
}

scalar!(p256::Scalar);
scalar!(secp256k1::Scalar);
