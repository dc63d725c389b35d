//! What a text is that was given in place of a compact token, where the mistake can be told.
//!
//! It runs only after a token was refused, and only to say what to give instead; it decides nothing. The sentences are ours
//! and hold nothing of the text.

/// The likely mistake behind a text that is not a compact JWS.
pub(super) fn mistake(text: &[u8]) -> Option<&'static str> {
    mistaken_start(text).or_else(|| mistaken_parts(text))
}

/// The mistake that the first segment of a text shows.
pub(super) fn mistaken_start(text: &[u8]) -> Option<&'static str> {
    if text.is_empty() {
        return Some("is empty");
    }
    if is_space(text.first()) || is_space(text.last()) {
        return Some("has whitespace or a line end around it: give it without, as token.strip() does");
    }
    let begins = |start: &[u8]| text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start));
    if begins(b"Bearer ") || begins(b"Authorization:") {
        return Some(
            "is the value of an Authorization header: jwseal.bearer(value) gives the token in it, which follows \"Bearer \"",
        );
    }
    if begins(b"DPoP ") {
        return Some(
            "is the value of an Authorization header of the scheme DPoP: give the token that follows \"DPoP \"",
        );
    }
    if text.starts_with("\u{feff}".as_bytes()) {
        return Some("has a byte order mark before it: give it without, as token.lstrip(\"\\ufeff\") does");
    }
    if begins(b"b'") || begins(b"b\"") {
        return Some("is the text that Python writes for a bytes object, b'...': give the bytes, or token.decode()");
    }
    if begins(b"'") || begins(b"\"") {
        return Some("is in quotes: give it without them, as json.loads does for a JSON string");
    }
    if begins(b"{") {
        return Some("is a JSON object: jwseal.jws.verify_json verifies a JWS in JSON serialization");
    }
    if memchr::memchr(b',', text).is_some() {
        return Some("has a comma in it, and no token has: it may be a list, or a header that was sent twice");
    }
    if text.iter().any(u8::is_ascii_whitespace) {
        return Some("has whitespace in it, and no token has");
    }
    if memchr::memchr(b'~', text).is_some() {
        return Some(
            "is an SD-JWT: the signed token is what stands before the first ~, and jwseal reads no disclosures",
        );
    }
    // Base64url of a JSON object whose first member follows the brace.
    memchr::memchr(b'=', text)
        .is_some_and(|at| at > 0 && text.get(at + 1..).is_some_and(|rest| rest.starts_with(b"eyJ")))
        .then_some("has a name and = before it, as in a cookie or a query: give what follows the =")
}

fn mistaken_parts(text: &[u8]) -> Option<&'static str> {
    match memchr::memchr_iter(b'.', text).count() {
        0 => Some("has no dots, so it is not a JWT: an opaque token is checked by asking its issuer (RFC 7662)"),
        4 => Some("has the five parts of an encrypted JWE: jwseal verifies signed tokens, so decrypt it first"),
        2 if text.iter().any(|octet| matches!(octet, b'+' | b'/')) => {
            Some("is base64 with + and /: a token is base64url, with - and _")
        }
        _ => None,
    }
}

fn is_space(octet: Option<&u8>) -> bool {
    octet.is_some_and(u8::is_ascii_whitespace)
}
