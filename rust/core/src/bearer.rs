//! The token of an `Authorization` header (RFC 6750 section 2.1, RFC 9110 section 11.4).
//!
//! A gateway and the server behind it must read the same token, so anything two parsers could read differently is refused:
//! a second header field, another scheme, a comma (two credentials in one field), a control character, a second word. A
//! request without the field has no credentials and is refused with another code (RFC 6750 section 3.1).

use crate::error::{Error, Result};

/// The token in the values of the `Authorization` header fields that a request has.
pub fn bearer<'a>(values: &[&'a [u8]]) -> Result<&'a str> {
    let refused = |reason| Error::malformed("Authorization", reason);
    let value = match values {
        [] => return Err(Error::MissingToken),
        [value] => std::str::from_utf8(value).map_err(|_| refused("is not ASCII"))?,
        _ => return Err(refused("is in the request more than once")),
    };
    let (scheme, token) = value.split_once(' ').ok_or(refused(if value.starts_with("eyJ") {
        "has a token without the scheme Bearer: give a bare token to verify as it is"
    } else {
        "is not \"Bearer\" and a token"
    }))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused("has another scheme than Bearer"));
    }
    let token = token.trim_matches(' ');
    if token.is_empty() {
        return Err(refused("has no token"));
    }
    if token.bytes().any(|octet| !matches!(octet, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'='))
    {
        return Err(refused("holds a character that no token has"));
    }
    Ok(token)
}
