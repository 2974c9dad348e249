//! Screens as they were last, at every size: `UPDATE_GOLDEN=1 cargo test -p chat-server --lib console` writes them anew.

use std::{env, fs, path::PathBuf, time::Duration};

use chat_protocol::{Epoch, RoomName, Timestamp};
use chat_terminal::theme::{Depth, Theme};
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, buffer::Buffer, layout::Rect, style::Modifier};

use super::{
    super::{
        model::{Closer, Deed, Link, Model, Overlay, Said, Tab, Talker},
        prompt::{Prompt, Want},
    },
    view,
};
use crate::{
    admin::{RoomLine, Sight},
    journal::{Level, Line},
    metrics::Distribution,
    roster::ConnectionLine,
    vitals::{Disk, Process, Thread, Vitals},
};

const HOSTILE: &str = "e\u{1b}[31mvil\u{202e}\u{7}\n";

/// What a server is after so many seconds.
fn vitals(second: u64) -> Vitals {
    let wave = |most: u64| most / 2 + most * (second % 120) / 240;
    let sum = |most: u64| (0..second).map(|second| most / 2 + most * (second % 120) / 240).sum::<u64>();
    Vitals {
        at: Timestamp(1_793_000_000_000 + second as i64 * 1000),
        version: "0.1.0".into(),
        started: Timestamp(1_793_000_000_000 - 86_400_000),
        durability: "full".into(),
        epoch: Epoch("wz7ta5eddcmeqn2p".into()),
        draining: false,
        log_writable: true,
        connections: wave(1200),
        connects: sum(3),
        users: wave(1100),
        rooms: 42,
        accounts: 17,
        messages: sum(250),
        deliveries: sum(25_000),
        tellings: sum(24_000),
        sent_bytes: sum(4_000_000),
        received_bytes: sum(50_000),
        queue_bytes: if second % 100 < 20 { 12_000 } else { 0 },
        slow_readers: u64::from(second % 100 < 20),
        commit_seconds: Distribution {
            classes: vec![(0.002, sum(40)), (0.004, sum(8))],
            beyond: 0,
            sum: sum(48) as f64 * 0.0017,
        },
        commit_sizes: Distribution { classes: vec![(1.0, sum(20)), (8.0, sum(28))], beyond: 0, sum: sum(250) as f64 },
        drops: [("Connects".to_owned(), sum(2)), ("TooSlow".to_owned(), 3)].into(),
        tasks: 0,
        tls_expires: Some(Timestamp(1_793_000_000_000 + 12 * 86_400_000)),
        store: Some(Disk { path: "/var/lib/chat-server".into(), bytes: 734_003_200, free_bytes: 61_000_000_000 }),
        process: Process {
            memory_bytes: 58_000_000,
            cpu_seconds: sum(2) as f64 * 0.6,
            files: 1260,
            files_most: 20_000,
            threads: ["log-write", "shard-0", "shard-1"]
                .iter()
                .zip([4, 22, 31])
                .map(|(name, part)| Thread { name: (*name).into(), cpu_seconds: sum(2) as f64 * f64::from(part) / 100.0 })
                .collect(),
        },
    }
}

fn line(number: u64, level: Level, part: &str, text: &str) -> Line {
    let at = Timestamp(1_793_000_000_000 + number as i64 * 1000);
    Line { number, at, level, part: format!("chat_server::{part}"), text: text.into() }
}

fn connection(id: u64, user: &str, queued: u64) -> Talker {
    let line = ConnectionLine {
        id,
        user: Some(user.into()),
        account: id.is_multiple_of(2),
        address: [192, 0, 2, id as u8].into(),
        dialect: "chat".into(),
        encrypted: id.is_multiple_of(3),
        since: Timestamp(1_793_000_000_000 - id as i64 * 100_000),
        silent_ms: id * 900,
        lag_ms: (id > 2).then_some(id as u32 * 7),
        queued,
        said: 12,
        took: 34_567,
        rooms: vec!["general".into(), "tea".into()],
    };
    Talker { line, rates: (id > 1).then_some((0.5, 1800.0)) }
}

fn room(name: &str, online: u64, seq: Option<u64>) -> RoomLine {
    let topic = format!("What {name} is about");
    RoomLine { name: RoomName::parse(name).unwrap(), online, seq, private: seq.is_none(), slow: (online % 3) as u32 * 10, topic }
}

/// A console that has looked for a while.
fn model() -> Model {
    let mut model = Model {
        theme: Theme::build(true, Depth::None, &[]).unwrap(),
        place: "/var/lib/chat-server".into(),
        link: Link::Here,
        since: Duration::from_secs(300),
        ..Model::default()
    };
    (0..=300).for_each(|second| model.history.add(&vitals(second)));
    let lines = [
        line(1, Level::Info, "reload", "taken up key=rate-limit from=\"20/10\" to=\"40/20\" by=the file"),
        line(2, Level::Warn, "services", "somebody asks too much reason=Flooding address=203.0.113.9 unsaid=12"),
        line(3, Level::Debug, "admin::socket", "an operator's socket ended error=broken pipe"),
        line(4, Level::Error, "log::keeper", "the log could not keep a batch error=disk full writes=12"),
        line(5, Level::Info, "admin", &format!("the operator orders {HOSTILE}")),
    ];
    model.log.lines.extend(lines);
    model.sight = Some(Sight {
        vitals: vitals(300),
        lines: Vec::new(),
        log_filter: Some("info".into()),
        leaves_in: None,
        tasks: Vec::new(),
    });
    let rooms = [("general", 812, Some(120_034)), ("tea", 34, Some(991)), ("ops", 5, None), ("日本語", 2, Some(7))];
    model.rooms.rows = rooms.into_iter().map(|(name, online, seq)| room(name, online, seq)).collect();
    model.room_rates.insert(RoomName::parse("general").unwrap(), 118.0);
    model.connections.rows = (1..40).map(|id| connection(id, &format!("user{id}"), if id == 4 { 81_920 } else { 0 })).collect();
    model.connections.rows[1].line.user = Some(HOSTILE.into());
    model.connections.chosen = 2;
    model
}

fn scenes() -> Vec<(&'static str, Model)> {
    let with = |change: &dyn Fn(&mut Model)| {
        let mut model = model();
        change(&mut model);
        model
    };
    let bob = || Want::Punish { action: chat_protocol::Action::Ban, user: "bob".into(), room: None };
    vec![
        ("overview", model()),
        ("rooms", with(&|model| model.tab = Tab::Rooms)),
        ("connections", with(&|model| model.tab = Tab::Connections)),
        (
            "log",
            with(&|model| {
                (model.tab, model.log.filter, model.log.level) = (Tab::Log, "o".into(), Level::Trace);
            }),
        ),
        (
            "room",
            with(&|model| {
                let about = format!("general is public\nowner: alice\n{HOSTILE}");
                model.closer = Some(Closer::Room { name: RoomName::parse("general").unwrap(), about });
                model.users.rows = vec!["alice".into(), "bob".into(), HOSTILE.into()];
                model.users.chosen = 1;
            }),
        ),
        (
            "connection",
            with(&|model| {
                let line = Some(Box::new(connection(3, HOSTILE, 1234).line));
                model.closer = Some(Closer::Connection { id: 3, line });
            }),
        ),
        ("help", with(&|model| model.overlay = Some(Overlay::Help { scroll: 0 }))),
        ("prompt", with(&|model| model.overlay = Some(Overlay::Prompt(Prompt::new(bob(), "2h spam"))))),
        (
            "question",
            with(&|model| {
                let (order, words) = Prompt::new(bob(), "2h spam").deed().unwrap();
                model.overlay = Some(Overlay::Question { words: words.unwrap(), order });
            }),
        ),
        (
            "lost",
            with(&|model| {
                model.link = Link::Lost("no server runs on /var/lib/chat-server".into());
                if let Some(sight) = &mut model.sight {
                    sight.leaves_in = Some(Duration::from_secs(75));
                }
            }),
        ),
        ("empty", Model { place: "wss://chat.example".into(), ..Model::default() }),
    ]
}

const SIZES: [(u16, u16); 4] = [(120, 40), (100, 30), (80, 24), (60, 20)];

fn drawn(model: &Model, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    view(model, &mut buffer, area);
    buffer
}

fn text(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in area.top()..area.bottom() {
        let mut row = String::new();
        let mut skip = 0;
        for x in area.left()..area.right() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = chat_terminal::text::width(symbol).saturating_sub(1);
            row.push_str(symbol);
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

#[test]
fn screens_look_as_they_did() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/console/view/golden");
    let mut faults = Vec::new();
    for (name, model) in scenes() {
        let now: String =
            SIZES.iter().map(|(width, height)| format!("{width}x{height}\n{}", text(&drawn(&model, *width, *height)))).collect();
        let path = folder.join(format!("{name}.txt"));
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &now).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        for (number, (old, new)) in golden.lines().zip(now.lines()).enumerate().filter(|(_, (old, new))| old != new) {
            faults.push(format!("{name}.txt:{}\n- {old}\n+ {new}", number + 1));
        }
        if golden.lines().count() != now.lines().count() {
            faults.push(format!("{name}.txt has other lines"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn nothing_hostile_reaches_a_cell_at_any_size() {
    for (name, model) in scenes() {
        for (width, height) in (1..=30).map(|size| (size * 5, size * 2)).chain(SIZES).chain([(1, 1), (3, 80), (200, 2)]) {
            let buffer = drawn(&model, width, height);
            for cell in &buffer.content {
                let bad = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                assert!(!cell.symbol().contains(bad), "{name} {width}x{height}: {:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn what_is_chosen_is_seen_without_colours() {
    let model = Model { tab: Tab::Connections, ..model() };
    let buffer = drawn(&model, 80, 24);
    let reversed = (0..24).filter(|y| buffer[(2, *y)].modifier.contains(Modifier::REVERSED)).collect::<Vec<_>>();
    assert_eq!(reversed.len(), 2, "the tab and the row: {reversed:?}");
    assert!(text(&buffer).lines().nth(usize::from(reversed[1])).unwrap().contains("user3"));
}

#[test]
fn a_fault_is_said_below() {
    let said = Said { words: format!("No {HOSTILE}"), is_fault: true };
    let model = Model { said: Some(said), overlay: Some(Overlay::Question { words: "x".into(), order: Deed::Quit }), ..model() };
    assert!(text(&drawn(&model, 60, 20)).lines().last().unwrap().contains("No e"));
}

/// Screens as a terminal gets them, to look at: a file of bytes each in the folder that `CHAT_SHOTS` names.
#[test]
#[ignore = "makes pictures: CHAT_SHOTS=<folder> cargo test -p chat-server --lib shots -- --ignored"]
fn shots() {
    let folder = PathBuf::from(env::var_os("CHAT_SHOTS").expect("CHAT_SHOTS names a folder"));
    fs::create_dir_all(&folder).unwrap();
    for (name, mut model) in scenes() {
        model.theme = Theme::build(true, Depth::True, &[]).unwrap();
        for (width, height) in SIZES {
            let mut bytes = Vec::new();
            let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
            let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut bytes), TerminalOptions { viewport }).unwrap();
            terminal
                .draw(|frame| {
                    let area = frame.area();
                    view(&model, frame.buffer_mut(), area);
                })
                .unwrap();
            drop(terminal);
            fs::write(folder.join(format!("{name}-{width}x{height}")), bytes).unwrap();
        }
    }
}
