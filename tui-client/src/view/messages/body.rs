//! What somebody said, as styled pieces: links, a little markup, words that name us, words that are looked for. The letters stay
//! as they were said, the marks of the markup too; nothing is left out but what `display` leaves out.

use std::{ops::Range, rc::Rc};

use chat_protocol::display;
use ratatui::style::{Modifier, Style};

use super::super::text::Piece;
use crate::{
    model::{Model, links},
    theme::Role,
};

/// A part of a text that looks different.
type Layer = (Range<usize>, Style, Option<Rc<str>>);

/// The pieces of a text.
pub(super) fn pieces(model: &Model, raw: &str, base: Style, names_us: bool) -> Vec<Piece> {
    let theme = &model.settings.look.theme;
    let text = display::text(raw);
    let mut layers: Vec<Layer> = Vec::new();
    let links: Vec<_> = links::links(&text).collect();
    for (range, style) in markup(&text) {
        let style = style.unwrap_or_else(|| theme.style(Role::Code));
        // The underline of `a_b_c` in an address is none.
        if !links.iter().any(|link| link.start < range.end && range.start < link.end) {
            layers.push((range, style, None));
        }
    }
    layers.extend(links.into_iter().map(|range| {
        let url = Rc::from(&text[range.clone()]);
        (range, theme.style(Role::Link), Some(url))
    }));
    if names_us {
        let words = std::iter::once(model.user.shown()).chain(model.settings.alerts.words.iter().map(String::as_str));
        for range in words.flat_map(|word| occurrences(&text, word, true)) {
            layers.push((range, theme.style(Role::Mention), None));
        }
    }
    if let Some(find) = &model.find {
        for range in find.words.split_whitespace().flat_map(|word| occurrences(&text, word, false)) {
            layers.push((range, theme.style(Role::Found), None));
        }
    }
    cut(&text, base, &layers)
}

/// The text cut wherever a layer begins or ends; the later layers lie above the earlier.
fn cut(text: &str, base: Style, layers: &[Layer]) -> Vec<Piece> {
    let mut cuts: Vec<usize> = layers.iter().flat_map(|(range, ..)| [range.start, range.end]).chain([0, text.len()]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let parts = cuts.windows(2).map(|ends| {
        let (mut style, mut link) = (base, None);
        for (_, layer, url) in layers.iter().filter(|(range, ..)| range.start <= ends[0] && ends[1] <= range.end) {
            style = style.patch(*layer);
            link = url.clone().or(link);
        }
        Piece { text: text[ends[0]..ends[1]].to_owned().into(), style, link }
    });
    parts.collect()
}

/// `code`, *bold*, _italic_: a mark, something, the mark again in the same line, not in the middle of words. No style: code.
fn markup(text: &str) -> Vec<(Range<usize>, Option<Style>)> {
    let styles = [('`', None), ('*', Some(Modifier::BOLD)), ('_', Some(Modifier::ITALIC))];
    let mut found: Vec<(Range<usize>, Option<Style>)> = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find(['`', '*', '_']) {
        let start = from + at;
        from = start + 1;
        let mark = char::from(text.as_bytes()[start]);
        let before = text[..start].chars().next_back();
        let opens = text[from..].chars().next().is_some_and(|c| !c.is_whitespace() && c != mark)
            && (mark == '`' || !before.is_some_and(char::is_alphanumeric));
        let line = &text[from..text[from..].find('\n').map_or(text.len(), |end| from + end)];
        let end = line.match_indices(mark).map(|(end, _)| end).find(|end| {
            let closes = line[..*end].chars().next_back().is_some_and(|c| !c.is_whitespace());
            let after = line[end + 1..].chars().next();
            closes && (mark == '`' || !after.is_some_and(char::is_alphanumeric))
        });
        if let Some(end) = end.filter(|_| opens) {
            let style = styles.iter().find(|(c, _)| *c == mark).and_then(|(_, modifier)| *modifier);
            found.push((start..from + end + 1, style.map(|modifier| Style::new().add_modifier(modifier))));
            from += end + 1;
        }
    }
    found
}

/// Where a word stands in a text, whatever the case.
fn occurrences(text: &str, word: &str, whole: bool) -> Vec<Range<usize>> {
    let word: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    if word.is_empty() {
        return Vec::new();
    }
    // Lower case can be longer than upper: each letter remembers where it is from.
    let lower: Vec<(char, usize, usize)> =
        text.char_indices().flat_map(|(at, c)| c.to_lowercase().map(move |lower| (lower, at, at + c.len_utf8()))).collect();
    let joins = |at: Option<&(char, usize, usize)>| at.is_some_and(|(c, ..)| c.is_alphanumeric() || *c == '_');
    let mut found: Vec<Range<usize>> = Vec::new();
    for (start, window) in lower.windows(word.len()).enumerate() {
        let matches = window.iter().map(|(c, ..)| c).eq(word.iter());
        let alone = !whole || !(joins(start.checked_sub(1).and_then(|at| lower.get(at))) || joins(lower.get(start + word.len())));
        if matches && alone && found.last().is_none_or(|last| last.end <= window[0].1) {
            found.push(window[0].1..window[word.len() - 1].2);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_seen_where_it_is_meant() {
        for (text, expected) in [
            ("a `b c` d", vec!["`b c`"]),
            ("*b* and _i_, `*c*`", vec!["*b*", "_i_", "`*c*`"]),
            ("snake_case_name 2*3*4 * x * _ y_", vec![]),
            ("*open", vec![]),
            ("*a\nb*", vec![]),
            ("**", vec![]),
            ("`日本`", vec!["`日本`"]),
        ] {
            let found: Vec<_> = markup(text).into_iter().map(|(range, _)| &text[range]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn words_are_found_in_any_case() {
        let found = |text, word, whole| occurrences(text, word, whole).into_iter().map(|range| &text[range]).collect::<Vec<_>>();
        assert_eq!(found("Tea, tea, steam", "TEA", false), ["Tea", "tea", "tea"]);
        assert_eq!(found("Tea, tea, steam", "TEA", true), ["Tea", "tea"]);
        assert_eq!(found("İstanbul", "i", false), ["İ"]);
        assert_eq!(found("aaa", "aa", false), ["aa"]);
        assert_eq!(found("x", "", false), [""; 0]);
    }
}
