//! What outlives a run: the proof that a name on a server is ours, or a token of its account, and the rooms that we were in there. One file of the user's
//! own, replaced whole, so that whoever reads it at any time reads a whole one. A broken file is as good as none.

use std::{
    collections::HashMap,
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use chat_protocol::{RoomName, UserName};
use serde::{Deserialize, Serialize};

use chat_terminal::reach::Address;

use crate::token::Token;

/// The most names that are kept; those that were used longest ago go.
const MOST: usize = 200;
/// The most rooms of a name.
const ROOMS: usize = 200;

/// The file, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    path: PathBuf,
}

/// The one used last is last.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Book {
    entries: Vec<Entry>,
}

/// A name on a server.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    server: String,
    /// As it is compared.
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// What a password was exchanged for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rooms: Vec<String>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({} on {}, session {})", self.user, self.server, if self.session.is_some() { "…" } else { "none" })
    }
}

impl Sessions {
    /// Nothing is read yet, and nothing is made.
    pub(crate) fn open(path: PathBuf) -> Self {
        Self { path }
    }

    /// The proofs of all names that are known there.
    pub(crate) fn all(&self, server: &Address) -> HashMap<UserName, String> {
        let server = server.to_string();
        let here = self.read().entries.into_iter().filter(|entry| entry.server == server);
        here.filter_map(|entry| Some((UserName::parse(&entry.user).ok()?, entry.session?))).collect()
    }

    /// The name that was used last.
    pub(crate) fn last(&self, server: &Address) -> Option<UserName> {
        let server = server.to_string();
        let here = self.read().entries.into_iter().rev().filter(|entry| entry.server == server);
        here.filter_map(|entry| UserName::parse(&entry.user).ok()).next()
    }

    /// The rooms that this name was in, in their order.
    pub(crate) fn rooms(&self, server: &Address, user: &UserName) -> Vec<RoomName> {
        let entry = self.entry(server, user).unwrap_or_default();
        entry.rooms.iter().filter_map(|room| RoomName::known(room).ok()).take(ROOMS).collect()
    }

    /// Keeps the proof of a name.
    ///
    /// # Errors
    /// The file could not be written; it is as it was.
    pub(crate) fn keep(&self, server: &Address, user: &UserName, session: &str) -> io::Result<()> {
        self.change(server, user, |entry| entry.session = Some(session.to_owned()))
    }

    /// The token that this name has from its last login.
    pub(crate) fn token(&self, server: &Address, user: &UserName) -> Option<Token> {
        Token::parse(&self.entry(server, user)?.token?).ok()
    }

    /// Keeps it, or forgets it.
    ///
    /// # Errors
    /// As [`Self::keep`].
    pub(crate) fn keep_token(&self, server: &Address, user: &UserName, token: Option<&Token>) -> io::Result<()> {
        self.change(server, user, |entry| entry.token = token.map(|token| token.secret().to_owned()))
    }

    /// Keeps the rooms that a name is in.
    ///
    /// # Errors
    /// As [`Self::keep`].
    pub(crate) fn keep_rooms(&self, server: &Address, user: &UserName, rooms: &[RoomName]) -> io::Result<()> {
        let rooms: Vec<_> = rooms.iter().take(ROOMS).map(|room| room.shown().to_owned()).collect();
        self.change(server, user, |entry| entry.rooms = rooms)
    }

    fn entry(&self, server: &Address, user: &UserName) -> Option<Entry> {
        self.read().entries.into_iter().rfind(|entry| entry.is(server, user))
    }

    fn read(&self) -> Book {
        fs::read_to_string(&self.path).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    fn change(&self, server: &Address, user: &UserName, change: impl FnOnce(&mut Entry)) -> io::Result<()> {
        let directory = self.path.parent().ok_or(io::ErrorKind::NotFound)?;
        make_private(directory)?;
        // From reading to replacing nobody else may, or one of two would lose what it kept. The lock is a file beside it, because
        // the file itself is another one after each change. It goes with its handle.
        let lock = private().write(true).create(true).truncate(false).open(self.path.with_extension("lock"))?;
        lock.lock()?;
        let mut book = self.read();
        let at = book.entries.iter().rposition(|entry| entry.is(server, user));
        let before = at.map(|at| book.entries.remove(at));
        let mut entry = before.clone().unwrap_or_else(|| Entry {
            server: server.to_string(),
            user: user.folded().to_owned(),
            ..Entry::default()
        });
        change(&mut entry);
        // With each welcome the same is kept again, mostly: the disk need not hear of it.
        if before.as_ref() == Some(&entry) && at == Some(book.entries.len()) {
            return Ok(());
        }
        book.entries.push(entry);
        let surplus = book.entries.len().saturating_sub(MOST);
        book.entries.drain(..surplus);
        self.replace(&book)
    }

    fn replace(&self, book: &Book) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        // What an interrupted run left behind may be readable for others.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private().write(true).create_new(true).open(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(book)?)?;
        file.sync_all()?;
        fs::rename(beside, &self.path)
    }
}

impl Entry {
    fn is(&self, server: &Address, user: &UserName) -> bool {
        self.user == user.folded() && self.server == server.to_string()
    }
}

#[cfg(unix)]
fn make_private(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make_private(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// How files are made that are nobody else's business.
fn private() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn user(text: &str) -> UserName {
        UserName::parse(text).unwrap()
    }

    fn rooms(names: &[&str]) -> Vec<RoomName> {
        names.iter().map(|name| RoomName::known(name).unwrap()).collect()
    }

    #[test]
    fn a_proof_is_found_again_for_its_server_and_name_alone() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(directory.path().join("chat-tui").join("sessions.json"));
        let (here, there) = (address("ws://h:1"), address("wss://h:1"));
        assert_eq!((sessions.all(&here).remove(&user("Zoë")), sessions.rooms(&here, &user("Zoë"))), (None, Vec::new()));
        sessions.keep(&here, &user("Zoë"), "one").unwrap();
        sessions.keep(&there, &user("Zoë"), "two").unwrap();
        sessions.keep(&here, &user("Bob"), "three").unwrap();
        sessions.keep_rooms(&here, &user("Zoë"), &rooms(&["Tea", "@bob,zoë"])).unwrap();
        sessions.keep(&here, &user("ZOË"), "four").unwrap();
        let again = Sessions::open(sessions.path.clone());
        assert_eq!(again.all(&address("ws://H:1/")).remove(&user("zoë")).as_deref(), Some("four"));
        assert_eq!(again.rooms(&here, &user("zoë")), rooms(&["Tea", "@bob,zoë"]), "rooms stay when the proof changes");
        assert_eq!(again.all(&there).remove(&user("Zoë")).as_deref(), Some("two"));
        assert_eq!(again.rooms(&there, &user("Zoë")), []);
        assert_eq!(again.read().entries.len(), 3);
        assert!(!format!("{:?} {again:?}", again.read()).contains("four"), "the proof is not in what Debug prints");
    }

    #[test]
    fn the_oldest_names_go_when_there_are_too_many() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(directory.path().join("sessions.json"));
        let server = address("ws://h:1");
        let of = |number: usize| user(&format!("u{number}"));
        let entries = (0..MOST).map(|number| Entry {
            server: server.to_string(),
            user: of(number).folded().into(),
            session: Some(number.to_string()),
            ..Entry::default()
        });
        fs::write(&sessions.path, serde_json::to_vec(&Book { entries: entries.collect() }).unwrap()).unwrap();
        sessions.keep(&server, &of(0), "0").unwrap();
        sessions.keep(&server, &of(MOST), "new").unwrap();
        assert_eq!(sessions.read().entries.len(), MOST);
        assert_eq!(sessions.last(&server), Some(of(MOST)));
        assert_eq!(sessions.all(&server).remove(&of(0)).as_deref(), Some("0"), "it was used just now");
        assert_eq!(sessions.all(&server).remove(&of(1)), None);
        assert_eq!(sessions.all(&server).remove(&of(MOST)).as_deref(), Some("new"));
    }

    #[test]
    fn a_broken_file_is_as_good_as_none() {
        let directory = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(directory.path().join("sessions.json"));
        let (server, user) = (address("ws://h:1"), user("eve"));
        for broken in [&b"{"[..], b"", b"\xff", b"[]", br#"{"entries":[{"server":1}]}"#] {
            fs::write(&sessions.path, broken).unwrap();
            assert_eq!(sessions.all(&server).remove(&user), None);
            sessions.keep(&server, &user, "word").unwrap();
            assert_eq!(sessions.all(&server).remove(&user).as_deref(), Some("word"));
        }
        fs::write(&sessions.path, r#"{"entries":[{"server":"ws://h:1","user":"eve","rooms":["tea","a/b"],"new":1}]}"#).unwrap();
        assert_eq!(sessions.rooms(&server, &user), rooms(&["tea"]), "what is no name is left out");
    }

    #[test]
    fn clients_at_the_same_time_do_not_lose_each_others_proofs() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep").join("sessions.json");
        let server = address("ws://h:1");
        std::thread::scope(|scope| {
            for client in 0..8 {
                let (path, server) = (path.clone(), &server);
                scope.spawn(move || {
                    for number in 0..5 {
                        let user = user(&format!("u{client}-{number}"));
                        Sessions::open(path.clone()).keep(server, &user, "word").unwrap();
                    }
                });
            }
        });
        assert_eq!(Sessions::open(path).read().entries.len(), 40);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_proofs() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join("chat-tui");
        let sessions = Sessions::open(own.join("sessions.json"));
        fs::create_dir(&own).unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(own.join("sessions.new"), "left behind").unwrap();
        fs::write(&sessions.path, "{}").unwrap();
        fs::set_permissions(&sessions.path, fs::Permissions::from_mode(0o644)).unwrap();
        sessions.keep(&address("ws://h:1"), &user("eve"), "word").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&sessions.path), mode(&sessions.path.with_extension("lock"))), (0o600, 0o600));
        let fresh = Sessions::open(directory.path().join("a/b/sessions.json"));
        fresh.keep(&address("ws://h:1"), &user("eve"), "word").unwrap();
        assert_eq!(mode(fresh.path.parent().unwrap()), 0o700);
        // The proof that is there stays when nothing can be written.
        assert!(Sessions::open(sessions.path.join("below")).keep(&address("ws://h:1"), &user("eve"), "word").is_err());
    }
}
