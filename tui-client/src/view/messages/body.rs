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

/// What is between two marks, in bytes. Without an end to the search, a text of marks alone would take the square of its length.
const LONGEST: usize = 400;

/// A part of a text that looks different.
type Layer = (Range<usize>, Style, Option<Rc<str>>);

/// The pieces of a text.
pub(super) fn pieces(model: &Model, raw: &str, base: Style, names_us: bool) -> Vec<Piece> {
    let theme = &model.settings.look.theme;
    let text = display::text(raw);
    let links: Vec<Layer> = links::links(&text)
        .map(|range| {
            let url = Rc::from(&text[range.clone()]);
            (range, theme.style(Role::Link), Some(url))
        })
        .collect();
    // The underline of `a_b_c` in an address is none.
    let in_link = |range: &Range<usize>| {
        let after = links.partition_point(|(link, ..)| link.end <= range.start);
        links.get(after).is_some_and(|(link, ..)| link.start < range.end)
    };
    let markup = markup(&text).into_iter().filter(|(range, _)| !in_link(range));
    let markup = markup.map(|(range, style)| (range, style.unwrap_or_else(|| theme.style(Role::Code)), None)).collect();
    let (mut named, mut found) = (Vec::new(), Vec::new());
    if names_us {
        let words = std::iter::once(model.user.shown()).chain(model.settings.alerts.words.iter().map(String::as_str));
        named = words
            .flat_map(|word| occurrences(&text, word, true))
            .map(|range| (range, theme.style(Role::Mention), None))
            .collect();
    }
    if let Some(find) = &model.find {
        let words = find.words.split_whitespace().flat_map(|word| occurrences(&text, word, false));
        found = words.map(|range| (range, theme.style(Role::Found), None)).collect();
    }
    cut(&text, base, [markup, links, named, found])
}

/// The text cut wherever a layer begins or ends; the later ones lie above the earlier. A text may have thousands of parts: it is
/// gone through once.
fn cut<const N: usize>(text: &str, base: Style, mut layers: [Vec<Layer>; N]) -> Vec<Piece> {
    let mut cuts = vec![0, text.len()];
    for layer in &mut layers {
        layer.sort_by_key(|(range, ..)| range.start);
        let mut end = 0;
        // Of two that overlap the first is enough.
        layer.retain(|(range, ..)| {
            let is_free = range.start >= end;
            end = end.max(range.end);
            is_free
        });
        cuts.extend(layer.iter().flat_map(|(range, ..)| [range.start, range.end]));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let mut next = [0; N];
    let parts = cuts.windows(2).map(|ends| {
        let (mut style, mut link) = (base, None);
        for (layer, at) in layers.iter().zip(&mut next) {
            while layer.get(*at).is_some_and(|(range, ..)| range.end <= ends[0]) {
                *at += 1;
            }
            if let Some((_, over, url)) = layer.get(*at).filter(|(range, ..)| range.start <= ends[0]) {
                style = style.patch(*over);
                link = url.clone().or(link);
            }
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
        let mut most = text.len().min(from + LONGEST);
        while !text.is_char_boundary(most) {
            most -= 1;
        }
        let line = text[from..most].split('\n').next().unwrap_or_default();
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
