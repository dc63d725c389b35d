//! A `jwseal.Policy`, read once into the core's.

use jwseal_core::header::media_type;
use jwseal_core::policy::{AcceptedIssuers, Policy, Typ};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::condition;
use crate::convert::{self, Text};
use crate::error::Fault;
use crate::issuer_template::IssuerTemplateObject;
use crate::json_text::each_member;
use crate::once::MadeOnce;
use crate::reentry;

/// Compiles a policy object.
pub(crate) fn compile(policy: &Bound<'_, PyAny>) -> Result<Policy, Fault> {
    let py = policy.py();
    let module = declarations(py)?;
    if !policy.get_type().is(&module.getattr("Policy")?) {
        let given = convert::type_name(policy);
        return Err(PyTypeError::new_err(format!("policy must be a jwseal.Policy, not {given}")).into());
    }
    let unchecked = module.getattr("UNCHECKED")?;
    let texts = |name: &str| -> Result<Option<Vec<Box<str>>>, Fault> {
        let value = policy.getattr(name)?;
        if value.is(&unchecked) { Ok(None) } else { Ok(Some(names(&value)?)) }
    };
    let typ = policy.getattr("typ")?;
    let typ = if typ.is(&unchecked) {
        Typ::Unchecked
    } else if typ.is(&module.getattr("DEFAULT_TYP")?) {
        Typ::Default
    } else {
        Typ::OneOf(names(&typ)?.iter().map(|name| media_type(name).into()).collect())
    };
    let mut claims = Vec::new();
    each_member(&convert::mapping(&policy.getattr("claims")?, "claims")?, |name, accepted| {
        let literals =
            reentry::items(&accepted)?.map(|literal| condition::literal(&literal?)).collect::<Result<_, Fault>>()?;
        claims.push((Box::from(&*name.extract::<Text<'_>>()?), literals));
        Ok::<(), Fault>(())
    })?;
    Ok(Policy {
        typ,
        issuer: issuers(&policy.getattr("issuer")?, &unchecked)?,
        audience: texts("audience")?,
        subject: texts("subject")?,
        expiry_required: !policy.getattr("expiry")?.is(&unchecked),
        required: names(&policy.getattr("required")?)?,
        leeway: policy.getattr("leeway")?.extract()?,
        max_age: policy.getattr("max_age")?.extract()?,
        max_lifetime: policy.getattr("max_lifetime")?.extract()?,
        claims,
        scopes: names(&policy.getattr("scopes")?)?,
        condition: condition::optional(&policy.getattr("where")?)?.map(|given| given.get().condition().clone()),
    })
}

#[doc = doc!("_check_policy")]
#[pyfunction]
#[pyo3(name = "_check_policy")]
pub(crate) fn check_policy(policy: &Bound<'_, PyAny>) -> Result<(), Fault> {
    compile(policy)?.checked()?;
    Ok(())
}

fn declarations(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: MadeOnce<Py<PyModule>> = MadeOnce::new();
    Ok(MODULE.get_or_try_make(|| py.import("jwseal.policy").map(Bound::unbind))?.bind(py))
}

fn issuers(value: &Bound<'_, PyAny>, unchecked: &Bound<'_, PyAny>) -> Result<Option<AcceptedIssuers>, Fault> {
    if value.is(unchecked) {
        return Ok(None);
    }
    let mut accepted = AcceptedIssuers::default();
    for issuer in reentry::items(value)? {
        let issuer = issuer?;
        match issuer.cast::<IssuerTemplateObject>() {
            Ok(template) => accepted.templates.push(template.get().inner().clone()),
            Err(_) => accepted.names.push(Box::from(&*issuer.extract::<Text<'_>>()?)),
        }
    }
    accepted.names.sort_unstable();
    accepted.templates.sort_unstable();
    Ok(Some(accepted))
}

/// Strings in a fixed order, so that the same policy reports the same missing claim each time.
fn names(collection: &Bound<'_, PyAny>) -> Result<Vec<Box<str>>, Fault> {
    let mut names = reentry::items(collection)?
        .map(|name| Ok(Box::from(&*name?.extract::<Text<'_>>()?)))
        .collect::<PyResult<Vec<_>>>()?;
    names.sort_unstable();
    Ok(names)
}
