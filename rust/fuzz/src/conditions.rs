//! The conditions target: a line of configuration, read as a condition, a path and a glob, and judged on the claims after it.
//!
//! Asserts that what is read is judged alike alone, as a rule that allows, as one that denies and in an explanation; that `not`
//! negates; that a claim a path leads to is that of its parent; that a glob matches what a slow reading of it matches; and that
//! no refusal repeats a value of the configuration.

use std::iter::once;
use std::sync::{Arc, LazyLock};

use jwseal_core::claims::VerifiedJwt;
use jwseal_core::condition::{
    AcrOrder, Condition, Context, Facts, Glob, Hash, Literal, Misplaced, Outcome as Verdict, Path, Request, Wanted,
};
use jwseal_core::json::{Document, Limits};
use jwseal_core::rule::{RuleSet, Verdict as Decision};

use crate::Outcome;
use crate::claims::lax;
use crate::outcome::assert_silent;

/// Reads the first line in every way there is; what follows it is the payload of a token.
pub fn conditions(data: &[u8]) -> Outcome {
    let line = data.iter().position(|octet| *octet == b'\n').unwrap_or(data.len());
    let (head, payload) = (&data[..line], data.get(line + 1..).unwrap_or(b"{}"));
    let token = lax(payload).or_else(|| lax(b"{}")).expect("a token without claims is accepted");
    let text = String::from_utf8_lossy(head);
    condition(head, &token).and(path(&text, &token)).and(glob(&text, &String::from_utf8_lossy(payload)))
}

const ACR_ORDER: &str = r#"["low",["mid","loa2"],"high"]"#;

static CONTEXT: LazyLock<Context> = LazyLock::new(|| {
    let order = Document::parse(ACR_ORDER.into(), Limits::TEXT).expect("JSON");
    let order = AcrOrder::read(order.root()).expect("an order");
    Context { acr_order: Some(Arc::new(order)), coerced: false, has_request: true }
});

static REQUEST: LazyLock<Request> = LazyLock::new(|| {
    let hash = Hash::from_octets("2.16.840.1.101.3.4.2.1", &[0xfb; 32]);
    let mut request = Request::default();
    request.add("document", vec![Wanted::Literal(Literal::Text("a".into()))]);
    request.add("documents", vec![Wanted::Hash(hash)]);
    request
});

fn condition(head: &[u8], token: &VerifiedJwt) -> Outcome {
    let condition = match Condition::parse(head.to_vec(), &CONTEXT) {
        Ok(condition) => condition,
        Err(mistake) => {
            let sets = ["allow", "deny"].map(|effect| rules(head, effect, "").err());
            assert!(sets.iter().all(Option::is_some), "a rule takes a condition that is none");
            return refused(&mistake, head);
        }
    };
    let facts = Facts::new(token, Some(&REQUEST));
    let verdict = condition.evaluate(facts);
    assert_eq!(verdict, condition.evaluate(facts));
    if let Ok(negated) = Condition::parse([b"{\"not\":", head, b"}"].concat(), &CONTEXT) {
        assert_eq!(verdict.negated(), negated.evaluate(facts));
    }
    let allow = rules(head, "allow", "").expect("a condition that was read");
    let deny = rules(head, "deny", "").expect("a condition that was read");
    let explained = allow.explain(token, "i", Some(&REQUEST)).expect("an issuer that is declared");
    assert_eq!(vec![verdict], explained.iter().map(|(_, one)| one.outcome).collect::<Vec<_>>());
    let decisions =
        [&allow, &deny].map(|set| set.decide(token, "i", Some(&REQUEST)).expect("an issuer that is declared"));
    match (verdict, &decisions) {
        (Verdict::True, [Decision::Allowed(0), Decision::Denied(0)])
        | (Verdict::False, [Decision::NoMatch | Decision::StepUp(0, _), Decision::NoMatch])
        | (Verdict::Error, [Decision::NoMatch | Decision::StepUp(0, _), Decision::ConditionError(0)]) => {}
        other => panic!("rules decide otherwise than their condition: {other:?}"),
    }
    for finding in allow.lint() {
        assert_silent(&finding.advice, head);
    }
    let coerced = rules(head, "allow", r#","compat":"signserver""#).expect("a condition that was read");
    coerced.decide(token, "i", None).expect("an issuer that is declared");
    Outcome::accepted((verdict.name(), allow.lint().len().min(3), decisions.map(|one| std::mem::discriminant(&one))))
}

/// One rule with this condition.
fn rules(head: &[u8], effect: &str, compat: &str) -> Result<RuleSet, Misplaced> {
    let issuers = format!(r#"{{"issuers":{{"i":{{"acr_order":{ACR_ORDER}{compat}}}}},"#);
    let rule = format!(r#""rules":[{{"id":"r","issuer":"i","effect":"{effect}","when":"#);
    RuleSet::parse([issuers.as_bytes(), rule.as_bytes(), head, b"}]}"].concat())
}

/// The place holds names of the configuration, the reason nothing of it.
fn refused(mistake: &Misplaced, head: &[u8]) -> Outcome {
    assert_silent(&mistake.reason, head);
    Outcome::refused((mistake.place.0.len().min(4), mistake.reason.clone()))
}

fn path(text: &str, token: &VerifiedJwt) -> Outcome {
    let path = match Path::parse(text) {
        Ok(path) => path,
        Err(reason) => return Outcome::refused(reason),
    };
    assert_eq!(text, path.text());
    let found = path.find(token.claims());
    if let (Some(name), Some(_)) = (path.top_level(), found) {
        assert!(token.claims().get(name).is_some());
    }
    assert!(path.parent(token.claims()).is_some() || path.top_level().is_none());
    Outcome::accepted((found.is_some(), path.top_level().is_some()))
}

fn glob(pattern: &str, text: &str) -> Outcome {
    let glob = match Glob::parse(pattern) {
        Ok(glob) => glob,
        Err(reason) => return Outcome::refused(reason),
    };
    // The slow reading takes the product of the lengths.
    let (pattern, text): (String, String) = (pattern.chars().take(64).collect(), text.chars().take(64).collect());
    if let Ok(short) = Glob::parse(&pattern) {
        assert_eq!(slowly(&pattern, &text), short.matches(&text), "{pattern:?} on {text:?}");
    }
    Outcome::accepted((glob.matches(&text), glob.matches_all()))
}

/// Whether a pattern matches, by the table of all its beginnings and those of the text.
fn slowly(pattern: &str, text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let mut reached: Vec<bool> = once(true).chain(letters.iter().map(|_| false)).collect();
    let mut rest = pattern.chars();
    while let Some(letter) = rest.next() {
        if letter == '*' {
            let first = reached.iter().position(|place| *place).unwrap_or(reached.len());
            reached.iter_mut().skip(first).for_each(|place| *place = true);
            continue;
        }
        let wanted = match letter {
            '?' => None,
            '\\' => rest.next(),
            letter => Some(letter),
        };
        let step =
            |index: usize| index > 0 && reached[index - 1] && wanted.is_none_or(|letter| letter == letters[index - 1]);
        reached = (0..=letters.len()).map(step).collect();
    }
    reached.last().copied().unwrap_or_default()
}
