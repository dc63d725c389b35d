//! Inverses modulo every prime in use: against the power to the prime less two, and modulo small numbers against all products.

use crrl::field::GF25519;

use super::*;
use crate::curves::inversion::Modulus;

/// Every number times its inverse is one, and every eighth inverse is the power that Fermat's theorem says; zero has none.
#[test]
fn every_field_and_every_order() {
    let p25519 = format!("7f{}ed", "ff".repeat(30));
    fields::<GF25519>(&hex(&p25519));
    curve::<P256>();
    curve::<Secp256k1>();
    curve::<P384>();
    curve::<P521>();
}

fn curve<C: Named>() {
    fields::<C::Field>(&hex(C::P));
    assert!(small::<C>(0).invert().is_none());
    for (index, number) in numbers(C::ORDER).iter().enumerate() {
        let number = read::<C>(number);
        let inverse = number.invert().unwrap();
        assert_eq!(octets::<C>(&small::<C>(1)), octets::<C>(&number.mul(&inverse)), "{:?}", octets::<C>(&number));
        assert_eq!(octets::<C>(&number), octets::<C>(&inverse.invert().unwrap()));
        if index % 8 == 0 {
            assert_eq!(octets::<C>(&power::<C>(&number)), octets::<C>(&inverse));
        }
    }
}

fn fields<F: Field>(modulus: &[u8]) {
    assert!(F::read(&vec![0; modulus.len()]).unwrap().invert().is_none());
    // Zero in another form.
    assert!(F::ONE.sub(&F::ONE).invert().is_none());
    for (index, number) in numbers(modulus).iter().enumerate() {
        let number = F::read(number).unwrap();
        let inverse = number.invert().unwrap();
        assert_eq!(F::ONE.written(), number.mul(&inverse).written(), "{:?}", number.written());
        assert_eq!(number.written(), inverse.invert().unwrap().written());
        assert_eq!(number.negate().written(), inverse.negate().invert().unwrap().written());
        if index % 8 == 0 {
            let fermat = bits(&less_two(modulus)).fold(F::ONE, |power, bit| {
                let square = power.square();
                if bit { square.mul(&number) } else { square }
            });
            assert_eq!(fermat.written(), inverse.written());
        }
    }
}

/// The power of a scalar to the order less two.
fn power<C: Named>(number: &C::Scalar) -> C::Scalar {
    bits(&less_two(C::ORDER)).fold(small::<C>(1), |power, bit| {
        let square = power.mul(&power);
        if bit { square.mul(number) } else { square }
    })
}

fn bits(octets: &[u8]) -> impl Iterator<Item = bool> {
    octets.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1))
}

fn less_two(modulus: &[u8]) -> Vec<u8> {
    difference(modulus, &[vec![0; modulus.len() - 1], vec![2]].concat())
}

/// Numbers from one below a modulus: small ones, powers of two and their neighbours, the modulus shifted down, what is missing
/// from each to the modulus, and random ones of every length.
fn numbers(modulus: &[u8]) -> Vec<Vec<u8>> {
    let len = modulus.len();
    let padded = |octets: &[u8]| [&vec![0; len - octets.len()][..], octets].concat();
    let one = padded(&[1]);
    let mut numbers: Vec<Vec<u8>> = (1..=40).map(|number| padded(&[number])).collect();
    for shift in 0..8 * len {
        let mut power = vec![0; len];
        power[len - 1 - shift / 8] = 1 << (shift % 8);
        let shifted = shifted(modulus, shift);
        for number in [power, shifted] {
            numbers.extend(sum(&number, &one));
            numbers.push(difference(&number, &one));
            numbers.push(number);
        }
    }
    for length in 1..=len {
        for _ in 0..4 {
            numbers.push(padded(&random(length)));
        }
    }
    numbers.retain(|number| &number[..] < modulus && number.iter().any(|octet| *octet != 0));
    let missing: Vec<Vec<u8>> = numbers.iter().map(|number| difference(modulus, number)).collect();
    numbers.extend(missing);
    numbers
}

/// An integer divided by 2^bits.
fn shifted(octets: &[u8], bits: usize) -> Vec<u8> {
    let all: Vec<bool> = std::iter::repeat_n(false, bits).chain(self::bits(octets)).take(8 * octets.len()).collect();
    all.chunks(8).map(|octet| octet.iter().fold(0, |octet, bit| octet << 1 | u8::from(*bit))).collect()
}

/// Modulo every odd number below 200 all numbers have the inverse that multiplying all pairs finds, or none.
#[test]
fn every_small_number() {
    for modulus in (3..200).step_by(2) {
        for number in 0..modulus {
            let found = (0..modulus).find(|other| number * other % modulus == 1);
            assert_eq!(found.map(|inverse| [inverse]), Modulus::new([modulus]).inverse(&[number]));
            // With limbs of zeros above.
            let long = |number| [number, 0, 0, 0];
            assert_eq!(found.map(long), Modulus::new(long(modulus)).inverse(&long(number)));
        }
    }
}
