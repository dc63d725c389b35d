//! `PendingBatch`: a batch of tokens that threads of the pool verify while an event loop goes on.
//!
//! `verify_many_async` begins here. What needs other keys is awaited by it, and asked about again.

use std::sync::{Arc, Mutex, PoisonError};

use jwseal_core::batch::Batch;
use jwseal_core::verifier::Outcome;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::batch::{self, AnyRound, FirstResult, Shared};
use crate::configured_verifier;
use crate::error::{Fault, exception};
use crate::verification::require_no_sender;
use crate::workers::{self, Workers};

#[doc = doc!("PendingBatch")]
#[pyclass(name = "PendingBatch", module = "jwseal._native", frozen)]
pub(crate) struct PendingBatchObject {
    round: Arc<dyn AnyRound>,
    workers: Workers,
    batch: Mutex<Option<Batch<FirstResult>>>,
}

/// Takes the tokens and reads the clock; nothing is verified yet.
pub(crate) fn begin<V: Shared>(
    verifier: &Bound<'_, V>,
    tokens: &Bound<'_, PyAny>,
    now: Option<&Bound<'_, PyAny>>,
    workers: Option<&Bound<'_, PyAny>>,
) -> Result<PendingBatchObject, Fault> {
    require_no_sender(verifier.get())?;
    let workers = Workers::from_argument(workers)?;
    Ok(PendingBatchObject { round: batch::round(verifier, tokens, now)?, workers, batch: Mutex::default() })
}

#[pymethods]
impl PendingBatchObject {
    #[doc = doc!("PendingBatch.start")]
    fn start(&self, py: Python<'_>, ended: Py<PyAny>) {
        let round = Arc::clone(&self.round);
        let count = round.len();
        let mut batch = round.first();
        if !self.workers.share(&mut batch, count) {
            py.detach(|| while !batch.work(|| true) {});
        }
        batch.at_end(move || {
            // At the end of the interpreter no loop is left to tell.
            let _ = Python::try_attach(move |py| {
                if let Err(error) = ended.call0(py) {
                    error.write_unraisable(py, None);
                }
            });
        });
        *self.batch.lock().unwrap_or_else(PoisonError::into_inner) = Some(batch);
    }

    #[doc = doc!("PendingBatch.results")]
    fn results(&self, py: Python<'_>) -> Result<Vec<Py<PyAny>>, Fault> {
        let batch = self.take().ok_or_else(|| PyRuntimeError::new_err("this batch was not started"))?;
        let outcomes = batch::without_repeats(workers::results(batch)?);
        self.round.refresh_due(py)?;
        let result = |outcome| match outcome {
            Ok(Outcome::Verified(accepted)) => Ok(Py::new(py, configured_verifier::object(accepted))?.into_any()),
            Ok(Outcome::Needs(_)) => Ok(py.None()),
            Err(error) => Ok(exception(py, error).into_value(py).into_any()),
        };
        outcomes.into_iter().map(result).collect()
    }

    #[doc = doc!("PendingBatch.again")]
    fn again(&self, py: Python<'_>, numbers: Vec<usize>) -> Self {
        Self { round: self.round.part(py, &numbers), workers: self.workers, batch: Mutex::default() }
    }

    #[doc = doc!("PendingBatch.stop")]
    fn stop(&self, py: Python<'_>) {
        if let Some(batch) = self.take() {
            workers::stop(py, &batch);
        }
    }

    fn __repr__(&self) -> String {
        format!("<PendingBatch of {} token(s)>", self.round.len())
    }
}

impl PendingBatchObject {
    fn take(&self) -> Option<Batch<FirstResult>> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
