//! The page, embedded: whoever has the binary has the page that speaks its protocol.
//!
//! Its files are served below a directory that is named after what they all are together, so that a browser may keep them for ever
//! and never mixes the modules of two servers. Only the document that names them is asked for anew. It does not know what is in them.

use std::{collections::HashMap, io::Write as _, sync::LazyLock};

use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chat_protocol::ErrorCode;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use super::error::{Refused, Segments};

struct Asset {
    name: &'static str,
    body: &'static str,
}

macro_rules! assets {
    ($($name:literal)*) => {
        &[$(Asset { name: $name, body: include_str!(concat!("../../assets/", $name)) }),*]
    };
}

/// The document, with its files named relatively below `static/`.
const INDEX: &str = include_str!("../../assets/index.html");

/// Every other file of the page. A test compares this with the directory.
const ASSETS: &[Asset] = assets! {
    "app.css" "icon.svg" "icon-alert.svg"
    "app.js" "browser.js" "connection.js" "door.js" "login.js"
    "store.js" "model.js" "window.js" "frames.js" "events.js" "rooms.js" "said.js" "outbox.js" "requests.js"
    "view.js" "rows.js" "messages.js" "message.js" "dialogs.js" "dom.js"
    "text.js" "commands.js" "orders.js" "complete.js" "composer.js" "keys.js" "tasks.js"
};

const DOCUMENT: &str = "index.html";
const ASKED_ANEW: &str = "no-cache";
const KEPT: &str = "public, max-age=31536000, immutable";

/// What all files are together: a new server is a new page.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = Sha256::new_with_prefix(INDEX);
    for asset in ASSETS {
        hasher.update(asset.name);
        hasher.update(asset.body);
    }
    hasher.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
});

/// A weak one: packed or not, it is the same page (RFC 9110, 8.8.3.3).
static ETAG: LazyLock<String> = LazyLock::new(|| format!("W/\"{}\"", *HASH));

/// The document as it is served, with the names that are for ever.
static PAGE: LazyLock<String> = LazyLock::new(|| INDEX.replace("static/", &format!("static/{}/", *HASH)));

/// Every body as browsers take it: packed once, a third of its size.
static PACKED: LazyLock<HashMap<&'static str, Bytes>> = LazyLock::new(|| {
    let index = Asset { name: DOCUMENT, body: PAGE.as_str() };
    let packed = |asset: &Asset| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // Writing into memory does not fail; what does not come out is served as it is.
        let packed = encoder.write_all(asset.body.as_bytes()).and_then(|()| encoder.finish());
        Some((asset.name, Bytes::from(packed.ok()?)))
    };
    ASSETS.iter().chain([&index]).filter_map(packed).collect()
});

pub(super) async fn index(headers: HeaderMap) -> Response {
    answer(&headers, DOCUMENT, PAGE.as_str(), ASKED_ANEW)
}

pub(super) async fn favicon(headers: HeaderMap) -> Result<Response, Refused> {
    file("icon.svg", &headers, ASKED_ANEW)
}

/// A file under a name that is for ever. The same file under another server's name is none: it may be another one there.
pub(super) async fn asset(Segments((hash, name)): Segments<(String, String)>, headers: HeaderMap) -> Result<Response, Refused> {
    if hash != *HASH {
        return Err(missing());
    }
    file(&name, &headers, KEPT)
}

fn missing() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, ErrorCode::BadRequest, "There is no such file")
}

fn file(name: &str, headers: &HeaderMap, caching: &'static str) -> Result<Response, Refused> {
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or_else(missing)?;
    Ok(answer(headers, asset.name, asset.body, caching))
}

fn answer(headers: &HeaderMap, name: &str, body: &'static str, caching: &'static str) -> Response {
    let caching = [(header::ETAG, ETAG.as_str()), (header::CACHE_CONTROL, caching), (header::VARY, "accept-encoding")];
    if is_known(headers) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = [(header::CONTENT_TYPE, kind(name))];
    match PACKED.get(name).filter(|_| takes_gzip(headers)) {
        Some(packed) => (caching, kind, [(header::CONTENT_ENCODING, "gzip")], packed.clone()).into_response(),
        None => (caching, kind, body).into_response(),
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = lists.flat_map(|list| list.split(',')).filter_map(|coding| coding.trim().strip_prefix("gzip"));
    codings.any(|weight| matches!(weight.trim_start().as_bytes(), [] | [b';', ..]) && !is_zero(weight))
}

/// `;q=0` in any of its spellings (RFC 9110, 12.4.2) refuses.
fn is_zero(weight: &str) -> bool {
    let value = weight.split_once("q=").map(|(_, value)| value.trim());
    value.is_some_and(|value| value.parse::<f32>() == Ok(0.0))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// Whether the browser has what we would send: any of a list counts, and whatever a proxy weakened on its way (RFC 9110, 13.1.2).
fn is_known(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == ETAG.trim_start_matches("W/"))
}
