//! One golden screen: compared with what is drawn now, written anew when `UPDATE_GOLDEN=1` asks for it.

use std::{env, fs, path::PathBuf};

const HOW: &str = "\nIf the change is meant: UPDATE_GOLDEN=1 cargo test -p chat-tui, and read the diff of git.\n";

/// The error is a difference for a person to read.
pub(super) fn compare(name: &str, now: &str) -> Result<(), String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/view/tests/golden").join(format!("{name}.txt"));
    if env::var_os("UPDATE_GOLDEN").is_some_and(|asked| asked == "1") {
        fs::create_dir_all(path.parent().expect("a golden file is in a folder")).expect("the folder can be made");
        fs::write(&path, now).expect("the golden file can be written");
        return Ok(());
    }
    let golden = match fs::read_to_string(&path) {
        Ok(golden) => golden.replace("\r\n", "\n"),
        Err(error) => return Err(format!("golden/{name}.txt: {error}{HOW}")),
    };
    if golden == now {
        return Ok(());
    }
    // Rows stay rows: line by line is difference enough.
    let (old, new): (Vec<&str>, Vec<&str>) = (golden.lines().collect(), now.lines().collect());
    let mut shown = format!("golden/{name}.txt (-) is not what is drawn now (+):\n");
    for at in 0..old.len().max(new.len()) {
        let (old, new) = (old.get(at), new.get(at));
        if old != new {
            shown += &old.map_or(String::new(), |old| format!("{:4} - {old}\n", at + 1));
            shown += &new.map_or(String::new(), |new| format!("{:4} + {new}\n", at + 1));
        }
    }
    Err(shown + HOW)
}
