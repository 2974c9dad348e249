//! What is being typed: the prompt, the lines, and the cursor where the next letter will stand. What is to be searched for is
//! typed here too.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{
    hints::hint,
    text::{Piece, clip, clip_row, columns, graphemes, line, put, put_row, row_width, width},
};
use crate::{
    keys::{Action, Context},
    model::{Model, Purpose},
    theme::Role,
};

/// Narrower than this there is no prompt, and narrower than that no name in it.
const PROMPT_FROM: u16 = 12;
const NAME_FROM: u16 = 36;
const LONGEST_NAME: usize = 16;

/// A row of what is typed: the safe text, and the columns before the cursor if that is in it.
type Row = (String, Option<usize>);

/// What is typed, and where its cursor is: a line and the code points before it.
struct Typed {
    prompt: Vec<Piece>,
    lines: Vec<String>,
    cursor: (usize, usize),
}

fn typed(model: &Model, screen: u16) -> Typed {
    let theme = &model.settings.look.theme;
    let composer = &model.room().composer;
    let asked = |words: &'static str| vec![Piece::new(words, theme.style(Role::Key))];
    if let Some(find) = model.find.as_ref().filter(|find| find.typing) {
        let end = find.words.chars().count();
        return Typed { prompt: asked(" find: "), lines: vec![find.words.clone()], cursor: (0, end) };
    }
    let mut prompt = Vec::new();
    if let Some(words) = &model.history_search {
        prompt = asked(" search: ");
        let most = usize::from(screen / 3);
        prompt.push(Piece::new(clip(&line(words), most).into_owned(), theme.style(Role::Found)));
        prompt.push(Piece::new(" › ", theme.style(Role::Dim)));
    } else if screen >= PROMPT_FROM {
        if screen >= NAME_FROM {
            let name = clip(&line(model.user.shown()), LONGEST_NAME).into_owned();
            prompt.push(Piece::new(format!(" {name}"), theme.style(Role::Own)));
        }
        prompt.push(Piece::new(" › ", theme.style(Role::Dim)));
    }
    Typed { prompt, lines: composer.lines().to_vec(), cursor: composer.cursor() }
}

impl Typed {
    /// What the screen has left beside the prompt.
    fn space(&self, screen: u16) -> usize {
        usize::from(screen).saturating_sub(row_width(&self.prompt)).max(1)
    }

    /// The rows, broken where a line is longer than the screen. The cursor stands behind the last letter, and needs a column there.
    fn rows(&self, space: usize) -> Vec<Row> {
        let mut rows = Vec::new();
        for (number, raw) in self.lines.iter().enumerate() {
            let text = line(raw);
            // The rules look one character ahead at most: a part of a text is made safe to a part of what the whole becomes.
            let before = (number == self.cursor.0).then(|| {
                let part: String = raw.chars().take(self.cursor.1).collect();
                line(&part).len()
            });
            let (mut row, mut used, mut passed, mut at) = (String::new(), 0, 0, None);
            for (grapheme, wide) in graphemes(&text) {
                if used + wide > space && used > 0 {
                    rows.push((std::mem::take(&mut row), at.take()));
                    used = 0;
                }
                passed = grapheme.as_ptr() as usize - text.as_ptr() as usize;
                if before == Some(passed) || before.is_some_and(|before| passed < before) {
                    at = Some(used);
                }
                // In the middle of a cluster the cursor stays at its beginning; behind it, it goes on.
                if before.is_some_and(|before| passed + grapheme.len() <= before) {
                    at = None;
                }
                row.push_str(grapheme);
                used += wide;
                passed += grapheme.len();
            }
            let is_behind = before.is_some_and(|before| before >= passed);
            if is_behind && used >= space {
                rows.push((std::mem::take(&mut row), None));
                used = 0;
            }
            rows.push((row, if is_behind { Some(used) } else { at }));
        }
        rows
    }
}

/// How many rows what is typed would like.
pub(super) fn height(model: &Model, screen: u16) -> u16 {
    let typed = typed(model, screen);
    columns(typed.rows(typed.space(screen)).len()).max(1)
}

/// What the text will be, if it is not simply said.
pub(super) fn purpose(model: &Model) -> Option<Vec<Piece>> {
    let room = model.room();
    let theme = &model.settings.look.theme;
    let (words, seq) = match room.purpose {
        Purpose::New => return None,
        Purpose::Reply(seq) => ("replying to ", seq),
        Purpose::Edit(seq) => ("editing ", seq),
    };
    let dim = theme.style(Role::Dim);
    let mut row = vec![Piece::new(format!(" ╭ {words}"), dim)];
    match room.shown().message(seq).or_else(|| room.live.message(seq)) {
        Some(message) => {
            if matches!(room.purpose, Purpose::Reply(_)) {
                row.push(Piece::said(message.from.shown(), theme.nick(message.from.folded())));
                row.push(Piece::new(": ", dim));
            }
            row.push(Piece::new(chat_protocol::display::clip(&message.text, 200), dim));
        }
        None => row.push(Piece::new(format!("↳ {seq}"), dim)),
    }
    Some(row)
}

/// Draws it. Answers where the cursor is.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, above: Rect, area: Rect) -> Option<Position> {
    if let Some(row) = purpose(model).filter(|_| !above.is_empty()) {
        let mut escape = hint(model, Context::Input, Action::Escape, "cancels");
        escape.push(Piece::new(" ", model.settings.look.theme.style(Role::Dim)));
        let space = usize::from(above.width).saturating_sub(row_width(&escape) + 2);
        put_row(buffer, above, above.x, above.y, &clip_row(row, space), &mut Vec::new());
        put_row(buffer, above, above.right().saturating_sub(columns(row_width(&escape))), above.y, &escape, &mut Vec::new());
    }
    if area.is_empty() {
        return None;
    }
    let theme = &model.settings.look.theme;
    let typed = typed(model, area.width);
    let rows = typed.rows(typed.space(area.width));
    let height = usize::from(area.height);
    let cursor = rows.iter().position(|(_, at)| at.is_some()).unwrap_or(rows.len().saturating_sub(1));
    // The cursor's row is the last to leave.
    let first = (cursor + 1).saturating_sub(height).min(rows.len().saturating_sub(height));
    let indent = columns(row_width(&typed.prompt)).min(area.width.saturating_sub(1));
    if first == 0 {
        put_row(buffer, area, area.x, area.y, &typed.prompt, &mut Vec::new());
    } else if indent > 2 {
        put(buffer, area, area.x + indent - 2, area.y, "⋮", theme.style(Role::Dim));
    }
    let mut position = None;
    for (row, (text, at)) in rows.iter().skip(first).take(height).enumerate() {
        let y = area.y + columns(row);
        put(buffer, area, area.x + indent, y, text, theme.style(Role::Text));
        if let Some(at) = at {
            position = Some(Position::new((area.x + indent + columns(*at)).min(area.right() - 1), y));
        }
    }
    if rows.len() == 1 && rows[0].0.is_empty() && model.find.as_ref().is_none_or(|find| !find.typing) && area.width >= NAME_FROM {
        let room = model.room().title();
        let is_selecting = model.room().selecting && model.room().selected.is_some();
        let words = if is_selecting { "Keys act on the selected message".to_owned() } else { format!("Message {}", line(&room)) };
        let words = clip(&words, usize::from(area.width.saturating_sub(indent + 1))).into_owned();
        if width(&words) > 10 {
            put(buffer, area, area.x + indent, area.y, &words, theme.style(Role::Dim));
        }
    }
    position
}
