//! The question at the door: who comes in, and into which room, for a person who did not say so with a flag, the environment or
//! the configuration. Asked on the plain terminal, before anything is drawn.

use std::io::{self, BufRead, IsTerminal as _, Write};

use chat_protocol::{RoomName, UserName, display};
use crossterm::{
    event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    terminal::{disable_raw_mode, enable_raw_mode},
};

/// The room for those who name none.
pub(crate) const ROOM: &str = "general";

/// Asks for a name. Nothing, if the input ends.
pub(crate) fn ask_user(input: &mut impl BufRead, out: &mut impl Write, login: Option<&str>) -> io::Result<Option<UserName>> {
    // A login that is no name here is not offered.
    let usual = login.filter(|login| UserName::parse(login).is_ok());
    ask(input, out, "Your name", usual, UserName::parse)
}

/// Asks for a room. Nothing, if the input ends.
pub(crate) fn ask_room(input: &mut impl BufRead, out: &mut impl Write) -> io::Result<Option<RoomName>> {
    ask(input, out, "Room", Some(ROOM), RoomName::parse)
}

/// Asks for a password, which is not shown. Nothing, if nobody wants to say it. Where nobody sits at a terminal, it is the first
/// line of the input.
pub(crate) fn ask_password(user: &UserName) -> io::Result<Option<String>> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line)?;
        return Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()));
    }
    unseen(&format!("Password of {user}: "))
}

/// The same for a password that is to be one: where it is typed, twice, until both are the same.
pub(crate) fn ask_new_password(user: &UserName) -> io::Result<Option<String>> {
    if !io::stdin().is_terminal() {
        return ask_password(user);
    }
    loop {
        let Some(one) = unseen(&format!("New password of {user}, 8 characters or more: "))? else { return Ok(None) };
        let Some(other) = unseen("The same again: ")? else { return Ok(None) };
        if one == other {
            return Ok(Some(one));
        }
        writeln!(io::stderr(), "These are two passwords.")?;
    }
}

/// An answer that is not shown.
fn unseen(question: &str) -> io::Result<Option<String>> {
    // Before it is asked for: what comes at once is not shown either.
    enable_raw_mode()?;
    let typed = write!(io::stderr(), "{question}").and_then(|()| typed());
    disable_raw_mode()?;
    writeln!(io::stderr())?;
    typed
}

/// What is typed until Enter.
fn typed() -> io::Result<Option<String>> {
    let mut password = String::new();
    loop {
        let Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press, .. }) = event::read()? else { continue };
        match (code, modifiers.contains(KeyModifiers::CONTROL)) {
            (KeyCode::Enter, _) => return Ok(Some(password)),
            (KeyCode::Char('c' | 'd'), true) | (KeyCode::Esc, _) => return Ok(None),
            (KeyCode::Char('u'), true) => password.clear(),
            (KeyCode::Char(c), false) => password.push(c),
            (KeyCode::Backspace, _) => drop(password.pop()),
            _ => {}
        }
    }
}

/// Asks until there is an answer that can be taken.
fn ask<T, E: std::fmt::Display>(
    input: &mut impl BufRead,
    out: &mut impl Write,
    question: &str,
    usual: Option<&str>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> io::Result<Option<T>> {
    loop {
        match usual {
            Some(usual) => write!(out, "{question} [{usual}]: ")?,
            None => write!(out, "{question}: ")?,
        }
        out.flush()?;
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            writeln!(out)?;
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let answer = match (line.trim(), usual) {
            ("", Some(usual)) => usual,
            (answer, _) => answer,
        };
        match parse(answer) {
            Ok(parsed) => return Ok(Some(parsed)),
            Err(error) => writeln!(out, "That cannot be: {}.", display::line(&error.to_string()))?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, login: Option<&str>, expected: Option<&str>, shown: &str) {
        let mut out = Vec::new();
        let user = ask_user(&mut typed.as_bytes(), &mut out, login).unwrap();
        assert_eq!(user.as_ref().map(UserName::shown), expected, "{typed:?}");
        assert_eq!(String::from_utf8(out).unwrap(), shown, "{typed:?}");
    }

    #[test]
    fn a_name_is_asked_for_until_it_is_one() {
        check("alice\n", None, Some("alice"), "Your name: ");
        check("\n", Some("bob"), Some("bob"), "Your name [bob]: ");
        check(" Zoë \r\n", Some("bob"), Some("Zoë"), "Your name [bob]: ");
        check("x", Some("not a  name"), Some("x"), "Your name: ");
        check(
            "\n#7\nal\n",
            None,
            Some("al"),
            concat!(
                "Your name: That cannot be: a name cannot be empty.\n",
                "Your name: That cannot be: a name begins with a letter or digit.\n",
                "Your name: ",
            ),
        );
        check("", None, None, "Your name: \n");
    }

    #[test]
    fn the_usual_room_is_an_empty_line_away() {
        for (typed, expected) in [("\n", Some("general")), ("Tea Room\n", Some("Tea Room")), ("a\u{1b}[2J\n\n", Some("general"))]
        {
            let mut out = Vec::new();
            let room = ask_room(&mut typed.as_bytes(), &mut out).unwrap();
            assert_eq!(room.as_ref().map(RoomName::shown), expected, "{typed:?}");
            assert!(!out.contains(&0x1b), "{typed:?}");
        }
    }
}
