//! What a key is declared with: the alg and kid of a JWK and of an argument, which must agree.

use crate::error::{Error, Result};
use crate::jwa::{Alg, AlgSet};

/// The value that a JWK, an argument or both have; two different ones are refused.
pub(super) fn agreed<T: PartialEq>(name: &str, own: Option<T>, given: Option<T>) -> Result<Option<T>> {
    match (own, given) {
        (Some(own), Some(given)) if own != given => {
            Err(Error::key(format!("the {name} given differs from the JWK's own {name}: leave it out or correct it")))
        }
        (own, given) => Ok(given.or(own)),
    }
}

/// The names of a set, for a message.
pub(super) fn names(algs: AlgSet) -> String {
    algs.iter().map(Alg::name).collect::<Vec<_>>().join(", ")
}
