//! The hostile corpus: what is in `golden/hostile.txt`, as it would come over the wire. It knows how the file is written, and
//! nothing of who reads it.

/// Every text of the corpus: (its name, the text).
pub(crate) fn corpus() -> Vec<(&'static str, String)> {
    include_str!("../golden/hostile.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, text) = line.split_once(": ").expect("a line of the corpus is «name: text»");
            (name, unescaped(text))
        })
        .collect()
}

/// `\n`, `\r`, `\t`, `\"`, `\\` and `\u{…}` as in Rust.
fn unescaped(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('\\') {
        plain += before;
        let c = after.chars().next().expect("a backslash escapes something");
        rest = &after[c.len_utf8()..];
        plain.push(match c {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '"' | '\\' => c,
            'u' => {
                let (hex, after) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).expect("\\u{…}");
                rest = after;
                u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).expect("a character's number")
            }
            _ => panic!("\\{c} is no escape of the corpus"),
        });
    }
    plain + rest
}
