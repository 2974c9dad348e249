//! The HTTP API: rooms for `curl` and scripts. The same rooms, checks and words as everywhere.

use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration, time::Instant};

use axum::{
    Extension,
    body::Body,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chat_protocol::{
    ClientId, Dialect, ErrorCode, Event, Recorded, Refusal, RoomName, Seq, ServerMessage, UserName, json, limits,
    task::ExportFormat,
};
use futures::{Stream, stream};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{sync::watch, time::timeout};

use super::{
    Peer,
    error::{self, Refused, Segments},
    origin, shown,
};
use crate::{
    auth::Credential,
    clock,
    log::{Asker, Author, Draft, Outcome, Who},
    metrics::Reason,
    realm::{Pass, Realm},
    services::Services,
    session::{self, identity, state},
};

/// A body must be there within this.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// A quiet tail sends an empty line this often, so that a dead reader is noticed and a proxy stays awake.
const TAIL_BREATH: Duration = Duration::from_secs(20);
/// Bytes of a file sent in one go.
const CHUNK: usize = 64 * 1024;

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Params {
    token: Option<String>,
    session: Option<String>,
    before: Option<Seq>,
    after: Option<Seq>,
    limit: Option<i64>,
}

type Asked = (State<Arc<Services>>, Extension<Peer>, Result<Query<Params>, QueryRejection>, HeaderMap);

/// Who asks, once it may ask at all.
async fn asker(services: &Services, peer: &Peer, params: &Params, headers: &HeaderMap) -> Result<Option<Who>, Refused> {
    same_site(services, headers)?;
    let credential = shown::required(services, headers, params.token.as_deref())?;
    if let Some(pass) = credential.pass() {
        let wait = services.admission.ask(None, Some(pass.account), Instant::now(), 1);
        if !wait.is_zero() {
            services.refused(Reason::RateLimited, None);
            return Err(Refused::too_soon("Too much at once from this account: wait a moment", wait));
        }
    }
    if credential == Credential::Over {
        return Err(error::no_credential());
    }
    let who = match (credential.pass(), shown::session(headers, params.session.clone())) {
        (Some(pass), _) => Some(services.member(pass).ok_or_else(error::no_credential)?),
        (None, Some(secret)) => identity::proven(services, &secret).await?,
        (None, None) => None,
    };
    services.may_stay(credential.pass(), who.as_ref().map(|who| &who.name), peer.address)?;
    Ok(who)
}

/// A page that may ask, or no page at all.
pub(super) fn same_site(services: &Services, headers: &HeaderMap) -> Result<(), Refused> {
    if origin::welcome(headers, &services.live().allow_origin, false) {
        return Ok(());
    }
    Err(Refused::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, "Pages of other sites may not ask here"))
}

fn params(query: Result<Query<Params>, QueryRejection>) -> Result<Params, Refused> {
    let refused = |error: QueryRejection| Refused::from(Refusal::new(ErrorCode::BadRequest, error.body_text()));
    query.map(|Query(params)| params).map_err(refused)
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

pub(super) async fn rooms((State(services), Extension(peer), query, headers): Asked) -> Result<Response, Refused> {
    let who = asker(&services, &peer, &params(query)?, &headers).await?;
    let rooms = session::rooms(&services, who.as_ref(), peer.address).await?;
    Ok(json(StatusCode::OK, json::line(&ServerMessage::Rooms { rooms })))
}

pub(super) async fn messages(
    Segments(room): Segments<String>,
    (State(services), Extension(peer), query, headers): Asked,
) -> Result<Response, Refused> {
    let params = params(query)?;
    let who = asker(&services, &peer, &params, &headers).await?;
    let room = state::readable(&room, who.as_ref().map(|who| &who.name))?;
    services.may_read(&room, who.as_ref().map(Who::someone), peer.address)?;
    let page = state::page(params.before, params.after, params.limit)?;
    let asked = room.clone();
    let found = services.keeper.read(move |reader| reader.messages(&asked, who.as_ref(), page)).await?;
    let history = ServerMessage::History { room, messages: found.messages, more: found.more };
    Ok(json(StatusCode::OK, json::line(&history)))
}

/// What may be posted.
#[derive(Debug, Deserialize)]
struct Post {
    text: String,
    user: Option<String>,
    cid: Option<String>,
    session: Option<String>,
    reply_to: Option<Seq>,
    #[serde(default)]
    action: bool,
}

#[derive(Serialize)]
struct Said<'a> {
    room: &'a RoomName,
    seq: Seq,
    at: chat_protocol::Timestamp,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    duplicate: bool,
}

pub(super) async fn say(
    Segments(room): Segments<String>,
    (State(services), Extension(peer), query, headers): Asked,
    request: Request,
) -> Result<Response, Refused> {
    let mut params = params(query)?;
    let wait = services.admission.post(peer.address, Instant::now());
    if !wait.is_zero() {
        services.refused(Reason::RateLimited, Some(peer.address));
        return Err(Refused::too_soon("Too many posts from your address", wait));
    }
    let post: Post = posted(&headers, request.into_body()).await?;
    params.session = params.session.or(post.session);
    let who = asker(&services, &peer, &params, &headers).await?;
    let who = speaker(&services, who, post.user.as_deref())?;
    if !who.author.is_account() {
        services.may_stay(None, Some(&who.name), peer.address)?;
    }
    let room = state::enterable(&room, Some(&who.name))?;
    services.may_read(&room, Some(who.someone()), peer.address)?;
    services.may_speak(&room, &who, peer.address)?;
    state::check_text(&post.text, false)?;
    let cid = post.cid.map(|cid| {
        ClientId::parse(&cid).ok_or_else(|| Refusal::new(ErrorCode::BadRequest, "A cid is 1 to 64 of A-Z a-z 0-9 _ -"))
    });
    if let Some(other) = room.other_than(&who.name)
        && other != who.name
        && !services.is_reachable(&other)
    {
        return Err(Refusal::new(ErrorCode::NoSuchUser, format!("{other} is not here")).into());
    }
    if let Some(other) = room.other_than(&who.name) {
        services.may_whisper(&who.name, &other)?;
    }
    let event = Event::Message { text: post.text, cid: cid.transpose()?, reply_to: post.reply_to, action: post.action };
    let draft = Draft { room, from: who.name, author: who.author, event, asker: Asker::Nobody };
    let answer = |status, recorded: Arc<Recorded>, duplicate| {
        let said = Said { room: &recorded.room, seq: recorded.seq, at: recorded.at, duplicate };
        Ok(json(status, json::line(&said)))
    };
    match services.keeper.settle(draft).await {
        Outcome::Kept(recorded) => answer(StatusCode::CREATED, recorded, false),
        Outcome::Duplicate(recorded) => answer(StatusCode::OK, recorded, true),
        Outcome::Refused(refusal) => Err(refusal.into()),
        Outcome::Decreed(_) | Outcome::Marked(_) | Outcome::Pruned { .. } | Outcome::Imported { .. } | Outcome::Noted => {
            Err(Refusal::new(ErrorCode::Unavailable, "Nothing came of it").into())
        }
    }
}

/// What was posted, as JSON or as a form.
pub(super) async fn posted<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Refused> {
    let read = timeout(BODY_WITHIN, axum::body::to_bytes(body, limits::FRAME_BYTES)).await;
    let body = match read {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLong, "That is too much")),
        Err(_) => return Err(Refused::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::BadRequest, "The body did not come")),
    };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let bad = |text: String| Refused::from(Refusal::new(ErrorCode::BadRequest, text));
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => {
            json::check_depth(&body)?;
            serde_json::from_slice(&body).map_err(|error| match error.is_data() {
                true => bad(error.to_string()),
                false => Refusal::new(ErrorCode::BadJson, format!("That is not JSON: {error}")).into(),
            })
        }
        "application/x-www-form-urlencoded" => serde_urlencoded::from_bytes(&body).map_err(|error| bad(error.to_string())),
        _ => Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorCode::BadRequest,
            "Post application/json or application/x-www-form-urlencoded",
        )),
    }
}

/// Who speaks: the session's user, or a name over HTTP, which is the same author at each such post.
fn speaker(services: &Services, who: Option<Who>, user: Option<&str>) -> Result<Who, Refused> {
    // An account may be called what a guest may not.
    let parse = if who.as_ref().is_some_and(|who| who.author.is_account()) { UserName::parse } else { UserName::guest };
    let name = user.map(parse).transpose().map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))?;
    match (who, name) {
        (Some(who), None) => Ok(who),
        (Some(who), Some(name)) if who.name == name => Ok(who),
        (Some(who), Some(_)) if who.author.is_account() => {
            let text = format!("This token is {}'s: leave «user» out, or give that name", who.name);
            Err(Refusal::new(ErrorCode::Forbidden, text).into())
        }
        (_, Some(name)) => {
            let taken = || {
                let text = format!("{name} is taken: somebody is here by that name");
                Refused::new(StatusCode::CONFLICT, ErrorCode::Forbidden, text)
            };
            if !services.is_for_guests(&name) {
                return Err(taken());
            }
            let author = Author(format!("http:{}", name.folded()).into());
            services.hub.may_enter(&name, &author, Instant::now()).map_err(|_| taken())?;
            Ok(Who { name, author, since: clock::now() })
        }
        (None, None) => {
            // A name that the server makes: no guest can be in its way.
            let name = UserName::known("#http").map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))?;
            Ok(Who { name, author: Author("http:#http".into()), since: clock::now() })
        }
    }
}

pub(super) async fn tail(
    Segments(room): Segments<String>,
    (State(services), Extension(peer), query, headers): Asked,
) -> Result<Response, Refused> {
    let params = params(query)?;
    let since = services.realm.borrow().seq();
    let who = asker(&services, &peer, &params, &headers).await?;
    let pass = shown::credential(&services, &headers, params.token.as_deref()).pass();
    let room = state::readable(&room, who.as_ref().map(|who| &who.name))?;
    services.may_read(&room, who.as_ref().map(Who::someone), peer.address)?;
    // Subscribed before the first read: what comes between is read by the next.
    let news = services.fanout.tail(&room);
    let after = match params.after {
        Some(after) => after,
        None => {
            let (asked, who) = (room.clone(), who.clone());
            services.keeper.read(move |reader| reader.snapshot(&asked, who.as_ref(), None)).await?.state.seq
        }
    };
    let body = Body::from_stream(lines(Tail {
        realm: services.realm.clone(),
        services,
        room,
        who,
        address: peer.address,
        pass,
        since,
        after,
        news,
        more: true,
    }));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

struct Tail {
    services: Arc<Services>,
    room: RoomName,
    who: Option<Who>,
    address: IpAddr,
    /// What it was let in by, and word of its end.
    pass: Option<Pass>,
    /// The last decree before it came: whoever is put out by a later one goes.
    since: Seq,
    realm: watch::Receiver<Arc<Realm>>,
    after: Seq,
    news: watch::Receiver<Seq>,
    more: bool,
}

impl Tail {
    fn may_stay(&self) -> bool {
        let stays = self.services.may_stay(self.pass, self.who.as_ref().map(|who| &who.name), self.address);
        let put_out = self.services.put_out_since(self.since, self.who.as_ref(), self.address, Some(&self.room));
        stays.is_ok()
            && put_out.is_none()
            && self.services.may_read(&self.room, self.who.as_ref().map(Who::someone), self.address).is_ok()
    }
}

/// The log itself, from a place on, for as long as somebody reads. A slow reader only reads later.
fn lines(tail: Tail) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    stream::unfold(tail, |mut tail| async move {
        loop {
            let stays = tail.may_stay();
            if tail.services.is_draining() || !stays {
                return None;
            }
            if !tail.more {
                let more = async {
                    tokio::select! {
                        _ = tail.news.changed() => true,
                        _ = tail.realm.changed() => false,
                    }
                };
                match timeout(TAIL_BREATH, more).await {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(_) => return Some((Ok(Bytes::from_static(b"\n")), tail)),
                }
            }
            tail.news.mark_unchanged();
            let (room, who, after) = (tail.room.clone(), tail.who.clone(), tail.after);
            let read =
                tail.services.keeper.read(move |reader| reader.events(&room, who.as_ref(), after, limits::EVENTS_PER_FRAME));
            let page = match read.await {
                Ok(page) => page,
                Err(error) => return Some((Err(std::io::Error::other(error)), tail)),
            };
            tail.more = page.more;
            let Some(last) = page.events.last() else { continue };
            tail.after = last.seq;
            let mut text = String::new();
            for event in &page.events {
                text.extend(Dialect::Chat.recorded(event));
                text.push('\n');
            }
            return Some((Ok(text.into()), tail));
        }
    })
}

pub(super) async fn export(
    Segments(task_id): Segments<String>,
    (State(services), Extension(peer), query, headers): Asked,
) -> Result<Response, Refused> {
    let who = asker(&services, &peer, &params(query)?, &headers).await?;
    let found = services.tasks.export(&task_id, who.as_ref());
    let missing = || Refused::new(StatusCode::NOT_FOUND, ErrorCode::BadRequest, "There is no such export");
    let (path, room, format) = found.ok_or_else(missing)?;
    services.may_read(&room, who.as_ref().map(Who::someone), peer.address).map_err(|_| missing())?;
    let (kind, ending) = match format {
        ExportFormat::Jsonl => ("application/x-ndjson", "jsonl"),
        ExportFormat::Text => ("text/plain; charset=utf-8", "txt"),
        ExportFormat::Html => ("text/html; charset=utf-8", "html"),
    };
    // A header takes little of what a room may be named.
    let name: String = room.folded().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}.{ending}\""))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let (file, bytes) = open(path).await.map_err(|_| missing())?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_LENGTH, HeaderValue::from(bytes)),
    ];
    Ok((headers, Body::from_stream(chunks(file))).into_response())
}

async fn open(path: PathBuf) -> std::io::Result<(std::fs::File, u64)> {
    let opened = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok((file, bytes))
    });
    opened.await.map_err(std::io::Error::other)?
}

fn chunks(file: std::fs::File) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    stream::unfold(file, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; CHUNK];
            let read = std::io::Read::read(&mut file, &mut chunk)?;
            chunk.truncate(read);
            Ok((chunk, file))
        });
        match read.await.map_err(std::io::Error::other).flatten() {
            Ok((chunk, _)) if chunk.is_empty() => None,
            Ok((chunk, file)) => Some((Ok(chunk.into()), file)),
            // The promised length is missed, which the reader notices.
            Err(_) => None,
        }
    })
}
