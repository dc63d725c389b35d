//! `SigningKey`, `VerifyingKey` and `SecretKey`.
//!
//! JWKs go to the core as text. What operators load (PEM, DER, certificates, SSH) goes through `jwseal.key`, Python with
//! `cryptography`, which returns plain PKCS#8 or SPKI.

use std::sync::Arc;

use jwseal_core::base64url;
use jwseal_core::issuer::KeyIssuer;
use jwseal_core::jwa::{Alg, AlgSet};
use jwseal_core::key::{Loaded, SecretKey, SigningKey, VerifyingKey};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::convert::{self, Text};
use crate::error::Fault;
use crate::external::PythonSigner;
use crate::fork;
use crate::key_reading::{alg_option, algorithm, ask_reader, read_jwk};
use crate::repr;

#[doc = doc!("SigningKey")]
#[pyclass(name = "SigningKey", module = "jwseal._native", frozen)]
pub(crate) struct SigningKeyObject {
    key: SigningKey,
    /// The external signer. Only this object refers to it for the garbage collector: signers hold this object, not the key alone.
    signer: Option<Arc<Py<PyAny>>>,
}

#[doc = doc!("VerifyingKey")]
#[pyclass(name = "VerifyingKey", module = "jwseal._native", frozen)]
pub(crate) struct VerifyingKeyObject(VerifyingKey);

#[doc = doc!("SecretKey")]
#[pyclass(name = "SecretKey", module = "jwseal._native", frozen)]
pub(crate) struct SecretKeyObject(SecretKey);

#[pymethods]
impl SigningKeyObject {
    #[doc = doc!("SigningKey.generate")]
    #[staticmethod]
    #[pyo3(signature = (alg, *, kid=None, bits=2048))]
    fn generate(py: Python<'_>, alg: &Bound<'_, PyAny>, kid: Option<Text<'_>>, bits: usize) -> Result<Self, Fault> {
        let alg = algorithm(alg)?;
        let private = fork::detached(py, || SigningKey::generate(alg, kid.as_deref(), bits))?;
        Self::finish(py, private)
    }

    #[doc = doc!("SigningKey.from_pem")]
    #[staticmethod]
    #[pyo3(signature = (data, *, alg=None, kid=None, password=None))]
    fn from_pem(
        data: &Bound<'_, PyAny>,
        alg: Option<&Bound<'_, PyAny>>,
        kid: Option<Text<'_>>,
        password: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self, Fault> {
        Self::read(data, alg, kid, password, "pem")
    }

    #[doc = doc!("SigningKey.from_der")]
    #[staticmethod]
    #[pyo3(signature = (data, *, alg=None, kid=None, password=None))]
    fn from_der(
        data: &Bound<'_, PyAny>,
        alg: Option<&Bound<'_, PyAny>>,
        kid: Option<Text<'_>>,
        password: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self, Fault> {
        Self::read(data, alg, kid, password, "der")
    }

    #[doc = doc!("SigningKey.from_jwk")]
    #[staticmethod]
    #[pyo3(signature = (jwk, *, alg=None, kid=None, lenient=false))]
    fn from_jwk(
        jwk: &Bound<'_, PyAny>,
        alg: Option<&Bound<'_, PyAny>>,
        kid: Option<Text<'_>>,
        lenient: bool,
    ) -> Result<Self, Fault> {
        let alg = alg_option(alg)?;
        let private = SigningKey::from_parsed(read_jwk(jwk, lenient)?, alg, kid.as_deref())?;
        Self::finish(jwk.py(), private)
    }

    #[doc = doc!("SigningKey.external")]
    #[staticmethod]
    fn external(signer: &Bound<'_, PyAny>) -> Result<Self, Fault> {
        for name in ["verifying_key", "alg", "kid", "sign"] {
            if !signer.hasattr(name)? {
                let given = convert::type_name(signer);
                return Err(PyTypeError::new_err(format!(
                    "an external signer has alg, kid, verifying_key and sign(octets), and {given} has no {name}"
                ))
                .into());
            }
        }
        let key = signer.getattr("verifying_key")?;
        let key = key
            .cast::<VerifyingKeyObject>()
            .map_err(|_| PyTypeError::new_err("an external signer's verifying_key must be a jwseal.VerifyingKey"))?;
        let (alg, kid) = (algorithm(&signer.getattr("alg")?)?, signer.getattr("kid")?);
        let kid: Option<Text<'_>> = kid.extract()?;
        if !signer.getattr("sign")?.is_callable() {
            return Err(PyTypeError::new_err("an external signer needs a method sign(octets)").into());
        }
        let signer = Arc::new(signer.clone().unbind());
        let own = Box::new(PythonSigner(Arc::clone(&signer)));
        Ok(Self { key: SigningKey::external(own, &key.get().0, alg, kid.as_deref())?, signer: Some(signer) })
    }

    #[doc = doc!("SigningKey.alg")]
    #[getter]
    fn alg(&self) -> &'static str {
        self.key.alg().name()
    }

    #[doc = doc!("SigningKey.kid")]
    #[getter]
    fn kid(&self) -> Option<&str> {
        self.key.kid()
    }

    #[doc = doc!("SigningKey.verifying_key")]
    #[getter]
    fn verifying_key(&self) -> VerifyingKeyObject {
        VerifyingKeyObject(self.key.verifying_key().clone())
    }

    #[doc = doc!("SigningKey.thumbprint")]
    #[pyo3(signature = (digest=Text("sha256")), text_signature = "($self, digest='sha256')")]
    fn thumbprint(&self, py: Python<'_>, digest: Text<'_>) -> PyResult<String> {
        thumbprint(py, self.key.verifying_key(), &digest)
    }

    #[doc = doc!("SigningKey.to_private_jwk")]
    fn to_private_jwk<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>, Fault> {
        convert::text_dict(py, &self.key.to_private_jwk()?)
    }

    #[doc = doc!("SigningKey.to_private_pem")]
    #[pyo3(signature = (*, password))]
    fn to_private_pem<'py>(&self, py: Python<'py>, password: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>, Fault> {
        let der = PyBytes::new(py, &self.key.to_pkcs8()?);
        Ok(ask_reader(py, "write_private_pem", (der, password), None)?)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(self.signer.as_deref())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(private("SigningKey"))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __repr__(&self) -> String {
        format!("<SigningKey {}{}, private part hidden>", self.key.alg(), kid_repr(self.key.kid()))
    }
}

impl SigningKeyObject {
    pub(crate) const fn key(&self) -> &SigningKey {
        &self.key
    }

    fn read(
        data: &Bound<'_, PyAny>,
        alg: Option<&Bound<'_, PyAny>>,
        kid: Option<Text<'_>>,
        password: Option<&Bound<'_, PyAny>>,
        form: &str,
    ) -> Result<Self, Fault> {
        let py = data.py();
        let alg = alg_option(alg)?;
        let options = PyDict::new(py);
        options.set_item("password", password)?;
        options.set_item("form", form)?;
        let der = ask_reader(py, "read_private", (data,), Some(&options))?;
        let private = SigningKey::from_pkcs8(convert::bytes(&der, "PKCS#8")?, alg, kid.as_deref())?;
        Self::finish(py, private)
    }

    /// Completes with `cryptography` a key that AWS-LC cannot use as it is.
    fn finish(py: Python<'_>, loaded: Loaded) -> Result<Self, Fault> {
        match loaded {
            Loaded::Ready(key) => Ok(Self { key, signer: None }),
            Loaded::Ed448(private) => {
                let signer = ask_reader(py, "ed448_signer", (PyBytes::new(py, private.seed()),), None)?;
                let signer = Arc::new(signer.unbind());
                Ok(Self { key: private.finish(Box::new(PythonSigner(Arc::clone(&signer)))), signer: Some(signer) })
            }
            Loaded::RsaWithoutPrimes(private) => {
                let octets = |part: &[u8]| PyBytes::new(py, part);
                let arguments = (octets(private.n()), octets(private.e()), octets(private.d()));
                let der = ask_reader(py, "complete_rsa", arguments, None)?;
                Ok(Self { key: private.finish(convert::bytes(&der, "PKCS#8")?)?, signer: None })
            }
        }
    }
}

#[pymethods]
impl VerifyingKeyObject {
    #[doc = doc!("VerifyingKey.from_pem")]
    #[staticmethod]
    #[pyo3(signature = (data, *, alg=None, kid=None))]
    fn from_pem(data: &Bound<'_, PyAny>, alg: Option<&Bound<'_, PyAny>>, kid: Option<Text<'_>>) -> Result<Self, Fault> {
        Self::read(data, alg, kid, "pem")
    }

    #[doc = doc!("VerifyingKey.from_der")]
    #[staticmethod]
    #[pyo3(signature = (data, *, alg=None, kid=None))]
    fn from_der(data: &Bound<'_, PyAny>, alg: Option<&Bound<'_, PyAny>>, kid: Option<Text<'_>>) -> Result<Self, Fault> {
        Self::read(data, alg, kid, "der")
    }

    #[doc = doc!("VerifyingKey.from_certificate")]
    #[staticmethod]
    #[pyo3(signature = (data, *, alg=None, kid=None))]
    fn from_certificate(
        data: &Bound<'_, PyAny>,
        alg: Option<&Bound<'_, PyAny>>,
        kid: Option<Text<'_>>,
    ) -> Result<Self, Fault> {
        Self::read(data, alg, kid, "certificate")
    }

    #[doc = doc!("VerifyingKey.from_ssh")]
    #[staticmethod]
    #[pyo3(signature = (data, *, alg=None, kid=None))]
    fn from_ssh(data: &Bound<'_, PyAny>, alg: Option<&Bound<'_, PyAny>>, kid: Option<Text<'_>>) -> Result<Self, Fault> {
        Self::read(data, alg, kid, "ssh")
    }

    #[doc = doc!("VerifyingKey.from_jwk")]
    #[staticmethod]
    #[pyo3(signature = (jwk, *, alg=None, kid=None, lenient=false))]
    fn from_jwk(
        jwk: &Bound<'_, PyAny>,
        alg: Option<&Bound<'_, PyAny>>,
        kid: Option<Text<'_>>,
        lenient: bool,
    ) -> Result<Self, Fault> {
        let alg = alg_option(alg)?;
        Ok(Self(VerifyingKey::from_parsed(read_jwk(jwk, lenient)?, alg, kid.as_deref())?))
    }

    #[doc = doc!("VerifyingKey.issuer")]
    #[getter]
    fn issuer(&self) -> Option<&str> {
        self.0.issuer().map(KeyIssuer::text)
    }

    #[doc = doc!("VerifyingKey.algs")]
    #[getter]
    fn algs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.algs().iter().map(Alg::name).collect::<Vec<_>>())
    }

    #[doc = doc!("VerifyingKey.kid")]
    #[getter]
    fn kid(&self) -> Option<&str> {
        self.0.kid()
    }

    #[doc = doc!("VerifyingKey.thumbprint")]
    #[pyo3(signature = (digest=Text("sha256")), text_signature = "($self, digest='sha256')")]
    fn thumbprint(&self, py: Python<'_>, digest: Text<'_>) -> PyResult<String> {
        thumbprint(py, &self.0, &digest)
    }

    #[doc = doc!("VerifyingKey.thumbprint_uri")]
    fn thumbprint_uri(&self) -> String {
        format!("urn:ietf:params:oauth:jwk-thumbprint:sha-256:{}", base64url::encode(self.0.thumbprint()))
    }

    #[doc = doc!("VerifyingKey.to_jwk")]
    fn to_jwk<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>, Fault> {
        convert::text_dict(py, &self.0.to_jwk())
    }

    #[doc = doc!("VerifyingKey.to_pem")]
    fn to_pem<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Fault> {
        Ok(ask_reader(py, "write_public_pem", (PyBytes::new(py, &self.0.to_spki()),), None)?)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let py = other.py();
        match other.cast::<Self>() {
            Ok(other) => Ok((self.0 == other.get().0).into_pyobject(py)?.to_owned().into_any().unbind()),
            Err(_) => Ok(py.NotImplemented()),
        }
    }

    fn __hash__(&self) -> u64 {
        let octets = self.0.thumbprint().first_chunk::<8>().copied().unwrap_or_default();
        u64::from_le_bytes(octets)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let restore = py.import("jwseal._native")?.getattr("_restore_verifying_key")?;
        let alg = self.0.alg().map(Alg::name);
        let issuer = self.0.issuer().map(KeyIssuer::text);
        let arguments = (PyBytes::new(py, &self.0.to_spki()), self.algs(py)?, alg, self.0.kid(), issuer);
        (restore, arguments).into_pyobject(py)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __repr__(&self) -> String {
        let algs: Vec<&str> = self.0.algs().iter().map(Alg::name).collect();
        let thumbprint = base64url::encode(self.0.thumbprint());
        format!("<VerifyingKey {}{}, thumbprint {thumbprint}>", algs.join("/"), kid_repr(self.0.kid()))
    }
}

impl VerifyingKeyObject {
    pub(crate) const fn new(key: VerifyingKey) -> Self {
        Self(key)
    }

    pub(crate) const fn key(&self) -> &VerifyingKey {
        &self.0
    }

    fn read(
        data: &Bound<'_, PyAny>,
        alg: Option<&Bound<'_, PyAny>>,
        kid: Option<Text<'_>>,
        form: &str,
    ) -> Result<Self, Fault> {
        let py = data.py();
        let alg = alg_option(alg)?;
        let options = PyDict::new(py);
        options.set_item("form", form)?;
        let der = ask_reader(py, "read_public", (data,), Some(&options))?;
        Ok(Self(VerifyingKey::from_spki(convert::bytes(&der, "SPKI")?, alg, kid.as_deref())?))
    }
}

#[doc = doc!("_restore_verifying_key")]
#[pyfunction]
#[pyo3(name = "_restore_verifying_key", signature = (spki, algs, alg, kid, issuer))]
pub(crate) fn restore_verifying_key(
    spki: &Bound<'_, PyAny>,
    algs: Vec<String>,
    alg: Option<Text<'_>>,
    kid: Option<Text<'_>>,
    issuer: Option<Text<'_>>,
) -> Result<VerifyingKeyObject, Fault> {
    let alg = convert::alg_option(alg.as_deref())?;
    let algs = algs.iter().map(|name| convert::alg(name)).collect::<Result<AlgSet, Fault>>()?;
    let key = VerifyingKey::from_spki(convert::bytes(spki, "SPKI")?, alg.or(algs.iter().next()), kid.as_deref())?;
    Ok(VerifyingKeyObject(key.with_algs(algs)?.with_issuer(issuer.as_deref().map(KeyIssuer::new))))
}

#[pymethods]
impl SecretKeyObject {
    #[doc = doc!("SecretKey.generate")]
    #[staticmethod]
    #[pyo3(signature = (alg, *, kid=None))]
    fn generate(alg: &Bound<'_, PyAny>, kid: Option<Text<'_>>) -> Result<Self, Fault> {
        Ok(Self(SecretKey::generate(algorithm(alg)?, kid.as_deref())?))
    }

    #[doc = doc!("SecretKey.from_bytes")]
    #[staticmethod]
    #[pyo3(signature = (secret, *, alg, kid=None))]
    fn from_bytes(secret: &Bound<'_, PyAny>, alg: &Bound<'_, PyAny>, kid: Option<Text<'_>>) -> Result<Self, Fault> {
        Ok(Self(SecretKey::from_bytes(convert::bytes(secret, "secret")?, algorithm(alg)?, kid.as_deref())?))
    }

    #[doc = doc!("SecretKey.from_jwk")]
    #[staticmethod]
    #[pyo3(signature = (jwk, *, alg=None, kid=None, lenient=false))]
    fn from_jwk(
        jwk: &Bound<'_, PyAny>,
        alg: Option<&Bound<'_, PyAny>>,
        kid: Option<Text<'_>>,
        lenient: bool,
    ) -> Result<Self, Fault> {
        let alg = alg_option(alg)?;
        Ok(Self(SecretKey::from_parsed(read_jwk(jwk, lenient)?, alg, kid.as_deref())?))
    }

    #[doc = doc!("SecretKey.alg")]
    #[getter]
    fn alg(&self) -> &'static str {
        self.0.alg().name()
    }

    #[doc = doc!("SecretKey.kid")]
    #[getter]
    fn kid(&self) -> Option<&str> {
        self.0.kid()
    }

    #[doc = doc!("SecretKey.to_private_jwk")]
    fn to_private_jwk<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>, Fault> {
        convert::text_dict(py, &self.0.to_private_jwk())
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(private("SecretKey"))
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __repr__(&self) -> String {
        let weak = if self.0.is_weak() { "weak " } else { "" };
        format!("<{weak}SecretKey {}{}, secret hidden>", self.0.alg(), kid_repr(self.0.kid()))
    }
}

impl SecretKeyObject {
    pub(crate) const fn new(key: SecretKey) -> Self {
        Self(key)
    }

    pub(crate) const fn key(&self) -> &SecretKey {
        &self.0
    }
}

/// The RFC 7638 thumbprint under another hash than the one the core keeps.
fn thumbprint(py: Python<'_>, key: &VerifyingKey, digest: &str) -> PyResult<String> {
    match digest {
        "sha256" => Ok(base64url::encode(key.thumbprint())),
        "sha384" | "sha512" => {
            let input = key.thumbprint_input();
            let hash = py.import("hashlib")?.call_method1(digest, (PyBytes::new(py, input.as_bytes()),))?;
            Ok(base64url::encode(hash.call_method0("digest")?.extract::<&[u8]>()?))
        }
        _ => Err(PyValueError::new_err("digest must be sha256, sha384 or sha512")),
    }
}

fn private(class: &str) -> PyErr {
    PyTypeError::new_err(format!("a {class} is never pickled; hand over the file or the JWK it came from"))
}

fn kid_repr(kid: Option<&str>) -> String {
    kid.map(|kid| format!(" kid={:?}", repr::shortened(kid))).unwrap_or_default()
}
