#![no_main]
//! The libFuzzer binary of `jwseal_fuzz::conditions`, which says what it asserts.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    jwseal_fuzz::conditions(data);
});
