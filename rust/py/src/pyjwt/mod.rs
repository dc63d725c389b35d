//! The steps by which `jwseal.compat.pyjwt` verifies a token, in PyJWT's order (RFC 7515 section 5.2, RFC 7519 section 7.2).
//!
//! Each step is a method of `PyJWSSteps` or `PyJWTSteps`, the bases of `PyJWS` and `PyJWT`. There is one way through them: a step
//! that a subclass, a class or an object has replaced is called, and of any other the code runs without the call. So a step
//! that is replaced to refuse a token refuses it, and none is judged twice.
//!
//! These are PyJWT's rules and not jwseal's: they judge whatever Python object a replaced step returns, by what `int()` and `in`
//! say of it, which is why they are not in the core. Signatures, base64url and JSON are the core's.

mod claims;
mod jws;
mod jwt;
mod signature;
mod steps;

pub(crate) use jws::PyJwsSteps;
pub(crate) use jwt::PyJwtSteps;

use pyo3::prelude::*;

/// Any object of Python.
type Object<'py> = Bound<'py, PyAny>;
