//! The token of an `Authorization` header (RFC 6750 section 2.1, RFC 9110 section 11.4).
//!
//! A gateway and the server behind it must read the same token, so anything two parsers could read differently is refused:
//! another scheme, a comma (two credentials in one field), a control character, a second word.

use crate::error::{Error, Result};

/// The token in the value of an `Authorization` header.
pub fn bearer(value: &[u8]) -> Result<&str> {
    let refused = |reason| Error::malformed("Authorization", reason);
    let value = std::str::from_utf8(value).map_err(|_| refused("is not ASCII"))?;
    let (scheme, token) = value.split_once(' ').ok_or(refused("is not \"Bearer\" and a token"))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Only a bearer token of token characters passes.
    #[test]
    fn bearer_tokens() {
        assert_eq!(bearer(b"Bearer a.b.c").ok(), Some("a.b.c"));
        assert_eq!(bearer(b"bEARER  a.b.c").ok(), Some("a.b.c"));
        for value in
            ["a.b.c", "Bearer", "Bearer ", "Basic a", "Bearer a, Bearer b", "Bearer a\n", "Bearer\ta", "Bearer a b"]
        {
            assert_eq!(bearer(value.as_bytes()).map_err(|error| error.code()), Err("malformed_token"), "{value}");
        }
    }
}
