//! The policy that a verified token must meet (RFC 7519 section 4.1, RFC 8725 section 3).
//!
//! After `Policy::judge` the header's `typ` and every registered claim had the right type and a value the policy accepts,
//! in the fixed order typ, exp, nbf, iat, max_age, max_lifetime, iss, aud, sub, jti, required, claims, scopes, where. It reads no clock
//! and takes tokens only whose signature was verified.

use crate::claims::{Registered, VerifiedJwt};
use crate::condition::{Condition, Facts, Literal, Outcome};
use crate::error::{ClaimFault, Error, Result};
use crate::issuer::{IssuerTemplate, KeyIssuer};
use crate::json::{Kind, Value};
use crate::limits;

/// What a token must say to be accepted.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Which `typ` is accepted.
    pub typ: Typ,
    /// The issuers accepted; `None` for any.
    pub issuer: Option<AcceptedIssuers>,
    /// The audiences of which the token must name one; `None` for any.
    pub audience: Option<Vec<Box<str>>>,
    /// The subjects accepted; `None` for any.
    pub subject: Option<Vec<Box<str>>>,
    /// Whether `exp` must be there.
    pub expiry_required: bool,
    /// Further claims that must be there.
    pub required: Vec<Box<str>>,
    /// Seconds of clock difference allowed.
    pub leeway: f64,
    /// Seconds since `iat` after which a token is too old.
    pub max_age: Option<f64>,
    /// Seconds that `exp` may lie after `iat`.
    pub max_lifetime: Option<f64>,
    /// Claims that must have one of some values.
    pub claims: Vec<(Box<str>, Vec<Literal>)>,
    /// Scopes that must all be granted.
    pub scopes: Vec<Box<str>>,
    /// A condition that must be true.
    pub condition: Option<Condition>,
}

/// The issuers that a policy accepts.
#[derive(Clone, Debug, Default)]
pub struct AcceptedIssuers {
    /// By name.
    pub names: Vec<Box<str>>,
    /// By template.
    pub templates: Vec<IssuerTemplate>,
}

/// What the rules that read `now` compare with it, of a token that met a policy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    /// Whether the policy's condition compares a claim with `now`.
    condition: bool,
}

/// Which `typ` a policy accepts (RFC 8725 section 3.11).
#[derive(Clone, Debug)]
pub enum Typ {
    /// Absent, `JWT` or `at+jwt`.
    Default,
    /// Present and one of these, in the form `header::media_type` gives.
    OneOf(Vec<Box<str>>),
    /// Anything.
    Unchecked,
}

impl Policy {
    /// Refuses a policy that no token could meet, or that has invalid bounds. They are checked nowhere else.
    pub fn checked(self) -> Result<Self> {
        if !(0.0..=limits::MAX_LEEWAY).contains(&self.leeway) {
            return Err(Error::policy("leeway must be 0 to 600 seconds; if clocks differ by more, correct them"));
        }
        for (name, span) in [("max_age", self.max_age), ("max_lifetime", self.max_lifetime)] {
            if span.is_some_and(|span| !span.is_finite() || span <= 0.0) {
                return Err(Error::policy(format!(
                    "{name} must be a positive, finite number of seconds, or None for no limit"
                )));
            }
        }
        let typ = if let Typ::OneOf(names) = &self.typ { Some(names) } else { None };
        let no_issuer = self.issuer.as_ref().is_some_and(AcceptedIssuers::is_empty);
        let is_empty = |accepted: Option<&Vec<Box<str>>>| accepted.is_some_and(Vec::is_empty);
        let (audience, subject) = (self.audience.as_ref(), self.subject.as_ref());
        for (name, is_empty) in [
            ("issuer", no_issuer),
            ("audience", is_empty(audience)),
            ("subject", is_empty(subject)),
            ("typ", is_empty(typ)),
        ] {
            if is_empty {
                return Err(Error::policy(format!(
                    "{name} is empty, which would refuse every token; use UNCHECKED if it is not to be checked"
                )));
            }
        }
        if let Some((name, _)) = self.claims.iter().find(|(_, accepted)| accepted.is_empty()) {
            return Err(Error::policy(format!("claims[{name:?}] is an empty set, which would refuse every token")));
        }
        self.scopes.iter().try_for_each(|scope| check_scope(scope))?;
        Ok(self)
    }

    /// Judges a token whose signature was verified at the time `now`, in seconds since 1970.
    ///
    /// `key_issuer` is the issuer for which the verifying key was published.
    pub fn judge(&self, jwt: &VerifiedJwt, now: f64, key_issuer: Option<&KeyIssuer>) -> Result<()> {
        if !self.accepts_typ(jwt.header().typ()) {
            return Err(Error::WrongTyp);
        }
        let registered = jwt.registered();
        self.judge_times(&registered, now)?;
        self.judge_issuer(jwt, registered.iss, key_issuer)?;
        expect_audience(registered.aud, self.audience.as_deref())?;
        expect_text("sub", registered.sub, self.subject.as_deref())?;
        expect_text("jti", registered.jti, None)?;
        self.judge_others(jwt)?;
        demand(jwt, self.scopes.iter().map(|scope| &**scope), self.condition.as_ref())
    }

    /// What `judge_again` needs of a token that met this policy.
    #[must_use]
    pub fn moments(&self, jwt: &VerifiedJwt) -> Moments {
        let registered = jwt.registered();
        let date = |value: Option<Value<'_>>| value.and_then(Value::as_f64);
        let condition = self.condition.as_ref().is_some_and(Condition::reads_now);
        Moments { exp: date(registered.exp), nbf: date(registered.nbf), iat: date(registered.iat), condition }
    }

    /// Judges an accepted token again at another time. The rules left out here read only the token, which has not
    /// changed, so these in their order say what `judge` would.
    pub fn judge_again(&self, jwt: &VerifiedJwt, moments: Moments, now: f64) -> Result<()> {
        self.judge_expiry(moments.exp, now)?;
        self.judge_not_before(moments.nbf, now)?;
        self.judge_issued_at(moments.iat, now)?;
        if moments.condition { demand(jwt, [], self.condition.as_ref()) } else { Ok(()) }
    }

    fn accepts_typ(&self, typ: Option<&str>) -> bool {
        match (&self.typ, typ) {
            (Typ::Unchecked, _) | (Typ::Default, None) => true,
            (Typ::Default, Some(typ)) => matches!(typ, "jwt" | "at+jwt"),
            (Typ::OneOf(_), None) => false,
            (Typ::OneOf(names), Some(typ)) => names.iter().any(|name| **name == *typ),
        }
    }

    fn judge_issuer(&self, jwt: &VerifiedJwt, iss: Option<Value<'_>>, key_issuer: Option<&KeyIssuer>) -> Result<()> {
        let accepted = self.issuer.as_ref();
        let has_templates = accepted.is_some_and(|accepted| !accepted.templates.is_empty());
        expect_text("iss", iss, accepted.filter(|_| !has_templates).map(|accepted| &*accepted.names))?;
        let issuer = iss.and_then(Value::as_str);
        if let Some(accepted) = accepted.filter(|_| has_templates) {
            accepted.judge(issuer.ok_or(Error::claim("iss", ClaimFault::Missing))?, jwt)?;
        }
        key_issuer.map_or(Ok(()), |key_issuer| key_issuer.check(issuer, jwt.claims()))
    }

    fn judge_times(&self, registered: &Registered<'_>, now: f64) -> Result<()> {
        let exp = date("exp", registered.exp)?;
        self.judge_expiry(exp, now)?;
        self.judge_not_before(date("nbf", registered.nbf)?, now)?;
        let iat = date("iat", registered.iat)?;
        self.judge_issued_at(iat, now)?;
        if let Some(max_lifetime) = self.max_lifetime {
            let iat = iat.ok_or(Error::claim("iat", ClaimFault::Missing))?;
            let exp = exp.ok_or(Error::claim("exp", ClaimFault::Missing))?;
            if exp - iat > max_lifetime {
                return Err(Error::claim("exp", ClaimFault::LivesTooLong(max_lifetime)));
            }
        }
        Ok(())
    }

    fn judge_expiry(&self, exp: Option<f64>, now: f64) -> Result<()> {
        match exp {
            Some(exp) if now >= exp + self.leeway => Err(Error::claim("exp", ClaimFault::Expired)),
            None if self.expiry_required => Err(Error::claim("exp", ClaimFault::Missing)),
            _ => Ok(()),
        }
    }

    fn judge_not_before(&self, nbf: Option<f64>, now: f64) -> Result<()> {
        let is_early = nbf.is_some_and(|nbf| now < nbf - self.leeway);
        if is_early { Err(Error::claim("nbf", ClaimFault::NotYetValid)) } else { Ok(()) }
    }

    fn judge_issued_at(&self, iat: Option<f64>, now: f64) -> Result<()> {
        if iat.is_some_and(|iat| now < iat - self.leeway) {
            return Err(Error::claim("iat", ClaimFault::NotYetValid));
        }
        let Some(max_age) = self.max_age else { return Ok(()) };
        let iat = iat.ok_or(Error::claim("iat", ClaimFault::Missing))?;
        if now - iat > max_age + self.leeway { Err(Error::claim("iat", ClaimFault::TooOld)) } else { Ok(()) }
    }

    fn judge_others(&self, jwt: &VerifiedJwt) -> Result<()> {
        if self.required.is_empty() && self.claims.is_empty() {
            return Ok(());
        }
        let members = jwt.claims();
        for name in &self.required {
            if members.get(name).is_none_or(|value| matches!(value.kind(), Kind::Null)) {
                return Err(Error::claim(name.to_string(), ClaimFault::Missing));
            }
        }
        for (name, accepted) in &self.claims {
            let value = members.get(name).ok_or_else(|| Error::claim(name.to_string(), ClaimFault::Missing))?;
            if !accepted.iter().any(|literal| literal.equals(value)) {
                let is_array = value.as_array().is_some();
                let fault = if is_array { ClaimFault::IsArray } else { ClaimFault::Mismatch };
                return Err(Error::claim(name.to_string(), fault));
            }
        }
        Ok(())
    }
}

impl AcceptedIssuers {
    /// Whether no issuer is accepted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty() && self.templates.is_empty()
    }

    /// Whether tokens of this issuer can be accepted.
    #[must_use]
    pub fn contains(&self, issuer: &str) -> bool {
        self.names.iter().any(|name| **name == *issuer) || self.templates.iter().any(|one| one.fits(issuer))
    }

    /// Names first, then the templates in order: the first that fits decides.
    fn judge(&self, issuer: &str, jwt: &VerifiedJwt) -> Result<()> {
        if self.names.iter().any(|name| **name == *issuer) {
            return Ok(());
        }
        let verdict = self.templates.iter().find_map(|template| template.check(issuer, jwt.claims()));
        verdict.unwrap_or(Err(Error::claim("iss", ClaimFault::Mismatch)))
    }
}

/// Requires further scopes, then a condition, of a token that a policy accepted.
pub fn require(jwt: &VerifiedJwt, scopes: &[&str], condition: Option<&Condition>) -> Result<()> {
    scopes.iter().try_for_each(|scope| check_scope(scope))?;
    demand(jwt, scopes.iter().copied(), condition)
}

fn demand<'s>(
    jwt: &VerifiedJwt,
    scopes: impl IntoIterator<Item = &'s str>,
    condition: Option<&Condition>,
) -> Result<()> {
    if let Some(claim) = jwt.lacking(scopes) {
        return Err(Error::InsufficientScope { claim });
    }
    let Some(condition) = condition else { return Ok(()) };
    let facts = Facts::new(jwt, None);
    match condition.evaluate(facts) {
        Outcome::True => Ok(()),
        Outcome::False | Outcome::Error => {
            Err(Error::ConditionNotMet { claim: condition.claim_at_fault(facts).map(Box::from) })
        }
    }
}

/// Refuses what no `scope` claim can grant (RFC 6749 section 3.3), in particular several scopes in one string.
fn check_scope(scope: &str) -> Result<()> {
    let is_token = |octet: u8| octet.is_ascii_graphic() && !matches!(octet, b'"' | b'\\');
    if !scope.is_empty() && scope.bytes().all(is_token) {
        return Ok(());
    }
    Err(Error::policy("a scope is printable ASCII without spaces, quotes and backslashes; write several scopes apart"))
}

/// A NumericDate (RFC 7519 section 2). A wrong type or a date out of range is a fault, never an absence.
fn date(name: &'static str, value: Option<Value<'_>>) -> Result<Option<f64>> {
    let Some(value) = value else { return Ok(None) };
    match value.as_f64() {
        Some(seconds) if (0.0..=limits::MAX_NUMERIC_DATE).contains(&seconds) => Ok(Some(seconds)),
        _ => Err(Error::claim(name, ClaimFault::Invalid)),
    }
}

fn expect_text(name: &'static str, value: Option<Value<'_>>, expected: Option<&[Box<str>]>) -> Result<()> {
    let text = match value {
        Some(value) => Some(value.as_str().ok_or_else(|| Error::claim(name, ClaimFault::Invalid))?),
        None => None,
    };
    let Some(expected) = expected else { return Ok(()) };
    let text = text.ok_or_else(|| Error::claim(name, ClaimFault::Missing))?;
    if expected.iter().any(|one| **one == *text) { Ok(()) } else { Err(Error::claim(name, ClaimFault::Mismatch)) }
}

fn expect_audience(value: Option<Value<'_>>, expected: Option<&[Box<str>]>) -> Result<()> {
    let meets = |text: &str| expected.is_none_or(|expected| expected.iter().any(|one| **one == *text));
    let invalid = || Error::claim("aud", ClaimFault::Invalid);
    let met = match value.map(Value::kind) {
        None if expected.is_some() => return Err(Error::claim("aud", ClaimFault::Missing)),
        None => true,
        Some(Kind::Str(text)) => meets(text.as_str()),
        Some(Kind::Array(items)) => {
            let mut met = expected.is_none();
            for item in items {
                met |= meets(item.as_str().ok_or_else(invalid)?);
            }
            met
        }
        Some(_) => return Err(invalid()),
    };
    if met { Ok(()) } else { Err(Error::claim("aud", ClaimFault::Mismatch)) }
}
