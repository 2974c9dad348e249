//! Up to where a room was printed, kept in a file, so that the next run goes on there. Written beside its place and moved
//! there: a crash leaves the old or the new one, never half of it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process,
};

use chat_protocol::{Epoch, RoomName, Seq};
use serde::{Deserialize, Serialize};

use crate::model::Rooms;

/// The positions, and where they are kept.
#[derive(Debug)]
pub(super) struct Positions {
    file: PathBuf,
    rooms: BTreeMap<String, Position>,
    changed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    epoch: Epoch,
    seq: Seq,
}

impl Positions {
    /// What is kept there; nothing, if there is no such file yet.
    ///
    /// # Errors
    /// In words: to begin from the start because of a file that cannot be read would print everything again.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let unread = |error: &dyn std::fmt::Display| format!("--position {}: {error}", file.display());
        let rooms = match fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| unread(&error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(unread(&error)),
        };
        Ok(Self { file: file.to_owned(), rooms, changed: false })
    }

    /// Tells the rooms where to go on.
    pub(super) fn apply(&self, rooms: &mut Rooms) {
        for room in rooms.iter_mut() {
            let kept = self.rooms.get(room.name.folded());
            room.position = kept.map(|position| (position.epoch.clone(), position.seq));
        }
    }

    /// This was printed.
    pub(super) fn reach(&mut self, room: &RoomName, epoch: &Epoch, seq: Seq) {
        let position = Position { epoch: epoch.clone(), seq };
        self.changed |= self.rooms.get(room.folded()) != Some(&position);
        self.rooms.insert(room.folded().to_owned(), position);
    }

    /// Keeps it, if it changed.
    pub(super) fn write(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.changed) {
            return Ok(());
        }
        let mut beside = self.file.clone().into_os_string();
        beside.push(format!(".{}", process::id()));
        fs::write(&beside, serde_json::to_vec(&self.rooms)?)?;
        fs::rename(&beside, &self.file).inspect_err(|_| drop(fs::remove_file(&beside)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_found_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("position");
        let room = |text: &str| RoomName::parse(text).unwrap();
        let mut positions = Positions::read(&file).unwrap();
        positions.reach(&room("Tea"), &Epoch("e1".into()), Seq(7));
        positions.reach(&room("tea"), &Epoch("e1".into()), Seq(9));
        positions.write().unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");

        let again = Positions::read(&file).unwrap();
        let mut rooms = Rooms::new(room("general"), [room("TEA")]);
        again.apply(&mut rooms);
        let found: Vec<_> = rooms.iter().map(|room| room.position.clone()).collect();
        assert_eq!(found, [None, Some((Epoch("e1".into()), Seq(9)))]);

        let written = fs::metadata(&file).unwrap().modified().unwrap();
        fs::remove_file(&file).unwrap();
        positions.write().unwrap();
        assert!(!file.exists(), "what did not change is not written: {written:?}");
    }

    #[test]
    fn a_file_that_is_none_is_not_taken_for_the_beginning() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("position");
        fs::write(&file, "{").unwrap();
        assert!(Positions::read(&file).unwrap_err().contains("position"));
        assert!(Positions::read(directory.path()).is_err());
    }
}
