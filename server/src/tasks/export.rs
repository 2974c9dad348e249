//! A room's transcript as a file: for programs, for people, for a browser. User text is made safe for what reads it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::Path,
};

use chat_protocol::{RoomName, Seq, display, json, server::Message, task::ExportFormat};

use crate::log::{From, LogError, Page, Reader, Who};

/// Messages read in one go.
const PAGE: usize = 1000;

/// Takes away what an earlier run wrote.
pub(super) fn clear(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the directory, for this user only, if it is not there: a run that exports nothing leaves nothing.
pub(super) fn make(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

fn create(path: &Path) -> io::Result<File> {
    path.parent().map_or(Ok(()), make)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Why there is no transcript.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Read(#[from] LogError),
    #[error("could not write: {0}")]
    Write(#[from] io::Error),
    #[error("it was stopped")]
    Stopped,
}

/// Writes the transcript into a new file; answers its bytes and messages.
pub(super) fn write(
    reader: &mut dyn Reader,
    room: &RoomName,
    who: Option<&Who>,
    format: ExportFormat,
    path: &Path,
    progress: &mut dyn FnMut(u8) -> bool,
) -> Result<(u64, u64), ExportError> {
    let mut file = BufWriter::new(create(path)?);
    let messages = transcript(reader, room, who, format, &mut file, progress)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok((file.metadata()?.len(), messages))
}

/// Writes the transcript as it stands when it is begun; answers its messages. `progress` is told 0 to 100 and may say «stop» with
/// `false`.
///
/// # Errors
/// See [`ExportError`].
pub fn transcript(
    reader: &mut dyn Reader,
    room: &RoomName,
    who: Option<&Who>,
    format: ExportFormat,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u8) -> bool,
) -> Result<u64, ExportError> {
    let end = reader.snapshot(room, who, None)?.state;
    if format == ExportFormat::Html {
        out.write_all(head(&end.name).as_bytes())?;
    }
    let (mut after, mut messages) = (Seq(0), 0);
    loop {
        let page = reader.messages(room, who, Page { from: From::After(after), limit: PAGE })?;
        for message in page.messages.iter().filter(|message| message.seq <= end.seq) {
            out.write_all(line(message, format).as_bytes())?;
            messages += 1;
            after = message.seq;
        }
        let done = u8::try_from(after.0 * 100 / end.seq.0.max(1)).unwrap_or(100);
        if !progress(done) {
            return Err(ExportError::Stopped);
        }
        if !page.more || page.messages.last().is_none_or(|last| last.seq >= end.seq) {
            break;
        }
    }
    if format == ExportFormat::Html {
        out.write_all(b"</ol>\n</html>\n")?;
    }
    Ok(messages)
}

fn line(message: &Message, format: ExportFormat) -> String {
    let (year, month, day, hour, minute, ..) = message.at.civil();
    let time = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}");
    let text = match message.deleted {
        true => "(deleted)".into(),
        false => display::text(&message.text),
    };
    let edited = if message.edited_at.is_some() { " (edited)" } else { "" };
    match format {
        ExportFormat::Jsonl => json::line(message) + "\n",
        ExportFormat::Text => {
            let text = text.replace('\n', "\n    ");
            match message.action {
                true => format!("{time} * {} {text}{edited}\n", message.from),
                false => format!("{time} {}: {text}{edited}\n", message.from),
            }
        }
        ExportFormat::Html => format!(
            "<li id=\"{}\"><time datetime=\"{}\">{time}</time> <b>{}</b> <span dir=\"auto\">{}{edited}</span></li>\n",
            message.seq,
            message.at,
            escape(message.from.shown()),
            escape(&text),
        ),
    }
}

fn head(room: &RoomName) -> String {
    let room = escape(room.shown());
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{room}</title>\n\
         <style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto}}\
         ol{{list-style:none;padding:0}}span{{white-space:pre-wrap;overflow-wrap:anywhere}}time{{opacity:.7}}</style>\n\
         <h1>{room}</h1>\n<ol>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
