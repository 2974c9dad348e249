//! That everything can be read: contrast as WCAG reckons it, and that names can be told apart.

use std::collections::BTreeSet;

use ratatui::style::{Color, Modifier};

use super::{palette::indexed, *};

const ENOUGH: f64 = 4.5;
/// Roles whose letters stand on the terminal's own background.
const LETTERS: [Role; 15] = [
    Role::Dim,
    Role::Title,
    Role::Own,
    Role::Mention,
    Role::Notice,
    Role::Fault,
    Role::Good,
    Role::Warning,
    Role::Link,
    Role::Marker,
    Role::Unread,
    Role::Key,
    Role::Reaction,
    Role::Code,
    Role::Found,
];

fn rgb(color: Color) -> u32 {
    match color {
        Color::Rgb(red, green, blue) => u32::from_be_bytes([0, red, green, blue]),
        Color::Indexed(index) => indexed(index),
        other => panic!("{other} depends on the terminal"),
    }
}

fn luminance(rgb: u32) -> f64 {
    let [_, red, green, blue] = rgb.to_be_bytes().map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: u32, other: u32) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn everything_can_be_read_on_every_background() {
    let mut poor = Vec::new();
    for (dark, depth) in [(true, Depth::True), (true, Depth::Ansi256), (false, Depth::True), (false, Depth::Ansi256)] {
        let theme = Theme::build(dark, depth, &[]).unwrap();
        let own = [Role::Bar, Role::Popup, Role::Selected].map(|role| rgb(theme.style(role).bg.unwrap()));
        let panes = if dark { [0, 0x001e_1e1e] } else { [0x00ff_ffff, 0x00ff_ffff] };
        let mut styles: Vec<_> = LETTERS.iter().map(|role| (format!("{role:?}"), theme.style(*role))).collect();
        styles.extend(theme.nicks.iter().enumerate().map(|(number, style)| (format!("nick {number}"), *style)));
        for role in [Role::Bar, Role::Popup] {
            styles.push((format!("{role:?}"), theme.style(role)));
        }
        for (name, style) in styles {
            for behind in own.into_iter().chain(panes) {
                let behind = style.bg.map_or(behind, rgb);
                let found = contrast(rgb(style.fg.unwrap()), behind);
                if found < ENOUGH {
                    poor.push(format!("{name} on {behind:06x}, dark {dark}, {depth:?}: {found:.2}"));
                }
            }
        }
    }
    assert!(poor.is_empty(), "{poor:#?}");
    assert!(contrast(0x0077_7777, 0x00ff_ffff) < ENOUGH && contrast(0x0076_7676, 0x00ff_ffff) > ENOUGH, "the measure itself");
}

#[test]
fn names_have_many_colours_and_keep_theirs() {
    for (dark, depth, least) in [
        (true, Depth::True, 10),
        (false, Depth::True, 10),
        (true, Depth::Ansi256, 10),
        (false, Depth::Ansi256, 10),
        (true, Depth::Ansi16, 10),
    ] {
        let theme = Theme::build(dark, depth, &[]).unwrap();
        let used: BTreeSet<_> = (0..200).map(|number| format!("{:?}", theme.nick(&format!("user{number}")).fg)).collect();
        assert!(used.len() >= least, "dark {dark}, {depth:?}: {}", used.len());
    }
    for (dark, depth) in [(true, Depth::True), (false, Depth::True), (true, Depth::Ansi256), (false, Depth::Ansi256)] {
        let theme = Theme::build(dark, depth, &[]).unwrap();
        let mut colors: Vec<_> = theme.nicks.iter().map(|nick| rgb(nick.fg.unwrap())).collect();
        colors.push(rgb(theme.style(Role::Own).fg.unwrap()));
        for (place, one) in colors.iter().enumerate() {
            for other in &colors[..place] {
                let away: i32 = std::iter::zip(one.to_be_bytes(), other.to_be_bytes())
                    .map(|(one, other)| (i32::from(one) - i32::from(other)).pow(2))
                    .sum();
                assert!(away >= 40 * 40, "{one:06x} and {other:06x} are alike: dark {dark}, {depth:?}");
            }
        }
    }
    let theme = Theme::build(true, Depth::True, &[]).unwrap();
    assert_eq!(theme.nick("alice"), theme.nick("alice"));
    assert_eq!(theme.nick("alice").fg, Some(Color::Rgb(0x65, 0xd1, 0xff)), "a new version does not recolour everybody");
}

#[test]
fn sixteen_colours_stay_away_from_what_cannot_be_read() {
    let light = Theme::build(false, Depth::Ansi16, &[]).unwrap();
    let bad = [
        Color::Yellow,
        Color::LightYellow,
        Color::White,
        Color::Gray,
        Color::LightCyan,
        Color::LightGreen,
        Color::Green,
        Color::Cyan,
    ];
    let dark = Theme::build(true, Depth::Ansi16, &[]).unwrap();
    for (_, style) in
        ROLES.iter().map(|(role, name)| (name, light.style(*role))).chain(light.nicks.iter().map(|nick| (&"nick", *nick)))
    {
        assert!(!style.fg.is_some_and(|fg| bad.contains(&fg)), "{style:?}");
    }
    assert!(dark.nicks.iter().all(|nick| ![Some(Color::Blue), Some(Color::Black), Some(Color::DarkGray)].contains(&nick.fg)));
}

#[test]
fn without_colours_not_one_is_set() {
    let changes = [("own".into(), "#ff0000 on blue bold".into()), ("nick".into(), "red default".into())];
    for theme in [Theme::build(true, Depth::None, &[]).unwrap(), Theme::build(false, Depth::None, &changes).unwrap()] {
        let styles = ROLES.iter().map(|(role, _)| theme.style(*role)).chain(theme.nicks.iter().copied());
        for style in styles {
            assert!(style.fg.is_none() && style.bg.is_none(), "{style:?}");
        }
        assert_eq!(theme.style(Role::Own).add_modifier, Modifier::BOLD);
        assert_eq!(theme.style(Role::Selected).add_modifier, Modifier::REVERSED);
    }
}

#[test]
fn the_configuration_changes_what_it_names() {
    let build = |name: &str, words: &str| Theme::build(true, Depth::True, &[(name.into(), words.into())]);
    let own = |words| build("own", words).unwrap().style(Role::Own);
    assert_eq!(own("#ff8000 bold"), Style::new().fg(Color::Rgb(255, 128, 0)).add_modifier(Modifier::BOLD));
    assert_eq!(own("Cyan on light-red"), Style::new().fg(Color::Cyan).bg(Color::LightRed));
    assert_eq!(own("reverse default"), Style::new().fg(Color::Reset).add_modifier(Modifier::REVERSED));
    assert_eq!(own(""), Style::new());
    let near = Theme::build(true, Depth::Ansi256, &[("own".into(), "#ff8700".into())]).unwrap();
    assert_eq!(near.style(Role::Own).fg, Some(Color::Indexed(208)));
    let nicks = build("nick", "red #00ff00").unwrap().nicks;
    assert_eq!(nicks, [Style::new().fg(Color::Red), Style::new().fg(Color::Rgb(0, 255, 0))]);
    for (name, words, said) in [
        ("owm", "red", "there is no «owm»"),
        ("own", "#ff", "own: «#ff» is no colour"),
        ("own", "#+f8000", "«#+f8000» is no colour"),
        ("own", "rouge", "like #7aa2f7"),
        ("own", "on", "after «on» comes a colour"),
        ("nick", " ", "nick: at least one colour"),
    ] {
        let error = build(name, words).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn every_role_is_at_its_place() {
    for (place, (role, name)) in ROLES.iter().enumerate() {
        assert_eq!(*role as usize, place, "{name}");
    }
}
