//! The wire, frame by frame: every message of the chat protocol and the JSON file that shows it. The files are the examples of
//! `docs/protocol.md`; a frame that is written or read otherwise than its file shows is a change of the wire.
//!
//! `UPDATE_GOLDEN=1 cargo test -p chat-protocol` writes the files anew.

mod golden_file;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use chat_protocol::{
    Access, Action, ClientId, ClientMessage, CloseCode, Epoch, ErrorCode, Request, Role, RoomName, Rules, Seq, ServerFrame,
    ServerMessage, Timestamp, UserName, Voice, client, json,
    server::{self, Joined, Limits, Message, Private, Room, User, Welcome},
    task::{ExportFormat, TaskKind, TaskRequest, TaskResult, TaskStatus, TaskUpdate},
};
use serde::de::DeserializeOwned;

fn user(name: &str) -> UserName {
    UserName::known(name).expect("a name of the samples")
}

fn room(name: &str) -> RoomName {
    RoomName::known(name).expect("a room of the samples")
}

fn cid(key: &str) -> Option<ClientId> {
    Some(ClientId::parse(key).expect("a cid of the samples"))
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-11-20T{time}Z")).expect("a time of the samples")
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// What is said in `general`, without any of what may be left out.
fn message(seq: u64, from: &str, text: &str, time: &str) -> Message {
    Message {
        room: room("general"),
        seq: Seq(seq),
        from: user(from),
        text: text.into(),
        at: at(time),
        cid: None,
        reply_to: None,
        action: false,
        edited_at: None,
        deleted: false,
        reactions: BTreeMap::new(),
    }
}

/// Every request, as `file → ref, message`.
fn client_samples() -> Vec<(&'static str, Option<&'static str>, ClientMessage)> {
    use ClientMessage as C;
    let general = || some("general");
    vec![
        ("hello", None, C::Hello { token: some("s3cret"), client: some("chat-tui/0.1.0") }),
        ("hello.bare", None, C::Hello { token: None, client: None }),
        ("send", None, C::Send { room: None, text: "Good morning".into(), cid: None, reply_to: None, action: false }),
        (
            "send.once",
            Some("r1"),
            C::Send { room: general(), text: "Good morning".into(), cid: cid("k7Qz-1"), reply_to: None, action: false },
        ),
        (
            "send.reply",
            None,
            C::Send { room: general(), text: "And to you, alice".into(), cid: None, reply_to: Some(Seq(4211)), action: false },
        ),
        ("send.action", None, C::Send { room: general(), text: "waves".into(), cid: None, reply_to: None, action: true }),
        ("private", None, C::Private { to: "bob".into(), text: "Lunch at one?".into(), cid: None }),
        ("private.once", None, C::Private { to: "Ann Lee".into(), text: "Lunch at one?".into(), cid: cid("k7Qz-2") }),
        ("edit", None, C::Edit { room: None, seq: Seq(4211), text: "Good morning, all".into() }),
        ("edit.room", None, C::Edit { room: general(), seq: Seq(4211), text: "Good morning, all".into() }),
        ("delete", None, C::Delete { room: None, seq: Seq(4211) }),
        ("delete.room", None, C::Delete { room: general(), seq: Seq(4211) }),
        ("react", None, C::React { room: None, seq: Seq(4211), emoji: "👍".into(), on: true }),
        ("react.off", None, C::React { room: general(), seq: Seq(4211), emoji: "👍".into(), on: false }),
        ("typing", None, C::Typing { room: None, active: true }),
        ("typing.stopped", None, C::Typing { room: general(), active: false }),
        ("read", None, C::Read { room: None, seq: Seq(4212) }),
        ("read.room", None, C::Read { room: general(), seq: Seq(4212) }),
        ("join", Some("r2"), C::Join { room: "Tea Room".into(), after: None, epoch: None }),
        ("join.resume", Some("r3"), C::Join { room: "general".into(), after: Some(Seq(4190)), epoch: some("k3v9") }),
        ("leave", None, C::Leave { room: None }),
        ("leave.room", None, C::Leave { room: some("Tea Room") }),
        ("history", None, C::History { room: None, before: None, after: None, limit: None }),
        ("history.before", Some("r4"), C::History { room: general(), before: Some(Seq(4162)), after: None, limit: Some(20) }),
        ("history.after", None, C::History { room: general(), before: None, after: Some(Seq(4190)), limit: None }),
        ("search", None, C::Search { query: "tea cake".into(), room: None, before: None, limit: None }),
        (
            "search.room",
            Some("r5"),
            C::Search { query: "tea cake".into(), room: general(), before: Some(Seq(4100)), limit: Some(20) },
        ),
        ("rooms", None, C::Rooms {}),
        ("users", None, C::Users { room: None }),
        ("users.room", None, C::Users { room: some("Tea Room") }),
        ("topic", None, C::Topic { room: None, text: "Tea and cake".into() }),
        ("topic.cleared", None, C::Topic { room: general(), text: String::new() }),
        ("ping", Some("r6"), C::Ping {}),
        ("create", Some("r10"), C::Create { room: "ops".into(), rules: Rules::default() }),
        ("create.private", None, C::Create { room: "ops".into(), rules: rules(Some(Access::Private), Some(5)) }),
        ("rules", Some("r11"), C::Rules { room: None, rules: Rules::default() }),
        ("rules.set", None, C::Rules { room: general(), rules: rules(Some(Access::Public), Some(10)) }),
        ("rank", Some("r12"), C::Rank { room: some("ops"), user: "bob".into(), role: Some(Role::Moderator) }),
        ("rank.none", None, C::Rank { room: None, user: "bob".into(), role: None }),
        ("moderate", None, moderation(Action::Kick)),
        (
            "moderate.everywhere",
            Some("r13"),
            C::Moderate {
                action: Action::Ban,
                user: "eve".into(),
                address: true,
                room: general(),
                everywhere: true,
                seconds: Some(604_800),
                reason: some("spam"),
            },
        ),
        ("deeds", None, C::Deeds { room: None, everywhere: false, limit: None }),
        ("deeds.room", Some("r14"), C::Deeds { room: general(), everywhere: true, limit: Some(20) }),
        ("block", None, C::Block { user: "eve".into(), on: true }),
        ("block.off", Some("r15"), C::Block { user: "eve".into(), on: false }),
    ]
}

fn rules(access: Option<Access>, slow: Option<u32>) -> Rules {
    let voice = slow.map(|_| Voice::Moderators);
    Rules { access, speak: voice, topic: voice, slow }
}

fn moderation(action: Action) -> ClientMessage {
    ClientMessage::Moderate {
        action,
        user: "eve".into(),
        address: false,
        room: None,
        everywhere: false,
        seconds: None,
        reason: None,
    }
}

/// Everything that the server says, as `file → ref, message`.
fn server_samples() -> Vec<(&'static str, Option<&'static str>, ServerMessage)> {
    use ServerMessage as S;
    let general = || room("general");
    let morning = || message(4211, "alice", "Good morning", "09:30:00.000");
    let reply = || Message { reply_to: Some(Seq(4211)), ..message(4212, "bob", "And to you, alice", "09:30:04.250") };
    let limits = Limits {
        text_bytes: 16_384,
        frame_bytes: 65_536,
        history: 200,
        users: Some(200),
        burst: Some(100),
        per_second: Some(10),
    };
    let welcome = Welcome {
        protocol: 1,
        server: "chat-server/0.1.0".into(),
        user: user("alice"),
        guest: true,
        session: "Zr8mVQ2cT5bXo1kNw9aHyg".into(),
        epoch: Epoch("k3v9".into()),
        limits: limits.clone(),
        ping_seconds: 20,
        typing_seconds: 3,
        private: vec![Private { room: room("@alice,bob"), with: user("bob"), seq: Seq(17), read: Seq(15) }],
        blocked: vec![user("eve")],
    };
    let joined = Joined {
        room: general(),
        seq: Seq(4212),
        topic: "Tea and cake".into(),
        users: vec![user("alice").into(), user("bob").into()],
        online: Some(2),
        read: Seq(4211),
        recovered: false,
        more: true,
        messages: Some(vec![
            Message {
                text: "Good morning, all".into(),
                edited_at: Some(at("09:31:00.000")),
                reactions: BTreeMap::from([("👍".into(), vec![user("bob")])]),
                ..morning()
            },
            reply(),
        ]),
        events: None,
    };
    let edited = |text: &str, deleted| S::Edited {
        room: general(),
        seq: Seq(4213),
        from: user("alice"),
        at: at("09:31:00.000"),
        target: Seq(4211),
        text: text.into(),
        deleted,
    };
    let deleted =
        || S::Deleted { room: general(), seq: Seq(4216), from: user("alice"), at: at("09:33:00.000"), target: Seq(4211) };
    let ack = |cid, duplicate| S::Ack { room: general(), seq: Seq(4211), at: at("09:30:00.000"), cid, duplicate };
    vec![
        ("welcome", None, S::Welcome(welcome.clone())),
        (
            "welcome.account",
            None,
            S::Welcome(Welcome {
                guest: false,
                limits: Limits { users: None, burst: None, per_second: None, ..limits },
                private: vec![],
                blocked: vec![],
                ..welcome
            }),
        ),
        ("joined", None, S::Joined(joined.clone())),
        // A server that lists everybody, as all did once, need not count them.
        ("joined.uncounted", None, S::Joined(Joined { online: None, messages: Some(vec![]), ..joined.clone() })),
        (
            "joined.recovered",
            Some("r3"),
            S::Joined(Joined {
                seq: Seq(4216),
                recovered: true,
                more: false,
                messages: None,
                events: Some(vec![
                    S::Message(Message { text: String::new(), deleted: true, ..morning() }),
                    S::Message(reply()),
                    deleted(),
                ]),
                ..joined
            }),
        ),
        ("message", None, S::Message(morning())),
        ("message.once", None, S::Message(Message { cid: cid("k7Qz-1"), ..morning() })),
        ("message.reply", None, S::Message(reply())),
        ("message.action", None, S::Message(Message { action: true, ..message(4215, "Ann Lee", "waves", "09:32:10.000") })),
        (
            "message.private",
            None,
            S::Message(Message { room: room("@alice,bob"), ..message(17, "alice", "Lunch at one?", "11:05:00.000") }),
        ),
        (
            "message.tutorial",
            None,
            S::Message(Message { room: room("lobby"), ..message(3, "#7", "Hello from a tutorial", "11:06:00.000") }),
        ),
        (
            "message.hostile",
            None,
            S::Message(message(4217, "bob", "\u{1b}[2J\u{202e}desrever\u{202c} in\u{200b}visible\nline", "09:34:00.000")),
        ),
        (
            "message.edited",
            None,
            S::Message(Message {
                text: "Good morning, all".into(),
                edited_at: Some(at("09:31:00.000")),
                reactions: BTreeMap::from([("☕".into(), vec![user("Ann Lee")]), ("👍".into(), vec![user("bob"), user("#7")])]),
                ..morning()
            }),
        ),
        ("message.deleted", None, S::Message(Message { text: String::new(), deleted: true, ..morning() })),
        ("edited", None, edited("Good morning, all", false)),
        ("edited.deleted", None, edited("", true)),
        ("deleted", None, deleted()),
        (
            "reacted",
            None,
            S::Reacted {
                room: general(),
                seq: Seq(4214),
                from: user("bob"),
                at: at("09:31:30.500"),
                target: Seq(4211),
                emoji: "👍".into(),
                on: true,
            },
        ),
        (
            "topic",
            None,
            S::Topic { room: general(), seq: Seq(4210), from: user("bob"), at: at("09:29:00.000"), text: "Tea and cake".into() },
        ),
        ("events", None, S::Events { room: general(), events: vec![S::Message(reply()), deleted()], more: true }),
        (
            "presence",
            None,
            S::Presence { room: general(), joined: vec![user("bob").into()], left: vec![user("Ann Lee")], online: 2 },
        ),
        ("typing", None, S::Typing { room: general(), user: user("bob"), active: true }),
        ("ack", Some("r1"), ack(cid("k7Qz-1"), false)),
        ("ack.bare", None, ack(None, false)),
        ("ack.duplicate", Some("r7"), ack(cid("k7Qz-1"), true)),
        ("left", Some("r8"), S::Left { room: room("Tea Room") }),
        ("history", Some("r4"), S::History { room: general(), messages: vec![morning(), reply()], more: true }),
        ("found", Some("r5"), S::Found { messages: vec![reply()], more: false }),
        (
            "rooms",
            Some("r9"),
            S::Rooms {
                rooms: vec![
                    Room { name: general(), topic: "Tea and cake".into(), users: 2, seq: Seq(4212), private: false },
                    Room { name: room("Tea Room"), topic: String::new(), users: 0, seq: Seq(8), private: true },
                ],
            },
        ),
        (
            "users",
            Some("r10"),
            S::Users { room: general(), users: vec![User { name: user("alice") }, User { name: user("bob") }] },
        ),
        ("read", None, S::Read { room: general(), seq: Seq(4212) }),
        ("pong", Some("r6"), S::Pong {}),
        ("blocked", Some("r15"), S::Blocked { users: vec![user("eve")] }),
        ("notice", None, S::Notice { text: "The server restarts at noon".into(), room: None }),
        ("notice.room", None, S::Notice { text: "bob was muted".into(), room: Some(general()) }),
        (
            "error",
            Some("r11"),
            S::Error { code: ErrorCode::NoSuchUser, text: "There is no user bob here".into(), retry_ms: None },
        ),
        (
            "error.rate_limited",
            Some("r12"),
            S::Error { code: ErrorCode::RateLimited, text: "Too fast: wait a moment".into(), retry_ms: Some(800) },
        ),
        (
            "closing",
            None,
            S::Closing {
                code: CloseCode::NameTaken,
                reason: CloseCode::NameTaken.reason().into(),
                reconnect: false,
                retry_ms: None,
            },
        ),
        (
            "closing.restarting",
            None,
            S::Closing {
                code: CloseCode::Restarting,
                reason: CloseCode::Restarting.reason().into(),
                reconnect: true,
                retry_ms: Some(1500),
            },
        ),
    ]
}

/// What is asked of the feed of the server's long work.
fn task_requests() -> Vec<(&'static str, TaskRequest)> {
    vec![
        ("start", TaskRequest::Start { task: TaskKind::Export, room: some("general"), format: Some(ExportFormat::Html) }),
        ("start.verify", TaskRequest::Start { task: TaskKind::Verify, room: None, format: None }),
        ("cancel", TaskRequest::Cancel { task_id: "t7f3".into() }),
    ]
}

/// What that feed says.
fn task_updates() -> Vec<(&'static str, TaskUpdate)> {
    let update = TaskUpdate {
        task_id: "t7f3".into(),
        task: TaskKind::Export,
        room: Some(room("general")),
        format: Some(ExportFormat::Html),
        status: TaskStatus::Running,
        progress: 40,
        message: "1684 of 4212 messages".into(),
        result: None,
    };
    let result = TaskResult { url: "/api/exports/t7f3".into(), bytes: 913_408, messages: 4212 };
    vec![
        ("task_update", update.clone()),
        (
            "task_update.queued",
            TaskUpdate { status: TaskStatus::Queued, progress: 0, message: "It waits for its turn".into(), ..update.clone() },
        ),
        (
            "task_update.completed",
            TaskUpdate {
                status: TaskStatus::Completed,
                progress: 100,
                message: "4212 messages".into(),
                result: Some(result),
                ..update.clone()
            },
        ),
        (
            "task_update.cancelled",
            TaskUpdate { status: TaskStatus::Cancelled, message: "Stopped by alice".into(), ..update.clone() },
        ),
        (
            "task_update.failed",
            TaskUpdate {
                task: TaskKind::Verify,
                room: None,
                format: None,
                status: TaskStatus::Failed,
                message: "The log has a gap after 1684".into(),
                ..update
            },
        ),
    ]
}

/// What a message may leave out: (field, whether it is there).
type Optional = Vec<(&'static str, bool)>;

/// The type of a request and what it may leave out. Without `..`, so that a variant or a field that is added does not compile
/// until somebody thought of its golden file.
fn client_fields(message: &ClientMessage) -> (&'static str, Optional) {
    use ClientMessage as C;
    let (with_room, has) = (|room: &Option<String>| vec![("room", room.is_some())], Option::is_some);
    match message {
        C::Hello { token, client } => ("hello", vec![("token", has(token)), ("client", has(client))]),
        C::Send { room, text: _, cid, reply_to, action } => {
            ("send", vec![("room", has(room)), ("cid", cid.is_some()), ("reply_to", reply_to.is_some()), ("action", *action)])
        }
        C::Private { to: _, text: _, cid } => ("private", vec![("cid", cid.is_some())]),
        C::Edit { room, seq: _, text: _ } => ("edit", with_room(room)),
        C::Delete { room, seq: _ } => ("delete", with_room(room)),
        C::React { room, seq: _, emoji: _, on: _ } => ("react", with_room(room)),
        C::Typing { room, active: _ } => ("typing", with_room(room)),
        C::Read { room, seq: _ } => ("read", with_room(room)),
        C::Join { room: _, after, epoch } => ("join", vec![("after", after.is_some()), ("epoch", has(epoch))]),
        C::Leave { room } => ("leave", with_room(room)),
        C::History { room, before, after, limit } => (
            "history",
            vec![("room", has(room)), ("before", before.is_some()), ("after", after.is_some()), ("limit", limit.is_some())],
        ),
        C::Search { query: _, room, before, limit } => {
            ("search", vec![("room", has(room)), ("before", before.is_some()), ("limit", limit.is_some())])
        }
        C::Rooms {} => ("rooms", vec![]),
        C::Users { room } => ("users", with_room(room)),
        C::Topic { room, text: _ } => ("topic", with_room(room)),
        C::Create { room: _, rules } => ("create", rules_fields(rules)),
        C::Rules { room, rules } => ("rules", [with_room(room), rules_fields(rules)].concat()),
        C::Rank { room, user: _, role } => ("rank", vec![("room", has(room)), ("role", role.is_some())]),
        C::Moderate { action: _, user: _, address, room, everywhere, seconds, reason } => (
            "moderate",
            vec![
                ("address", *address),
                ("room", has(room)),
                ("everywhere", *everywhere),
                ("seconds", seconds.is_some()),
                ("reason", has(reason)),
            ],
        ),
        C::Deeds { room, everywhere, limit } => {
            ("deeds", vec![("room", has(room)), ("everywhere", *everywhere), ("limit", limit.is_some())])
        }
        C::Block { user: _, on: _ } => ("block", vec![]),
        C::Ping {} => ("ping", vec![]),
    }
}

fn rules_fields(Rules { access, speak, topic, slow }: &Rules) -> Optional {
    vec![("access", access.is_some()), ("speak", speak.is_some()), ("topic", topic.is_some()), ("slow", slow.is_some())]
}

/// The same of what the server says.
fn server_fields(message: &ServerMessage) -> (&'static str, Optional) {
    use ServerMessage as S;
    match message {
        S::Welcome(Welcome {
            protocol: _,
            server: _,
            user: _,
            guest: _,
            session: _,
            epoch: _,
            limits: Limits { text_bytes: _, frame_bytes: _, history: _, users, burst, per_second },
            ping_seconds: _,
            typing_seconds: _,
            private,
            blocked,
        }) => {
            let limits = [("users", users.is_some()), ("burst", burst.is_some()), ("per_second", per_second.is_some())];
            ("welcome", [&limits[..], &[("private", !private.is_empty()), ("blocked", !blocked.is_empty())]].concat())
        }
        S::Joined(Joined { room: _, seq: _, topic: _, users: _, online, read: _, recovered: _, more: _, messages, events }) => {
            ("joined", vec![("online", online.is_some()), ("messages", messages.is_some()), ("events", events.is_some())])
        }
        S::Message(Message {
            room: _,
            seq: _,
            from: _,
            text: _,
            at: _,
            cid,
            reply_to,
            action,
            edited_at,
            deleted,
            reactions,
        }) => (
            "message",
            vec![
                ("cid", cid.is_some()),
                ("reply_to", reply_to.is_some()),
                ("action", *action),
                ("edited_at", edited_at.is_some()),
                ("deleted", *deleted),
                ("reactions", !reactions.is_empty()),
            ],
        ),
        S::Edited { room: _, seq: _, from: _, at: _, target: _, text: _, deleted } => ("edited", vec![("deleted", *deleted)]),
        S::Deleted { room: _, seq: _, from: _, at: _, target: _ } => ("deleted", vec![]),
        S::Reacted { room: _, seq: _, from: _, at: _, target: _, emoji: _, on: _ } => ("reacted", vec![]),
        S::Topic { room: _, seq: _, from: _, at: _, text: _ } => ("topic", vec![]),
        S::Events { room: _, events: _, more: _ } => ("events", vec![]),
        S::Presence { room: _, joined: _, left: _, online: _ } => ("presence", vec![]),
        S::Typing { room: _, user: _, active: _ } => ("typing", vec![]),
        S::Ack { room: _, seq: _, at: _, cid, duplicate } => ("ack", vec![("cid", cid.is_some()), ("duplicate", *duplicate)]),
        S::Left { room: _ } => ("left", vec![]),
        S::History { room: _, messages: _, more: _ } => ("history", vec![]),
        S::Found { messages: _, more: _ } => ("found", vec![]),
        S::Rooms { rooms: _ } => ("rooms", vec![]),
        S::Users { room: _, users: _ } => ("users", vec![]),
        S::Read { room: _, seq: _ } => ("read", vec![]),
        S::Pong {} => ("pong", vec![]),
        S::Blocked { users: _ } => ("blocked", vec![]),
        S::Notice { text: _, room } => ("notice", vec![("room", room.is_some())]),
        S::Error { code: _, text: _, retry_ms } => ("error", vec![("retry_ms", retry_ms.is_some())]),
        S::Closing { code: _, reason: _, reconnect: _, retry_ms } => ("closing", vec![("retry_ms", retry_ms.is_some())]),
    }
}

fn client_line(message: &ClientMessage, reference: Option<&str>) -> String {
    let line = json::line(message);
    match reference {
        None => line,
        Some(reference) => format!("{},\"ref\":{}}}", line.trim_end_matches('}'), json::line(reference)),
    }
}

fn server_frame(message: &ServerMessage, reference: Option<&str>) -> ServerFrame {
    ServerFrame { message: message.clone(), reference: reference.map(str::to_owned) }
}

/// Compares one folder with its samples: `(file without .json, the line on the wire)`. A file that no sample has is an error.
#[track_caller]
fn check(folder: &str, lines: &[(&str, String)]) {
    let mut wrong = String::new();
    for (name, line) in lines {
        assert_eq!(minified(&laid_out(line, 0)), *line, "{name}: laying out must not change a frame");
        if let Err(difference) = golden_file::compare(&format!("{folder}/{name}.json"), &(laid_out(line, 0) + "\n")) {
            wrong += &difference;
        }
    }
    for file in fs::read_dir(golden_file::folder().join(folder)).expect("the golden folder") {
        let file = file.expect("a golden file").path();
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if !lines.iter().any(|(name, _)| *name == stem) {
            if golden_file::updating() {
                fs::remove_file(&file).expect("a stale golden file can be removed");
            } else {
                wrong += &format!("{} belongs to no sample\n", file.display());
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// What a golden file holds.
fn golden(name: &str) -> String {
    fs::read_to_string(golden_file::folder().join(name)).expect("a golden file")
}

#[test]
fn requests_are_written_and_read_as_their_files_show() {
    let samples = client_samples();
    let lines: Vec<_> = samples.iter().map(|(name, reference, m)| (*name, client_line(m, *reference))).collect();
    check("client", &lines);
    for (name, reference, message) in samples {
        let expected = Request { reference: reference.map(str::to_owned), message };
        assert_eq!(Request::decode(&golden(&format!("client/{name}.json"))), Ok(expected), "{name}");
    }
}

#[test]
fn server_frames_are_written_and_read_as_their_files_show() {
    let samples = server_samples();
    let lines: Vec<_> = samples.iter().map(|(name, reference, m)| (*name, server_frame(m, *reference).encode())).collect();
    check("server", &lines);
    for (name, reference, message) in samples {
        let read = ServerFrame::decode(&golden(&format!("server/{name}.json")));
        assert_eq!(read.map_err(|error| error.to_string()), Ok(server_frame(&message, reference)), "{name}");
    }
}

#[test]
fn the_feed_of_tasks_is_written_and_read_as_its_files_show() {
    let (requests, updates) = (task_requests(), task_updates());
    let mut lines: Vec<_> = requests.iter().map(|(name, request)| (*name, json::line(request))).collect();
    lines.extend(updates.iter().map(|(name, update)| (*name, update.encode())));
    check("task", &lines);
    for (name, request) in requests {
        let read: TaskRequest = serde_json::from_str(&golden(&format!("task/{name}.json"))).expect("a request of a task");
        assert_eq!(read, request, "{name}");
    }
    for (name, update) in updates {
        let read: TaskUpdate = serde_json::from_str(&golden(&format!("task/{name}.json"))).expect("an update of a task");
        assert_eq!(read, update, "{name}");
    }
}

/// The variants that serde knows, from its own complaint about one that it does not: the only list that cannot be forgotten.
fn variants<T: DeserializeOwned>() -> Vec<String> {
    let error = serde_json::from_str::<T>(r#"{"type":"?"}"#).err().expect("no variant is called ?").to_string();
    error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

/// Checks that types, variants and samples are the same set, and that what may be left out is shown both ways.
#[track_caller]
fn check_complete(types: &[&str], variants: &[String], samples: &[(&'static str, &'static str, Optional)]) {
    assert_eq!(types, variants, "TYPES are the variants, in their order");
    let mut seen: BTreeMap<(&str, &str), BTreeSet<bool>> = BTreeMap::new();
    for (file, kind, optional) in samples {
        assert_eq!(file.split('.').next(), Some(*kind), "a file is named after its type");
        for (field, there) in optional {
            seen.entry((kind, field)).or_default().insert(*there);
        }
    }
    for kind in types {
        assert!(samples.iter().any(|(file, _, _)| file == kind), "{kind} has no golden file");
    }
    for ((kind, field), ways) in seen {
        assert_eq!(ways.len(), 2, "{kind}: golden files show «{field}» both there and left out");
    }
}

#[test]
fn every_request_has_a_file_and_a_type() {
    let samples: Vec<_> = client_samples()
        .into_iter()
        .map(|(file, _, message)| {
            let (kind, optional) = client_fields(&message);
            (file, kind, optional)
        })
        .collect();
    check_complete(&client::TYPES, &variants::<ClientMessage>(), &samples);
}

#[test]
fn everything_that_the_server_says_has_a_file_and_a_type() {
    let samples: Vec<_> = server_samples()
        .into_iter()
        .map(|(file, _, message)| {
            let (kind, optional) = server_fields(&message);
            (file, kind, optional)
        })
        .collect();
    check_complete(&server::TYPES, &variants::<ServerMessage>(), &samples);
}

#[test]
fn every_code_is_what_the_table_shows() {
    let mut table = String::from("Codes of `error`\n\n");
    for code in ErrorCode::ALL {
        table += &format!("  {}\n", code.as_str());
    }
    table += "\nCodes of a close, the usual reason, and whether to come back\n\n";
    for code in CloseCode::ALL {
        let back = if code.reconnect() { "come back" } else { "stay away" };
        table += &format!("  {}  {:<34} {back}\n", code.number(), code.reason());
        assert!(code.reason().len() <= 123, "a close frame has room for 123 bytes");
        assert_eq!(CloseCode::from_number(code.number()), code);
    }
    golden_file::compare("codes.txt", &table).unwrap_or_else(|difference| panic!("\n{difference}"));
}

#[test]
fn every_error_code_is_in_the_table_and_others_are_survived() {
    for code in ErrorCode::ALL {
        // A new code breaks this match, and with it is remembered in the table.
        match code {
            ErrorCode::BadJson | ErrorCode::UnknownType | ErrorCode::BadRequest | ErrorCode::TooLong => {}
            ErrorCode::RateLimited | ErrorCode::NotJoined | ErrorCode::NoSuchRoom | ErrorCode::NoSuchUser => {}
            ErrorCode::NoSuchMessage | ErrorCode::BadName | ErrorCode::Forbidden | ErrorCode::Muted => {}
            ErrorCode::Unavailable => {}
            ErrorCode::Unknown => panic!("it stands for what is not in the table"),
        }
    }
    assert_eq!(serde_json::from_str::<ErrorCode>("\"slow_mode\"").unwrap(), ErrorCode::Unknown);
    assert_eq!(serde_json::from_str::<CloseCode>("4999").unwrap(), CloseCode::Other(4999));
}

#[test]
fn a_difference_shows_the_lines_that_differ() {
    assert_eq!(golden_file::difference("a\nb\nc\n", "a\nB\nc\nd\n"), "   2 - b\n   3 + B\n   4 + d\n");
    assert_eq!(golden_file::difference("a\n", "a"), "only line ends differ\n");
}

/// A frame for a reader: what fits a line stays as the wire has it, what does not is broken at its commas.
fn laid_out(json: &str, indent: usize) -> String {
    const WIDTH: usize = 100;
    let container = json.starts_with(['{', '[']);
    if !container || indent + json.chars().count() <= WIDTH {
        return json.to_owned();
    }
    let inside = &json[1..json.len() - 1];
    let margin = " ".repeat(indent + 2);
    let lines: Vec<_> = top_level(inside)
        .into_iter()
        .map(|part| match part.strip_prefix('"').and_then(|rest| rest.split_once("\":")) {
            Some((key, value)) if json.starts_with('{') => format!("{margin}\"{key}\": {}", laid_out(value, indent + 2)),
            _ => format!("{margin}{}", laid_out(part, indent + 2)),
        })
        .collect();
    format!("{}\n{}\n{}{}", &json[..1], lines.join(",\n"), " ".repeat(indent), &json[json.len() - 1..])
}

/// The parts of a JSON text between the commas that are in no string, array or object.
fn top_level(json: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, vec![]);
    for (place, c) in outside_strings(json) {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&json[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&json[start..]);
    parts
}

/// A JSON text without the white space between its tokens.
fn minified(json: &str) -> String {
    let blanks: BTreeSet<_> = outside_strings(json).filter(|(_, c)| c.is_whitespace()).map(|(place, _)| place).collect();
    json.char_indices().filter(|(place, _)| !blanks.contains(place)).map(|(_, c)| c).collect()
}

/// The characters of a JSON text that are in no string.
fn outside_strings(json: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut inside, mut escaped) = (false, false);
    json.char_indices().filter(move |(_, c)| {
        let was_inside = inside;
        match c {
            '"' if !escaped => inside = !inside,
            _ => {}
        }
        escaped = inside && *c == '\\' && !escaped;
        !was_inside && !inside
    })
}

#[test]
fn a_resume_survives_events_of_a_later_version() {
    let frame = r#"{"type":"events","room":"general","more":false,"events":[
        {"type":"pinned","room":"general","seq":1},
        {"type":"deleted","room":"general","seq":2,"from":"alice","at":"2026-11-20T12:00:00.000Z","target":1}]}"#;
    match ServerFrame::decode(frame).unwrap().message {
        ServerMessage::Events { events, .. } => assert!(matches!(events[..], [ServerMessage::Deleted { .. }]), "{events:?}"),
        other => panic!("{other:?}"),
    }
}
