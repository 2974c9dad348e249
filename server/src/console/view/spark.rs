//! A line of values as bars, the newest at the right.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

const BARS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Draws as many of the last values as there are columns, between nothing and the greatest of them, or `least` if that is more.
pub(super) fn draw(
    buffer: &mut Buffer,
    area: Rect,
    values: impl DoubleEndedIterator<Item = Option<f64>>,
    least: f64,
    style: Style,
) {
    let area = area.intersection(buffer.area);
    let shown: Vec<_> = values.rev().take(usize::from(area.width)).collect();
    let greatest = shown.iter().flatten().copied().fold(least, f64::max);
    if greatest <= 0.0 || area.is_empty() {
        return;
    }
    let eighths = f64::from(area.height) * 8.0;
    for (x, value) in (area.left()..area.right()).rev().zip(shown) {
        let Some(value) = value else { continue };
        // Whatever is not nothing is seen.
        let mut left = if value > 0.0 { (value / greatest * eighths).round().max(1.0) as usize } else { 0 };
        for y in (area.top()..area.bottom()).rev() {
            let part = left.min(8);
            left -= part;
            if part > 0 {
                buffer[(x, y)].set_symbol(BARS[part]).set_style(style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(values: &[Option<f64>], width: u16, height: u16, least: f64) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        draw(&mut buffer, area, values.iter().copied(), least, Style::new());
        (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol()).collect()).collect()
    }

    #[test]
    fn the_newest_is_at_the_right_and_the_greatest_is_full() {
        let some = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        assert_eq!(drawn(&some(&[0.0, 4.0, 8.0]), 4, 1, 0.0), ["  ▄█"]);
        assert_eq!(drawn(&some(&[1.0, 2.0, 4.0, 8.0]), 2, 1, 0.0), ["▄█"]);
        assert_eq!(drawn(&some(&[8.0, 16.0]), 2, 2, 0.0), [" █", "██"]);
        assert_eq!(drawn(&some(&[1.0]), 1, 1, 800.0), ["▁"]);
        assert_eq!(drawn(&[Some(1.0), None, Some(1.0)], 3, 1, 0.0), ["█ █"]);
        assert_eq!(drawn(&some(&[0.0]), 1, 1, 0.0), [" "]);
        assert_eq!(drawn(&[], 1, 1, 0.0), [" "]);
    }
}
