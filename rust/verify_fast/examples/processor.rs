//! What the tests could not run on this processor; `make test` ends with it.

fn main() {
    let (instructions, not_run) = (jwseal_verify_fast::instructions(), jwseal_verify_fast::not_run());
    if not_run.is_empty() {
        println!("this processor ran everything ({instructions})");
    } else {
        println!("not run on this processor ({instructions}): {}", not_run.join("; "));
    }
}
