//! Claims on their way into a token: JSON text, and no registered claim that every verifier would refuse.
//!
//! `iss`, `sub` and `jti` are strings, `aud` is a string or an array of strings, `exp`, `nbf` and `iat` are numbers within
//! the years 1970 to 9999 (RFC 7519 section 4.1). A claim is judged by the text that was written for it, when it is written,
//! so the check and the signature cannot differ. No member occurs twice. The policy decides what a claim means.

use crate::error::{Error, Result};
use crate::json::{Document, Limits, Writer};
use crate::limits;

/// Writes one claims set.
#[derive(Debug)]
pub struct ClaimsWriter<'a> {
    out: &'a mut Vec<u8>,
    /// The JSON text of the only `iss` that may be written.
    issuer: Option<&'a [u8]>,
    members: usize,
    /// The registered claims that were written, a bit for each.
    written: u8,
    reread: bool,
}

/// What a registered claim's value may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Texts,
    Date,
}

impl<'a> ClaimsWriter<'a> {
    /// A writer that appends to `out`. `issuer` is JSON text.
    pub(crate) fn new(out: &'a mut Vec<u8>, issuer: Option<&'a [u8]>) -> Self {
        out.push(b'{');
        Self { out, issuer, members: 0, written: 0, reread: false }
    }

    /// Writes a claim: `write` writes one JSON value.
    pub fn claim<E: From<Error>>(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut Writer<'_>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        if self.members > 0 {
            self.out.push(b',');
        }
        self.members += 1;
        let known = registered(name);
        let mut writer = Writer::new(self.out);
        if known.is_some() {
            // These names need no escapes.
            writer.raw(b"\"");
            writer.raw(name.as_bytes());
            writer.raw(b"\":");
        } else {
            writer.string(name);
            writer.raw(b":");
        }
        let start = self.out.len();
        write(&mut Writer::new(self.out))?;
        match known {
            Some((bit, shape)) => Ok(self.check_shape(bit, name, shape, start)?),
            None => Ok(()),
        }
    }

    /// Says that a name may have been written twice, here or in an object within: the text is read again at the end.
    pub const fn doubt_names(&mut self) {
        self.reread = true;
    }

    /// Adds `iss`, `exp` and `iat` where they are missing, and ends the object. `now` is asked for at most once, and only where
    /// a claim needs it.
    pub(crate) fn finish<E: From<Error>>(
        mut self,
        expires_in: Option<f64>,
        now: impl FnOnce() -> std::result::Result<f64, E>,
    ) -> std::result::Result<(), E> {
        if let Some(issuer) = self.issuer {
            self.add("iss", |writer| {
                writer.raw(issuer);
                Ok(())
            })?;
        }
        if (expires_in.is_some() && self.lacks("exp")) || self.lacks("iat") {
            self.add_times(expires_in, now()?)?;
        }
        self.out.push(b'}');
        if self.members > limits::MAX_MEMBERS {
            return Err(Error::policy("a token may have at most 1,024 claims").into());
        }
        if self.reread
            && let Err(reason) = Document::parse(self.out.clone(), Limits::TEXT)
        {
            return Err(Error::policy(format!("a verifier would refuse these claims: the payload {reason}")).into());
        }
        Ok(())
    }

    fn add_times(&mut self, expires_in: Option<f64>, now: f64) -> Result<()> {
        // Whole seconds: fractions are allowed (RFC 7519 section 2), but some verifiers refuse them.
        let now = now.floor();
        let latest = now + expires_in.unwrap_or(0.0);
        if !(0.0..=limits::MAX_NUMERIC_DATE).contains(&now) || latest > limits::MAX_NUMERIC_DATE {
            return Err(Error::policy("now or exp lies outside the years 1970 to 9999"));
        }
        if expires_in.is_some() {
            self.add("exp", |writer| write_date(writer, latest))?;
        }
        self.add("iat", |writer| write_date(writer, now))
    }

    /// Writes a registered claim that the caller left out.
    fn add(&mut self, name: &str, write: impl FnOnce(&mut Writer<'_>) -> Result<()>) -> Result<()> {
        if self.lacks(name) { self.claim(name, write) } else { Ok(()) }
    }

    /// Whether this registered claim was not written.
    fn lacks(&self, name: &str) -> bool {
        registered(name).is_none_or(|(bit, _)| self.written & bit == 0)
    }

    /// Judges the value from `start` on.
    fn check_shape(&mut self, bit: u8, name: &str, shape: Shape, start: usize) -> Result<()> {
        if self.written & bit != 0 {
            return Err(Error::policy(format!("claim {name:?} is given twice")));
        }
        self.written |= bit;
        let value = self.out.get(start..).unwrap_or_default();
        let first = value.first().copied().unwrap_or_default();
        match shape {
            Shape::Text | Shape::Texts if first == b'"' => {}
            Shape::Texts if value == b"[]" => return Err(Error::policy(NO_AUDIENCE)),
            Shape::Texts if first == b'[' && holds_strings(value) => {}
            Shape::Date if first == b'-' || first.is_ascii_digit() => return check_date(name, value),
            Shape::Text => return Err(refused(name, first, "a string")),
            Shape::Texts => return Err(refused(name, first, "a string or an array of strings")),
            Shape::Date => return Err(refused(name, first, A_DATE)),
        }
        if bit == 1 && self.issuer.is_some_and(|issuer| issuer != value) {
            return Err(Error::policy("claim \"iss\" differs from the signer's issuer"));
        }
        Ok(())
    }
}

const NO_AUDIENCE: &str =
    "claim \"aud\" is an empty array, so the token is for nobody: name an audience, or leave aud out";

/// Whether this claim is checked here.
#[must_use]
pub fn is_registered(name: &str) -> bool {
    registered(name).is_some()
}

/// Whether this claim is a time.
#[must_use]
pub fn is_date(name: &str) -> bool {
    registered(name).is_some_and(|(_, shape)| shape == Shape::Date)
}

/// A registered claim's bit and shape. All registered names have three letters; most other names do not.
#[inline]
fn registered(name: &str) -> Option<(u8, Shape)> {
    let &[first, second, third] = name.as_bytes() else { return None };
    // Compares bytes, because seven string comparisons would take longer than the checks.
    Some(match (first, second, third) {
        (b'i', b's', b's') => (1, Shape::Text),
        (b'e', b'x', b'p') => (2, Shape::Date),
        (b'i', b'a', b't') => (4, Shape::Date),
        (b's', b'u', b'b') => (8, Shape::Text),
        (b'a', b'u', b'd') => (16, Shape::Texts),
        (b'n', b'b', b'f') => (32, Shape::Date),
        (b'j', b't', b'i') => (64, Shape::Text),
        _ => return None,
    })
}

/// The refusal of an object of this type where a time must stand.
#[must_use]
pub fn no_date(name: &str, given: &str) -> Error {
    Error::policy(format!("claim {name:?} must be {A_DATE}, not {given}"))
}

const A_DATE: &str = "seconds since 1970, as a number or an aware datetime";

/// The refusal of a value by its first byte.
fn refused(name: &str, first: u8, wanted: &str) -> Error {
    let given = match first {
        b'"' => "a string",
        b'[' if name == "aud" => "an array that holds something else",
        b'[' => "an array",
        b'{' => "an object",
        b'n' => "null",
        b't' | b'f' => "true or false",
        _ => "a number",
    };
    Error::policy(format!("claim {name:?} must be {wanted}, not {given}: verifiers would refuse the token"))
}

fn check_date(name: &str, value: &[u8]) -> Result<()> {
    // By far the commonest are integers of up to ten digits, which are within the range.
    if value.len() <= 11 && value.iter().all(u8::is_ascii_digit) {
        return Ok(());
    }
    let seconds = std::str::from_utf8(value).ok().and_then(|number| number.parse().ok()).unwrap_or(f64::INFINITY);
    if (0.0..=limits::MAX_NUMERIC_DATE).contains(&seconds) {
        return Ok(());
    }
    // In another unit, of the years 2001 to 9999.
    let unit = UNITS.iter().find(|(size, _)| (1e9 * size..=limits::MAX_NUMERIC_DATE * size).contains(&seconds));
    let hint = unit.map_or(String::new(), |(size, name)| format!(": it looks like {name}, divide by {size}"));
    Err(Error::policy(format!("claim {name:?} must be seconds since 1970 within the years 1970 to 9999{hint}")))
}

/// Units of time that are taken for seconds, by how many make one.
const UNITS: [(f64, &str); 3] = [(1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds")];

/// Whether the text of an array holds nothing but strings.
fn holds_strings(array: &[u8]) -> bool {
    let mut rest = array.get(1..).unwrap_or_default();
    loop {
        let Some((b'"', text)) = rest.split_first() else { return false };
        let mut escaped = false;
        let end = text.iter().position(|octet| {
            let ends = *octet == b'"' && !escaped;
            escaped = *octet == b'\\' && !escaped;
            ends
        });
        match end.and_then(|end| text.get(end + 1..)) {
            Some([b',', after @ ..]) => rest = after,
            Some(after) => return after == b"]",
            None => return false,
        }
    }
}

/// Writes a NumericDate, as an integer where it is one.
#[expect(clippy::cast_possible_truncation, reason = "dates lie far inside the range of i64, checked here")]
pub fn write_date(writer: &mut Writer<'_>, seconds: f64) -> Result<()> {
    if seconds.fract() == 0.0 && seconds.abs() < 9e15 {
        writer.i64(seconds as i64);
        return Ok(());
    }
    writer.f64(seconds).ok_or(Error::policy("a time is not finite"))
}
