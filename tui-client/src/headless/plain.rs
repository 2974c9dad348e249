//! A conversation line by line, for screen readers and terminals that can move no cursor: lines in, lines out, in the order in
//! which things happen. Nothing is drawn, nothing is coloured, nothing is repeated.

use std::{
    collections::VecDeque,
    io::{self, Write},
    time::Duration,
};

use chat_protocol::{ClientId, RoomName, ServerMessage, display};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{Next, Quiet, closed_is_wished};
use crate::{
    app::{Start, Word},
    effect::{Effect, Ending, Told},
    model::Audience,
    msg::Msg,
    words,
};

/// How many of our own messages are remembered, so as not to read them to the one who has just typed them.
const REMEMBERED: usize = 256;

/// Talks until the user leaves.
pub(crate) async fn plain(start: Start) -> anyhow::Result<Ending> {
    let quiet = Quiet::begin(start, Audience::Lines)?;
    let mut plain = Plain { room: quiet.model.room().name.clone(), quiet, said: VecDeque::new() };
    let ending = plain.talk().await;
    plain.quiet.close().await;
    ending
}

struct Plain {
    quiet: Quiet,
    /// The room that was announced last.
    room: RoomName,
    said: VecDeque<ClientId>,
}

impl Plain {
    async fn talk(&mut self) -> anyhow::Result<Ending> {
        let mut stdin = BufReader::new(tokio::io::stdin());
        let mut line = Vec::new();
        // Nothing tells whether somebody listens: whatever is for the user calls.
        let mut effects = self.quiet.take(Some(Msg::Focus(false)));
        effects.extend(self.quiet.take(Some(Msg::Started)));
        loop {
            self.remember();
            let ended = effects.iter().find_map(|effect| match effect {
                Effect::Quit(ending) => Some(ending.clone()),
                _ => None,
            });
            if let Err(error) = self.print(effects) {
                return closed_is_wished(error);
            }
            if let Some(ending) = ended {
                return Ok(ending);
            }
            let msg = tokio::select! {
                next = self.quiet.next(Duration::MAX) => match next? {
                    Next::Msg(next) => Some(next),
                    Next::Word(Word::GoOn) | Next::Time => None,
                    Next::Word(_) => Some(Msg::Leave),
                },
                count = stdin.read_until(b'\n', &mut line) => {
                    let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
                    line.clear();
                    match count? {
                        0 => Some(Msg::Leave),
                        _ if text.trim().is_empty() => None,
                        _ => Some(Msg::Line { text, typed: true }),
                    }
                }
            };
            effects = self.quiet.take(msg);
        }
    }

    /// What we are about to say.
    fn remember(&mut self) {
        for pending in self.quiet.model.outbox.iter() {
            if !self.said.contains(&pending.cid) {
                self.said.push_back(pending.cid.clone());
            }
        }
        while self.said.len() > REMEMBERED {
            self.said.pop_front();
        }
    }

    fn print(&mut self, effects: Vec<Effect>) -> io::Result<()> {
        let mut lines: Vec<String> = Vec::new();
        for effect in effects {
            match effect {
                Effect::Tell(told) => lines.extend(self.line(&told)),
                // The bell belongs to the line that it is for.
                Effect::Notify { .. } => match lines.last_mut() {
                    Some(line) => line.push('\x07'),
                    None => lines.push("\x07".into()),
                },
                _ => {}
            }
        }
        let room = &self.quiet.model.room().name;
        if *room != self.room {
            lines.push(format!("Room: {}", words::room(room, &self.quiet.model.user)));
            self.room = room.clone();
        }
        let mut out = io::stdout().lock();
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        out.flush()
    }

    fn line(&self, told: &Told) -> Option<String> {
        let model = &self.quiet.model;
        let label = |room: Option<&RoomName>| match room {
            Some(room) if *room != model.room().name => format!("[{}] ", words::room(room, &model.user)),
            _ => String::new(),
        };
        Some(match told {
            Told::Event { event, old, .. } => {
                if let (ServerMessage::Message(message), false) = (&**event, old)
                    && message.cid.as_ref().is_some_and(|cid| self.said.contains(cid))
                {
                    return None;
                }
                let ((room, _, at), text) = words::place(event).zip(words::words(event))?;
                let time = words::time(at, &model.zone, &model.settings.look.time);
                format!("{} {}{text}", display::line(&time), label(Some(room)))
            }
            Told::Presence { room, user, came } => {
                if !model.settings.look.presence {
                    return None;
                }
                let what = if *came { "came" } else { "went" };
                format!("{}{} {what}", label(Some(room)), display::line(user.shown()))
            }
            Told::Notice { room, text } => format!("{}{}", label(room.as_ref()), display::indented(text)),
            Told::Fault { room, text } => format!("Error: {}{}", label(room.as_ref()), display::indented(text)),
            Told::Connection(text) => format!("Connection: {}", display::line(text)),
            Told::Gap { room } => format!("{}Some of what was said meanwhile could not be read again", label(Some(room))),
            Told::Sent { .. } => return None,
        })
    }
}
