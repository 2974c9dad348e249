//! A real browser, driven over WebDriver: what a person sees and does, and everything that the page should not have done.
//!
//! It stands alone so that the terminal client's tests can use it too; it knows the page's ids and classes, but no server. The few
//! requests that are needed are written here: a WebDriver is JSON over HTTP. Whatever fails, fails where it was asked for.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    panic::Location,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

/// What no healthy wait takes, on a busy machine either.
pub const PATIENCE: Duration = Duration::from_secs(40);
/// How often a page is asked whether it is so far.
const EVERY: Duration = Duration::from_millis(30);

/// Keys as WebDriver names them.
pub const ENTER: &str = "\u{e007}";
pub const ESCAPE: &str = "\u{e00c}";
pub const SHIFT: &str = "\u{e008}";
pub const CONTROL: &str = "\u{e009}";
pub const ALT: &str = "\u{e00a}";
pub const UP: &str = "\u{e013}";
pub const F1: &str = "\u{e031}";

/// What WebDriver calls an element's id.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Runs before the page's own scripts, in each document: what goes wrong is kept over a reload.
const COLLECT: &str = r#"(() => {
    const keep = (what) => {
        try {
            sessionStorage.trouble = JSON.stringify([...JSON.parse(sessionStorage.trouble ?? '[]'), what]);
        } catch {
            (window.trouble ??= []).push(what);
        }
    };
    document.addEventListener('securitypolicyviolation', (event) => {
        keep(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample} ${event.sourceFile}:${event.lineNumber}`);
    });
    addEventListener('error', (event) => keep(`error: ${event.error?.stack ?? event.message ?? event.target.outerHTML} ${event.filename}:${event.lineno}`), true);
    addEventListener('unhandledrejection', (event) => keep(`rejection: ${event.reason?.stack ?? event.reason}`));
    window.alert = window.confirm = window.prompt = (text) => keep(`dialog: ${text}`);
    window.longTasks = [];
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask', buffered: true });
})()"#;

/// A driver on a port of its own, ended with the test.
pub struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    pub fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed");
        let lines = BufReader::new(child.stdout.take().expect("it has a stdout")).lines();
        let started = lines.map_while(Result::ok).find(|line| line.contains("started successfully on port"));
        let line = started.expect("chromedriver says where it listens");
        let port: String = line.chars().filter(char::is_ascii_digit).collect();
        Self { child, port: port.parse().expect("a port") }
    }

    /// A browser with a profile of its own: wide, and light.
    pub async fn browser(&self) -> Browser {
        let arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1400,900"];
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let mut browser = Browser { port: self.port, session: String::new() };
        let session = browser.call("POST", "/session", &wanted).await.expect("a browser");
        browser.session = format!("/session/{}", session["sessionId"].as_str().expect("a session"));
        browser.prepare().await;
        browser
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It takes the browsers along that are still there. Gone already is as good.
        request_and_wait(self.port, "GET", "/shutdown");
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub width: u32,
    pub dark: bool,
}

/// A phone and a wide screen, dark and light.
pub const LOOKS: [Look; 4] = [
    Look { width: 320, dark: false },
    Look { width: 320, dark: true },
    Look { width: 1400, dark: false },
    Look { width: 1400, dark: true },
];

impl Look {
    pub fn name(self) -> String {
        format!("{}-{}", self.width, if self.dark { "dark" } else { "light" })
    }
}

/// One browser: its window, or the one of its windows that was chosen last.
pub struct Browser {
    port: u16,
    /// The path of its session.
    session: String,
}

impl Drop for Browser {
    fn drop(&mut self) {
        request_and_wait(self.port, "DELETE", &self.session);
    }
}

/// For an end that nothing may come before: no runtime is needed, and nobody cares for the answer.
fn request_and_wait(port: u16, method: &str, path: &str) {
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else { return };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let _ = stream.write_all(head(method, path, "").as_bytes());
    let _ = stream.read(&mut [0; 16]);
}

fn head(method: &str, path: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
}

// The wire.
impl Browser {
    async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let exchange = async {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
            stream.write_all(format!("{}{body}", head(method, path, &body)).as_bytes()).await?;
            let mut answer = Vec::new();
            loop {
                let count = stream.read_buf(&mut answer).await?;
                if count == 0 || is_whole(&answer) {
                    return Ok::<_, std::io::Error>(answer);
                }
            }
        };
        let answer = timeout(2 * PATIENCE, exchange).await.map_err(|_| "the driver does not answer".to_owned())?;
        let answer = String::from_utf8(answer.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
        let mut body: Value = serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))?;
        let value = body["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default())),
            None => Ok(value),
        }
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, String> {
        self.call("POST", &format!("{}{path}", self.session), &body).await
    }

    /// A command of the DevTools' protocol.
    #[track_caller]
    pub fn devtools(&self, command: &str, parameters: Value) -> impl Future<Output = Value> {
        let caller = Location::caller();
        let body = json!({ "cmd": command, "params": parameters });
        async move { self.post("/goog/cdp/execute", body).await.unwrap_or_else(|error| panic!("{caller}: {error}")) }
    }

    /// What each window needs before a page comes.
    async fn prepare(&self) {
        self.devtools("Page.enable", json!({})).await;
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": COLLECT })).await;
        // As many windows are looked at as there are: each has the focus of its own person.
        self.devtools("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
        self.look(Look { width: 1400, dark: false }).await;
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|part| part == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| answer.len() >= end + 4 + length)
}

// What a person does.
impl Browser {
    #[track_caller]
    pub fn go(&self, url: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        let body = json!({ "url": url });
        async move {
            self.post("/url", body).await.unwrap_or_else(|error| panic!("{caller}: {error}"));
        }
    }

    #[track_caller]
    pub fn reload(&self) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            self.post("/refresh", json!({})).await.unwrap_or_else(|error| panic!("{caller}: {error}"));
        }
    }

    /// Opens another window of the same person, and looks at that.
    pub async fn open_window(&self) -> String {
        let window = self.post("/window/new", json!({ "type": "window" })).await.expect("a window");
        let handle = window["handle"].as_str().expect("its handle").to_owned();
        self.look_at(&handle).await;
        self.prepare().await;
        handle
    }

    /// The window that is looked at.
    pub async fn window(&self) -> String {
        let path = format!("{}/window", self.session);
        let handle = self.call("GET", &path, &Value::Null).await.expect("a window");
        handle.as_str().expect("its handle").to_owned()
    }

    pub async fn look_at(&self, window: &str) {
        self.post("/window", json!({ "handle": window })).await.expect("it is there");
    }

    pub async fn look(&self, look: Look) {
        let height = if look.width < 600 { 640 } else { 900 };
        let size = json!({ "width": look.width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if look.dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    #[track_caller]
    fn element(&self, css: &str) -> impl Future<Output = String> {
        let caller = Location::caller();
        async move {
            let visible = format!("return document.querySelector({})?.checkVisibility()", json!(css));
            self.wait_at(caller, &visible, |value| *value == json!(true)).await;
            let found = self.post("/element", json!({ "using": "css selector", "value": css })).await;
            let found = found.unwrap_or_else(|error| panic!("{caller}: {error}"));
            format!("/element/{}", found[ELEMENT].as_str().expect("an element"))
        }
    }

    /// Clicks what is to be seen.
    #[track_caller]
    pub fn click(&self, css: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        let element = self.element(css);
        async move {
            let path = format!("{}/click", element.await);
            self.post(&path, json!({})).await.unwrap_or_else(|error| panic!("{caller}: {error}"));
        }
    }

    /// Types there, behind what is there.
    #[track_caller]
    pub fn keys(&self, css: &str, keys: impl Into<String>) -> impl Future<Output = ()> {
        let (caller, keys) = (Location::caller(), keys.into());
        let element = self.element(css);
        async move {
            let path = format!("{}/value", element.await);
            self.post(&path, json!({ "text": keys })).await.unwrap_or_else(|error| panic!("{caller}: {error}"));
        }
    }

    /// Types there, instead of what is there.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) -> impl Future<Output = ()> {
        let (element, keys) = (self.element(css), self.keys(css, text));
        async move {
            let path = format!("{}/clear", element.await);
            self.post(&path, json!({})).await.expect("a field");
            keys.await;
        }
    }

    /// Presses keys together, wherever the focus is.
    #[track_caller]
    pub fn press(&self, chord: &[&str]) -> impl Future<Output = ()> {
        let caller = Location::caller();
        let down = chord.iter().map(|key| json!({ "type": "keyDown", "value": key }));
        let up = chord.iter().rev().map(|key| json!({ "type": "keyUp", "value": key }));
        let actions: Vec<_> = down.chain(up).collect();
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        async move {
            self.post("/actions", body).await.unwrap_or_else(|error| panic!("{caller}: {error}"));
        }
    }

    /// Through the door, until the connection is up.
    #[track_caller]
    pub fn enter(&self, url: &str, name: &str) -> impl Future<Output = ()> {
        // Made here, so that what fails names the caller; they begin when they are awaited.
        let (go, name, room) = (self.go(url), self.fill("#name", name), self.fill("#room", "general"));
        let (click, connected) = (self.click("#enter"), self.connected());
        async move {
            go.await;
            name.await;
            room.await;
            click.await;
            connected.await;
        }
    }

    /// Until the connection is up.
    #[track_caller]
    pub fn connected(&self) -> impl Future<Output = ()> {
        self.wait_for("document.querySelector('#status').dataset.state === 'connected'")
    }

    /// Types a line.
    #[track_caller]
    pub fn say(&self, text: &str) -> impl Future<Output = ()> {
        self.keys("#input", format!("{text}{ENTER}"))
    }
}

// What a person sees.
impl Browser {
    /// What a script answers: the body of a function, which may wait.
    #[track_caller]
    pub fn run(&self, script: &str) -> impl Future<Output = Value> {
        let caller = Location::caller();
        let body = json!({ "script": script, "args": [] });
        async move { self.post("/execute/sync", body).await.unwrap_or_else(|error| panic!("{caller}: {error}")) }
    }

    async fn wait_at(&self, caller: &Location<'_>, script: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // A page that is just going answers with an error.
            let value = self.post("/execute/sync", json!({ "script": script, "args": [] })).await;
            match value {
                Ok(value) if fits(&value) => return value,
                value if Instant::now() > deadline => {
                    let page =
                        self.post("/execute/sync", json!({ "script": "return document.body.innerText", "args": [] })).await;
                    let page = page.unwrap_or_default();
                    panic!("{caller}: {script}: {value:?}\n{}", page.as_str().unwrap_or_default());
                }
                _ => sleep(EVERY).await,
            }
        }
    }

    /// Until an expression is true.
    #[track_caller]
    pub fn wait_for(&self, expression: &str) -> impl Future<Output = ()> {
        let caller = Location::caller();
        let script = format!("return Boolean({expression})");
        async move {
            self.wait_at(caller, &script, |value| *value == json!(true)).await;
        }
    }

    /// Until an expression has a value.
    #[track_caller]
    pub fn becomes(&self, expression: &str, expected: Value) -> impl Future<Output = ()> {
        let caller = Location::caller();
        let script = format!("return {expression}");
        async move {
            self.wait_at(caller, &script, |value| *value == expected).await;
        }
    }

    /// The messages that are confirmed, as «sender: text», once there are as many.
    #[track_caller]
    pub fn lines(&self, count: usize) -> impl Future<Output = Vec<String>> {
        let caller = Location::caller();
        let script = "return [...document.querySelectorAll('#messages li.message[data-seq]')].map((line) => \
                      line.dataset.from + ': ' + line.querySelector('.text')?.textContent)";
        async move {
            let lines = self.wait_at(caller, script, |lines| lines.as_array().is_some_and(|lines| lines.len() >= count)).await;
            serde_json::from_value(lines).expect("lines")
        }
    }

    /// Until exactly these messages are there, in this order, and nothing of ours waits.
    #[track_caller]
    pub fn shows(&self, expected: &[&str]) -> impl Future<Output = ()> {
        let caller = Location::caller();
        let expected = json!(expected);
        let script = "return document.querySelector('#messages li.pending') ? null : \
                      [...document.querySelectorAll('#messages li.message[data-seq]')].map((line) => \
                      line.dataset.from + ': ' + line.querySelector('.text')?.textContent)";
        async move {
            self.wait_at(caller, script, |lines| *lines == expected).await;
        }
    }

    /// A picture, if somebody wants to see them: `SCREENSHOTS` says where.
    pub async fn picture(&self, name: &str) {
        let Ok(directory) = std::env::var("SCREENSHOTS") else { return };
        let path = format!("{}/screenshot", self.session);
        let picture = self.call("GET", &path, &Value::Null).await.expect("a picture");
        std::fs::create_dir_all(&directory).expect("a directory");
        std::fs::write(format!("{directory}/{name}.png"), base64(picture.as_str().expect("text"))).expect("it is written");
    }

    /// What axe-core has against the page as it stands, in words. `npm install` in `server/` brings it, or `AXE` says where it is.
    pub async fn axe(&self) -> Vec<String> {
        let near = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/node_modules/axe-core/axe.min.js");
        let path = std::env::var("AXE").unwrap_or_else(|_| near.to_owned());
        let source = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}; npm install in server/"));
        self.run(&format!("if (!window.axe) {{ {source} }}")).await;
        let found = self
            .run(
                "return axe.run(document, { preload: false, resultTypes: ['violations'] }).then(({ violations }) => \
                 violations.flatMap((rule) => rule.nodes.map((node) => rule.id + ': ' + node.html + ' ' + node.failureSummary)))",
            )
            .await;
        let mut found: Vec<String> = serde_json::from_value(found).expect("words");
        found.sort();
        found.dedup();
        found
    }

    /// Everything that the page should not have done so far, and what the browser complained about.
    pub async fn trouble(&self) -> Vec<String> {
        let kept = self.run("return [...JSON.parse(sessionStorage.trouble ?? '[]'), ...window.trouble ?? []]").await;
        let mut trouble: Vec<String> = serde_json::from_value(kept).expect("words");
        let log = self.post("/se/log", json!({ "type": "browser" })).await.expect("the log");
        let entries = log.as_array().expect("entries").iter().filter(|entry| entry["level"] == "SEVERE");
        trouble.extend(entries.map(|entry| format!("{}: {}", entry["source"], entry["message"])));
        trouble
    }

    /// The end of a session of use: nothing was out of order.
    #[track_caller]
    pub fn finish(self) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let trouble = self.trouble().await;
            assert!(trouble.is_empty(), "{caller}: {trouble:#?}");
        }
    }

    /// The same where the server was away: that a connection failed is told by the browser, whoever handles it.
    #[track_caller]
    pub fn finish_after_an_outage(self) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let mut trouble = self.trouble().await;
            trouble.retain(|what| !what.contains("WebSocket connection to") && !what.contains("net::ERR_CONNECTION_REFUSED"));
            assert!(trouble.is_empty(), "{caller}: {trouble:#?}");
        }
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte)).collect::<Vec<_>>();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for four in digits.chunks(4) {
        let bits = four.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - four.len()));
        bytes.extend([bits >> 16, bits >> 8, bits].iter().take(four.len() - 1).map(|byte| (byte & 0xff) as u8));
    }
    bytes
}
