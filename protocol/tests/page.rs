//! What the page's scripts have to agree with: hostile text made safe to show, names as they are compared, the table of commands
//! and what each typed line is. The files are read by `server/tests/page/`; they say here, once, what both sides do.
//!
//! `UPDATE_GOLDEN=1 cargo test -p chat-protocol` writes them anew.

mod golden_file;
mod hostile;

use chat_protocol::{
    command::{self, COMMANDS, Typed},
    display, json, names,
};
use serde_json::{Value, json};

/// One row a line, with everything escaped that an editor could be hurt by.
fn rows(rows: &[Value]) -> String {
    let rows: Vec<_> = rows.iter().map(json::line).collect();
    format!("[\n{}\n]", rows.join(",\n"))
}

/// Beside the corpus: what each rule of [`display::text`] is about, and names that fold in ways of their own.
const TEXTS: &[&str] = &[
    "",
    "plain\ntext",
    "a\tb\r\nc\rd",
    "\u{1b}[31mred\u{7}",
    "\u{9b}31m\u{7f}",
    "a\u{202e}b\u{2066}c\u{200f}",
    "a\u{200b}\u{feff}\u{ad}b\u{e0041}",
    "👩\u{200d}🚀 ❤\u{fe0f} x\u{200d}y z\u{fe0f}",
    "❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{200d}🔥",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "e\u{301}\u{301}\u{301}\u{200b}\u{301}\u{fe0f}\u{301}",
    "مرحبا שלום 日本 é",
    "\u{e000}\u{fffe}",
    "👩🏽\u{200d}💻 👩\u{200d}🏽 🏳\u{fe0f}\u{200d}🌈 ©\u{fe0f} 🇩\u{200d}🇪 *\u{fe0f}\u{20e3}",
    "👩\u{200b}\u{200d}🚀 👩\u{200d}\u{200b}🚀 👩\u{fe0e}\u{200d}🚀",
    "e\u{301}\u{301}\u{301}\u{301}\n\u{301} \u{301}\u{301}\u{301}\u{301}\u{301}",
    "e\u{301}\u{301}\u{301}\u{301}\u{1b}\u{301}\u{301}",
    "\u{d7ff}\u{e001}\u{2028}\u{2029}\u{85}",
    "\u{110bd}\u{110cd}\u{13430}\u{600}\u{6dd}\u{70f}\u{8e2}",
    "Straße",
    "ΟΔΟΣ ὈΔΥΣΣΕΎΣ",
    "Ann Lee",
    "ǅ Ǉ ŉ ŀ",
    "ı I i İ",
    "ẞ ﬅ ﬆ",
    "é e\u{301}",
];

#[test]
fn what_is_shown_and_compared_is_what_the_page_reads() {
    let corpus = hostile::corpus();
    let texts = corpus.iter().map(|(name, text)| (*name, text.as_str())).chain(TEXTS.iter().map(|text| ("", *text)));
    let all: Vec<_> = texts
        .map(|(name, raw)| {
            let (shown, clipped) = (display::text(raw), display::clip(raw, 5));
            json!({ "name": name, "raw": raw, "shown": shown, "clipped": clipped, "folded": names::fold(raw) })
        })
        .collect();
    golden_file::compare("display.json", &(rows(&all) + "\n")).unwrap_or_else(|difference| panic!("\n{difference}"));
}

/// Every command, every alias, and every way to get one wrong.
const LINES: &[&str] = &[
    "hi there",
    "",
    " /me waves",
    "//shrug",
    "////",
    "/",
    "/ me waves",
    "/dance",
    "/dance now",
    "/\u{1b}[31mdance\u{202e}",
    "/what-a-very-long-word-that-is-no-command-at-all",
    "/me waves",
    "/ME  waves  twice ",
    "/me",
    "/me\twaves",
    "/create ops",
    "/create \"Ops Room\" private read-only",
    "/create ops secret",
    "/create",
    "/rules",
    "/mode public open topic=all",
    "/rules topic=nobody",
    "/slow 10",
    "/slow +5",
    "/slow -1",
    "/slow 99999999999",
    "/slow",
    "/invite Ann Lee",
    "/invite \"Ann Lee\" now",
    "/rank bob moderator",
    "/rank \"Ann Lee\" none",
    "/rank bob king",
    "/rank bob",
    "/kick eve",
    "/kick -e eve too loud",
    "/kick eve 10m",
    "/kick --hard eve",
    "/mute eve",
    "/mute eve 10m",
    "/mute eve 10m spam and  more",
    "/mute eve 10 times",
    "/mute eve 0s",
    "/mute -a --everywhere \"Ann Lee\" 2w",
    "/unmute eve",
    "/unmute eve please",
    "/ban --address 192.0.2.7 7d",
    "/ban -x eve",
    "/ban",
    "/unban -e eve",
    "/deeds",
    "/modlog -e 5",
    "/deeds five",
    "/block eve",
    "/block",
    "/unblock Ann Lee",
    "/me\nwaves\nand goes",
    "/me\u{a0}waves",
    "/me\u{3000}waves\u{3000}",
    "/me\u{85}waves",
    "/me\u{feff}waves",
    "/me \u{feff}waves",
    "/pm bob hi",
    "/PM bob hi  there ",
    "/msg \"Ann Lee\" hi",
    "/query #7 hi",
    "/pm \"Ann Lee\"hi",
    "/pm \"Ann Lee",
    "/pm \"Ann Lee\"",
    "/pm \"\" hi",
    "/pm bob",
    "/pm",
    "/pm bob \"quoted words\"",
    "/reply 7 yes",
    "/r 7 yes  indeed",
    "/reply +7 yes",
    "/reply 007 yes",
    "/reply -7 yes",
    "/reply 7.5 yes",
    "/reply 0 yes",
    "/reply 9007199254740991 yes",
    "/reply 9007199254740992 yes",
    "/reply 99999999999999999999999 yes",
    "/reply seven yes",
    "/reply \"7\" yes",
    "/reply 7",
    "/edit 7 better",
    "/edit x y",
    "/edit 7",
    "/delete 7",
    "/del 7",
    "/delete 7 8",
    "/delete",
    "/react 7 👍",
    "/react 7 \"two words\"",
    "/react 7",
    "/react 7 👍 👍",
    "/unreact 7 👍",
    "/unreact",
    "/topic tea & cake",
    "/topic \"\"",
    "/topic \"tea\"",
    "/topic",
    "/join Tea Room",
    "/join \"Tea Room\"",
    "/join \"Tea Room\" now",
    "/j tea",
    "/join",
    "/join \"\"",
    "/leave",
    "/leave Tea Room",
    "/part \"Tea Room\"",
    "/leave \"\"",
    "/leave \"a\" b",
    "/users",
    "/names Tea Room",
    "/who",
    "/rooms",
    "/list",
    "/rooms all",
    "/history",
    "/history 20",
    "/history +20",
    "/history 020",
    "/history many",
    "/history -1",
    "/history 4294967295",
    "/history 4294967296",
    "/history 20 30",
    "/search tea cake",
    "/search",
    "/find tea",
    "/ping",
    "/ping pong",
    "/register",
    "/register me hunter22",
    "/help",
    "/help pm",
    "/help /pm",
    "/help //pm more",
    "/help \"\"",
    "/?",
    "/? join",
    "/quit",
    "/exit",
    "/bye for now",
];

fn meaning(line: &str) -> Value {
    match command::parse(line) {
        Ok(Typed::Request(message)) => json!({ "line": line, "request": message }),
        Ok(Typed::Help(about)) => json!({ "line": line, "help": about.unwrap_or_default() }),
        Ok(Typed::Register) => json!({ "line": line, "register": true }),
        Ok(Typed::Quit) => json!({ "line": line, "quit": true }),
        Err(error) => json!({ "line": line, "error": error.to_string() }),
    }
}

#[test]
fn commands_are_what_the_page_reads() {
    let corpus = hostile::corpus();
    let typed = corpus.iter().map(|(_, text)| text.as_str()).filter(|text| text.starts_with('/'));
    let lines: Vec<_> = LINES.iter().copied().chain(typed).map(meaning).collect();
    for command in COMMANDS {
        for name in command.aliases.iter().chain([&command.name]) {
            let tried = LINES.iter().any(|line| line.strip_prefix('/').and_then(|line| line.split(' ').next()) == Some(name));
            assert!(tried, "no line tries /{name}");
        }
    }
    let table: Vec<_> = COMMANDS
        .iter()
        .map(|c| json!({ "name": c.name, "aliases": c.aliases, "usage": c.usage, "help": c.help, "said": command::help(Some(c.name)) }))
        .collect();
    let file = format!("{{\"commands\": {},\n\"lines\": {}}}\n", rows(&table), rows(&lines));
    golden_file::compare("commands.json", &file).unwrap_or_else(|difference| panic!("\n{difference}"));
}
