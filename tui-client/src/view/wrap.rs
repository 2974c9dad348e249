//! Styled text broken into rows: at spaces where there are some, anywhere where there are none. Every row but the first is
//! set in, so that a line end in what somebody wrote cannot begin somebody else's line.

use ratatui::{
    style::Style,
    text::{Line, Span, StyledGrapheme},
};

use super::width;

const INDENT: usize = 4;

/// The rows of one entry; at least one.
pub(super) fn wrap(spans: Vec<Span<'static>>, columns: usize) -> Vec<Line<'static>> {
    let indent = INDENT.min(columns / 4);
    let mut rows = Vec::new();
    let mut row: Vec<StyledGrapheme<'_>> = Vec::new();
    let mut used = 0;
    for span in &spans {
        for (number, part) in span.content.split('\n').enumerate() {
            if number > 0 {
                rows.push(std::mem::take(&mut row));
                used = indent;
            }
            for grapheme in graphemes(part, span.style) {
                let wide = width(grapheme.symbol);
                if used + wide > columns && !row.is_empty() {
                    let space = row.iter().rposition(|grapheme| grapheme.symbol == " ");
                    // A break so early that the rest would be pushed over whole is worse than one in the word.
                    let rest = match space.filter(|at| *at > 0 && grapheme.symbol != " ") {
                        Some(at) => row.split_off(at + 1),
                        None => Vec::new(),
                    };
                    used = indent + rest.iter().map(|grapheme| width(grapheme.symbol)).sum::<usize>();
                    rows.push(std::mem::replace(&mut row, rest));
                    if grapheme.symbol == " " {
                        continue;
                    }
                }
                used += wide;
                row.push(grapheme);
            }
        }
    }
    rows.push(row);
    let lines = rows.into_iter().enumerate().map(|(number, row)| {
        let indent = Span::raw(" ".repeat(if number > 0 { indent } else { 0 }));
        let row = row.into_iter().map(|grapheme| Span::styled(grapheme.symbol.to_owned(), grapheme.style));
        Line::from_iter(std::iter::once(indent).chain(row))
    });
    lines.collect()
}

/// What is left of a line when its first columns are hidden.
pub(super) fn from_column(text: &str, hidden: usize) -> String {
    let mut passed = 0;
    let shown = graphemes(text, Style::new()).skip_while(|grapheme| {
        let hide = passed < hidden;
        passed += width(grapheme.symbol);
        hide
    });
    shown.map(|grapheme| grapheme.symbol).collect()
}

fn graphemes(text: &str, style: Style) -> impl Iterator<Item = StyledGrapheme<'_>> {
    // Borrowed from the text, not from a span of this function's own.
    let mut rest = text;
    std::iter::from_fn(move || {
        let length = Span::raw(rest).styled_graphemes(Style::new()).next()?.symbol.len();
        let (symbol, after) = rest.split_at(length);
        rest = after;
        Some(StyledGrapheme::new(symbol, style))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, columns: usize, expected: &[&str]) {
        let rows: Vec<_> = wrap(vec![Span::raw(text.to_owned())], columns).iter().map(Line::to_string).collect();
        assert_eq!(rows, expected, "{text:?} in {columns}");
    }

    #[test]
    fn rows_break_at_spaces_or_anywhere_and_are_set_in() {
        check("", 10, &[""]);
        check("one two", 7, &["one two"]);
        check("one two three", 8, &["one two ", "  three"]);
        check("abcdefghij", 4, &["abcd", " efg", " hij"]);
        check("a\nbob: hi\n\n", 20, &["a", "    bob: hi", "    ", "    "]);
        check("日本語", 4, &["日本", " 語"]);
        check("日本", 1, &["日", "本"]);
        check("ab", 0, &["a", "b"]);
        check("👩\u{200d}🚀👩\u{200d}🚀", 3, &["👩\u{200d}🚀", "👩\u{200d}🚀"]);
        assert_eq!(from_column("日本語", 3), "語");
    }
}
