//! Which vector instructions the processor has, found out where the program runs.
//!
//! Whoever holds a value of these types may use the instructions; there is no other way to one than asking the processor.

/// Proof that the processor has AVX2, BMI1 and BMI2, which came to market together.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Avx2 {
    /// Asks the processor; the answer is remembered by the standard library.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub fn detect() -> Option<Self> {
        let has_all = std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("bmi1")
            && std::arch::is_x86_feature_detected!("bmi2");
        has_all.then_some(Self(()))
    }

    /// No other architecture has them.
    #[cfg(not(target_arch = "x86_64"))]
    #[must_use]
    pub const fn detect() -> Option<Self> {
        None
    }

    /// Calls a function. If it is marked `#[inline(always)]`, it is compiled for the instructions, and so is what is inlined
    /// into it.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub fn run<A, R>(self, function: impl FnOnce(A) -> R, argument: A) -> R {
        // SAFETY: an `Avx2` exists only where `detect` found the instructions.
        unsafe { compiled_for_avx2(function, argument) }
    }

    /// Calls a function; where there are no such instructions, nobody can call this.
    #[cfg(not(target_arch = "x86_64"))]
    #[inline]
    pub fn run<A, R>(self, function: impl FnOnce(A) -> R, argument: A) -> R {
        function(argument)
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn compiled_for_avx2<A, R>(function: impl FnOnce(A) -> R, argument: A) -> R {
    function(argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What runs there returns what it returns elsewhere.
    #[test]
    fn runs_what_it_is_given() {
        let numbers: Vec<i32> = (0..100).collect();
        if let Some(avx2) = Avx2::detect() {
            assert_eq!(4950, avx2.run(|numbers: Vec<i32>| numbers.iter().sum::<i32>(), numbers));
        }
    }
}
