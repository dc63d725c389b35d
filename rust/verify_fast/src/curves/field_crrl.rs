//! The fields of P-256, secp256k1 and edwards25519, and the integers modulo the orders of the first two, by `crrl`.

use crrl::field::{GF25519, GFp256, GFsecp256k1};
use crrl::{p256, secp256k1};

use super::field::{Field, Scalar, padded, reversed};
use super::inversion::Modulus;
use super::limbs::{limbs, octets};

macro_rules! field {
    ($element:ty, $modulus:expr) => {
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

            fn invert(&self) -> Option<Self> {
                const MODULUS: Modulus<4> = Modulus::new($modulus);
                let inverse = <$element>::decode(&octets::<32>(&MODULUS.inverse(&limbs(&self.encode()))?))?;
                ((self * inverse).equals(<$element>::ONE) != 0).then_some(inverse)
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

field!(GFp256, [0xffff_ffff_ffff_ffff, 0x0000_0000_ffff_ffff, 0x0000_0000_0000_0000, 0xffff_ffff_0000_0001]);
field!(GFsecp256k1, [0xffff_fffe_ffff_fc2f, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff]);
field!(GF25519, [0xffff_ffff_ffff_ffed, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff]);

macro_rules! scalar {
    ($scalar:ty, $order:expr) => {
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

            fn invert(&self) -> Option<Self> {
                const ORDER: Modulus<4> = Modulus::new($order);
                let inverse = <$scalar>::decode(&octets::<32>(&ORDER.inverse(&limbs(&self.encode()))?))?;
                ((self * inverse).equals(<$scalar>::ONE) != 0).then_some(inverse)
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

scalar!(p256::Scalar, [0xf3b9_cac2_fc63_2551, 0xbce6_faad_a717_9e84, 0xffff_ffff_ffff_ffff, 0xffff_ffff_0000_0000]);
scalar!(
    secp256k1::Scalar,
    [0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, 0xffff_ffff_ffff_fffe, 0xffff_ffff_ffff_ffff]
);
