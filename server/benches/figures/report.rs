//! The table with what it takes to judge it: on which machine it was measured, when, and by which command. Printed, and where that
//! is asked for, put into `docs/performance.md` between its markers.

use std::{fs, io::Write, path::Path, thread};

use anyhow::Context;
use chat_protocol::Timestamp;

use crate::{Plan, table::Table};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md");
const BEGIN: &str = "<!-- figures: written by `just figures --table` -->\n";
const END: &str = "<!-- end of figures -->";

/// Says everything, where it was asked to.
pub(crate) fn tell(plan: &Plan, table: &Table, circumstances: &str) -> anyhow::Result<()> {
    let text = format!("{circumstances}\n\n{table}");
    writeln!(std::io::stdout().lock(), "\n{text}")?;
    if plan.table { put(Path::new(DOCUMENT), &text) } else { Ok(()) }
}

/// What the figures depend on, as it is before they are measured.
pub(crate) fn circumstances(plan: &Plan) -> String {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let line_of = |file: &str, key: &str| {
        let text = read(file);
        let value = text.lines().find(|line| line.starts_with(key)).and_then(|line| line.split_once(':'));
        value.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let model = line_of("/proc/cpuinfo", "model name");
    let kernel = read("/proc/sys/kernel/osrelease");
    let memory = line_of("/proc/meminfo", "MemTotal");
    let memory = memory.trim_end_matches(" kB").parse::<f64>().unwrap_or(f64::NAN) / 1024.0 / 1024.0;
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("unknown");
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let rounds =
        if plan.rounds == 1 { "one round".into() } else { format!("medians of {} rounds, in brackets the spread", plan.rounds) };
    format!(
        "Measured {} on {cores} × {model}, {memory:.0} GiB of memory, Linux {}, load before {load}, by `{}`: {rounds}.",
        now(),
        kernel.trim(),
        ["just figures"].into_iter().chain(arguments.iter().map(String::as_str)).collect::<Vec<_>>().join(" "),
    )
}

#[expect(clippy::disallowed_methods, reason = "the server's own clock is its own")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn put(document: &Path, text: &str) -> anyhow::Result<()> {
    let before = fs::read_to_string(document).with_context(|| document.display().to_string())?;
    let (head, rest) = before.split_once(BEGIN).context("it has no place where the figures begin")?;
    let (_, tail) = rest.split_once(END).context("it has no place where they end")?;
    fs::write(document, format!("{head}{BEGIN}\n{}\n\n{END}{tail}", text.trim_end()))?;
    Ok(())
}
