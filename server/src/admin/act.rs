//! What an operator does to the running server, its rooms and the people in them. What keeps order goes through the office, as it
//! does when it is typed in a room; the rest is remembered beside it.

use std::{sync::Arc, time::Duration};

use chat_protocol::{Action, ClientMessage, CloseCode, ErrorCode, Refusal, RoomName, Rules, Signal, task::TaskKind};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Answer;
use crate::{
    closing::Closing,
    departure,
    govern::Govern,
    office::{self, Hand},
    realm::Decree,
    roster::Asked,
    services::Services,
};

/// The longest that going down may be put off.
const LATEST: Duration = Duration::from_secs(24 * 3600);
/// What may be said to everybody at once, in bytes.
const NOTICE: usize = 1000;

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// Say something to a room, or to everybody.
    Notice { room: Option<String>, text: String },
    /// Do something to somebody, in a room or everywhere. With `address`, to all guests from where they are.
    Punish { action: Action, user: String, address: bool, room: Option<String>, seconds: Option<u64>, reason: String },
    /// Seconds between two messages of one user; 0: none.
    Slow { room: String, seconds: u32 },
    /// End one connection.
    Close { connection: u64 },
    /// Go down after so long.
    Leave { seconds: u64 },
    /// Do not, after all.
    Stay,
    /// Which log lines are written.
    LogFilter { filter: String },
    /// Read the configuration again.
    Reload,
}

impl Act {
    /// Does it, and says what came of it.
    pub(super) async fn done(self, services: &Arc<Services>, hand: &Hand) -> Result<Answer, Refusal> {
        let words = match self {
            Self::Notice { room, text } => notice(services, hand, room, &text).await?,
            Self::Punish { action, user, address, room, seconds, reason } => {
                let everywhere = room.is_none();
                let asked = ClientMessage::Moderate { action, user, address, room, everywhere, seconds, reason: Some(reason) };
                office::carry_out(services, hand, Govern::read(asked, room_of)?).await?
            }
            Self::Slow { room, seconds } => {
                let rules = Rules { slow: Some(seconds), ..Rules::default() };
                let asked = ClientMessage::Rules { room: Some(room), rules };
                office::carry_out(services, hand, Govern::read(asked, room_of)?).await?
            }
            Self::Close { connection } => {
                let only = Asked { only: Some(connection), limit: 1, ..Asked::default() };
                if services.fanout.roster(only).await.is_empty() {
                    return Err(Refusal::new(ErrorCode::NoSuchUser, "There is no such connection any more"));
                }
                remember(services, hand, None, format!("closed connection {connection}")).await?;
                services.fanout.close(connection, Closing::new(CloseCode::Kicked, "An operator ended this connection")).await;
                format!("Connection {connection} is told to go")
            }
            Self::Leave { seconds } => {
                let after = Duration::from_secs(seconds).min(LATEST);
                let words = departure::words(after);
                remember(services, hand, None, format!("let it go down in {} s", after.as_secs())).await?;
                if !after.is_zero() {
                    services.fanout.notice(&words).await;
                }
                services.departure.set(Some(Instant::now() + after));
                words
            }
            Self::Stay => {
                if services.departure.left(Instant::now()).is_none() {
                    return Err(Refusal::new(ErrorCode::BadRequest, "It was not going down"));
                }
                remember(services, hand, None, "called off going down".into()).await?;
                services.departure.set(None);
                services.fanout.notice("The server stays after all.").await;
                "It stays".into()
            }
            Self::LogFilter { filter } => {
                let wrong = |error| Refusal::new(ErrorCode::BadRequest, error);
                let before = services.journal().filter();
                services.journal().choose(&filter).map_err(wrong)?;
                if let Err(refusal) = remember(services, hand, None, format!("chose log lines of {filter}")).await {
                    let _ = before.map(|before| services.journal().choose(&before));
                    return Err(refusal);
                }
                format!("Log lines of {filter} are written from now on")
            }
            Self::Reload => {
                let words = services.reload().await?;
                remembered(services, hand, None, "had the configuration read again").await;
                words
            }
        };
        Ok(Answer::Done { words })
    }
}

fn room_of(named: Option<String>) -> Result<RoomName, Refusal> {
    let named = named.ok_or_else(|| Refusal::new(ErrorCode::BadRequest, "That needs a room"))?;
    RoomName::parse(&named).map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))
}

/// The server's long work is remembered likewise, once it has begun.
pub(super) async fn began(services: &Services, hand: &Hand, task: TaskKind, room: Option<&str>) {
    let room = room.and_then(|room| RoomName::known(room).ok());
    let what = match task {
        TaskKind::Export => "began an export",
        TaskKind::Verify => "began a verification",
        TaskKind::Backup => "began a backup",
        TaskKind::Prune => "had what is too old taken away",
        TaskKind::Import => "began an import",
    };
    remembered(services, hand, room, what).await;
}

/// What is done already is remembered as far as that can be.
pub(super) async fn remembered(services: &Services, hand: &Hand, room: Option<RoomName>, what: &str) {
    if let Err(refusal) = remember(services, hand, room, what.into()).await {
        tracing::warn!(by = %hand.by, what, why = refusal.text, "what an operator did is not remembered");
    }
}

async fn notice(services: &Services, hand: &Hand, room: Option<String>, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() || text.len() > NOTICE {
        return Err(Refusal::new(ErrorCode::BadRequest, format!("A notice has 1 to {NOTICE} bytes")));
    }
    let room = room.map(|room| room_of(Some(room))).transpose()?;
    remember(services, hand, room.clone(), format!("said: {text}")).await?;
    Ok(match room {
        Some(room) => {
            let words = format!("{room} was told");
            services.fanout.signal(Signal::Notice { room, text: text.to_owned() });
            words
        }
        None => {
            services.fanout.notice(text).await;
            "Everybody was told".into()
        }
    })
}

/// It stands beside what moderators did from then on. Where the log takes no writes, that is no reason not to tell people so, or not
/// to go down in order: it is a line of the program's own log then.
async fn remember(services: &Services, hand: &Hand, room: Option<RoomName>, what: String) -> Result<(), Refusal> {
    match office::decree_of(services, hand, Decree::Operated { room, what: what.clone() }).await {
        Err(refusal) if refusal.code == ErrorCode::Unavailable => {
            tracing::warn!(by = %hand.by, what, why = refusal.text, "what an operator did is not remembered");
            Ok(())
        }
        decreed => decreed.map(drop),
    }
}
