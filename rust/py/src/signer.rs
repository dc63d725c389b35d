//! `Signer`: claims in, a token out.

use std::borrow::Cow;
use std::mem;

use jwseal_core::batch::Batch;
use jwseal_core::error::Result as CoreResult;
use jwseal_core::key::AnySigningKey;
use jwseal_core::signer::{Payload, Signer, SigningHeader};
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::clock::{self, Clock};
use crate::convert::{self, Text};
use crate::error::Fault;
use crate::json_text::{self, Claims};
use crate::key::{SecretKeyObject, SigningKeyObject};
use crate::objects;
use crate::reentry;
use crate::workers::{self, Workers};

/// Claims that are signed together, while the next ones are read.
const CHUNK: usize = 64;

#[doc = doc!("Signer")]
#[pyclass(name = "Signer", module = "jwseal._native", frozen)]
pub(crate) struct SignerObject {
    signer: Signer,
    /// The key as it was given: the garbage collector finds an external signer through it.
    key: Py<PyAny>,
    typ: Option<String>,
    headers: Vec<(String, String)>,
    clock: Clock,
}

#[pymethods]
impl SignerObject {
    #[new]
    #[pyo3(
        signature = (key, *, typ=Some(Text("JWT")), issuer=None, expires_in=None, headers=None, clock=None),
        text_signature = "(key, *, typ='JWT', issuer=None, expires_in=None, headers=None, clock=None)"
    )]
    fn new(
        key: &Bound<'_, PyAny>,
        typ: Option<Text<'_>>,
        issuer: Option<Text<'_>>,
        expires_in: Option<&Bound<'_, PyAny>>,
        headers: Option<&Bound<'_, PyAny>>,
        clock: Option<Bound<'_, PyAny>>,
    ) -> Result<Self, Fault> {
        let expires_in = expires_in.map(|span| convert::span(span, "expires_in")).transpose()?;
        let headers = json_text::header_members(headers)?;
        let signer = Signer::new(signer_key(key)?, typ.as_deref(), issuer.as_deref(), expires_in, &headers)?;
        let (key, typ, clock) = (key.clone().unbind(), typ.map(|typ| typ.0.to_owned()), Clock::from_argument(clock)?);
        Ok(Self { signer, key, typ, headers, clock })
    }

    #[doc = doc!("Signer.sign")]
    #[pyo3(signature = (claims, *, headers=None, now=None))]
    fn sign<'py>(
        &self,
        claims: &Bound<'py, PyAny>,
        headers: Option<&Bound<'py, PyAny>>,
        now: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyString>, Fault> {
        let given = self.clock.given_now(claims.py(), now)?;
        self.mint(claims, &*self.header(headers)?, || given.map_or_else(clock::machine, Ok))
    }

    #[doc = doc!("Signer.sign_many")]
    #[pyo3(signature = (claims, *, headers=None, now=None, workers=None))]
    fn sign_many<'py>(
        &self,
        claims: &Bound<'py, PyAny>,
        headers: Option<&Bound<'py, PyAny>>,
        now: Option<&Bound<'py, PyAny>>,
        workers: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyList>, Fault> {
        let workers = Workers::from_argument(workers)?;
        let now = self.clock.now(claims.py(), now)?;
        let header = self.header(headers)?;
        if !self.signer.key().signs_elsewhere() {
            return self.sign_together(claims, &header, now, workers);
        }
        // Its signatures come from Python, one after the other.
        let tokens = PyList::empty(claims.py());
        for claims in reentry::items(claims)? {
            tokens.append(self.mint(&claims?, &header, || Ok(now))?)?;
        }
        Ok(tokens)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.key)?;
        self.clock.traverse(&visit)
    }

    fn __repr__(&self) -> String {
        format!("<Signer {}>", self.signer.key().alg())
    }
}

impl SignerObject {
    /// The header of this call; its parameters replace the signer's.
    fn header(&self, headers: Option<&Bound<'_, PyAny>>) -> Result<Cow<'_, SigningHeader>, Fault> {
        let more = json_text::header_members(headers)?;
        if more.is_empty() {
            return Ok(Cow::Borrowed(self.signer.header()));
        }
        let replaced = |name: &str| more.iter().any(|(other, _)| other == name);
        let mut members: Vec<_> = self.headers.iter().filter(|(name, _)| !replaced(name)).cloned().collect();
        members.extend(more.iter().cloned());
        Ok(Cow::Owned(self.signer.other_header(self.typ.as_deref(), &members)?))
    }

    /// Signs with several threads. Claims are read here, chunk by chunk, while others sign what was read before.
    fn sign_together<'py>(
        &self,
        claims: &Bound<'py, PyAny>,
        header: &SigningHeader,
        now: f64,
        workers: Workers,
    ) -> Result<Bound<'py, PyList>, Fault> {
        let (py, tokens) = (claims.py(), PyList::empty(claims.py()));
        let mut chunks = workers::Chunks::new(workers);
        let mut payloads = Vec::with_capacity(CHUNK);
        for (number, claims) in reentry::items(claims)?.enumerate() {
            workers::signals_at(py, number)?;
            payloads.push(self.payload(&claims?, || Ok(now))?.fitted());
            if payloads.len() == CHUNK {
                chunks.begin(Self::batch(header, mem::take(&mut payloads)), CHUNK);
                chunks.catch_up(py)?;
            }
        }
        let rest = payloads.len();
        chunks.begin(Self::batch(header, payloads), rest);
        for (number, token) in chunks.run(py)?.into_iter().enumerate() {
            workers::signals_at(py, number)?;
            tokens.append(objects::ascii(py, &token?)?)?;
        }
        Ok(tokens)
    }

    /// Signs these; a worker can, because nothing of Python's is needed.
    fn batch(header: &SigningHeader, payloads: Vec<Payload>) -> Batch<CoreResult<Vec<u8>>> {
        let header = header.clone();
        Batch::new(payloads.len(), move |number| {
            let Some(payload) = payloads.get(number) else { return Ok(Vec::new()) };
            let mut token = vec![0; header.token_len(payload)];
            header.sign(payload, &mut token)?;
            Ok(token)
        })
    }

    fn mint<'py>(
        &self,
        claims: &Bound<'py, PyAny>,
        header: &SigningHeader,
        now: impl FnOnce() -> Result<f64, Fault>,
    ) -> Result<Bound<'py, PyString>, Fault> {
        let py = claims.py();
        let payload = self.payload(claims, now)?;
        objects::token(py, header.token_len(&payload), |token| Ok(header.sign(&payload, token)?))
    }

    fn payload(&self, claims: &Bound<'_, PyAny>, now: impl FnOnce() -> Result<f64, Fault>) -> Result<Payload, Fault> {
        self.signer.payload(&Claims(&convert::mapping(claims, "claims")?), now)
    }
}

/// A key that signs, or a sentence that says what to give instead.
pub(crate) fn signer_key(argument: &Bound<'_, PyAny>) -> PyResult<AnySigningKey> {
    if let Ok(key) = argument.cast::<SigningKeyObject>() {
        return Ok(AnySigningKey::Signing(key.get().key().clone()));
    }
    if let Ok(key) = argument.cast::<SecretKeyObject>() {
        return Ok(AnySigningKey::Secret(key.get().key().clone()));
    }
    let given = convert::type_name(argument);
    Err(PyTypeError::new_err(format!(
        "a SigningKey or a SecretKey signs, not {given}; read one with SigningKey.from_pem(...) or SecretKey.from_bytes(...)"
    )))
}
