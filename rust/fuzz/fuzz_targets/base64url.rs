#![no_main]
//! The libFuzzer binary of `jwseal_fuzz::base64url`, which says what it asserts.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    jwseal_fuzz::base64url(data);
});
