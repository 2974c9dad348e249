//! Numbers as people read them: short, and of one width where they stand below each other.

/// `999`, `12.3k`, `4.5M`.
pub(super) fn number(value: f64) -> String {
    let units = ["", "k", "M", "G", "T"];
    scaled(value, 1000.0, &units)
}

/// `512 B`, `12.3 KiB`.
pub(super) fn bytes(value: f64) -> String {
    let units = [" B", " KiB", " MiB", " GiB", " TiB"];
    scaled(value, 1024.0, &units)
}

fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    let (mut value, mut unit) = (value.max(0.0), 0);
    while value >= step && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    let whole = unit == 0 && value.fract() < 0.05;
    match value {
        _ if whole => format!("{value:.0}{}", units[unit]),
        value if value >= 99.95 => format!("{value:.0}{}", units[unit]),
        value => format!("{value:.1}{}", units[unit]),
    }
}

/// Milliseconds: `0.35 ms`, `12 ms`, `1.2 s`.
pub(super) fn millis(value: f64) -> String {
    match value {
        value if value >= 1000.0 => format!("{:.1} s", value / 1000.0),
        value if value >= 10.0 => format!("{value:.0} ms"),
        value if value >= 1.0 => format!("{value:.1} ms"),
        value => format!("{value:.2} ms"),
    }
}

/// A part of a whole: `7.5 %`.
pub(super) fn percent(part: f64) -> String {
    let percent = part * 100.0;
    if percent >= 9.95 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
}

/// How long something lasts: `12 s`, `5 min`, `3 h`, `2 d`.
pub(super) fn age(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..=99 => format!("{seconds} s"),
        seconds @ 100..=5999 => format!("{} min", seconds / 60),
        seconds @ 6000..=172_799 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [
            (0.0, "0"),
            (0.4, "0.4"),
            (7.0, "7"),
            (999.0, "999"),
            (1000.0, "1.0k"),
            (12_345.0, "12.3k"),
            (4.5e6, "4.5M"),
            (-1.0, "0"),
        ] {
            assert_eq!(number(value), expected);
        }
        for (value, expected) in
            [(0.0, "0 B"), (1023.0, "1023 B"), (1536.0, "1.5 KiB"), (3.0 * 1024.0 * 1024.0 * 1024.0, "3.0 GiB")]
        {
            assert_eq!(bytes(value), expected);
        }
        for (value, expected) in [(0.352, "0.35 ms"), (4.21, "4.2 ms"), (42.1, "42 ms"), (1234.0, "1.2 s")] {
            assert_eq!(millis(value), expected);
        }
        for (seconds, expected) in [(-5, "0 s"), (99, "99 s"), (100, "1 min"), (7200, "2 h"), (200_000, "2 d")] {
            assert_eq!(age(seconds), expected);
        }
        assert_eq!((percent(0.075), percent(1.5)), ("7.5 %".to_owned(), "150 %".to_owned()));
    }
}
