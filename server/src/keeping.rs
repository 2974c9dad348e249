//! Backups and transcripts at the command line: what is done is shown while it is done, where somebody looks, and said in one line when it is.

use std::{
    io::{IsTerminal as _, Write as _, stderr, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};

use chat_protocol::display;
use chat_server::{
    admin::{backup, transcript},
    cli::Export,
};

/// Cells of the bar.
const BAR: usize = 30;

/// How far something is, at a terminal.
struct Bar {
    shown: bool,
}

impl Bar {
    fn new() -> Self {
        Self { shown: stderr().is_terminal() }
    }

    /// Nothing stops it: that is what the keyboard is for.
    fn show(&self, what: &str, percent: u64) -> bool {
        if self.shown {
            let full = usize::try_from(percent).unwrap_or(100).min(100) * BAR / 100;
            let _ = write!(stderr(), "\r{what} [{}{}] {percent:3} %", "#".repeat(full), " ".repeat(BAR - full));
        }
        true
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn percent(done: u64, all: u64) -> u64 {
    done * 100 / all.max(1)
}

pub(super) fn backup(directory: &Path, file: &Path) -> anyhow::Result<ExitCode> {
    let bar = Bar::new();
    let bytes = backup::backup(directory, file, &mut |done, all| bar.show("copying", percent(done, all)))?;
    drop(bar);
    writeln!(stdout(), "{} is a backup of {} kB, looked through and on the disk", file.display(), bytes.div_ceil(1000))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn restore(directory: &Path, file: &Path) -> anyhow::Result<ExitCode> {
    let bar = Bar::new();
    let before = backup::restore(directory, file, &mut |done, all| bar.show("copying", percent(done, all)))?;
    drop(bar);
    writeln!(stdout(), "The store is that of {} now; clients begin anew", file.display())?;
    if let Some(before) = before {
        writeln!(stdout(), "What was there is {}", before.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn verify(directory: &Path, file: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let file = match file {
        Some(file) => file,
        None => backup::store_of(directory)?,
    };
    let bar = Bar::new();
    let findings = backup::look_through(&file, &mut |percent| {
        bar.show("looking", percent.into());
    })?;
    drop(bar);
    if findings.is_empty() {
        writeln!(stdout(), "{} is whole", file.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    for finding in findings {
        // It may quote names out of a file of anybody's.
        writeln!(stdout(), "{}", display::line(&finding))?;
    }
    Ok(ExitCode::FAILURE)
}

pub(super) fn export(directory: &Path, asked: &Export) -> anyhow::Result<ExitCode> {
    let bar = Bar::new();
    let Export { room, format, output } = asked;
    let messages = transcript::export(directory, room, *format, output.as_deref(), &mut |percent| {
        bar.show("writing", percent.into());
    })?;
    drop(bar);
    if let Some(output) = output {
        writeln!(stdout(), "{} has {messages} messages, and is on the disk", output.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn import(directory: &Path, file: &Path, room: &str) -> anyhow::Result<ExitCode> {
    let bar = Bar::new();
    let words = transcript::import(directory, file, room, &mut |percent| {
        bar.show("taking in", percent.into());
    })?;
    drop(bar);
    writeln!(stdout(), "{room} has it: {words}")?;
    Ok(ExitCode::SUCCESS)
}
