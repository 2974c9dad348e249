//! SIGHUP, or an operator's word: what was chosen is read again, from where it was read at the start. What may be chosen anew while
//! the server runs is taken up, and what waits for a restart is said.

use std::{ffi::OsString, sync::Arc};

use chat_server::{
    Config,
    cli::{Change, Settings},
    journal::Journal,
};
use tokio::task::spawn_blocking;

use crate::{log_filter, within_open_files};

/// The key that says which log lines are written.
const LOG_FILTER: &str = "log-filter";

/// What was chosen, and how it is asked for again.
pub(crate) struct Reload {
    words: Arc<[OsString]>,
    at_start: Settings,
    now: Settings,
    journal: Journal,
}

impl Reload {
    /// None where there is no file to read again: the words and the environment of a program stay as they are.
    pub(crate) fn of(words: Vec<OsString>, settings: Settings, journal: Journal) -> Option<Self> {
        settings.has_file().then(|| Self { words: words.into(), at_start: settings.clone(), now: settings, journal })
    }

    /// Reads it again. What is wrong changes nothing.
    pub(crate) async fn again(&mut self, choose: &impl Fn(&Config)) -> String {
        let words = Arc::clone(&self.words);
        let read = spawn_blocking(move || read(&words)).await.map_err(Into::into).flatten();
        let (settings, config, filter) = match read {
            Ok(read) => read,
            Err(error) => {
                let error = format!("{error:#}").trim().replace('\n', "; ");
                tracing::error!(error, "the configuration is of no use; what held goes on");
                return format!("The configuration is of no use: {error}");
            }
        };
        choose(&config);
        let taken: Vec<_> = settings.changes(&self.now).into_iter().filter(|change| change.is_live).collect();
        let waiting: Vec<_> = settings.changes(&self.at_start).into_iter().filter(|change| !change.is_live).collect();
        if taken.is_empty() && waiting.is_empty() {
            tracing::info!("the configuration was read again, and nothing in it is new");
        }
        let names = |changes: &[Change]| changes.iter().map(|change| change.key.clone()).collect::<Vec<_>>().join(", ");
        let words = match (&taken[..], &waiting[..]) {
            ([], []) => "Nothing in the configuration is new".to_owned(),
            ([], waiting) => format!("Nothing is taken up; a restart is waited for by {}", names(waiting)),
            (taken, []) => format!("Taken up: {}", names(taken)),
            (taken, waiting) => format!("Taken up: {}; a restart is waited for by {}", names(taken), names(waiting)),
        };
        let is_filtered_anew = taken.iter().any(|change| change.key == LOG_FILTER);
        for change in taken {
            tracing::info!(key = %change.key, from = %change.from, to = %change.to, by = %change.origin, "taken up");
        }
        for change in waiting {
            tracing::warn!(key = %change.key, from = %change.from, to = %change.to, by = %change.origin, "waits for a restart");
        }
        // Only then: an operator may have chosen otherwise meanwhile. And last, so that what was taken up is said as it was asked for.
        if is_filtered_anew && let Err(error) = self.journal.choose(&filter) {
            tracing::error!(error, "log lines could not be chosen anew");
        }
        self.now = settings;
        words
    }
}

fn read(words: &[OsString]) -> anyhow::Result<(Settings, Config, String)> {
    let settings = Settings::gather(words)?;
    let arguments = settings.arguments()?;
    let filter = log_filter(&arguments);
    Ok((settings, within_open_files(arguments.config()?), filter))
}
