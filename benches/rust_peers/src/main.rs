//! The Rust contenders of `make bench`: AWS-LC's bare primitive with a key parsed once, and the crates jsonwebtoken and oxitoken.
//!
//! Started as a child process with the name of a JSON file of keys and tokens, it reads one command a line,
//! `<contender> <verb> <alg> <rounds>`, and answers the nanoseconds of processor time that took, or `unsupported`.
//! So its blocks are timed between those of the Python contenders, in one run. Every operation is checked before it is
//! first timed.
//! It is a measuring instrument: a fault in its input ends it with a message.

mod bare;
mod jwt_crate;
mod oxi_crate;

use std::collections::HashMap;
use std::io::{BufRead, Write};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cpu_time::ThreadTime;
use serde_json::Value;

/// One algorithm's key and tokens, as `benches/tokens.py` wrote them.
pub struct Case {
    pub secret: Vec<u8>,
    pub spki: Vec<u8>,
    pub pkcs8: Vec<u8>,
    pub public_pem: String,
    pub private_pem: String,
    pub kid: String,
    pub tokens: Vec<String>,
    pub payloads: Vec<Value>,
    pub issuer: String,
    pub audience: String,
}

/// Something that can be run n times over a case's tokens.
pub type Operation = Box<dyn Fn(usize)>;

fn main() {
    let path = std::env::args().nth(1).expect("usage: rust_peers CASES.json");
    let text = std::fs::read_to_string(&path).expect("the case file");
    let cases = read_cases(&serde_json::from_str(&text).expect("JSON"));
    let mut operations: HashMap<String, Option<Operation>> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let (name, rounds) = line.rsplit_once(' ').expect("<contender> <verb> <alg> <rounds>");
        let rounds: usize = rounds.parse().expect("a number of rounds");
        let operation = operations.entry(name.to_owned()).or_insert_with(|| prepare(name, &cases));
        let answer = match operation {
            Some(operation) => {
                let start = ThreadTime::now();
                operation(rounds);
                start.elapsed().as_nanos().to_string()
            }
            None => "unsupported".to_owned(),
        };
        println!("{answer}");
        std::io::stdout().flush().expect("stdout");
    }
}

fn prepare(name: &str, cases: &HashMap<String, Case>) -> Option<Operation> {
    let words: Vec<&str> = name.split(' ').collect();
    let case = cases.get(words[2])?;
    match (words[0], words[1]) {
        ("bare", "verify") => bare::verify(words[2], case),
        ("bare", "sign") => bare::sign(words[2], case),
        ("jsonwebtoken", "verify") => jwt_crate::verify(words[2], case),
        ("jsonwebtoken", "sign") => jwt_crate::sign(words[2], case),
        ("oxitoken", "verify") => oxi_crate::verify_map(words[2], case),
        ("oxitoken-struct", "verify") => oxi_crate::verify_struct(words[2], case),
        _ => None,
    }
}

fn read_cases(file: &Value) -> HashMap<String, Case> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let octets = |value: &Value| STANDARD.decode(text(value)).expect("base64");
    let cases = file["cases"].as_object().expect("cases");
    cases
        .iter()
        .map(|(alg, case)| {
            let tokens: Vec<String> = case["tokens"].as_array().expect("tokens").iter().map(&text).collect();
            let payloads = tokens.iter().map(|token| payload(token)).collect();
            let case = Case {
                secret: octets(&case["secret"]),
                spki: octets(&case["spki"]),
                pkcs8: octets(&case["pkcs8"]),
                public_pem: text(&case["public_pem"]),
                private_pem: text(&case["private_pem"]),
                kid: text(&case["kid"]),
                tokens,
                payloads,
                issuer: text(&file["issuer"]),
                audience: text(&file["audience"]),
            };
            (alg.clone(), case)
        })
        .collect()
}

fn payload(token: &str) -> Value {
    let segment = token.split('.').nth(1).expect("a payload segment");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).expect("base64url")).expect("a JSON payload")
}
