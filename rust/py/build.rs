//! Lets the binding ask which Python it is compiled for (`cfg(Py_3_14)` and its like), and writes its docstrings.
//!
//! The text of `help()` is that of the stub file, `_native.pyi`, so that it is written once: a file in `OUT_DIR` for each class,
//! method and function, which `doc!` includes. A class is described by its own docstring and that of `__new__`.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

const STUB: &str = "../../python/jwseal/_native.pyi";

fn main() -> Result<(), Box<dyn Error>> {
    pyo3_build_config::use_pyo3_cfgs();
    println!("cargo::rerun-if-changed={STUB}");
    println!("cargo::rerun-if-changed=build.rs");
    let folder = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    for (name, text) in docstrings(&fs::read_to_string(STUB)?) {
        fs::write(Path::new(&folder).join(name), text)?;
    }
    Ok(())
}

/// The docstrings of a stub file that the formatter has seen, by `Class`, `Class.method` or `function`.
fn docstrings(stub: &str) -> BTreeMap<String, String> {
    let (mut found, mut class, mut name) = (BTreeMap::<String, String>::new(), String::new(), String::new());
    let mut lines = stub.lines();
    let mut before = "";
    while let Some(line) = lines.next() {
        let is_first = std::mem::replace(&mut before, line).ends_with(':');
        let code = line.trim_start();
        let is_member = code.len() < line.len();
        let word = |keyword: &str| Some(code.strip_prefix(keyword)?.split(['(', ':']).next()?.to_owned());
        if let Some(defined) = word("class ") {
            (class, name) = (defined.clone(), defined);
        } else if let Some(defined) = word("def ") {
            name = match defined.as_str() {
                "__new__" => class.clone(),
                _ if is_member => format!("{class}.{defined}"),
                _ => defined,
            };
        }
        // A string elsewhere describes a module or a variable.
        let Some(first) = code.strip_prefix("\"\"\"").filter(|_| is_first) else { continue };
        let indent = line.len() - code.len();
        let mut text = first.to_owned();
        while !text.ends_with("\"\"\"") {
            let Some(next) = lines.next() else { break };
            text = format!("{text}\n{}", next.get(indent..).unwrap_or_default());
        }
        let text = text.trim_end_matches("\"\"\"").trim_end();
        found.entry(name.clone()).and_modify(|known| *known = format!("{known}\n\n{text}")).or_insert(text.to_owned());
    }
    found
}
