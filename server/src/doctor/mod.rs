//! `chat-server doctor`: looks at all that a server of these settings would need, and says of each thing whether it is right, and
//! if not, what to do. It changes nothing, and asks nobody on the network.
//!
//! | to find | look in |
//! |---|---|
//! | the configuration, who may come in, whom it believes | `choices.rs` |
//! | the data directory, its disk, the store | `keeping.rs` |
//! | the port, open files, memory, the clock, the kernel | `machine.rs` |
//! | the certificate | `certificate.rs` |

mod certificate;
mod choices;
mod keeping;
mod machine;

use std::{ffi::OsString, fmt::Write as _};

use serde::Serialize;

use crate::{
    admin,
    cli::{Settings, Unread},
    clock,
    config::{Config, Store},
};

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Fine,
    /// It runs like this; somebody should know.
    Hint,
    /// It does not run like this, or not for long.
    Fault,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub verdict: Verdict,
    pub what: &'static str,
    pub words: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    fn fine(what: &'static str, words: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fine, what, words: words.into(), advice: None }
    }

    fn hint(what: &'static str, words: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Hint, what, words: words.into(), advice: Some(advice.into()) }
    }

    fn fault(what: &'static str, words: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fault, what, words: words.into(), advice: Some(advice.into()) }
    }
}

/// Looks at everything. The words are those of the command line, flags before `doctor` among them.
///
/// # Errors
/// A flag or a variable is wrong.
pub fn examine(words: &[OsString]) -> Result<Vec<Finding>, Unread> {
    let (settings, wrong) = Settings::gather_what_can_be(words)?;
    let mut findings = vec![choices::version()];
    findings.extend(choices::configuration(&settings, wrong.as_ref()));
    findings.extend(choices::variables(std::env::vars_os().map(|(name, _)| name)));
    match settings.arguments()?.config() {
        Ok(config) => findings.extend(of(&config)),
        Err(error) => findings.push(Finding::fault(
            "configuration",
            format!("{error:#}"),
            "chat-server config show --origin says where that is from",
        )),
    }
    Ok(findings)
}

/// What depends on what was chosen.
fn of(config: &Config) -> Vec<Finding> {
    let now = clock::now();
    let mut findings = Vec::new();
    let (mut newest, mut runs) = (None, false);
    match &config.store {
        Store::Ephemeral => findings.push(Finding::hint("store", "nothing is kept", "without --ephemeral it would be")),
        Store::Directory { path, .. } => {
            runs = admin::a_server_runs(path);
            findings.extend(keeping::directory(path));
            let (found, said_last) = keeping::store(path, runs);
            findings.push(found);
            newest = said_last;
        }
    }
    findings.push(machine::port(config.host, config.port, runs));
    findings.push(machine::open_files(config.max_connections));
    findings.extend(machine::memory());
    findings.push(machine::clock(now, newest));
    findings.extend(machine::kernel());
    findings.extend(certificate::certificate(config, now));
    findings.extend(choices::doors(config));
    findings
}

/// Whether a server can run so.
#[must_use]
pub fn is_well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.verdict != Verdict::Fault)
}

/// A line for each thing, and one for what to do about it.
#[must_use]
pub fn report(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.what.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Finding { verdict, what, words, advice } in findings {
        let mark = match verdict {
            Verdict::Fine => '✓',
            Verdict::Hint => '!',
            Verdict::Fault => '✗',
        };
        // What is from a file may be anything.
        let words = chat_protocol::display::line(words);
        let _ = writeln!(text, "{mark} {what:width$}  {words}");
        if let Some(advice) = advice {
            let _ = writeln!(text, "  {:width$}  → {}", "", chat_protocol::display::line(advice));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_aligned_and_says_what_to_do() {
        let findings = [
            Finding::fine("port", "8000 is free"),
            Finding::hint("open files", "few", "more"),
            Finding::fault("store", "bro\u{1b}[31mken", "restore it"),
        ];
        let expected = "✓ port        8000 is free\n! open files  few\n              → more\n✗ store       bro";
        let text = report(&findings);
        assert!(text.starts_with(expected) && !text.contains('\u{1b}'), "{text}");
        assert!(!is_well(&findings) && is_well(&findings[..2]));
    }
}
