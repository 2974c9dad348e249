//! The built-in tables. What colours there are for 256 is reckoned from those for all; the sixteen are the user's own, so only
//! those are taken that any palette can be trusted with on that background.

use ratatui::style::{Color, Modifier, Style};

use super::{Depth, Role, Theme};

/// Every role, in the order of its declaration, and as the configuration calls it.
pub(super) const ROLES: [(Role, &str); 20] = [
    (Role::Text, "text"),
    (Role::Dim, "dim"),
    (Role::Border, "border"),
    (Role::Bar, "bar"),
    (Role::Title, "title"),
    (Role::Own, "own"),
    (Role::Mention, "mention"),
    (Role::Notice, "notice"),
    (Role::Fault, "fault"),
    (Role::Good, "good"),
    (Role::Warning, "warning"),
    (Role::Link, "link"),
    (Role::Marker, "marker"),
    (Role::Selected, "selected"),
    (Role::Found, "found"),
    (Role::Unread, "unread"),
    (Role::Key, "key"),
    (Role::Reaction, "reaction"),
    (Role::Code, "code"),
    (Role::Popup, "popup"),
];

/// The colours of one background, as `0xrrggbb`.
struct Palette {
    text: u32,
    dim: u32,
    border: u32,
    bar: u32,
    popup: u32,
    selected: u32,
    own: u32,
    mention: u32,
    red: u32,
    green: u32,
    yellow: u32,
    link: u32,
    marker: u32,
    /// What is found stands out of everything: its letters, and what is behind them.
    found: (u32, u32),
    key: u32,
    code: u32,
    nicks: [u32; 10],
}

const DARK: Palette = Palette {
    text: 0x00d3_daf5,
    dim: 0x0097_9fc1,
    border: 0x0041_4868,
    bar: 0x0024_283b,
    popup: 0x001f_2335,
    selected: 0x0029_2e4d,
    own: 0x007a_a2f7,
    mention: 0x00ff_b86c,
    red: 0x00f7_8a9f,
    green: 0x009e_ce6a,
    yellow: 0x00e0_af68,
    link: 0x007d_cfff,
    marker: 0x00ff_8f6b,
    found: (0x001a_1b26, 0x00e0_af68),
    key: 0x00bb_9af7,
    code: 0x0086_e1c8,
    nicks: [
        0x00ff_7a93,
        0x00ff_9e64,
        0x00f0_c674,
        0x00c3_d94e,
        0x007f_d962,
        0x004f_d6be,
        0x0065_d1ff,
        0x00b7_94f6,
        0x00f0_7bf0,
        0x00ff_b3c7,
    ],
};

const LIGHT: Palette = Palette {
    text: 0x0023_2738,
    dim: 0x0059_5e70,
    border: 0x00c4_c8d4,
    bar: 0x00e6_e8ef,
    popup: 0x00f4_f5f9,
    selected: 0x00dd_e5f8,
    own: 0x001d_4ed8,
    mention: 0x009a_3412,
    red: 0x00b0_1822,
    green: 0x0016_6534,
    yellow: 0x0080_4a0a,
    link: 0x000b_5c8f,
    marker: 0x00b4_2318,
    found: (0x001a_1b26, 0x00ff_dc7a),
    key: 0x006d_28d9,
    code: 0x000f_6b5c,
    nicks: [
        0x00b9_1c1c,
        0x000b_6b1a,
        0x008a_4a00,
        0x006d_28d9,
        0x0000_5f87,
        0x007a_1010,
        0x0000_5f5f,
        0x00be_185d,
        0x0058_5c00,
        0x0086_198f,
    ],
};

/// The table of a background and of so many colours.
pub(super) fn theme(dark: bool, depth: Depth) -> Theme {
    let (style, nicks): (Box<dyn Fn(Role) -> Style>, Vec<Style>) = match depth {
        Depth::None => (Box::new(plain), vec![Style::new()]),
        Depth::Ansi16 => {
            let nicks: &[Color] = if dark { &NICKS_16_DARK } else { &NICKS_16_LIGHT };
            let upright = nicks.iter().map(|color| Style::new().fg(*color));
            // Where colours are few, slanted names are others.
            let slanted = upright.clone().filter(|_| !dark).map(|style| style.add_modifier(Modifier::ITALIC));
            let nicks = upright.chain(slanted).collect();
            (Box::new(move |role| sixteen(role, dark)), nicks)
        }
        Depth::Ansi256 | Depth::True => {
            let palette = if dark { &DARK } else { &LIGHT };
            let nicks = palette.nicks.iter().map(|nick| Style::new().fg(color(*nick, depth))).collect();
            (Box::new(move |role| rich(role, palette, depth)), nicks)
        }
    };
    Theme { roles: ROLES.iter().map(|(role, _)| style(*role)).collect(), nicks }
}

/// With all colours, or 256.
fn rich(role: Role, palette: &Palette, depth: Depth) -> Style {
    let fg = |rgb| Style::new().fg(color(rgb, depth));
    let both = |(rgb, behind)| fg(rgb).bg(color(behind, depth));
    match role {
        Role::Text => Style::new(),
        Role::Dim => fg(palette.dim),
        Role::Border => fg(palette.border),
        Role::Bar => both((palette.text, palette.bar)),
        Role::Title => fg(palette.text).add_modifier(Modifier::BOLD),
        Role::Own => fg(palette.own).add_modifier(Modifier::BOLD),
        Role::Mention => fg(palette.mention).add_modifier(Modifier::BOLD),
        Role::Notice => fg(palette.dim).add_modifier(Modifier::ITALIC),
        Role::Fault => fg(palette.red),
        Role::Good => fg(palette.green),
        Role::Warning => fg(palette.yellow),
        Role::Link => fg(palette.link).add_modifier(Modifier::UNDERLINED),
        Role::Marker => fg(palette.marker).add_modifier(Modifier::BOLD),
        Role::Selected => Style::new().bg(color(palette.selected, depth)),
        Role::Found => both(palette.found),
        Role::Unread => fg(palette.text).add_modifier(Modifier::BOLD),
        Role::Key => fg(palette.key).add_modifier(Modifier::BOLD),
        Role::Reaction => fg(palette.dim),
        Role::Code => fg(palette.code),
        Role::Popup => both((palette.text, palette.popup)),
    }
}

/// With the terminal's own sixteen. Of these, white, black and the two greys are foreground or background to somebody, yellow
/// is unreadable on white and blue on black.
fn sixteen(role: Role, dark: bool) -> Style {
    let fg = |on_dark, on_light| Style::new().fg(if dark { on_dark } else { on_light });
    match role {
        Role::Text | Role::Reaction | Role::Popup => Style::new(),
        Role::Dim | Role::Border => Style::new().add_modifier(Modifier::DIM),
        Role::Bar | Role::Selected => Style::new().add_modifier(Modifier::REVERSED),
        Role::Title | Role::Unread => Style::new().add_modifier(Modifier::BOLD),
        Role::Own => fg(Color::LightBlue, Color::Blue).add_modifier(Modifier::BOLD),
        Role::Mention => fg(Color::Yellow, Color::Magenta).add_modifier(Modifier::BOLD),
        Role::Notice => Style::new().add_modifier(Modifier::DIM.union(Modifier::ITALIC)),
        Role::Fault => fg(Color::LightRed, Color::Red),
        Role::Good => fg(Color::Green, Color::Reset),
        Role::Warning => fg(Color::Yellow, Color::Red),
        Role::Link => fg(Color::Cyan, Color::Blue).add_modifier(Modifier::UNDERLINED),
        Role::Marker => fg(Color::LightRed, Color::Red).add_modifier(Modifier::BOLD),
        Role::Found => Style::new().fg(Color::Black).bg(Color::Yellow),
        Role::Key => fg(Color::Cyan, Color::Blue).add_modifier(Modifier::BOLD),
        Role::Code => fg(Color::Cyan, Color::Magenta),
    }
}

const NICKS_16_DARK: [Color; 10] = [
    Color::Cyan,
    Color::Green,
    Color::Magenta,
    Color::Yellow,
    Color::Red,
    Color::LightRed,
    Color::LightCyan,
    Color::LightGreen,
    Color::LightMagenta,
    Color::LightYellow,
];
/// Green and cyan are too bright for white in most palettes.
const NICKS_16_LIGHT: [Color; 3] = [Color::Magenta, Color::Red, Color::Blue];

/// Without colours.
fn plain(role: Role) -> Style {
    let modifier = match role {
        Role::Text | Role::Good | Role::Reaction | Role::Popup => Modifier::empty(),
        Role::Dim | Role::Border => Modifier::DIM,
        Role::Bar | Role::Selected => Modifier::REVERSED,
        Role::Notice => Modifier::DIM.union(Modifier::ITALIC),
        Role::Link => Modifier::UNDERLINED,
        Role::Found => Modifier::BOLD.union(Modifier::UNDERLINED),
        Role::Code => Modifier::ITALIC,
        Role::Title | Role::Own | Role::Mention | Role::Fault | Role::Warning | Role::Marker | Role::Unread | Role::Key => {
            Modifier::BOLD
        }
    };
    Style::new().add_modifier(modifier)
}

/// A colour as near as the terminal can come.
pub(super) fn color(rgb: u32, depth: Depth) -> Color {
    let [_, red, green, blue] = rgb.to_be_bytes();
    match depth {
        Depth::None => Color::Reset,
        Depth::True => Color::Rgb(red, green, blue),
        Depth::Ansi256 => Color::Indexed(nearest(rgb, 16..=255)),
        Depth::Ansi16 => NAMED[usize::from(nearest(rgb, 0..=15))],
    }
}

/// The terminal's own colours in their order.
pub(super) const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

fn nearest(rgb: u32, among: std::ops::RangeInclusive<u8>) -> u8 {
    let away = |index: &u8| {
        let (one, other) = (rgb.to_be_bytes(), indexed(*index).to_be_bytes());
        // The eye sees green best, and blue least.
        let part = |at: usize, weight: i32| weight * (i32::from(one[at]) - i32::from(other[at])).pow(2);
        part(1, 3) + part(2, 4) + part(3, 2)
    };
    among.min_by_key(away).unwrap_or(7)
}

/// What a terminal shows for an index, as xterm has it.
pub(super) fn indexed(index: u8) -> u32 {
    const BASE: [u32; 16] = [
        0,
        0x00cd_0000,
        0x0000_cd00,
        0x00cd_cd00,
        0x0000_00ee,
        0x00cd_00cd,
        0x0000_cdcd,
        0x00e5_e5e5,
        0x007f_7f7f,
        0x00ff_0000,
        0x0000_ff00,
        0x00ff_ff00,
        0x005c_5cff,
        0x00ff_00ff,
        0x0000_ffff,
        0x00ff_ffff,
    ];
    match index {
        0..=15 => BASE[usize::from(index)],
        16..=231 => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            u32::from_be_bytes([0, level(cube / 36), level(cube / 6 % 6), level(cube % 6)])
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            u32::from_be_bytes([0, grey, grey, grey])
        }
    }
}
