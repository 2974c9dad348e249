//! Which scripts go together in one name: those that are written together (UTS 39, «Highly Restrictive», without its list of
//! characters). What belongs to no script goes with all. And on which side a name begins.

use unicode_properties::UnicodeGeneralCategory;
use unicode_script::Script;
use unicode_security::mixed_script::AugmentedScriptSet;

use super::is_letter;

/// One script; or Latin with Chinese, Japanese or Korean, each of which is itself written in several.
fn go_together(characters: impl Iterator<Item = char>) -> bool {
    let (mut all, mut but_latin) = (AugmentedScriptSet::default(), AugmentedScriptSet::default());
    for c in characters {
        let set = AugmentedScriptSet::for_char(c);
        all.intersect_with(set);
        if !set.base.contains_script(Script::Latin) {
            but_latin.intersect_with(set);
        }
    }
    !all.is_empty() || but_latin.hanb || but_latin.jpan || but_latin.kore
}

/// Two characters that do not go together in a name, the first one of that kind, each with the name of its script.
pub(super) fn clash(name: &str) -> Option<[(char, &'static str); 2]> {
    if name.is_ascii() || go_together(name.chars()) {
        return None;
    }
    let characters: Vec<char> = name.chars().collect();
    let end = (1..=characters.len()).find(|end| !go_together(characters[..*end].iter().copied()))?;
    let (late, before) = characters[..end].split_last()?;
    let script = |c: char| AugmentedScriptSet::for_char(c).base.iter().next().map_or("", Script::full_name);
    let is_of_one = |c: &&char| !AugmentedScriptSet::for_char(**c).is_all();
    // Three may clash of which any two would do: then the first of them is as good as another.
    let early = before.iter().find(|c| !go_together([**c, *late].into_iter())).or_else(|| before.iter().find(is_of_one))?;
    Some([(*early, script(*early)), (*late, script(*late))])
}

/// Whether a name that is read from the right begins with a digit: beside Latin text it is seen as another name that ends with it
/// (RFC 5893, 2, rule 1).
pub(super) fn begins_on_the_wrong_side(name: &str) -> bool {
    !name.starts_with(is_read_from_the_right) && name.contains(is_read_from_the_right)
}

/// Unicode's blocks for scripts that run from right to left. Digits there do not, nor do marks.
fn is_read_from_the_right(c: char) -> bool {
    let block = matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfefc | 0x10800..=0x10fff | 0x1e800..=0x1efff);
    block && is_letter(c.general_category())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<[&str; 2]>) {
        assert_eq!(clash(name).map(|clash| clash.map(|(_, script)| script)), expected, "{name}");
    }

    #[test]
    fn a_name_is_of_one_script_or_of_those_that_are_written_together() {
        for fine in [
            "alice",
            "Zoë 7",
            "алиса",
            "Ελένη",
            "אב",
            "مريم",
            "हिना",
            "ณัฐำ",
            "李小龍",
            "李ㄅㄆ",
            "山田たろう",
            "山田タロー",
            "金民수",
            "김민수",
            "Li 李",
            "taro 山田たろう",
            "kim 김",
            "Ꭰꭰ",
            "O'Brien-3.x_+",
            "2026",
            "アーサー",
            "佐々木",
            "ა-1",
        ] {
            check(fine, None);
        }
        check("аlice", Some(["Cyrillic", "Latin"]));
        check("alicе", Some(["Latin", "Cyrillic"]));
        check("αlice", Some(["Greek", "Latin"]));
        check("ալice", Some(["Armenian", "Latin"]));
        check("1-аb", Some(["Cyrillic", "Latin"]));
        check("김たろう", Some(["Hangul", "Hiragana"]));
        check("ㄅたろう", Some(["Bopomofo", "Hiragana"]));
        check("Li 李д", Some(["Latin", "Cyrillic"]));
        check("李д", Some(["Han", "Cyrillic"]));
        check("אa", Some(["Hebrew", "Latin"]));
    }

    #[test]
    fn what_is_read_from_the_right_begins_there() {
        for (name, wrong) in [("7א", true), ("א7", false), ("٧م", true), ("م٧", false), ("7a", false), ("7", false), ("٧", false)]
        {
            assert_eq!(begins_on_the_wrong_side(name), wrong, "{name}");
        }
    }
}
