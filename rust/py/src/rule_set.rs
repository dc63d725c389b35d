//! `RuleSet`: the rules of an authorizer, decided in one call for each token.
//!
//! What an authorizer asks for every request is made once: the answers of rules that decide are the same tuples each time.

use jwseal_core::condition::{Explained, Hash, Part, Request, Source, Wanted};
use jwseal_core::rule::{Effect, RuleSet, Verdict};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::condition::{Findings, configuration_text, findings, literal, misplaced};
use crate::convert::{self, Text, type_name};
use crate::error::Fault;
use crate::objects;
use crate::verified_jwt::VerifiedJwtObject;

#[doc = doc!("RuleSet")]
#[pyclass(name = "RuleSet", module = "jwseal._native", frozen)]
pub(crate) struct RuleSetObject {
    rules: RuleSet,
    /// The answers of each rule that decides: allowed, rule_denied, condition_error.
    answers: Vec<[Py<PyTuple>; 3]>,
    no_match: Py<PyTuple>,
}

#[pymethods]
impl RuleSetObject {
    #[new]
    #[pyo3(signature = (rules, issuers))]
    fn new(rules: &Bound<'_, PyAny>, issuers: &Bound<'_, PyAny>) -> Result<Self, Fault> {
        let py = rules.py();
        let root = PyDict::new(py);
        root.set_item("issuers", issuers)?;
        root.set_item("rules", rules)?;
        let text = configuration_text(&root, "rules")?;
        let rules = RuleSet::parse(text).map_err(|mistake| misplaced(py, mistake))?;
        let answer = |code: &str, id: &str| Ok::<_, PyErr>((code, id, py.None()).into_pyobject(py)?.unbind());
        let answers_of =
            |id: &str| Ok([answer("allowed", id)?, answer("rule_denied", id)?, answer("condition_error", id)?]);
        let answers = rules.rules().iter().map(|rule| answers_of(&rule.id)).collect::<PyResult<_>>()?;
        let no_match = ("no_rule_matched", py.None(), py.None()).into_pyobject(py)?.unbind();
        Ok(Self { rules, answers, no_match })
    }

    #[doc = doc!("RuleSet.decide")]
    #[pyo3(signature = (verified, issuer, request=None))]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        verified: &Bound<'py, PyAny>,
        issuer: Text<'_>,
        request: Option<&Bound<'py, PyAny>>,
    ) -> Result<Py<PyTuple>, Fault> {
        let request = self.request(request)?;
        let verdict = self.rules.decide(token(verified)?.get().jwt(), &issuer, request.as_ref())?;
        let (rule, which) = match verdict {
            Verdict::Allowed(rule) => (rule, 0),
            Verdict::Denied(rule) => (rule, 1),
            Verdict::ConditionError(rule) => (rule, 2),
            Verdict::NoMatch => return Ok(self.no_match.clone_ref(py)),
            Verdict::StepUp(rule, step_up) => {
                let acr_values = PyTuple::new(py, step_up.acr_values.unwrap_or_default())?;
                let id = self.rules.rules().get(rule).map(|rule| &*rule.id);
                let answer = ("insufficient_authentication", id, (acr_values, step_up.max_age));
                return Ok(answer.into_pyobject(py)?.unbind());
            }
        };
        let answer = self.answers.get(rule).and_then(|answers| answers.get(which));
        Ok(answer.map_or_else(|| self.no_match.clone_ref(py), |answer| answer.clone_ref(py)))
    }

    #[doc = doc!("RuleSet.explain")]
    #[pyo3(signature = (verified, issuer, request=None, *, values=false))]
    fn explain<'py>(
        &self,
        py: Python<'py>,
        verified: &Bound<'py, PyAny>,
        issuer: Text<'_>,
        request: Option<&Bound<'py, PyAny>>,
        values: bool,
    ) -> Result<Bound<'py, PyList>, Fault> {
        let request = self.request(request)?;
        let list = PyList::empty(py);
        for (rule, explained) in self.rules.explain(token(verified)?.get().jwt(), &issuer, request.as_ref())? {
            let dict = PyDict::new(py);
            dict.set_item("rule", &*rule.id)?;
            dict.set_item("effect", effect_name(rule.effect))?;
            dict.set_item("outcome", explained.outcome.name())?;
            dict.set_item("when", explanation(py, &explained, values)?)?;
            list.append(dict)?;
        }
        Ok(list)
    }

    #[doc = doc!("RuleSet.lint")]
    fn lint<'py>(&self, py: Python<'py>) -> PyResult<Findings<'py>> {
        findings(py, self.rules.lint())
    }

    #[doc = doc!("RuleSet.allowing_unverified_email")]
    fn allowing_unverified_email(&self) -> Vec<&str> {
        self.rules.allowing_unverified_email().into_iter().map(|rule| &*rule.id).collect()
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __repr__(&self) -> String {
        format!("<RuleSet of {} rule(s)>", self.rules.rules().len())
    }
}

impl RuleSetObject {
    /// The values of a request that conditions compare with; what else it has is not looked at.
    fn request(&self, given: Option<&Bound<'_, PyAny>>) -> Result<Option<Request>, Fault> {
        let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(None) };
        let given = given.cast::<PyDict>().map_err(|_| {
            PyTypeError::new_err(format!("a request is a dict of names and values, not {}", type_name(given)))
        })?;
        let mut request = Request::default();
        for name in self.rules.request_names() {
            let Some(value) = given.get_item(&**name)? else { continue };
            let wanted = if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
                value.try_iter()?.map(|item| wanted(&item?)).collect::<Result<_, Fault>>()?
            } else {
                vec![wanted(&value)?]
            };
            request.add(name, wanted);
        }
        Ok(Some(request))
    }
}

/// One value of a request: a literal, or a hash with the OID of its digest.
fn wanted(value: &Bound<'_, PyAny>) -> Result<Wanted, Fault> {
    let Ok(dict) = value.cast::<PyDict>() else { return Ok(Wanted::Literal(literal(value)?)) };
    let oid = dict.get_item("oid")?.filter(|oid| !oid.is_none());
    let oid = match &oid {
        Some(oid) => oid.extract::<Text<'_>>()?.0,
        None => "",
    };
    let hash = dict.get_item("hash")?;
    match hash.as_ref().map(|hash| (hash.cast::<PyString>(), hash.cast::<PyBytes>())) {
        Some((Ok(text), _)) => Ok(Wanted::Hash(Hash::from_text(oid, convert::text(text)?))),
        Some((_, Ok(octets))) => Ok(Wanted::Hash(Hash::from_octets(oid, octets.as_bytes()))),
        _ => Err(PyTypeError::new_err("a hash of a request is {\"hash\": str or bytes, \"oid\": str}").into()),
    }
}

fn token<'a, 'py>(verified: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, VerifiedJwtObject>> {
    verified.cast().map_err(|_| PyTypeError::new_err(format!("rules take a VerifiedJWT, not {}", type_name(verified))))
}

fn explanation<'py>(py: Python<'py>, explained: &Explained<'_>, values: bool) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let list =
        |parts: &[Explained<'_>]| parts.iter().map(|part| explanation(py, part, values)).collect::<PyResult<Vec<_>>>();
    match &explained.part {
        Part::All(parts) => dict.set_item("all", list(parts)?)?,
        Part::Any(parts) => dict.set_item("any", list(parts)?)?,
        Part::Not(part) => dict.set_item("not", explanation(py, part, values)?)?,
        Part::Leaf { source, operator, value, reason } => {
            match source {
                Source::Claim(path) => dict.set_item("claim", path.text())?,
                Source::Header(name) => dict.set_item("header", &**name)?,
            }
            dict.set_item("operator", operator)?;
            dict.set_item("reason", reason)?;
            if let Some(value) = value.filter(|_| values) {
                dict.set_item("value", objects::object(py, value)?)?;
            }
        }
    }
    dict.set_item("outcome", explained.outcome.name())?;
    Ok(dict)
}

const fn effect_name(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}
