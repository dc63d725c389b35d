//! JSON text, appended to a buffer that is about to be signed.
//!
//! Strings are escaped only where RFC 8259 section 7 demands it, so what is not ASCII stays UTF-8.

use std::io::Write;

use super::scan::{is_plain, plain_end};
use crate::base64url;

/// Appends an object to a buffer, member by member.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Begins an object.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    /// Writes the name of the next member; exactly one value must follow.
    pub fn member(&mut self, name: &str) -> Writer<'_> {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push(b',');
        }
        let mut writer = Writer::new(self.out);
        writer.string(name);
        writer.raw(b":");
        writer
    }

    /// Ends the object.
    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// The JSON text of a string.
#[must_use]
pub fn string(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    Writer::new(&mut out).string(text);
    out
}

/// Appends values to a buffer.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// A writer that appends here.
    pub const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// A string.
    pub fn string(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        self.out.reserve(rest.len() + 2);
        self.out.push(b'"');
        if is_plain(rest) {
            self.out.extend_from_slice(rest);
            self.out.push(b'"');
            return;
        }
        while let Some((plain, after)) = rest.split_at_checked(plain_end(rest, 0)) {
            self.out.extend_from_slice(plain);
            let Some((&octet, after)) = after.split_first() else { break };
            self.escape(octet);
            rest = after;
        }
        self.out.push(b'"');
    }

    /// Bytes as a base64url string, written in place: they may be a private key.
    pub fn base64url(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        base64url::encode_into(bytes, self.out);
        self.out.push(b'"');
    }

    /// `null`
    pub fn null(&mut self) {
        self.raw(b"null");
    }

    /// `true` or `false`
    pub fn bool(&mut self, value: bool) {
        self.raw(if value { b"true" } else { b"false" });
    }

    /// An integer.
    pub fn i64(&mut self, value: i64) {
        if value < 0 {
            self.out.push(b'-');
        }
        self.u64(value.unsigned_abs());
    }

    /// An integer.
    pub fn u64(&mut self, value: u64) {
        // The longest is 18446744073709551615.
        let mut digits = [0; 20];
        let mut left = value;
        let mut count = 0;
        for slot in digits.iter_mut().rev() {
            *slot = b'0' + (left % 10) as u8;
            left /= 10;
            count += 1;
            if left == 0 {
                break;
            }
        }
        self.raw(digits.get(digits.len() - count..).unwrap_or_default());
    }

    /// The shortest number that reads back as this one; nothing is written for NaN and the infinities, which JSON lacks.
    #[must_use]
    pub fn f64(&mut self, value: f64) -> Option<()> {
        if !value.is_finite() {
            return None;
        }
        // `Debug` keeps the fraction of a whole number, so that it reads back as a float, and takes to exponents where
        // `Display` would write out hundreds of zeros. Writing to a vector does not fail.
        write!(self.out, "{value:?}").ok()
    }

    /// These bytes as they are: punctuation, or JSON made elsewhere.
    pub fn raw(&mut self, json: &[u8]) {
        self.out.extend_from_slice(json);
    }

    fn escape(&mut self, octet: u8) {
        let letter = match octet {
            0x08 => b'b',
            0x0C => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..0x20 => {
                let tens = b'0' + (octet >> 4);
                let ones = octet & 15;
                let ones = if ones < 10 { b'0' + ones } else { b'a' + ones - 10 };
                return self.raw(&[b'\\', b'u', b'0', b'0', tens, ones]);
            }
            _ => octet,
        };
        self.raw(&[b'\\', letter]);
    }
}
