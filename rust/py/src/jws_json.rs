//! The JSON serializations: the functions behind `jwseal.jws.sign_json` and `verify_json`.

use std::sync::Arc;

use jwseal_core::error::Error;
use jwseal_core::jws::json_serialization::{self, NewSignature};
use jwseal_core::jws::require::Require;
use jwseal_core::limits;
use jwseal_core::protected_header::jws_header;
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple};

use crate::convert::{self, Text};
use crate::error::Fault;
use crate::json_text;
use crate::jws::{critical_extensions, verify_all};
use crate::jws_keys::JwsKeys;
use crate::key::{SecretKeyObject, SigningKeyObject};
use crate::payload::Payload;
use crate::reentry;
use crate::signer::signer_key;
use crate::verified_jws::VerifiedJwsObject;

#[doc = doc!("Signature")]
#[pyclass(name = "Signature", module = "jwseal._native", frozen)]
pub(crate) struct SignatureObject {
    key: Py<PyAny>,
    protected: Option<Py<PyAny>>,
    header: Option<Py<PyAny>>,
}

#[pymethods]
impl SignatureObject {
    #[new]
    #[pyo3(signature = (key, protected=None, header=None))]
    fn new(key: Bound<'_, PyAny>, protected: Option<Py<PyAny>>, header: Option<Py<PyAny>>) -> PyResult<Self> {
        signer_key(&key)?;
        Ok(Self { key: key.unbind(), protected, header })
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err("a Signature cannot be pickled: it holds the key that signs"))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.key)?;
        visit.call(&self.protected)?;
        visit.call(&self.header)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Signature({})", self.key.bind(py).repr()?))
    }
}

#[doc = doc!("jws_sign_json")]
#[pyfunction]
#[pyo3(
    signature = (payload, signatures, *, flattened=false, detached=false, b64=true, crit=None),
    text_signature = "(payload, signatures, *, flattened=False, detached=False, b64=True, crit=())"
)]
pub(crate) fn jws_sign_json<'py>(
    payload: &Bound<'py, PyAny>,
    signatures: &Bound<'py, PyAny>,
    flattened: bool,
    detached: bool,
    b64: bool,
    crit: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyDict>, Fault> {
    let py = payload.py();
    let payload = Payload::from_argument(payload)?;
    let critical = critical_extensions(crit)?;
    let wanted = wanted_signatures(signatures)?;
    if flattened && wanted.len() != 1 {
        return Err(Error::policy("the flattened form has exactly one signature").into());
    }
    let mut signatures = Vec::with_capacity(wanted.len());
    for wanted in &wanted {
        let key = signer_key(wanted.get().key.bind(py))?;
        let members = json_text::header_members(wanted.get().protected.as_ref().map(|protected| protected.bind(py)))?;
        let protected = jws_header(&key, &members, &critical, b64)?;
        let header = wanted.get().header.as_ref().map(|header| json_text::json_text(header.bind(py), "header"));
        let unprotected = match header.transpose()? {
            Some(text) => Some(String::from_utf8(text).map_err(|_| Error::policy("a header is not UTF-8"))?),
            None => None,
        };
        signatures.push(NewSignature { key, protected, unprotected });
    }
    let pending = json_serialization::sign(&signatures, &critical)?;
    let object = PyDict::new(py);
    let payload = if detached {
        payload
    } else {
        let octets = payload.into_octets()?;
        object.set_item("payload", json_serialization::payload_text(octets.as_bytes(), !b64)?)?;
        Payload::Octets(octets)
    };
    let (signed, _) = payload.feed(pending)?;
    let list = PyList::empty(py);
    for (wanted, signed) in wanted.iter().zip(signed) {
        let entry = if flattened { object.clone() } else { PyDict::new(py) };
        entry.set_item("protected", signed.protected)?;
        if let Some(header) = &wanted.get().header {
            entry.set_item("header", py.get_type::<PyDict>().call1((header,))?)?;
        }
        entry.set_item("signature", signed.signature)?;
        list.append(entry)?;
    }
    if !flattened {
        object.set_item("signatures", list)?;
    }
    Ok(object)
}

/// One key, one `Signature`, or several of either.
fn wanted_signatures<'py>(argument: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, SignatureObject>>> {
    let one = |item: Bound<'py, PyAny>| match item.cast::<SignatureObject>() {
        Ok(signature) => Ok(signature.clone()),
        Err(_) => Bound::new(item.py(), SignatureObject::new(item, None, None)?),
    };
    let is_one = argument.is_instance_of::<SignatureObject>()
        || argument.is_instance_of::<SigningKeyObject>()
        || argument.is_instance_of::<SecretKeyObject>();
    if is_one {
        return Ok(vec![one(argument.clone())?]);
    }
    reentry::items(argument)?.map(|item| one(item?)).collect()
}

#[doc = doc!("jws_verify_json")]
#[pyfunction]
#[pyo3(
    signature = (
        obj, keys, *, require=None, payload=None, algorithms=None, crit=None, max_size=None, max_header_size=None
    ),
    text_signature = "(obj, keys, *, require='all', payload=None, algorithms=None, crit=(), max_size=1048576, \
                      max_header_size=4096)"
)]
#[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub(crate) fn jws_verify_json(
    obj: &Bound<'_, PyAny>,
    keys: &Bound<'_, PyAny>,
    require: Option<&Bound<'_, PyAny>>,
    payload: Option<&Bound<'_, PyAny>>,
    algorithms: Option<&Bound<'_, PyAny>>,
    crit: Option<&Bound<'_, PyAny>>,
    max_size: Option<&Bound<'_, PyAny>>,
    max_header_size: Option<&Bound<'_, PyAny>>,
) -> Result<VerifiedJwsObject, Fault> {
    let keys = JwsKeys::from_arguments(keys, algorithms)?;
    let require = requirement(require)?;
    let payload = payload.map(Payload::from_argument).transpose()?;
    let size = convert::reader("max_size", max_size, max_header_size, false)?;
    let max_size = max_size.map_or(limits::MAX_JSON_SIZE, |_| size.max_size);
    let critical = critical_extensions(crit)?;
    let jws = json_serialization::read(object_text(obj)?, max_size, size.max_header_size, &critical)?;
    let jws = Arc::new(jws);
    verify_all(obj.py(), &jws, payload, &require, keys)
}

/// The JSON text of an object: text as it came, a mapping written out.
fn object_text(obj: &Bound<'_, PyAny>) -> Result<Vec<u8>, Fault> {
    if obj.is_instance_of::<PyString>() || obj.is_instance_of::<PyBytes>() {
        return Ok(convert::token_octets(obj)?.to_vec());
    }
    if obj.is_instance_of::<PyDict>() {
        return json_text::untrusted_text(obj);
    }
    let given = convert::type_name(obj);
    Err(PyTypeError::new_err(format!("a JSON serialization is a dict, str or bytes, not {given}")).into())
}

fn requirement(argument: Option<&Bound<'_, PyAny>>) -> Result<Require, Fault> {
    let Some(argument) = argument else { return Ok(Require::All) };
    if let Ok(text) = argument.cast::<PyString>() {
        return match convert::text(text)? {
            "all" => Ok(Require::All),
            "any" => Ok(Require::Any),
            _ => Err(Error::policy("require is \"all\", \"any\", a number or a list of kids").into()),
        };
    }
    if argument.is_instance_of::<PyInt>() && !argument.is_instance_of::<PyBool>() {
        let count =
            argument.extract().map_err(|_| Error::policy("require must be from 1 to the number of different keys"))?;
        return Ok(Require::Count(count));
    }
    let wrong = || PyTypeError::new_err("require is \"all\", \"any\", a number or a list of kids");
    if !(argument.is_instance_of::<PyList>()
        || argument.is_instance_of::<PyTuple>()
        || argument.is_instance_of::<PySet>()
        || argument.is_instance_of::<PyFrozenSet>())
    {
        return Err(wrong().into());
    }
    let kids = reentry::items(argument)?;
    let mut kids = kids.map(|kid| Ok(Box::from(&*kid?.extract::<Text<'_>>()?))).collect::<PyResult<Vec<_>>>()?;
    if argument.is_instance_of::<PySet>() || argument.is_instance_of::<PyFrozenSet>() {
        // A set has no first member; without this the result would differ from process to process.
        kids.sort_unstable();
    }
    Ok(Require::Kids(kids))
}
