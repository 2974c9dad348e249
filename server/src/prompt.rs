//! A password from the operator's terminal, unseen and asked for twice; or the first line of what is piped in.

use std::io::{self, IsTerminal as _, Read as _, Stdin, Write as _};

use anyhow::bail;
use chat_server::auth::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The most that is read of a line.
const LONGEST: usize = 4096;

/// Asks for a new password.
///
/// # Errors
/// None was given, or two different ones.
pub(crate) fn password() -> anyhow::Result<Secret> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        let mut line = String::new();
        stdin.read_line(&mut line)?;
        return Ok(Secret::new(line.trim_end_matches(['\n', '\r'])));
    }
    let unseen = Unseen::begin(&stdin)?;
    let one = unseen.line("New password: ")?;
    let other = unseen.line("The same again: ")?;
    if one != other {
        bail!("these are two passwords");
    }
    Ok(Secret::new(one))
}

/// A terminal that shows nothing of what is typed, until this is dropped. Keys that would end the program are read like any
/// other, so that it never ends with the terminal left so.
struct Unseen<'a> {
    stdin: &'a Stdin,
    before: Termios,
}

impl<'a> Unseen<'a> {
    fn begin(stdin: &'a Stdin) -> anyhow::Result<Self> {
        let before = tcgetattr(stdin)?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
        tcsetattr(stdin, OptionalActions::Flush, &unseen)?;
        Ok(Self { stdin, before })
    }

    fn line(&self, question: &str) -> anyhow::Result<String> {
        write!(io::stderr(), "{question}")?;
        let mut line = Vec::new();
        let mut keys = self.stdin.lock();
        loop {
            let mut key = [0];
            if keys.read(&mut key)? == 0 {
                bail!("no password was given");
            }
            match key[0] {
                b'\r' | b'\n' => break,
                // Ctrl-C, Ctrl-D, Ctrl-Z.
                0x03 | 0x04 | 0x1a => {
                    writeln!(io::stderr())?;
                    bail!("no password was given");
                }
                // Backspace takes a character, however many bytes it has.
                0x08 | 0x7f => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
                // Ctrl-U.
                0x15 => line.clear(),
                byte if line.len() < LONGEST => line.push(byte),
                _ => {}
            }
        }
        writeln!(io::stderr())?;
        Ok(String::from_utf8(line)?)
    }
}

impl Drop for Unseen<'_> {
    fn drop(&mut self) {
        // What else could be done about a terminal that is gone?
        let _ = tcsetattr(self.stdin, OptionalActions::Flush, &self.before);
    }
}
