//! Every way to fail, with the facts of the failure and a stable code.
//!
//! Facts are names, lengths and reasons written here: never token text, payload, key material or expected values.
//! The sentence is written once, in `Display`. The enum is exhaustive on purpose, so that a new variant does not compile
//! until the binding has given it a class.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The result of every fallible function of the core.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a token, a key or a policy was refused.
///
/// Its tag is a whole word. With one of a byte, compilers move a `Result` of it in overlapping pieces, and the processor waits
/// for each move before it can read the next piece.
#[derive(Clone, Debug)]
#[repr(usize)]
pub enum Error {
    /// No key here has the header's algorithm, or the key named by `kid` has another.
    AlgorithmNotAllowed,
    /// A claim is missing, of the wrong type or refused by the policy.
    Claim {
        /// The claim's name: a registered one, or one the policy names.
        name: Cow<'static, str>,
        /// What is wrong with it.
        fault: ClaimFault,
    },
    /// A condition of the policy is false, or cannot be evaluated.
    ConditionNotMet {
        /// The claim that one condition alone finds at fault, by the path the policy names it with.
        claim: Option<Box<str>>,
    },
    /// An external signer failed; the caller gets its own error back.
    External(Foreign),
    /// A scope that the policy demands is not granted.
    InsufficientScope {
        /// The claim that should grant it: `scope` or `scp`.
        claim: &'static str,
    },
    /// Key material or a key's declaration is unusable; the sentence says what to do.
    InvalidKey(Cow<'static, str>),
    /// A policy, signer or verifier was declared wrongly; the sentence says what to do.
    InvalidPolicy(Cow<'static, str>),
    /// The signature does not verify under any candidate key.
    InvalidSignature,
    /// The algorithm is known, but no key is a candidate, or too many are.
    KeyNotFound(NoKey),
    /// A key source has no keys that may be used now.
    KeySourceUnavailable,
    /// The token is not a JWS of the expected form.
    Malformed {
        /// Which part: "token", "header", "payload", "signature", "JWK", ...
        part: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The request has no credentials.
    MissingToken,
    /// The token exceeds a bound.
    TooLarge {
        /// What is too large, such as "token".
        what: &'static str,
        /// Its size, in bytes or entries.
        size: usize,
        /// The bound.
        limit: usize,
    },
    /// A header parameter that must be processed cannot be.
    UnsupportedHeader {
        /// The parameter's registered name.
        name: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `typ` is not one the policy accepts.
    WrongTyp,
}

/// Why there is no key to verify with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// The header's `kid` is that of no key here.
    UnknownKid,
    /// More keys match than are tried.
    TooMany,
    /// The store of keys has none for the token's header.
    NotInStore,
    /// The key is valid at other times, as its certificate says.
    OutsideValidity,
    /// No verifier is listed for the token's `iss`.
    UnknownIssuer,
    /// The token has no `iss`, so that no verifier can be chosen.
    NoIssuer,
}

/// What is wrong with a claim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClaimFault {
    /// `exp` is not after now.
    Expired,
    /// The value has the wrong JSON type or is out of range.
    Invalid,
    /// The value is an array where the policy expects a single literal.
    IsArray,
    /// `exp` is further after `iat` than the policy's `max_lifetime`, in seconds.
    LivesTooLong(f64),
    /// The value is not one of those expected.
    Mismatch,
    /// The claim is absent but required.
    Missing,
    /// `nbf` or `iat` is after now.
    NotYetValid,
    /// The identifier was seen before. Raised once a replay store is configured.
    Replayed,
    /// The token was revoked. Raised once a revocation store is configured.
    Revoked,
    /// `iat` is further back than the policy's `max_age`.
    TooOld,
}

/// An error of the caller's own, which the core passes on.
#[derive(Clone)]
pub struct Foreign(pub Arc<dyn Any + Send + Sync>);

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Foreign")
    }
}

impl Error {
    /// A malformed part of a token.
    #[must_use]
    pub const fn malformed(part: &'static str, reason: &'static str) -> Self {
        Self::Malformed { part, reason }
    }

    /// An unusable key.
    pub fn key(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidKey(reason.into())
    }

    /// A wrong declaration.
    pub fn policy(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidPolicy(reason.into())
    }

    /// A refused claim.
    pub fn claim(name: impl Into<Cow<'static, str>>, fault: ClaimFault) -> Self {
        Self::Claim { name: name.into(), fault }
    }

    /// The stable code of this error; follows semantic versioning.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::Claim { fault, .. } => fault.code(),
            Self::ConditionNotMet { .. } => "condition_not_met",
            Self::External(_) => "external",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::InvalidKey(_) => "invalid_key",
            Self::InvalidPolicy(_) => "invalid_policy",
            Self::InvalidSignature => "invalid_signature",
            Self::KeyNotFound(_) => "key_not_found",
            Self::KeySourceUnavailable => "key_source_unavailable",
            Self::Malformed { .. } => "malformed_token",
            Self::MissingToken => "missing_token",
            Self::TooLarge { .. } => "token_too_large",
            Self::UnsupportedHeader { .. } => "unsupported_header",
            Self::WrongTyp => "wrong_typ",
        }
    }
}

impl ClaimFault {
    /// The stable code of this fault.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "token_expired",
            Self::Invalid | Self::LivesTooLong(_) => "invalid_claim",
            Self::IsArray | Self::Mismatch => "claim_mismatch",
            Self::Missing => "missing_claim",
            Self::NotYetValid => "token_not_yet_valid",
            Self::Replayed => "replayed",
            Self::Revoked => "revoked",
            Self::TooOld => "token_too_old",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlgorithmNotAllowed => f.write_str("the header's alg is not one these keys are used with"),
            Self::Claim { name, fault } => write!(f, "claim {name:?} {fault}"),
            Self::ConditionNotMet { claim: Some(claim) } => write!(f, "the condition on claim {claim:?} is not met"),
            Self::ConditionNotMet { claim: None } => f.write_str("the policy's condition is not met"),
            Self::External(_) => f.write_str("the external signer failed"),
            Self::InsufficientScope { claim } => write!(f, "claim {claim:?} does not grant every scope demanded"),
            Self::InvalidKey(reason) | Self::InvalidPolicy(reason) => f.write_str(reason),
            Self::InvalidSignature => f.write_str("the signature does not verify"),
            Self::KeyNotFound(why) => why.fmt(f),
            Self::KeySourceUnavailable => f.write_str("the key source has no keys that may be used now"),
            Self::Malformed { part, reason } => write!(f, "{part}: {reason}"),
            Self::MissingToken => f.write_str("the request has no Authorization header"),
            Self::TooLarge { what, size, limit } => {
                write!(f, "{what} of {size} exceeds the limit of {limit}")?;
                match *what {
                    "header" => f.write_str(": a verifier accepts more with max_header_size="),
                    "token" => {
                        f.write_str(": a verifier accepts more with max_token_size= (jwseal.jws with max_size=)")
                    }
                    _ => Ok(()),
                }
            }
            Self::UnsupportedHeader { name, reason } => write!(f, "header parameter {name:?} {reason}"),
            Self::WrongTyp => f.write_str("the header's typ is not one the policy accepts"),
        }
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownKid => {
                "no key here has the token's kid: check that the issuer's current keys are the ones loaded"
            }
            Self::TooMany => {
                "more than 4 keys could have signed this token, none was tried: give each key a kid, which its tokens name"
            }
            Self::NotInStore => "the key source has no key for the token's header",
            Self::OutsideValidity => "the key for the token's header is not valid at this time",
            Self::UnknownIssuer => "no verifier here is for the token's iss: add one under exactly that name, or refuse it",
            Self::NoIssuer => "the token has no iss that is a string, so that no verifier can be chosen",
        })
    }
}

impl fmt::Display for ClaimFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LivesTooLong(limit) => {
                return write!(f, "is out of range: it is more than {limit} seconds, the policy's max_lifetime, after iat");
            }
            Self::Expired => "says the token has expired",
            Self::Invalid => "has the wrong type or is out of range",
            Self::IsArray => {
                "is an array, which claims= compares with nothing: write where=claim(NAME).contains(VALUE) in the policy"
            }
            Self::Mismatch => "is not what the policy expects",
            Self::Missing => "is missing",
            Self::NotYetValid => "says the token is not valid yet",
            Self::Replayed => "was seen before",
            Self::Revoked => "was revoked",
            Self::TooOld => "says the token is too old",
        })
    }
}

impl std::error::Error for Error {}
