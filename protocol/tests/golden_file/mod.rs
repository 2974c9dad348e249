//! One golden file: compared with what the crate says now, written anew when `UPDATE_GOLDEN=1` asks for it. It knows where
//! the files are and how to show a difference, and nothing of what is in them.

use std::{env, fs, path::PathBuf};

/// Where the golden files are.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Whether this run writes the files instead of comparing them.
pub(crate) fn updating() -> bool {
    env::var_os("UPDATE_GOLDEN").is_some_and(|asked| asked == "1")
}

/// Compares one file with what it should hold; the error is a difference for a person to read.
pub(crate) fn compare(name: &str, now: &str) -> Result<(), String> {
    let path = folder().join(name);
    if updating() {
        fs::create_dir_all(path.parent().expect("a golden file is in a folder")).expect("the folder can be made");
        fs::write(&path, now).expect("the golden file can be written");
        return Ok(());
    }
    let golden = match fs::read_to_string(&path) {
        Ok(golden) => golden.replace("\r\n", "\n"),
        Err(error) => return Err(format!("golden/{name}: {error}{HOW}")),
    };
    if golden == now {
        Ok(())
    } else {
        Err(format!("golden/{name} (-) is not what is said now (+):\n{}{HOW}", difference(&golden, now)))
    }
}

const HOW: &str = "\nIf the change is meant: UPDATE_GOLDEN=1 cargo test -p chat-protocol, and read the diff of git.\n";

/// The lines that differ, each with its number in the golden file.
pub(crate) fn difference(golden: &str, now: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (golden.lines().collect(), now.lines().collect());
    // common[i][j]: how many lines old[i..] and new[j..] have in common, in order.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut shown) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            shown += &format!("{:4} - {}\n", i + 1, old[i]);
            i += 1;
        } else {
            shown += &format!("{:4} + {}\n", i + 1, new[j]);
            j += 1;
        }
    }
    if shown.is_empty() { "only line ends differ\n".into() } else { shown }
}
