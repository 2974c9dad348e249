//! Links that the terminal can open (OSC 8). What is between the sequences is what the cells show already; where it goes is
//! http or https, in printable ASCII and nothing else, so that no address can end the sequence and begin another.

use std::{fmt::Write as _, num::NonZeroU16, rc::Rc};

use ratatui::buffer::{Buffer, CellDiffOption, CellWidth as _};

/// A part of a row that belongs to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSpot {
    pub row: u16,
    /// From the first up to, but not with, the last.
    pub columns: (u16, u16),
    pub url: Rc<str>,
}

/// Terminals need not take longer addresses, and some cut them.
const LONGEST: usize = 2000;

/// Puts the sequences into the cells. Each run of cells of one style goes into the first of them, because only whole symbols
/// come to the terminal unbroken.
pub fn apply(buffer: &mut Buffer, spots: &[LinkSpot]) {
    for spot in spots {
        let Some(target) = target(&spot.url) else { continue };
        let area = buffer.area;
        if spot.row < area.top() || spot.row >= area.bottom() {
            continue;
        }
        let (mut from, end) = (spot.columns.0.max(area.left()), spot.columns.1.min(area.right()));
        while from < end {
            let style = buffer[(from, spot.row)].style();
            let (mut at, mut text) = (from, String::new());
            while at < end && buffer[(at, spot.row)].style() == style {
                let cell = &buffer[(at, spot.row)];
                text.push_str(cell.symbol());
                // The cell behind a wide one is hidden by it, whatever its style.
                at += cell.cell_width().max(1);
            }
            if let Some(columns) = NonZeroU16::new(at - from) {
                let symbol = format!("\x1b]8;id={:x};{target}\x1b\\{text}\x1b]8;;\x1b\\", id(&spot.url));
                buffer[(from, spot.row)].set_symbol(&symbol).set_diff_option(CellDiffOption::ForcedWidth(columns));
            }
            from = at;
        }
    }
}

/// The address as it may stand in a sequence; nothing, if it may not.
fn target(url: &str) -> Option<String> {
    if !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
        return None;
    }
    let mut target = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte.is_ascii_graphic() {
            target.push(char::from(byte));
        } else {
            let _ = write!(target, "%{byte:02X}");
        }
    }
    (target.len() <= LONGEST).then_some(target)
}

/// By this the terminal knows the parts of one link that is broken over rows.
fn id(url: &str) -> u32 {
    url.bytes().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use ratatui::{layout::Rect, style::Style};

    use super::*;

    #[test]
    fn addresses_are_ascii_and_lead_to_the_web() {
        for (url, expected) in [
            ("https://e.org/a?b=c;d", Some("https://e.org/a?b=c;d")),
            ("https://é.org", Some("https://%C3%A9.org")),
            ("https://e.org/\u{1b}\\\u{7}\u{9c} x", Some("https://e.org/%1B\\%07%C2%9C%20x")),
            ("javascript:alert(1)", None),
            ("file:///etc/passwd", None),
            ("HTTPS://e.org", None),
        ] {
            assert_eq!(target(url).as_deref(), expected, "{url}");
        }
        assert!(target(&format!("https://{}", "é".repeat(400))).is_none(), "too long");
    }

    #[test]
    fn a_link_is_one_symbol_for_each_style_and_as_wide_as_it_was() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 1));
        buffer.set_string(1, 0, "ab日c", Style::new());
        buffer.set_string(5, 0, "d", Style::new().bold());
        let url: Rc<str> = "https://e.org".into();
        apply(&mut buffer, &[LinkSpot { row: 0, columns: (1, 6), url: Rc::clone(&url) }]);
        let id = id(&url);
        let wrapped = |text: &str| format!("\x1b]8;id={id:x};https://e.org\x1b\\{text}\x1b]8;;\x1b\\");
        assert_eq!(buffer[(1, 0)].symbol(), wrapped("ab日"));
        assert_eq!(buffer[(1, 0)].cell_width(), 4);
        assert_eq!(buffer[(5, 0)].symbol(), wrapped("d"));
        apply(&mut buffer, &[LinkSpot { row: 7, columns: (0, 90), url }]);
    }
}
