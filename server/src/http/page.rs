//! The page, embedded: whoever has the binary has the page that speaks its protocol.

use std::sync::LazyLock;

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chat_protocol::ErrorCode;
use sha2::{Digest, Sha256};

use super::error::{Refused, Segments};

struct Asset {
    name: &'static str,
    kind: &'static str,
    body: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Every file of the page, by the name under `/static/`.
const ASSETS: [Asset; 8] = [
    Asset { name: "index.html", kind: "text/html; charset=utf-8", body: include_str!("../../assets/index.html") },
    Asset { name: "app.css", kind: "text/css; charset=utf-8", body: include_str!("../../assets/app.css") },
    Asset { name: "icon.svg", kind: "image/svg+xml", body: include_str!("../../assets/icon.svg") },
    Asset { name: "app.js", kind: SCRIPT, body: include_str!("../../assets/app.js") },
    Asset { name: "connection.js", kind: SCRIPT, body: include_str!("../../assets/connection.js") },
    Asset { name: "store.js", kind: SCRIPT, body: include_str!("../../assets/store.js") },
    Asset { name: "text.js", kind: SCRIPT, body: include_str!("../../assets/text.js") },
    Asset { name: "view.js", kind: SCRIPT, body: include_str!("../../assets/view.js") },
];

/// One name for what all assets are together: a new server is a new page.
static ETAG: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = Sha256::new();
    ASSETS.iter().for_each(|asset| hasher.update(asset.body));
    let hash: String = hasher.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"")
});

pub(super) async fn index(headers: HeaderMap) -> Result<Response, Refused> {
    serve("index.html", &headers)
}

pub(super) async fn favicon(headers: HeaderMap) -> Result<Response, Refused> {
    serve("icon.svg", &headers)
}

pub(super) async fn asset(Segments(file): Segments<String>, headers: HeaderMap) -> Result<Response, Refused> {
    serve(&file, &headers)
}

fn serve(name: &str, headers: &HeaderMap) -> Result<Response, Refused> {
    let missing = || Refused::new(StatusCode::NOT_FOUND, ErrorCode::BadRequest, "There is no such file");
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or_else(missing)?;
    let etag = HeaderValue::from_static(ETAG.as_str());
    let caching = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|value| *value == etag);
    if known {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    Ok((caching, [(header::CONTENT_TYPE, asset.kind)], asset.body).into_response())
}
