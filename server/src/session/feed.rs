//! `/ws/tasks`: the server's own work as a feed, and its two requests.

use std::{net::IpAddr, time::Instant};

use chat_protocol::{
    CloseCode, ErrorCode, Refusal, ServerFrame, ServerMessage, display,
    task::{TaskKind, TaskRequest, TaskUpdate},
};

use super::{
    Opening,
    conversation::Never,
    identity,
    line::{End, Input, Line},
    state,
};
use crate::{
    auth::Credential,
    limits::{Bucket, Verdict},
    log::Who,
    metrics::Reason,
    services::Services,
    tasks::Work,
};

pub(super) async fn watch(services: &Services, line: &mut Line, opening: Box<Opening>) -> End {
    let Err(end) = hold(services, line, &opening).await;
    end
}

async fn hold(services: &Services, line: &mut Line, opening: &Opening) -> Result<Never, End> {
    if opening.credential == Credential::Over || (services.tokens.required() && !opening.credential.is_good()) {
        return Err(CloseCode::InvalidToken.into());
    }
    let who = match (opening.credential.pass(), &opening.session) {
        (Some(pass), _) => Some(services.member(pass).ok_or(CloseCode::InvalidToken)?),
        (None, Some(secret)) => identity::proven(services, secret).await?,
        (None, None) => None,
    };
    let address = line.connection.address;
    let may_stay = || services.may_stay(opening.credential.pass(), who.as_ref().map(|who| &who.name), address);
    may_stay()?;
    // Watched before it is listed: an update may come twice, but none is missed.
    line.connection.belongs_to(who.as_ref().and_then(|who| who.author.account_id()));
    line.shard.watch_tasks(&line.connection, who.as_ref().map(|who| who.author.clone()));
    let known = services.tasks.known_to(who.as_ref());
    let readable = |update: &TaskUpdate| {
        update.room.as_ref().is_none_or(|room| services.may_read(room, who.as_ref().map(Who::someone), address).is_ok())
    };
    for update in known.into_iter().filter(readable) {
        line.say_text(&update.encode());
    }
    let mut bucket = Bucket::new(services.config.rate, Instant::now());
    loop {
        let input = line.next().await?;
        if let Input::LookAgain = input {
            may_stay()?;
            continue;
        }
        let refusal = match bucket.take(Instant::now(), 1.0) {
            Verdict::Flooding => {
                services.metrics.dropped(Reason::Flooding);
                return Err(CloseCode::Flooding.into());
            }
            Verdict::TooSoon(_) => Err(Refusal::new(ErrorCode::RateLimited, "Too fast")),
            Verdict::Welcome => match input {
                Input::Text(text) => ask(services, &text, who.as_ref(), address),
                Input::Control | Input::LookAgain => Ok(None),
            },
        };
        match refusal {
            Ok(Some(update)) => line.say_text(&update.encode()),
            Ok(None) => {}
            Err(Refusal { code, text, retry_ms }) => {
                let error = ServerMessage::Error { code, text, retry_ms };
                line.say_text(&ServerFrame::from(error).encode());
            }
        }
    }
}

/// Work that already runs is shown to the asker; new work everybody hears of, the asker too.
fn ask(services: &Services, text: &str, who: Option<&Who>, address: IpAddr) -> Result<Option<TaskUpdate>, Refusal> {
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| Refusal::new(ErrorCode::BadJson, format!("That is not JSON: {error}")))?;
    let request: TaskRequest = serde_json::from_value(value)
        .map_err(|error| Refusal::new(ErrorCode::BadRequest, display::clip(&error.to_string(), 200)))?;
    let user = who.map(|who| &who.name);
    match request {
        TaskRequest::Cancel { task_id } => services.tasks.cancel(&task_id, who).map(|()| None),
        TaskRequest::Start { task: TaskKind::Verify, .. } => services.tasks.begin(Work::Verify),
        TaskRequest::Start { task: TaskKind::Export, room, format } => {
            let room = room.ok_or_else(|| Refusal::new(ErrorCode::BadRequest, "An export needs a room"))?;
            let room = state::readable(&room, user)?;
            services.may_read(&room, who.map(Who::someone), address)?;
            let own = room.is_private() || services.realm.borrow().is_guarded(room.folded());
            services.tasks.begin(Work::Export { room, who: who.cloned(), format: format.unwrap_or_default(), own })
        }
    }
}
