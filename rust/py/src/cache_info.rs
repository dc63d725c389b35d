//! The `cache` argument of `Verifier` and `Issuers`, and `CacheInfo`, which tells how a cache is used.

use jwseal_core::cache::CacheInfo;
use pyo3::prelude::*;

use crate::convert;

/// The number of tokens to keep; 0 where it is left out.
pub(crate) fn entries(cache: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
    let Some(cache) = cache else { return Ok(0) };
    // The core refuses a count that is too large, which includes values that are not a count.
    Ok(convert::count(cache, "cache", "tokens")?.unwrap_or(usize::MAX))
}

#[doc = doc!("CacheInfo")]
#[pyclass(name = "CacheInfo", module = "jwseal._native", frozen, eq)]
#[derive(PartialEq)]
pub(crate) struct CacheInfoObject(CacheInfo);

#[pymethods]
impl CacheInfoObject {
    #[doc = doc!("CacheInfo.hits")]
    #[getter]
    const fn hits(&self) -> u64 {
        self.0.hits
    }

    #[doc = doc!("CacheInfo.misses")]
    #[getter]
    const fn misses(&self) -> u64 {
        self.0.misses
    }

    #[doc = doc!("CacheInfo.evictions")]
    #[getter]
    const fn evictions(&self) -> u64 {
        self.0.evictions
    }

    #[doc = doc!("CacheInfo.entries")]
    #[getter]
    const fn entries(&self) -> usize {
        self.0.entries
    }

    #[doc = doc!("CacheInfo.max_entries")]
    #[getter]
    const fn max_entries(&self) -> usize {
        self.0.max_entries
    }

    #[doc = doc!("CacheInfo.bytes")]
    #[getter]
    const fn bytes(&self) -> usize {
        self.0.bytes
    }

    #[doc = doc!("CacheInfo.max_bytes")]
    #[getter]
    const fn max_bytes(&self) -> usize {
        self.0.max_bytes
    }

    fn __repr__(&self) -> String {
        let CacheInfo { hits, misses, evictions, entries, max_entries, bytes, max_bytes } = self.0;
        format!(
            "CacheInfo(hits={hits}, misses={misses}, evictions={evictions}, entries={entries}, \
             max_entries={max_entries}, bytes={bytes}, max_bytes={max_bytes})"
        )
    }
}

impl From<CacheInfo> for CacheInfoObject {
    fn from(info: CacheInfo) -> Self {
        Self(info)
    }
}
