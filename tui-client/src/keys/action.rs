//! Everything that a key can mean: one table with the name for the configuration, the words for the help, where it holds, and
//! the keys that it has unless they are changed.

/// Where a key is pressed. [`Context::Everywhere`] holds in all others, unless they give the key a meaning of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Context {
    /// Whatever is open.
    Everywhere,
    /// The input line.
    Input,
    /// A message is selected.
    Select,
    /// A list to choose from: rooms, results, reactions; typing filters it.
    List,
}

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Action {
    // Everywhere.
    Help,
    Interrupt,
    Suspend,
    Redraw,
    Room(u8),
    NextRoom,
    PreviousRoom,
    ImportantRoom,
    LastRoom,
    Switcher,
    ToggleRooms,
    ToggleUsers,
    Find,
    FindNext,
    FindPrevious,
    PageUp,
    PageDown,
    Oldest,
    Newest,
    FirstUnread,
    MarkRead,
    // The input line.
    Send,
    NewLine,
    Complete,
    CompleteBack,
    Escape,
    Up,
    Down,
    HistoryBack,
    HistoryForward,
    HistorySearch,
    Editor,
    Undo,
    Redo,
    Left,
    Right,
    WordLeft,
    WordRight,
    LineStart,
    LineEnd,
    DeleteBack,
    DeleteForward,
    DeleteWordBack,
    DeleteWordForward,
    KillToStart,
    KillToEnd,
    Yank,
    SelectMessage,
    // A selected message.
    SelectUp,
    SelectDown,
    SelectOldest,
    SelectNewest,
    Reply,
    React,
    Edit,
    Delete,
    Copy,
    OpenLink,
    GoToReplied,
    Resend,
    Drop,
    Deselect,
    // A list.
    ListUp,
    ListDown,
    ListPageUp,
    ListPageDown,
    Choose,
    Cancel,
}

/// One row of the table.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) action: Action,
    /// As the configuration calls it.
    pub(crate) name: &'static str,
    /// What it does, for the help.
    pub(crate) help: &'static str,
    pub(crate) context: Context,
    /// Its keys unless changed; the first is the one that hints show.
    pub(crate) keys: &'static [&'static str],
}

const fn row(context: Context, action: Action, name: &'static str, keys: &'static [&'static str], help: &'static str) -> About {
    About { action, name, help, context, keys }
}

/// Every action, in the order of the help.
pub(crate) static ACTIONS: &[About] = {
    use self::{Action as A, Context::*};
    &[
        row(Everywhere, A::Help, "help", &["f1"], "this help"),
        row(
            Everywhere,
            A::Switcher,
            "switcher",
            &["alt-k"],
            "go to a room by a part of its name (Ctrl-K at the end of the line, too)",
        ),
        row(Everywhere, A::ImportantRoom, "important-room", &["alt-a"], "next room with a mention, a private message, a message"),
        row(Everywhere, A::NextRoom, "next-room", &["alt-down"], "next room"),
        row(Everywhere, A::PreviousRoom, "previous-room", &["alt-up"], "previous room"),
        row(Everywhere, A::LastRoom, "last-room", &["alt-0"], "the room where you were before"),
        row(Everywhere, A::Room(1), "room-1", &["alt-1"], "first room"),
        row(Everywhere, A::Room(2), "room-2", &["alt-2"], "second room"),
        row(Everywhere, A::Room(3), "room-3", &["alt-3"], "third room"),
        row(Everywhere, A::Room(4), "room-4", &["alt-4"], "fourth room"),
        row(Everywhere, A::Room(5), "room-5", &["alt-5"], "fifth room"),
        row(Everywhere, A::Room(6), "room-6", &["alt-6"], "sixth room"),
        row(Everywhere, A::Room(7), "room-7", &["alt-7"], "seventh room"),
        row(Everywhere, A::Room(8), "room-8", &["alt-8"], "eighth room"),
        row(Everywhere, A::Room(9), "room-9", &["alt-9"], "ninth room"),
        row(Everywhere, A::PageUp, "page-up", &["pageup"], "older messages"),
        row(Everywhere, A::PageDown, "page-down", &["pagedown"], "newer messages"),
        row(Everywhere, A::Oldest, "oldest", &["ctrl-home"], "the oldest message that is loaded"),
        row(Everywhere, A::Newest, "newest", &["ctrl-end"], "the newest message"),
        row(Everywhere, A::FirstUnread, "first-unread", &["alt-j"], "the first message that you have not read"),
        row(Everywhere, A::MarkRead, "mark-read", &["alt-r"], "everything here is read"),
        row(Everywhere, A::Find, "find", &["f3", "alt-/"], "find in this room"),
        row(Everywhere, A::FindPrevious, "find-previous", &["shift-f3", "alt-p"], "the find before"),
        row(Everywhere, A::FindNext, "find-next", &["alt-n"], "the find after"),
        row(Everywhere, A::ToggleRooms, "toggle-rooms", &["alt-s"], "list of rooms on or off"),
        row(Everywhere, A::ToggleUsers, "toggle-users", &["alt-u"], "list of users on or off"),
        row(Everywhere, A::Redraw, "redraw", &["ctrl-l"], "draw the screen anew"),
        row(Everywhere, A::Suspend, "suspend", &["ctrl-z"], "to the shell; fg comes back"),
        row(Everywhere, A::Interrupt, "interrupt", &["ctrl-c"], "empty the line; twice: leave"),
        row(Input, A::Send, "send", &["enter"], "send"),
        row(Input, A::NewLine, "new-line", &["alt-enter", "shift-enter", "ctrl-j"], "new line in the message"),
        row(Input, A::Complete, "complete", &["tab"], "complete a name, room, command or :emoji:"),
        row(Input, A::CompleteBack, "complete-back", &["shift-tab"], "the completion before"),
        row(Input, A::Up, "up", &["up"], "line up; history; on an empty line: edit your last message"),
        row(Input, A::Down, "down", &["down"], "line down; history"),
        row(Input, A::HistoryBack, "history-back", &["ctrl-p"], "what you sent before"),
        row(Input, A::HistoryForward, "history-forward", &["ctrl-n"], "what you sent after"),
        row(Input, A::HistorySearch, "history-search", &["ctrl-r"], "search what you sent"),
        row(Input, A::SelectMessage, "select", &["ctrl-up", "shift-up"], "select a message: reply, react, edit, copy"),
        row(Input, A::Escape, "escape", &["esc"], "let go: completion, reply, edit; then to the newest message"),
        row(Input, A::Editor, "editor", &["ctrl-x"], "write in $EDITOR"),
        row(Input, A::Undo, "undo", &["ctrl-_", "ctrl-7", "ctrl-/"], "undo"),
        row(Input, A::Redo, "redo", &["alt-_", "alt-z"], "redo"),
        row(Input, A::Left, "left", &["left", "ctrl-b"], "one character left"),
        row(Input, A::Right, "right", &["right", "ctrl-f"], "one character right"),
        row(Input, A::WordLeft, "word-left", &["alt-b", "ctrl-left", "alt-left"], "one word left"),
        row(Input, A::WordRight, "word-right", &["alt-f", "ctrl-right", "alt-right"], "one word right"),
        row(Input, A::LineStart, "line-start", &["home", "ctrl-a"], "to the start of the line"),
        row(Input, A::LineEnd, "line-end", &["end", "ctrl-e"], "to the end of the line"),
        row(Input, A::DeleteBack, "delete-back", &["backspace", "ctrl-h"], "delete the character before"),
        row(Input, A::DeleteForward, "delete-forward", &["delete", "ctrl-d"], "delete the character after"),
        row(Input, A::DeleteWordBack, "delete-word-back", &["ctrl-w", "alt-backspace"], "delete the word before"),
        row(Input, A::DeleteWordForward, "delete-word-forward", &["alt-d"], "delete the word after"),
        row(Input, A::KillToStart, "kill-to-start", &["ctrl-u"], "delete to the start of the line"),
        row(Input, A::KillToEnd, "kill-to-end", &["ctrl-k"], "delete to the end of the line; there: go to a room"),
        row(Input, A::Yank, "yank", &["ctrl-y"], "put back what was deleted"),
        row(Select, A::SelectUp, "select-up", &["up", "k", "ctrl-up", "shift-up"], "the message before"),
        row(Select, A::SelectDown, "select-down", &["down", "j", "ctrl-down", "shift-down"], "the message after"),
        row(Select, A::SelectOldest, "select-oldest", &["home", "g"], "the oldest message"),
        row(Select, A::SelectNewest, "select-newest", &["end", "G"], "the newest message"),
        row(Select, A::Reply, "reply", &["r", "enter"], "reply"),
        row(Select, A::React, "react", &["+", "="], "put a reaction on it, or take it back"),
        row(Select, A::Edit, "edit", &["e"], "edit (yours)"),
        row(Select, A::Delete, "delete", &["d", "delete"], "delete (yours)"),
        row(Select, A::Copy, "copy", &["y", "c"], "copy the text"),
        row(Select, A::OpenLink, "open-link", &["o"], "open its link"),
        row(Select, A::GoToReplied, "go-to-replied", &["p"], "go to the message that it answers"),
        row(Select, A::Resend, "resend", &["s"], "send again what failed"),
        row(Select, A::Drop, "drop", &["x"], "drop what is not sent yet"),
        row(Select, A::Help, "select-help", &["?"], "this help"),
        row(Select, A::Deselect, "deselect", &["esc", "q", "i"], "back to the input line"),
        row(List, A::ListUp, "list-up", &["up", "ctrl-p", "shift-tab"], "up"),
        row(List, A::ListDown, "list-down", &["down", "ctrl-n", "tab"], "down"),
        row(List, A::ListPageUp, "list-page-up", &["pageup"], "a page up"),
        row(List, A::ListPageDown, "list-page-down", &["pagedown"], "a page down"),
        row(List, A::Choose, "choose", &["enter"], "choose"),
        row(List, A::Cancel, "cancel", &["esc"], "close"),
    ]
};

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::{super::Chord, *};

    /// All variants; the match makes sure that none is forgotten here.
    macro_rules! all {
        ($($variant:ident)*) => {{
            let _complete = |action: Action| match action {
                Action::Room(_) $(| Action::$variant)* => {}
            };
            let mut all = vec![$(Action::$variant),*];
            all.extend((1..=9).map(Action::Room));
            all
        }};
    }

    #[test]
    fn every_action_has_a_row() {
        let all = all![
            Help Interrupt Suspend Redraw NextRoom PreviousRoom ImportantRoom LastRoom Switcher ToggleRooms ToggleUsers Find FindNext
            FindPrevious PageUp PageDown Oldest Newest FirstUnread MarkRead Send NewLine Complete CompleteBack Escape Up Down
            HistoryBack HistoryForward HistorySearch Editor Undo Redo Left Right WordLeft WordRight LineStart LineEnd DeleteBack
            DeleteForward DeleteWordBack DeleteWordForward KillToStart KillToEnd Yank SelectMessage SelectUp SelectDown SelectOldest
            SelectNewest Reply React Edit Delete Copy OpenLink GoToReplied Resend Drop Deselect ListUp ListDown ListPageUp
            ListPageDown Choose Cancel
        ];
        for action in all {
            assert!(ACTIONS.iter().any(|about| about.action == action), "{action:?}");
        }
    }

    #[test]
    fn no_name_stands_for_two_actions() {
        let mut names = HashSet::new();
        assert!(ACTIONS.iter().all(|about| names.insert(about.name)));
    }

    #[test]
    fn every_default_key_is_one_and_means_one_thing_in_its_place() {
        let mut keys = HashMap::new();
        for about in ACTIONS {
            for key in about.keys {
                let chord = Chord::parse(key).unwrap_or_else(|| panic!("{key}"));
                let other = keys.insert((about.context, chord), about.name);
                assert_eq!(other, None, "{key} means {} too", about.name);
                assert!(chord.typed().is_none() || about.context == Context::Select, "{key} ({}) cannot be typed", about.name);
            }
        }
    }
}
