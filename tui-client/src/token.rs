//! The word that opens a server that asks for one: where it is read from, and that nobody else sees it. It is never in a URL, in
//! an error, or in what `Debug` prints; nor is it ever an argument, because `ps` shows those to everybody.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A credential.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Where a token is to be had.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Source {
    File(PathBuf),
    /// As the environment has it.
    Here(String),
    /// A line for the shell, which prints it.
    Command(String),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Here(_) => f.write_str("Here(…)"),
            // The line itself may hold what it should not.
            Self::Command(_) => f.write_str("Command(…)"),
        }
    }
}

impl Source {
    /// The token, and a word of warning if others can read it too.
    ///
    /// # Errors
    /// In words, which never hold what was read.
    pub(crate) fn read(&self) -> Result<(Token, Option<String>), String> {
        match self {
            Self::Here(text) => Ok((Token::parse(text).map_err(|why| format!("CHAT_TOKEN: {why}"))?, None)),
            Self::File(path) => {
                let named = |why: &dyn fmt::Display| format!("token file {}: {why}", path.display());
                let text = fs::read_to_string(path).map_err(|error| match error.kind() {
                    // The error of the standard library does not quote the bytes, but says less than this.
                    io::ErrorKind::InvalidData => named(&"not text"),
                    _ => named(&error),
                })?;
                Ok((Token::parse(&text).map_err(|why| named(&why))?, open_to_others(path)))
            }
            Self::Command(line) => {
                // It may ask for a passphrase: the terminal is still its own.
                let ran = Command::new("sh").arg("-c").arg(line).stdin(Stdio::inherit()).stderr(Stdio::inherit()).output();
                let ran = ran.map_err(|error| format!("token command: sh: {error}"))?;
                if !ran.status.success() {
                    return Err(format!("token command: {}", ran.status));
                }
                let text = String::from_utf8(ran.stdout).map_err(|_| "token command: it printed what is not text")?;
                Ok((Token::parse(&text).map_err(|why| format!("token command: {why}"))?, None))
            }
        }
    }
}

impl Token {
    /// The first line, without spaces around it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let line = text.lines().next().unwrap_or_default().trim();
        if line.is_empty() {
            return Err("no token in its first line");
        }
        if line.chars().any(char::is_control) || line.len() > 4096 {
            return Err("what is there is not a token");
        }
        Ok(Self(line.into()))
    }

    /// The word itself, for the server alone.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).ok()?.permissions().mode();
    let path = path.display();
    (mode & 0o077 != 0).then(|| format!("others on this machine can read the token in {path}; chmod 600 keeps it to you"))
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &Source, expected: Result<&str, &str>) {
        match (source.read(), expected) {
            (Ok((token, _)), expected) => assert_eq!(Ok(token.secret()), expected, "{source:?}"),
            (Err(words), Err(part)) => {
                assert!(words.contains(part), "{source:?}: {words}");
                assert!(!words.contains("hidden"), "{words}");
            }
            (Err(words), Ok(_)) => panic!("{source:?}: {words}"),
        }
    }

    #[test]
    fn a_token_is_the_first_line_of_its_source() {
        for (text, expected) in [
            ("s3cret", Ok("s3cret")),
            (" s3cret \r\nnot this\n", Ok("s3cret")),
            ("", Err("no token")),
            ("\nlate", Err("no token")),
            ("hidden\u{7}", Err("not a token")),
        ] {
            check(&Source::Here(text.into()), expected);
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), text).unwrap();
            check(&Source::File(file.path().into()), expected);
        }
        check(&Source::File("/no/such/file".into()), Err("/no/such/file: No such file"));
        check(&Source::Command("printf 'one\\ntwo\\n'".into()), Ok("one"));
        check(&Source::Command("echo hidden; exit 3".into()), Err("exit status: 3"));
        check(&Source::Command("true".into()), Err("no token"));
        check(&Source::Command("printf 'hidden\\377'".into()), Err("not text"));
    }

    #[test]
    fn nobody_sees_a_token() {
        let (token, _) = Source::Here("hidden".into()).read().unwrap();
        let all = format!(
            "{token:?} {:#?} {:?} {:?}",
            Some(&token),
            Source::Here("hidden".into()),
            Source::Command("echo hidden".into())
        );
        assert!(!all.contains("hidden"), "{all}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_warned_of() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "word").unwrap();
        for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            let (_, warning) = Source::File(file.path().into()).read().unwrap();
            assert_eq!(warning.is_some(), warned, "{mode:o}");
        }
    }
}
