//! Screens, as they are seen.

mod fixture;
mod golden_file;
mod screens;
mod shots;
