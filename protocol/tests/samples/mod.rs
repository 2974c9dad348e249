//! One of everything on the wire, as its golden file shows it.

use std::collections::BTreeMap;

use chat_protocol::{
    Access, Action, ClientId, ClientMessage, CloseCode, Epoch, ErrorCode, Role, RoomName, Rules, Seq, ServerMessage, Timestamp,
    UserName, Voice,
    server::{Joined, Limits, Message, Private, Room, User, Welcome},
    task::{ExportFormat, TaskKind, TaskRequest, TaskResult, TaskStatus, TaskUpdate},
};

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
pub(super) fn client_samples() -> Vec<(&'static str, Option<&'static str>, ClientMessage)> {
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
pub(super) fn server_samples() -> Vec<(&'static str, Option<&'static str>, ServerMessage)> {
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
pub(super) fn task_requests() -> Vec<(&'static str, TaskRequest)> {
    vec![
        (
            "start",
            TaskRequest::Start { task: TaskKind::Export, room: some("general"), format: Some(ExportFormat::Html), file: None },
        ),
        ("start.verify", TaskRequest::Start { task: TaskKind::Verify, room: None, format: None, file: None }),
        ("start.backup", TaskRequest::Start { task: TaskKind::Backup, room: None, format: None, file: None }),
        ("start.prune", TaskRequest::Start { task: TaskKind::Prune, room: None, format: None, file: None }),
        (
            "start.import",
            TaskRequest::Start { task: TaskKind::Import, room: some("old-general"), format: None, file: some("general.jsonl") },
        ),
        ("cancel", TaskRequest::Cancel { task_id: "t7f3".into() }),
    ]
}

/// What that feed says.
pub(super) fn task_updates() -> Vec<(&'static str, TaskUpdate)> {
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
