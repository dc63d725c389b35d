//! The stable driver: each target over its seeds, then over mutated inputs, for a time or a number of executions.
//!
//! Inputs that went a new way join the seeds. A finding is cut down, written to `artifacts/` and printed with its panic;
//! an input that takes ten seconds ends the run. The exit code is 1 if there was a finding.
//!
//! `smoke [--seconds N] [--executions N] [--seed N] [target ...]`, `smoke --replay FILE target`

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use jwseal_fuzz::mutate::{Random, mutated};
use jwseal_fuzz::{Outcome, TARGETS, Target};

fn main() -> ExitCode {
    let options = match Options::read(env::args().skip(1)) {
        Ok(options) => options,
        Err(reason) => {
            eprintln!("{reason}\nusage: smoke [--seconds N] [--executions N] [--seed N] [--replay FILE] [target ...]");
            return ExitCode::from(2);
        }
    };
    if let Some(file) = &options.replay {
        let data = fs::read(file).expect("the file is readable");
        for (name, target) in options.targets() {
            println!("{name}: {:?}", target(&data));
        }
        return ExitCode::SUCCESS;
    }
    println!("seed {}, at most {} s for each target", options.seed, options.seconds);
    let findings: usize = options.targets().map(|(name, target)| run(name, target, &options)).sum();
    if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the command line asks for.
struct Options {
    seconds: u64,
    executions: u64,
    seed: u64,
    replay: Option<PathBuf>,
    names: Vec<String>,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { seconds: 10, executions: u64::MAX, seed: 1, replay: None, names: Vec::new() };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text} is not a number"));
            match word.as_str() {
                "--seconds" => options.seconds = number(value()?)?,
                "--executions" => options.executions = number(value()?)?,
                "--seed" => options.seed = number(value()?)?,
                "--replay" => options.replay = Some(value()?.into()),
                name if TARGETS.iter().any(|(known, _)| *known == name) => options.names.push(word),
                _ => return Err(format!("{word} is neither an option nor a target")),
            }
        }
        Ok(options)
    }

    fn targets(&self) -> impl Iterator<Item = (&'static str, Target)> {
        TARGETS.into_iter().filter(|(name, _)| self.names.is_empty() || self.names.iter().any(|chosen| chosen == name))
    }
}

/// One target; the number of findings.
fn run(name: &'static str, target: Target, options: &Options) -> usize {
    let mut pool = seeds(name);
    let seeded = pool.len();
    let watch = Watch::start(name);
    let mut tally = Tally::default();
    let mut ways = HashSet::new();
    let mut findings = HashSet::new();
    let mut random = Random::new(options.seed);
    let deadline = Instant::now() + Duration::from_secs(options.seconds);
    while tally.executions < options.executions && (tally.executions < seeded as u64 || Instant::now() < deadline) {
        let data = match usize::try_from(tally.executions) {
            Ok(index) if index < seeded => pool[index].clone(),
            _ => {
                let (one, other) = (random.below(pool.len()), random.below(pool.len()));
                mutated(&pool[one], &pool[other], LONGEST, &mut random)
            }
        };
        watch.executing(&data);
        let start = Instant::now();
        let outcome = attempt(target, &data);
        let took = start.elapsed();
        tally.count(&outcome);
        if took > tally.slowest {
            // The machine may have been at fault: only what is slow twice is slow.
            let again = Instant::now();
            let _ = attempt(target, &data);
            tally.slowest = tally.slowest.max(took.min(again.elapsed()));
        }
        match outcome {
            Ok(outcome) if ways.insert(outcome.mark) && tally.executions > seeded as u64 && pool.len() < POOL => {
                pool.push(data)
            }
            Ok(_) => {}
            Err(panic) if findings.insert(panic.location.clone()) => report(name, target, &data, &panic),
            Err(_) => {}
        }
        if findings.len() >= ENOUGH {
            break;
        }
    }
    watch.stop();
    println!(
        "{name:<19} {:>9} executions, {:>8} accepted, {seeded:>2} seeds, {:>4} ways, slowest {:>7.1} ms, {} findings",
        tally.executions,
        tally.accepted,
        ways.len(),
        tally.slowest.as_secs_f64() * 1e3,
        findings.len(),
    );
    findings.len()
}

/// Bytes of an input; more than a token may have.
const LONGEST: usize = 20_000;
/// Inputs that mutations start from.
const POOL: usize = 4_096;
/// Different findings after which a target is left alone.
const ENOUGH: usize = 5;

/// The committed seeds of a target, in the order of their names, and the empty input.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    files.sort();
    let read = |path: PathBuf| fs::read(&path).expect("a seed is readable");
    files.into_iter().map(read).chain([Vec::new()]).collect()
}

/// A panic: where, and in which words. Panics at one location are one finding.
struct Panic {
    location: String,
    words: String,
}

/// Runs a target.
fn attempt(target: Target, data: &[u8]) -> Result<Outcome, Panic> {
    let location = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&location);
    let hook = take_hook();
    set_hook(Box::new(move |panic| {
        if let Ok(mut kept) = kept.lock() {
            *kept = panic.location().map(ToString::to_string).unwrap_or_default();
        }
    }));
    let outcome = catch_unwind(AssertUnwindSafe(|| target(data)));
    set_hook(hook);
    outcome.map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let location = location.lock().map(|location| location.clone()).unwrap_or_default();
        Panic { location, words: words.unwrap_or("no words").to_owned() }
    })
}

/// Cuts a finding down and writes it where it can be replayed.
fn report(name: &str, target: Target, data: &[u8], panic: &Panic) {
    let fails = |data: &[u8]| attempt(target, data).is_err_and(|other| other.location == panic.location);
    let small = smallest(data.to_vec(), fails);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts").join(name);
    let file = folder.join(format!("smoke-{:08x}", crc(&small)));
    fs::create_dir_all(&folder).and_then(|()| fs::write(&file, &small)).expect("artifacts/ is writable");
    eprintln!("{name}: {}: {}", panic.location, panic.words);
    eprintln!("  {} bytes in {}: {}", small.len(), file.display(), small.escape_ascii());
}

/// Drops pieces, large ones first, as long as the finding stays.
fn smallest(mut data: Vec<u8>, fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut size = data.len() / 2;
    while size > 0 {
        let mut index = 0;
        while index < data.len() {
            let end = (index + size).min(data.len());
            let shorter = [&data[..index], &data[end..]].concat();
            if fails(&shorter) {
                data = shorter;
            } else {
                index = end;
            }
        }
        size /= 2;
    }
    data
}

/// Names a file by its content.
fn crc(data: &[u8]) -> u32 {
    let step = |crc: u32, _| crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    !data.iter().fold(!0, |crc, octet| (0..8).fold(crc ^ u32::from(*octet), step))
}

/// What happened so far.
#[derive(Default)]
struct Tally {
    executions: u64,
    accepted: u64,
    slowest: Duration,
}

impl Tally {
    fn count(&mut self, outcome: &Result<Outcome, Panic>) {
        self.executions += 1;
        self.accepted += u64::from(outcome.as_ref().is_ok_and(|outcome| outcome.accepted));
    }
}

/// Ends the process when one input takes too long, with that input in `artifacts/`.
struct Watch(Arc<Mutex<Current>>);

/// Since when which input is executed.
type Current = Option<(Instant, Vec<u8>)>;

impl Watch {
    fn start(name: &'static str) -> Self {
        let current = Arc::new(Mutex::new(Some((Instant::now(), Vec::new()))));
        let watched = Arc::clone(&current);
        thread::spawn(move || {
            while let Ok(Some((since, data))) = watched.lock().map(|current| current.clone()) {
                if since.elapsed() > TOO_LONG {
                    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts").join(format!("hang-{name}"));
                    let kept = fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))
                        .and_then(|()| fs::write(&file, data));
                    eprintln!("{name}: an input takes more than {TOO_LONG:?}; {}: {kept:?}", file.display());
                    process::exit(1);
                }
                thread::sleep(Duration::from_secs(1));
            }
        });
        Self(current)
    }

    fn executing(&self, data: &[u8]) {
        if let Ok(mut current) = self.0.lock() {
            *current = Some((Instant::now(), data.to_vec()));
        }
    }

    fn stop(&self) {
        if let Ok(mut current) = self.0.lock() {
            *current = None;
        }
    }
}

/// A shared machine may stall for seconds; no input should.
const TOO_LONG: Duration = Duration::from_secs(10);
