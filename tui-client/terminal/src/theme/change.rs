//! What the configuration says of a style, in words: `#7aa2f7 bold`, `black on yellow`, `default`.

use ratatui::style::{Color, Modifier, Style};

use super::{
    Depth,
    palette::{self, NAMED},
};

/// In the order of [`NAMED`].
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "gray",
    "dark-gray",
    "light-red",
    "light-green",
    "light-yellow",
    "light-blue",
    "light-magenta",
    "light-cyan",
    "white",
];

const MODIFIERS: [(&str, Modifier); 7] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("underlined", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
    ("strike", Modifier::CROSSED_OUT),
];

/// One style.
pub(super) fn style(words: &str, depth: Depth) -> Result<Style, String> {
    let (mut style, mut behind) = (Style::new(), false);
    for word in words.split_whitespace() {
        if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)) {
            style = style.add_modifier(*modifier);
        } else if word.eq_ignore_ascii_case("on") && !behind {
            behind = true;
        } else {
            let color = color(word, depth)?;
            // Without colours not even the default one is set: a colour is what takes the modifiers away.
            let color = (depth != Depth::None).then_some(color);
            style = if behind { Style { bg: color, ..style } } else { Style { fg: color, ..style } };
            behind = false;
        }
    }
    if behind { Err("after «on» comes a colour".into()) } else { Ok(style) }
}

/// The colours that names may have.
pub(super) fn nicks(words: &str, depth: Depth) -> Result<Vec<Style>, String> {
    let nicks: Result<Vec<_>, String> = words.split_whitespace().map(|word| style(word, depth)).collect();
    let nicks = nicks?;
    if nicks.is_empty() { Err("at least one colour".into()) } else { Ok(nicks) }
}

fn color(word: &str, depth: Depth) -> Result<Color, String> {
    if word.eq_ignore_ascii_case("default") {
        return Ok(Color::Reset);
    }
    if let Some(place) = NAMES.iter().position(|name| word.eq_ignore_ascii_case(name)) {
        return Ok(NAMED[place]);
    }
    let digits = word.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let rgb = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let rgb = rgb.ok_or_else(|| {
        let modifiers: Vec<_> = MODIFIERS.iter().map(|(name, _)| *name).collect();
        format!("«{word}» is no colour; like #7aa2f7, cyan, light-red, default, and {}", modifiers.join(", "))
    })?;
    Ok(palette::color(rgb, depth))
}
