//! `/ws/tasks`: the server's own work as a feed, and its two requests.

use std::{net::IpAddr, time::Instant};

use chat_protocol::{
    CloseCode, ErrorCode, Refusal, ServerFrame, ServerMessage, display, json,
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
    limits::{Allowance, Verdict},
    log::Who,
    metrics::Reason,
    services::Services,
    tasks::Work,
};

pub(super) async fn watch(services: &Services, line: &mut Line, opening: Box<Opening>, shares: Option<IpAddr>) -> End {
    let Err(end) = hold(services, line, &opening, shares).await;
    end
}

async fn hold(services: &Services, line: &mut Line, opening: &Opening, shares: Option<IpAddr>) -> Result<Never, End> {
    let since = services.realm.borrow().seq();
    if opening.credential == Credential::Over || (services.live().tokens.required() && !opening.credential.is_good()) {
        return Err(CloseCode::InvalidToken.into());
    }
    let who = match (opening.credential.pass(), &opening.session) {
        (Some(pass), _) => Some(services.member(pass).ok_or(CloseCode::InvalidToken)?),
        (None, Some(secret)) => identity::proven(services, secret).await?,
        (None, None) => None,
    };
    let address = line.connection.address;
    let may_stay = || {
        services.may_stay(opening.credential.pass(), who.as_ref().map(|who| &who.name), address)?;
        services.put_out_since(since, who.as_ref(), address, None).map_or(Ok(()), |closing| Err(End::from(closing)))
    };
    may_stay()?;
    // Watched before it is listed: an update may come twice, but none is missed.
    line.connection.belongs_to(who.as_ref().and_then(|who| who.author.account_id()));
    line.shard.watch_tasks(&line.connection, who.clone());
    let known = services.tasks.known_to(who.as_ref(), is_operator(services, who.as_ref()));
    let readable = |update: &TaskUpdate| {
        update.room.as_ref().is_none_or(|room| services.may_read(room, who.as_ref().map(Who::someone), address).is_ok())
    };
    for update in known.into_iter().filter(readable) {
        line.say_text(&update.encode());
    }
    let account = opening.credential.pass().map(|pass| pass.account);
    let mut allowance = Allowance::new(Instant::now());
    loop {
        let input = line.next().await?;
        if let Input::LookAgain = input {
            may_stay()?;
            continue;
        }
        let (now, rates) = (Instant::now(), services.admission.rates());
        let verdict = match &input {
            Input::Text(_) => allowance.line(rates, now, 1, |cost| services.admission.ask(shares, account, now, cost)),
            Input::Control | Input::LookAgain => allowance.control(rates, now),
        };
        let refusal = match (verdict, input) {
            (Verdict::Flooding, _) => {
                services.refused(Reason::Flooding, shares);
                return Err(CloseCode::Flooding.into());
            }
            (Verdict::TooSoon(wait), Input::Text(_)) => {
                services.refused(Reason::RateLimited, shares);
                let retry_ms = u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
                Err(Refusal::new(ErrorCode::RateLimited, "Too fast").retry(retry_ms))
            }
            (Verdict::TooSoon(_), Input::Control | Input::LookAgain) => {
                services.refused(Reason::Control, shares);
                line.leave_unanswered();
                Ok(None)
            }
            (Verdict::Welcome, Input::Text(text)) => ask(services, &text, who.as_ref(), address),
            (Verdict::Welcome, Input::Control | Input::LookAgain) => Ok(None),
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
    let value = json::value(text)?;
    let request: TaskRequest = serde_json::from_value(value)
        .map_err(|error| Refusal::new(ErrorCode::BadRequest, display::clip(&error.to_string(), 200)))?;
    let user = who.map(|who| &who.name);
    match request {
        TaskRequest::Cancel { task_id } => services.tasks.cancel(&task_id, who, is_operator(services, who)).map(|()| None),
        TaskRequest::Start { task: TaskKind::Export, room, format, .. } => {
            let room = room.ok_or_else(|| Refusal::new(ErrorCode::BadRequest, "An export needs a room"))?;
            let room = state::readable(&room, user)?;
            services.may_read(&room, who.map(Who::someone), address)?;
            let own = room.is_private() || services.realm.borrow().is_guarded(room.folded());
            begin(services, Work::Export { room, who: who.cloned(), format: format.unwrap_or_default(), own })
        }
        TaskRequest::Start { task, room, file, .. } => {
            if task != TaskKind::Verify && !is_operator(services, who) {
                return Err(Refusal::new(ErrorCode::Forbidden, "That is for those who own the server"));
            }
            begin(services, Work::of_operators(task, room.as_deref(), file.as_deref())?)
        }
    }
}

/// New work everybody hears of who may, the asker too; what is under way is shown to the asker.
fn begin(services: &Services, work: Work) -> Result<Option<TaskUpdate>, Refusal> {
    services.tasks.begin(work).map(|(update, was_there)| was_there.then_some(update))
}

fn is_operator(services: &Services, who: Option<&Who>) -> bool {
    services.realm.borrow().is_operators(who.and_then(|who| who.author.account_id()))
}
