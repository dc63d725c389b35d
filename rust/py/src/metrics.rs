//! `VerificationCounter` and `PairCounter`: the native half of `jwseal.metrics`, which is read when it is scraped.

use jwseal_core::json::Value;
use jwseal_core::jwa::Alg;
use jwseal_core::metrics::{BOUNDS, Pairs, Verifications};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::convert;
use crate::verified_jwt::VerifiedJwtObject;

#[doc = doc!("VerificationCounter")]
#[pyclass(name = "VerificationCounter", module = "jwseal._native", frozen)]
pub(crate) struct VerificationCounterObject(Verifications);

#[pymethods]
impl VerificationCounterObject {
    #[new]
    #[pyo3(signature = (issuers, codes))]
    fn new(issuers: &Bound<'_, PyDict>, codes: Vec<String>) -> PyResult<Self> {
        Ok(Self(Verifications::new(issuers.items().extract()?, codes)))
    }

    #[doc = doc!("VerificationCounter.observe")]
    #[pyo3(signature = (code, result, seconds))]
    fn observe(&self, code: &Bound<'_, PyString>, result: &Bound<'_, PyAny>, seconds: f64) -> PyResult<()> {
        let code = convert::text(code)?;
        if let Ok(verified) = result.cast::<VerifiedJwtObject>() {
            let jwt = verified.get().jwt();
            let issuer = jwt.claims().get("iss").and_then(Value::as_str);
            self.0.record(issuer, Some(jwt.resolved().alg()), code, seconds);
            return Ok(());
        }
        // The decision of an authorizer has both where a token was verified.
        let (issuer, alg) = (issuer(result)?, attribute(result, "alg")?);
        let alg = alg.as_ref().and_then(|alg| alg.to_str().ok()).and_then(Alg::from_name);
        self.0.record(issuer.as_ref().and_then(|issuer| issuer.to_str().ok()), alg, code, seconds);
        Ok(())
    }

    #[doc = doc!("VerificationCounter.counts")]
    fn counts(&self) -> Vec<(&str, Option<&'static str>, &str, u64)> {
        self.0.counts().map(|one| (one.issuer, one.alg.map(Alg::name), one.code, one.count)).collect()
    }

    #[doc = doc!("VerificationCounter.times")]
    fn times(&self) -> (Vec<(Option<f64>, u64)>, f64) {
        let (buckets, seconds) = self.0.times();
        let bounds = BOUNDS.into_iter().map(Some).chain([None]);
        (bounds.zip(buckets).collect(), seconds)
    }
}

#[doc = doc!("PairCounter")]
#[pyclass(name = "PairCounter", module = "jwseal._native", frozen)]
pub(crate) struct PairCounterObject(Pairs);

#[pymethods]
impl PairCounterObject {
    #[new]
    fn new() -> Self {
        Self(Pairs::new())
    }

    #[doc = doc!("PairCounter.observe")]
    #[pyo3(signature = (first, second))]
    fn observe(&self, first: &Bound<'_, PyString>, second: &Bound<'_, PyString>) -> PyResult<()> {
        self.0.record(convert::text(first)?, convert::text(second)?);
        Ok(())
    }

    #[doc = doc!("PairCounter.counts")]
    fn counts(&self) -> Vec<(&str, &str, u64)> {
        self.0.counts().collect()
    }
}

/// The `iss` of the claims that an object has.
fn issuer<'py>(result: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyString>>> {
    let Some(claims) = result.getattr_opt("claims")? else { return Ok(None) };
    let Ok(claims) = claims.cast::<PyDict>() else { return Ok(None) };
    Ok(claims.get_item("iss")?.and_then(|issuer| issuer.cast_into().ok()))
}

fn attribute<'py>(result: &Bound<'py, PyAny>, name: &str) -> PyResult<Option<Bound<'py, PyString>>> {
    Ok(result.getattr_opt(name)?.and_then(|value| value.cast_into().ok()))
}
