//! A conversation line by line, for screen readers and terminals that can move no cursor: lines in, lines out, in the order in
//! which things happen. Nothing is drawn, nothing is coloured, nothing is repeated. Where the input ends it leaves, once everything
//! that stood in it has been heard.

use std::{
    collections::VecDeque,
    io::{self, IsTerminal as _, Write},
    time::Duration,
};

use chat_protocol::{ClientId, RoomName, ServerMessage, display};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    time::{Instant, sleep_until},
};

use super::{Next, Quiet, WAITING, closed_is_wished, unsent};
use crate::{
    app::{Start, Word},
    effect::{Effect, Ending, Told},
    model::{Audience, Why},
    msg::Msg,
    words,
};

/// How many of our own messages are remembered, so as not to read them to the one who has just typed them.
const REMEMBERED: usize = 256;

/// Talks until the user leaves, or the input ends. What is unsent then may stay so long without getting on.
pub(crate) async fn plain(start: Start, timeout: Duration) -> anyhow::Result<Ending> {
    let quiet = Quiet::begin(start, Audience::Lines)?;
    let mut plain = Plain {
        room: quiet.model.room().name.clone(),
        quiet,
        said: VecDeque::new(),
        blind: !io::stdin().is_terminal(),
        early: VecDeque::new(),
        reading: true,
        last: None,
        timeout,
    };
    let ending = plain.talk().await;
    plain.quiet.close().await;
    ending
}

struct Plain {
    quiet: Quiet,
    /// The room that was announced last.
    room: RoomName,
    said: VecDeque<ClientId>,
    /// Whoever types may be a program, and cannot know when there is a connection.
    blind: bool,
    /// What was typed before there was one, from the first command on: most of those cannot wait for one by themselves.
    early: VecDeque<String>,
    reading: bool,
    /// How far it had come, and until when it has to get on; only when the input has ended.
    last: Option<(Progress, Instant)>,
    timeout: Duration,
}

/// What has to get less, or else be there: what was typed early, what is not sent, what is not answered, a welcome.
type Progress = (usize, usize, usize, bool);

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
            if let Some(ending) = ended.or_else(|| self.is_over()) {
                return Ok(ending);
            }
            let deadline = self.last.map_or_else(Instant::now, |(_, deadline)| deadline);
            let has_room = !self.blind || self.quiet.waiting() + self.early.len() <= WAITING;
            let msg = tokio::select! {
                next = self.quiet.next(Duration::MAX) => match next? {
                    Next::Msg(next) => Some(next),
                    Next::Word(Word::GoOn) | Next::Time => None,
                    Next::Word(_) => Some(Msg::Leave),
                },
                count = stdin.read_until(b'\n', &mut line), if self.reading && has_room => {
                    let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
                    line.clear();
                    match count? {
                        0 => {
                            self.reading = false;
                            None
                        }
                        _ if text.trim().is_empty() => None,
                        _ if self.is_early(&text) => {
                            self.early.push_back(text);
                            None
                        }
                        _ => Some(Msg::Line { text, typed: true }),
                    }
                }
                () = sleep_until(deadline), if self.last.is_some() => {
                    return Ok(match self.not_sent() {
                        0 => Ending::Unsent("the server does not answer what it was asked".into()),
                        count => unsent(count, false, "the server does not take it"),
                    });
                }
            };
            effects = self.quiet.take(msg);
            while self.quiet.model.welcomed
                && let Some(text) = self.early.pop_front()
            {
                effects.extend(self.quiet.put(Msg::Line { text, typed: true }));
            }
        }
    }

    /// Whether a line has to wait for a connection.
    fn is_early(&self, text: &str) -> bool {
        self.blind && !self.quiet.model.welcomed && (text.starts_with('/') || !self.early.is_empty())
    }

    fn not_sent(&self) -> usize {
        self.early.len() + self.quiet.model.outbox.len()
    }

    /// How it ends, if it does by the end of the input.
    fn is_over(&mut self) -> Option<Ending> {
        if self.reading {
            return None;
        }
        let model = &self.quiet.model;
        // Rooms come one after the other; who leaves does not wait for the last.
        let asked = model.asked.values().filter(|asked| !matches!(asked.why, Why::Join { then: None, .. })).count();
        if self.early.is_empty() && self.quiet.waiting() == 0 && asked == 0 {
            return Some(unsent(self.not_sent(), false, self.quiet.refused().unwrap_or_default()));
        }
        let progress = (self.early.len(), model.outbox.len(), asked, model.welcomed);
        if self.last.is_none_or(|(last, _)| last != progress) {
            self.last = Some((progress, Instant::now() + self.timeout));
        }
        None
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
