//! Text on its way to cells: made safe, measured as the screen will show it, cut to fit. Everything that a person or a server
//! wrote becomes a [`Piece`] by way of [`Piece::said`] and its like, or goes through [`line()`].

use std::{borrow::Cow, rc::Rc};

use chat_protocol::display;
use ratatui::{
    buffer::{Buffer, CellWidth as _},
    layout::Rect,
    style::{Color, Modifier, Style},
};
use unicode_segmentation::UnicodeSegmentation as _;

use super::links::LinkSpot;

/// Text of others on one line, harmless.
pub fn line(raw: &str) -> Cow<'_, str> {
    display::line(raw)
}

/// What stands in a cell each, and how many columns it takes. What takes none would end up in a neighbour's cell: it is left out.
pub fn graphemes(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let shown = text.graphemes(true).filter(|grapheme| !grapheme.contains(char::is_control));
    shown.map(|grapheme| (grapheme, usize::from(grapheme.cell_width()))).filter(|(_, columns)| *columns > 0)
}

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    graphemes(text).map(|(_, columns)| columns).sum()
}

/// As much of a safe text as fits, with `…` in the place of the rest.
pub fn clip(text: &str, columns: usize) -> Cow<'_, str> {
    let (mut used, mut short, mut end) = (0, 0, 0);
    for (grapheme, wide) in graphemes(text) {
        used += wide;
        if used > columns {
            return if columns == 0 { Cow::Borrowed("") } else { Cow::Owned(format!("{}…", &text[..short])) };
        }
        end = grapheme.as_ptr() as usize - text.as_ptr() as usize + grapheme.len();
        if used < columns {
            short = end;
        }
    }
    Cow::Borrowed(&text[..end])
}

/// As much of the end of a safe text as fits: where one types, that is what one looks at.
pub fn ending(text: &str, columns: usize) -> &str {
    let mut cut = width(text).saturating_sub(columns);
    let begins = graphemes(text).find(|(_, wide)| {
        let is_left = cut == 0;
        cut = cut.saturating_sub(*wide);
        is_left
    });
    begins.map_or("", |(grapheme, _)| &text[grapheme.as_ptr() as usize - text.as_ptr() as usize..])
}

/// A part of a row: safe text in one style, and the link that it is a part of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Piece {
    pub text: Cow<'static, str>,
    pub style: Style,
    pub link: Option<Rc<str>>,
}

impl Piece {
    /// Words of our own.
    pub fn new(text: impl Into<Cow<'static, str>>, style: Style) -> Self {
        Self { text: text.into(), style, link: None }
    }

    /// Words of somebody else's, on one line.
    pub fn said(raw: &str, style: Style) -> Self {
        Self::new(line(raw).into_owned(), style)
    }

    pub fn width(&self) -> usize {
        width(&self.text)
    }
}

/// How many columns a row takes.
pub fn row_width(row: &[Piece]) -> usize {
    row.iter().map(Piece::width).sum()
}

/// As much of a row as fits, with `…` in the place of the rest.
pub fn clip_row(row: Vec<Piece>, columns: usize) -> Vec<Piece> {
    if row_width(&row) <= columns {
        return row;
    }
    let (mut left, mut clipped) = (columns, Vec::new());
    for mut piece in row {
        let wide = piece.width();
        if wide >= left {
            // One column is for the mark, also when this piece itself would just fit.
            piece.text = clip(&format!("{}……", piece.text), left).into_owned().into();
            clipped.push(piece);
            break;
        }
        left -= wide;
        clipped.push(piece);
    }
    clipped
}

/// Puts a text into cells, as far as the area goes. Answers the column behind it.
pub fn put(buffer: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buffer.area);
    if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return x;
    }
    buffer.set_stringn(x, y, text, usize::from(area.right() - x), style).0
}

/// Puts a row into cells, and remembers where its links are.
pub fn put_row(buffer: &mut Buffer, area: Rect, x: u16, y: u16, row: &[Piece], links: &mut Vec<LinkSpot>) -> u16 {
    let mut at = x;
    for piece in row {
        let from = at;
        at = put(buffer, area, from, y, &piece.text, piece.style);
        if let Some(url) = piece.link.as_ref().filter(|_| at > from) {
            links.push(LinkSpot { row: y, columns: (from, at), url: Rc::clone(url) });
        }
    }
    at
}

/// Where reversed letters have a colour, it would become a block of that colour; and what has a background of its own is not
/// reversed on top of that.
pub fn settle(buffer: &mut Buffer, area: Rect) {
    for position in area.intersection(buffer.area).positions() {
        let cell = &mut buffer[position];
        if cell.modifier.contains(Modifier::REVERSED) {
            if cell.bg == Color::Reset {
                cell.fg = Color::Reset;
            } else {
                cell.modifier.remove(Modifier::REVERSED);
            }
        }
    }
}

/// The area without so many rows at its top; and those.
pub fn off_top(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

/// What can be counted in columns of a screen.
pub fn columns(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// One, or many: `1 line`, `2 lines`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_so_and_fits() {
        for (text, columns, expected) in [
            ("alice", 5, "alice"),
            ("alice", 4, "ali…"),
            ("alice", 1, "…"),
            ("alice", 0, ""),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("日本", 1, "…"),
            ("", 0, ""),
            ("e\u{301}e\u{301}", 2, "e\u{301}e\u{301}"),
            ("e\u{301}e\u{301}", 1, "…"),
        ] {
            assert_eq!(clip(text, columns), expected, "{text} in {columns}");
            assert!(width(&clip(text, columns)) <= columns);
        }
    }

    #[test]
    fn the_end_of_what_is_typed_fits() {
        for (text, columns, expected) in [("abc", 3, "abc"), ("abc", 2, "bc"), ("日本語", 3, "語"), ("日本", 0, ""), ("", 2, "")]
        {
            assert_eq!(ending(text, columns), expected, "{text} in {columns}");
        }
    }

    #[test]
    fn a_row_is_cut_where_its_columns_end() {
        let row = || vec![Piece::new("ab", Style::new()), Piece::new("cd", Style::new()), Piece::new("ef", Style::new())];
        for (columns, expected) in [(6, "abcdef"), (5, "abcd…"), (4, "abc…"), (3, "ab…"), (2, "a…"), (1, "…"), (0, "")]
        {
            let text: String = clip_row(row(), columns).into_iter().map(|piece| piece.text).collect();
            assert_eq!(text, expected, "{columns}");
        }
    }

    #[test]
    fn what_takes_no_column_gets_no_cell() {
        assert_eq!(width("\u{301}a"), 1);
        assert_eq!(graphemes("\u{301}a").collect::<Vec<_>>(), [("a", 1)]);
    }
}
