//! How the page is served: whole, under names that are for ever, small, and under a policy that lets nothing else run.

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use common::{Reply, TestServer};

/// What a browser may have to fetch for the whole page, packed as browsers take it: the promise to who is on a slow line.
const BUDGET: usize = 86_000;

/// The files of the page as they lie in the sources: name and content. Types are for the checker, and are not served.
fn sources() -> BTreeMap<String, String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let entries = fs::read_dir(&directory).expect("the assets").map(|entry| entry.expect("an entry").path());
    let name = |path: &Path| path.file_name().expect("a name").to_str().expect("a plain name").to_owned();
    let served = entries.filter(|path| !path.to_string_lossy().ends_with(".d.ts") && !path.ends_with("tsconfig.json"));
    served.map(|path| (name(&path), fs::read_to_string(&path).expect("text"))).collect()
}

/// The directory that the document names.
fn directory(index: &str) -> &str {
    let rest = index.split_once("static/").expect("the document names its files").1;
    rest.split_once('/').expect("a directory that is named after what is in it").0
}

async fn asset(server: &TestServer, name: &str) -> Reply {
    let index = server.get("/").await.body;
    server.get(&format!("/static/{}/{name}", directory(&index))).await
}

/// What stands in quotes and begins as asked.
fn quoted<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(['"', '\'', '`']).skip(1).filter(move |word| word.starts_with(start) && !word.contains(char::is_whitespace))
}

/// A module without its comments.
fn code(module: &str) -> String {
    let mut code = String::new();
    let mut rest = module;
    while let Some((before, comment)) = rest.split_once("/*") {
        code += before;
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code += rest;
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn every_file_of_the_page_is_served_as_it_is() {
    let server = TestServer::start().await;
    for (name, source) in sources() {
        let kind = match name.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("html") => continue,
            _ => panic!("{name} is no file of a page"),
        };
        let reply = asset(&server, &name).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)), "{name}: is it in http/page.rs?");
        assert_eq!(reply.body, source, "{name}");
    }
    let index = server.get("/").await;
    assert_eq!((index.status, index.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let whole = index.body.replace(&format!("static/{}/", directory(&index.body)), "static/");
    assert_eq!(whole, sources()["index.html"], "only the directory differs");
    let favicon = server.get("/favicon.ico").await;
    assert_eq!((favicon.status, favicon.header("content-type")), (200, Some("image/svg+xml")));
    assert_eq!(favicon.body, sources()["icon.svg"]);
}

#[tokio::test]
async fn whatever_the_page_names_is_there() {
    let server = TestServer::start().await;
    let index = server.get("/").await.body;
    let files: BTreeSet<_> = quoted(&index, "static/").collect();
    assert!(files.iter().any(|file| file.ends_with(".js")) && files.iter().any(|file| file.ends_with(".css")), "{files:?}");
    for file in files {
        assert_eq!(server.get(&format!("/{file}")).await.status, 200, "index.html: {file}");
    }
    for (name, module) in sources().iter().filter(|(name, _)| name.ends_with(".js")) {
        let code = code(module);
        for other in quoted(&code, "./") {
            assert_eq!(asset(&server, &other[2..]).await.status, 200, "{name}: {other}");
        }
        let imports = code.matches("import ").count() + code.matches("import(").count();
        let ours = quoted(&code, "./").count();
        assert!(imports <= ours, "{name} imports by other names than './…'");
        // The directory is another for each server: only a module's own place leads there.
        assert_eq!(quoted(&code, "static/").chain(quoted(&code, "/static/")).next(), None, "{name}");
    }
    assert_eq!(quoted(&index, "/").next(), None, "the page may live below a path");
}

#[tokio::test]
async fn files_are_kept_for_ever_and_the_document_is_asked_for_anew() {
    let server = TestServer::start().await;
    let index = server.get("/").await;
    let file = asset(&server, "app.js").await;
    assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let etag = index.header("etag").expect("an etag").to_owned();
    for path in ["/", "/favicon.ico"] {
        let reply = server.get(path).await;
        assert_eq!(reply.header("cache-control"), Some("no-cache"), "{path}");
        let strong = etag.trim_start_matches("w/").to_owned();
        let weak = format!("W/{strong}");
        let list = format!("\"other\", {strong} , \"third\"");
        for known in [weak.as_str(), &strong, &list, "*"] {
            let again = server.http("GET", path, &[("if-none-match", known)], "").await;
            assert_eq!(
                (again.status, again.body.as_str(), again.header("etag")),
                (304, "", Some(etag.as_str())),
                "{path} {known}"
            );
            assert_eq!(again.header("cache-control"), Some("no-cache"), "{path}");
        }
        let lines = [("if-none-match", "\"other\""), ("if-none-match", weak.as_str())];
        assert_eq!(server.http("GET", path, &lines, "").await.status, 304, "{path}: in two lines");
        for other in ["\"other\"", strong.trim_matches('"'), ""] {
            let again = server.http("GET", path, &[("if-none-match", other)], "").await;
            assert_eq!((again.status, &again.body), (200, &reply.body), "{path} {other:?}");
        }
    }
}

#[tokio::test]
async fn a_name_of_another_server_is_no_file_of_this_one() {
    let server = TestServer::start().await;
    let index = server.get("/").await.body;
    let hash = directory(&index);
    for path in [
        "/static/app.js".to_owned(),
        "/static/0123456789abcdef/app.js".to_owned(),
        format!("/static/{hash}x/app.js"),
        format!("/static/{hash}/index.html"),
        format!("/static/{hash}/types.d.ts"),
        format!("/static/{hash}/none.js"),
        format!("/static/{hash}/"),
        format!("/static/{hash}/..%2fapp.js"),
    ] {
        let reply = server.get(&path).await;
        assert_eq!((reply.status, reply.header("cache-control")), (404, Some("no-store")), "{path}");
    }
}

#[tokio::test]
async fn nothing_but_the_page_itself_runs_in_it() {
    let server = TestServer::start().await;
    for reply in [server.get("/").await, asset(&server, "app.js").await, server.get("/favicon.ico").await] {
        let policy = reply.header("content-security-policy").expect("a policy").to_owned();
        let mut parts: Vec<_> = policy.split(';').map(str::trim).collect();
        parts.sort_unstable();
        let expected = [
            "base-uri 'none'",
            "connect-src 'self'",
            "default-src 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "img-src 'self'",
            "require-trusted-types-for 'script'",
            "script-src 'self'",
            "style-src 'self'",
            "trusted-types 'none'",
        ];
        assert_eq!(parts, expected);
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        // What the page asks for itself, after a click, stays allowed.
        let features = reply.header("permissions-policy").unwrap_or_default();
        assert!(!features.contains("clipboard") && !features.contains("notifications"), "{features}");
    }
    let index = &sources()["index.html"];
    for inline in ["<style", " style=", " onclick=", " onload=", "javascript:", "<script>"] {
        assert!(!index.contains(inline), "{inline}");
    }
}

#[tokio::test]
async fn the_page_is_small() {
    let server = TestServer::start().await;
    let index = server.get("/").await.body;
    let mut sizes = BTreeMap::new();
    for (name, source) in sources() {
        let path = if name == "index.html" { "/".to_owned() } else { format!("/static/{}/{name}", directory(&index)) };
        let packed = server.http("GET", &path, &[("accept-encoding", "br, gzip, deflate")], "").await;
        assert_eq!((packed.header("content-encoding"), packed.header("vary")), (Some("gzip"), Some("accept-encoding")), "{name}");
        let length: usize = packed.header("content-length").expect("a length").parse().expect("a number");
        assert!(length < source.len() || source.len() < 600, "{name}: {length} of {}", source.len());
        sizes.insert(name, length);
    }
    let sum: usize = sizes.values().sum();
    assert!(sum < BUDGET, "{sum} bytes: {sizes:#?}");
}

#[tokio::test]
async fn who_takes_nothing_packed_gets_it_plain() {
    let server = TestServer::start().await;
    for accepted in ["", "identity", "br", "gzip;q=0", "gzip; q=0.000", "gzipped", "br;q=1, gzip ; q=0"] {
        let plain = server.http("GET", "/", &[("accept-encoding", accepted)], "").await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{accepted}");
        assert!(plain.body.starts_with("<!doctype html>"), "{accepted}");
    }
    for accepted in ["gzip", "gzip;q=0.5", "deflate, gzip ; q=1.0"] {
        let packed = server.http("GET", "/", &[("accept-encoding", accepted)], "").await;
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{accepted}");
    }
}
