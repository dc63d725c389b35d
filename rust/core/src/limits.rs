//! The bounds of the core: how much work an attacker can cause.
//!
//! A bound is checked before the work it bounds. None of them can be raised from a token.

/// Bytes of a token, unless the verifier says otherwise.
pub const MAX_TOKEN_SIZE: usize = 16_384;
/// Bytes of a JWS in JSON serialization, unless the caller says otherwise.
pub const MAX_JSON_SIZE: usize = 1_048_576;
/// Bytes of a decoded JOSE header (RFC 7515 section 4).
pub const MAX_HEADER_SIZE: usize = 4_096;
/// Nesting of a JOSE header; the outermost object is level 1.
pub const MAX_HEADER_DEPTH: usize = 8;
/// Nesting of any other JSON text.
pub const MAX_DEPTH: usize = 32;
/// Members of one JSON object.
pub const MAX_MEMBERS: usize = 1_024;
/// Digits of a JSON integer; the bound of `CPython`'s own `int(str)`.
pub const MAX_INTEGER_DIGITS: usize = 4_300;
/// Signatures of one JWS in general JSON serialization.
pub const MAX_SIGNATURES: usize = 8;
/// Keys tried for one signature.
pub const MAX_CANDIDATES: usize = 4;
/// Successful verifications before a key on an elliptic curve is prepared. Preparing takes about as long as this many
/// verifications then save.
pub const KEY_TABLE_AFTER: u32 = 32;
/// Successful verifications before an ML-DSA key is prepared. Preparing takes less time than this many verifications then
/// save; keys that are used once or twice should not take the memory.
pub const EXPANDED_AFTER: u32 = 8;
/// Keys that are prepared at one time; each takes 20 to 236 KiB, by its algorithm. No key set has more than half of them.
pub const MAX_PREPARED: usize = 256;
/// Tokens that a cache may keep.
pub const MAX_CACHE: usize = 1_000_000;
/// Bytes that the tokens of a cache may take, on average.
pub const CACHED_BYTES: usize = 8_192;
/// Headers that a verifier keeps.
pub const MAX_MEMO: usize = 64;
/// Seconds of clock difference that a policy may allow.
pub const MAX_LEEWAY: f64 = 600.0;
/// The last NumericDate (RFC 7519 section 2): 9999-12-31T23:59:59Z.
pub const MAX_NUMERIC_DATE: f64 = 253_402_300_799.0;
/// Conditions within conditions; the outermost is level 1.
pub const MAX_CONDITION_DEPTH: usize = 16;
/// Conditions in one tree, the tree itself included.
pub const MAX_CONDITION_NODES: usize = 1_024;
/// Bytes of one path, pattern or literal in a condition.
pub const MAX_CONDITION_TEXT: usize = 4_096;
/// Literals of one condition.
pub const MAX_CONDITION_LITERALS: usize = 1_024;
/// Levels of an order of `acr` values, and synonyms of one level.
pub const MAX_ACR_LEVELS: usize = 64;
/// Rules of one set.
pub const MAX_RULES: usize = 1_024;
