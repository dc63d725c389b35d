//! The ring against a product computed term by term, and both implementations against each other.

use super::roots::SCALE;
use super::{Computation, DEGREE, Polynomial, Q, Ring};

/// All implementations that this processor can run.
fn rings() -> Vec<Ring> {
    [Ring::on_vectors(), Some(Ring::Portable)].into_iter().flatten().collect()
}

/// Numbers below a bound, of any sign where it is said so, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: i32) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i32::try_from((self.0 >> 33) % u64::try_from(bound).unwrap()).unwrap()
    }

    fn polynomial(&mut self) -> Polynomial {
        Polynomial(std::array::from_fn(|_| self.below(Q)))
    }

    fn signed(&mut self) -> Polynomial {
        Polynomial(std::array::from_fn(|_| self.below(2 * Q - 1) - (Q - 1)))
    }
}

fn modulo(number: i64) -> i32 {
    i32::try_from(number.rem_euclid(i64::from(Q))).unwrap()
}

fn power(base: i32, exponent: usize) -> i32 {
    (0..exponent).fold(1, |power, _| modulo(i64::from(power) * i64::from(base)))
}

/// The product modulo x^256 + 1, term by term.
fn schoolbook(left: &Polynomial, right: &Polynomial) -> Polynomial {
    let mut out = [0_i64; DEGREE];
    for (i, left) in left.0.iter().enumerate() {
        for (j, right) in right.0.iter().enumerate() {
            let term = i64::from(*left) * i64::from(*right);
            let position = &mut out[(i + j) % DEGREE];
            *position = i64::from(modulo(if i + j < DEGREE { *position + term } else { *position - term }));
        }
    }
    Polynomial(out.map(modulo))
}

fn transformed(ring: Ring, polynomial: &Polynomial) -> Polynomial {
    let mut out = polynomial.clone();
    ring.transform(&mut out);
    out
}

fn inverted(ring: Ring, polynomial: &Polynomial) -> Polynomial {
    let mut out = polynomial.clone();
    ring.invert(&mut out);
    out
}

/// Coefficients where an overflow would show, if there were one.
fn extremes() -> Vec<Polynomial> {
    let ends = [-(Q - 1), Q - 1, -1, 0, 1, Q / 2, -(Q / 2)];
    let mut all: Vec<Polynomial> = ends.iter().map(|end| Polynomial([*end; DEGREE])).collect();
    for period in [1, 2, 4, 8, 16, 32, 64, 128] {
        all.push(Polynomial(std::array::from_fn(|position| if position / period % 2 == 0 { Q - 1 } else { 1 - Q })));
    }
    all.extend((0..DEGREE).step_by(37).map(|position| {
        let mut unit = Polynomial::ZERO;
        unit.0[position] = Q - 1;
        unit
    }));
    all
}

/// A transform is the polynomial's values at the odd powers of zeta in the standard's order (FIPS 204 section 7.5).
#[test]
fn transforms_are_values() {
    let mut numbers = Numbers(1);
    for ring in rings() {
        for polynomial in [numbers.polynomial(), numbers.signed()] {
            let mut naive = Polynomial(std::array::from_fn(|position| {
                let root = power(1753, 2 * usize::from(u8::try_from(position).unwrap().reverse_bits()) + 1);
                polynomial
                    .0
                    .iter()
                    .rev()
                    .fold(0, |sum, coefficient| modulo(i64::from(sum) * i64::from(root) + i64::from(*coefficient)))
            }));
            ring.arrange(&mut naive);
            let fast = transformed(ring, &polynomial);
            assert_eq!(naive.0, fast.0.map(|number| modulo(number.into())), "{ring:?}");
        }
    }
}

/// Transform, product and inverse give the product computed term by term.
#[test]
fn products_are_those_of_the_book() {
    let mut numbers = Numbers(2);
    for ring in rings() {
        for _ in 0..20 {
            let (left, right) = (numbers.signed(), numbers.signed());
            let reduced = Polynomial(transformed(ring, &left).0.map(|number| modulo(number.into())));
            let product = ring.product(&[reduced], &[transformed(ring, &right)]);
            assert_eq!(schoolbook(&left, &right), inverted(ring, &product), "{ring:?}");
        }
    }
}

/// x^255 times x is -1: the wrap is negative.
#[test]
fn the_wrap_is_negative() {
    let unit = |position: usize| Polynomial(std::array::from_fn(|at| i32::from(at == position)));
    for ring in rings() {
        let left = Polynomial(transformed(ring, &unit(255)).0.map(|number| modulo(number.into())));
        let product = ring.product(&[left], &[transformed(ring, &unit(1))]);
        let mut minus_one = Polynomial::ZERO;
        minus_one.0[0] = Q - 1;
        assert_eq!(minus_one, inverted(ring, &product));
    }
}

/// The inverse takes a transform back, times R; R^2 / 256 is the standard's constant.
#[test]
fn inverses_take_back() {
    assert_eq!(41_978, SCALE);
    let r = modulo(1 << 32);
    let mut numbers = Numbers(3);
    for ring in rings() {
        let random = (0..20).map(|_| numbers.signed());
        for polynomial in extremes().into_iter().chain(random) {
            let mut reduced = transformed(ring, &polynomial);
            assert!(reduced.0.iter().all(|number| number.abs() < 9 * Q));
            reduced.0 = reduced.0.map(|number| modulo(number.into()));
            let expected = polynomial.0.map(|number| modulo(i64::from(number) * i64::from(r)));
            assert_eq!(expected, inverted(ring, &reduced).0, "{ring:?}");
        }
    }
}

/// Numbers at the ends of what is allowed overflow nowhere: 28 products of the largest numbers, and every sum of an inverse.
#[test]
fn extremes_do_not_overflow() {
    let inverse_r = modulo(i64::from(power(modulo(1 << 32), 8_380_415)));
    for ring in rings() {
        for (left, right) in [(Q - 1, 9 * Q - 1), (1 - Q, 9 * Q - 1), (1 - Q, 1 - 9 * Q)] {
            for terms in [1, 8, 28] {
                let row = vec![Polynomial([left; DEGREE]); terms];
                let column = vec![Polynomial([right; DEGREE]); terms];
                let term = i64::from(modulo(i64::from(left) * i64::from(right)));
                let sum = i64::from(modulo(term * i64::try_from(terms).unwrap()));
                let expected = modulo(sum * i64::from(inverse_r));
                let product = ring.product(&row, &column);
                assert!(product.0.iter().all(|number| number.abs() < Q && modulo((*number).into()) == expected));
            }
        }
        for polynomial in extremes() {
            let out = inverted(ring, &polynomial);
            assert!(out.0.iter().all(|number| (0..Q).contains(number)));
        }
    }
}

/// The vector code computes what the portable code computes, in its own order.
#[test]
fn vectors_agree_with_portable() {
    let Some(vectors) = Ring::on_vectors() else { return };
    let portable = Ring::Portable;
    let mut numbers = Numbers(4);
    let random: Vec<Polynomial> = (0..200).map(|_| numbers.signed()).collect();
    let all: Vec<Polynomial> = extremes().into_iter().chain(random).collect();
    for polynomial in &all {
        let mut expected = transformed(portable, polynomial);
        vectors.arrange(&mut expected);
        assert_eq!(expected, transformed(vectors, polynomial));
        let mut arranged = polynomial.clone();
        vectors.arrange(&mut arranged);
        assert_eq!(inverted(portable, polynomial), inverted(vectors, &arranged));
    }
    for terms in 0..=8 {
        let (row, column) = (&all[..terms], &all[20..20 + terms]);
        assert_eq!(portable.product(row, column), vectors.product(row, column));
    }
}

/// Rows of unequal lengths are as long as the shorter one.
#[test]
fn rows_end_together() {
    let mut numbers = Numbers(5);
    let (one, two, three) = (numbers.signed(), numbers.signed(), numbers.signed());
    for ring in rings() {
        let short = ring.product(std::slice::from_ref(&one), std::slice::from_ref(&two));
        assert_eq!(short, ring.product(std::slice::from_ref(&one), &[two.clone(), three.clone()]));
    }
}

/// What is run returns what it returns elsewhere.
#[test]
fn runs_what_it_is_given() {
    struct Sum(Vec<i32>);
    impl Computation for Sum {
        type Output = i32;

        #[allow(clippy::inline_always, reason = "only what is inlined is compiled for the ring's instructions")]
        #[inline(always)]
        fn run(self) -> i32 {
            self.0.iter().sum()
        }
    }
    for ring in rings() {
        assert_eq!(4950, ring.run(Sum((0..100).collect())), "{ring:?}");
    }
}
