//! Screens, as they are seen.

mod columns;
mod fixture;
mod golden_file;
mod hostile;
mod screens;
mod scroll;
mod shots;
