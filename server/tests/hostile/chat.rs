//! A stranger in the chat protocol: many objects on one connection, each answered as it must be.

use std::{collections::HashMap, net::SocketAddr};

use chat_protocol::{ServerFrame, display};
use serde_json::Value;

use crate::{
    dice::Dice,
    frames::text,
    objects::{Answer, Ask, ask},
    peer::{Peer, Said, Wrong},
    tally::Tally,
};

/// Asks on one connection, and so many are on their way at a time.
const ASKS: usize = 32;
const AT_ONCE: usize = 8;

/// What a frame is: an answer of this label and `ref`, or something told.
enum Heard {
    Answer(String, Option<String>),
    Told,
}

/// Every frame must be one that a client can read, and safe in a terminal as it is.
pub(crate) fn read(frame: &str) -> Result<Value, Wrong> {
    // Most of it is plain, and there is much of it.
    let plain = frame.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if let Some(c) = frame.chars().find(|c| !plain && display::is_unsafe(*c)) {
        return Err(format!("{} comes as it is: {frame:?}", c.escape_unicode()));
    }
    serde_json::from_str(frame).map_err(|error| format!("{error}: {frame:?}"))
}

fn heard(frame: &str) -> Result<Heard, Wrong> {
    let value = read(frame)?;
    ServerFrame::decode(frame).map_err(|error| format!("a client cannot read {frame:?}: {error}"))?;
    let reference = value["ref"].as_str().map(str::to_owned);
    Ok(match value["type"].as_str().ok_or("no type")? {
        "error" => {
            let words = value["text"].as_str().unwrap_or_default();
            if words.is_empty() || words.len() > 1000 {
                return Err(format!("an error without words, or with too many: {frame:.300}"));
            }
            Heard::Answer(value["code"].as_str().unwrap_or_default().to_owned(), reference)
        }
        kind @ ("ack" | "joined" | "left" | "history" | "found" | "rooms" | "users" | "pong" | "notice" | "blocked") => {
            Heard::Answer(kind.to_owned(), reference)
        }
        _ => Heard::Told,
    })
}

struct Stranger<'a> {
    peer: Peer,
    tally: &'a Tally,
    /// What waits for an answer by its `ref`.
    waiting: HashMap<String, Ask>,
    /// Answers that may come without a `ref`, or not at all.
    loose: usize,
}

impl Stranger<'_> {
    /// The next answer.
    async fn next(&mut self) -> Result<(String, Option<String>), Wrong> {
        loop {
            match self.peer.hear().await? {
                Said::Text(frame) => {
                    if let Heard::Answer(label, reference) = heard(&frame)? {
                        self.tally.saw(format!("answer {label}"));
                        return Ok((label, reference));
                    }
                }
                Said::Pong(_) => {}
                other => return Err(format!("{other:?}")),
            }
        }
    }

    /// An answer to something that has a `ref`, or to something that needs none.
    fn settle(&mut self, label: String, reference: Option<String>) -> Result<(), Wrong> {
        let Some(ask) = reference.as_ref().and_then(|reference| self.waiting.remove(reference)) else {
            self.loose = self.loose.checked_sub(1).ok_or_else(|| format!("nobody asked for {label} {reference:?}"))?;
            return Ok(());
        };
        let Answer::Ref(_, labels) = ask.answer else { return Err("it had no ref".into()) };
        if !labels.is_empty() && !labels.contains(&label.as_str()) && label != "rate_limited" {
            return Err(format!("{} is answered with {label}, not {labels:?}: {:.300}", ask.name, ask.frame));
        }
        self.tally.case(format!("object: {}: {label}", ask.name));
        Ok(())
    }
}

pub(crate) async fn visit(address: SocketAddr, dice: &mut Dice, visit: u64, tally: &Tally) -> Result<(), Wrong> {
    let path =
        if dice.one_in(8) { format!("/ws/auth?token=s3cret&room=pit&user=o{visit}") } else { format!("/ws/chat/pit/o{visit}") };
    let mut peer = Peer::open(address, &path).await?;
    let come_in = |frame: &str| frame.starts_with(r#"{"type":"joined""#);
    peer.find(come_in).await?.map_err(|code| format!("closed with {code} at the door of {path}"))?;
    let mut stranger = Stranger { peer, tally, waiting: HashMap::new(), loose: 0 };
    for first in (0..ASKS).step_by(AT_ONCE) {
        let mut bytes = Vec::new();
        let mut now = Vec::new();
        for number in first..first + AT_ONCE {
            let ask = ask(dice, format!("r{number}"));
            bytes.extend(text(dice, &ask.frame));
            // Whatever is answered at once is answered before this.
            bytes.extend(text(dice, &format!(r#"{{"type":"ping","ref":"p{number}"}}"#)));
            match &ask.answer {
                Answer::Now(_) => now.push(Some(ask)),
                Answer::Ref(reference, _) => {
                    stranger.waiting.insert(reference.clone(), ask);
                    now.push(None);
                }
                Answer::Loose => {
                    stranger.loose += 1;
                    tally.case(format!("object: {}", ask.name));
                    now.push(None);
                }
            }
        }
        stranger.peer.write(&bytes).await;
        for (number, ask) in (first..).zip(now) {
            let mut expected = ask.as_ref().map(|ask| match ask.answer {
                Answer::Now(codes) => codes,
                _ => &[],
            });
            loop {
                let asked = || ask.as_ref().map(|ask| format!("{}: {:.300}", ask.name, ask.frame));
                let (label, reference) =
                    stranger.next().await.map_err(|wrong| format!("{wrong} instead of the answer to {:?}", asked()))?;
                let is_pong = reference.as_deref() == Some(&format!("p{number}"));
                match expected {
                    Some(codes) if reference.is_none() && (codes.contains(&label.as_str()) || label == "rate_limited") => {
                        expected = None;
                        tally.case(format!("object: {}: {label}", ask.as_ref().map_or("", |ask| ask.name)));
                    }
                    Some(codes) if is_pong => return Err(format!("not answered with {codes:?}: {:?}", asked())),
                    // A flood is answered for what it is; then this ping was one of it.
                    None if is_pong => break,
                    _ => stranger.settle(label, reference)?,
                }
            }
        }
    }
    // A look waits for the log's answers to everything before it.
    let last = text(dice, r#"{"type":"users","room":"pit","ref":"end"}"#);
    stranger.peer.write(&last).await;
    loop {
        let (label, reference) = stranger.next().await?;
        if reference.as_deref() == Some("end") {
            break;
        }
        stranger.settle(label, reference)?;
    }
    if let Some(ask) = stranger.waiting.values().next() {
        return Err(format!("never answered: {}: {:.300}", ask.name, ask.frame));
    }
    if dice.one_in(2) {
        stranger.peer.slam();
    }
    Ok(())
}
