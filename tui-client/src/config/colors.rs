//! How many colours there are to draw with: as the user chose, or as the environment tells of the terminal.

use clap::ValueEnum;
use serde::Deserialize;

use crate::theme::Depth;

/// What the user chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
pub(crate) enum Colors {
    #[default]
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "never")]
    Never,
    #[value(name = "16")]
    #[serde(rename = "16")]
    Ansi16,
    #[value(name = "256")]
    #[serde(rename = "256")]
    Ansi256,
    #[serde(rename = "true")]
    True,
}

impl Colors {
    /// What is chosen goes before `NO_COLOR`, which is a wish for all programs alike.
    pub(crate) fn depth(self, env: &dyn Fn(&str) -> Option<String>) -> Depth {
        match self {
            Self::Never => Depth::None,
            Self::Ansi16 => Depth::Ansi16,
            Self::Ansi256 => Depth::Ansi256,
            Self::True => Depth::True,
            Self::Auto => Depth::of(env),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_tells_how_many_colours_there_are() {
        for (choice, env, expected) in [
            (Colors::Auto, "", Depth::Ansi16),
            (Colors::Auto, "TERM=xterm", Depth::Ansi16),
            (Colors::Auto, "TERM=xterm-256color", Depth::Ansi256),
            (Colors::Auto, "TERM=screen-256color COLORTERM=truecolor", Depth::True),
            (Colors::Auto, "TERM=xterm COLORTERM=24bit", Depth::True),
            (Colors::Auto, "TERM=xterm COLORTERM=yes", Depth::Ansi16),
            (Colors::Auto, "TERM=xterm-direct", Depth::True),
            (Colors::Auto, "TERM=xterm-kitty", Depth::True),
            (Colors::Auto, "TERM=dumb COLORTERM=truecolor", Depth::None),
            (Colors::Auto, "NO_COLOR=1 COLORTERM=truecolor", Depth::None),
            (Colors::Auto, "NO_COLOR= COLORTERM=truecolor", Depth::True),
            (Colors::True, "NO_COLOR=1 TERM=dumb", Depth::True),
            (Colors::Ansi16, "TERM=xterm-256color", Depth::Ansi16),
            (Colors::Ansi256, "", Depth::Ansi256),
            (Colors::Never, "COLORTERM=truecolor", Depth::None),
        ] {
            let look_up = |name: &str| {
                env.split(' ')
                    .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()))
            };
            assert_eq!(choice.depth(&look_up), expected, "{choice:?} {env}");
        }
    }
}
