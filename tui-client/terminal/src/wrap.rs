//! Styled text broken into rows: behind spaces and beside wide characters where there are some, anywhere where there are none.
//! What stands to the left of the rows is not known here, so nothing in a text can get there.

use super::text::{Piece, graphemes};

/// The rows of a text; at least one. The first may have another width than the rest.
pub fn wrap(pieces: &[Piece], first: usize, rest: usize) -> Vec<Vec<Piece>> {
    let mut rows = Vec::new();
    let mut row: Vec<Cell<'_>> = Vec::new();
    let mut used = 0;
    for piece in pieces {
        for (number, part) in piece.text.split('\n').enumerate() {
            if number > 0 {
                rows.push(std::mem::take(&mut row));
                used = 0;
            }
            for (symbol, wide) in graphemes(part) {
                let columns = if rows.is_empty() { first } else { rest };
                let cell = Cell { symbol, wide, of: piece };
                if used + wide > columns && !row.is_empty() {
                    if symbol == " " {
                        // The space at a row's end is the break itself.
                        rows.push(std::mem::take(&mut row));
                        used = 0;
                        continue;
                    }
                    let at = (1..=row.len()).rev().find(|at| breaks(row[at - 1], row.get(*at).copied().unwrap_or(cell)));
                    let after = row.split_off(at.unwrap_or(row.len()));
                    used = after.iter().map(|cell| cell.wide).sum();
                    rows.push(std::mem::replace(&mut row, after));
                }
                used += wide;
                row.push(cell);
            }
        }
    }
    rows.push(row);
    rows.into_iter().map(join).collect()
}

#[derive(Clone, Copy)]
struct Cell<'a> {
    symbol: &'a str,
    wide: usize,
    of: &'a Piece,
}

fn breaks(before: Cell<'_>, after: Cell<'_>) -> bool {
    // A stop does not begin a row, nor does an opening bracket end one.
    let stays = matches!(
        after.symbol,
        "。" | "、"
            | "，"
            | "．"
            | "！"
            | "？"
            | "」"
            | "』"
            | "）"
            | "："
            | "；"
            | "ー"
            | "…"
            | ","
            | "."
            | "!"
            | "?"
            | ")"
    );
    let opens = matches!(before.symbol, "「" | "『" | "（" | "(");
    before.symbol == " " || !stays && !opens && (before.wide > 1 || after.wide > 1)
}

/// Cells of one piece, side by side, become one again.
fn join(row: Vec<Cell<'_>>) -> Vec<Piece> {
    let mut pieces: Vec<(&Piece, String)> = Vec::new();
    for cell in row {
        match pieces.last_mut() {
            Some((of, text)) if std::ptr::eq(*of, cell.of) => text.push_str(cell.symbol),
            _ => pieces.push((cell.of, cell.symbol.to_owned())),
        }
    }
    pieces.into_iter().map(|(of, text)| Piece { text: text.into(), style: of.style, link: of.link.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    #[track_caller]
    fn check(text: &str, first: usize, rest: usize, expected: &[&str]) {
        let rows = wrap(&[Piece::new(text.to_owned(), Style::new())], first, rest);
        let rows: Vec<String> = rows.into_iter().map(|row| row.into_iter().map(|piece| piece.text).collect()).collect();
        assert_eq!(rows, expected, "{text:?} in {first}, {rest}");
    }

    #[test]
    fn rows_break_at_spaces_or_anywhere() {
        check("", 10, 10, &[""]);
        check("one two", 7, 7, &["one two"]);
        check("one two three", 8, 8, &["one two ", "three"]);
        check("one two three", 7, 7, &["one two", "three"]);
        check("one two", 3, 3, &["one", "two"]);
        check("abcdefghij", 4, 4, &["abcd", "efgh", "ij"]);
        check("ab abcdefghij", 4, 6, &["ab ", "abcdef", "ghij"]);
        check("a\nbob: hi\n\n", 20, 20, &["a", "bob: hi", "", ""]);
        check("ab", 0, 0, &["a", "b"]);
    }

    #[test]
    fn wide_and_joined_characters_stay_whole() {
        check("日本語", 4, 4, &["日本", "語"]);
        check("a日本語", 4, 4, &["a日", "本語"]);
        check("x yy日本語", 5, 5, &["x yy", "日本", "語"]);
        check("日本語。", 6, 6, &["日本", "語。"]);
        check("日本", 1, 1, &["日", "本"]);
        check("👩\u{200d}🚀👩\u{200d}🚀", 3, 3, &["👩\u{200d}🚀", "👩\u{200d}🚀"]);
        check("e\u{301}e\u{301}e\u{301}", 2, 2, &["e\u{301}e\u{301}", "e\u{301}"]);
    }

    #[test]
    fn styles_stay_with_their_letters() {
        let bold = Style::new().bold();
        let pieces = [Piece::new("one ", Style::new()), Piece::new("two three", bold)];
        let rows = wrap(&pieces, 8, 8);
        assert_eq!(rows, [vec![pieces[0].clone(), Piece::new("two ", bold)], vec![Piece::new("three", bold)]]);
    }
}
