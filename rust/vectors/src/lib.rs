#![deny(unsafe_op_in_unsafe_fn)]
//! jwseal-vectors: arithmetic on vector instructions, behind safe functions; the only unsafe code outside the binding.
//!
//! Unsafe are two things alone: to enter a function that was compiled for instructions which the processor may lack, and to
//! load and store a vector. A value of `Avx2` is the proof of the first, and array references that of the second. All
//! takes variable time, so nothing secret may come here. Nothing here knows a key, a token or a format, and nothing depends
//! on another crate.

pub mod instructions;
pub mod ring;
