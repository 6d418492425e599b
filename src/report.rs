//! A verdict as bytes. Judges nothing and computes no line number; what a package holds is
//! never written as it is to a terminal.

pub mod before;
mod excerpt;
pub mod github;
pub mod gitlab;
pub mod json;
pub mod junit;
pub mod markdown;
mod places;
pub mod sarif;
pub mod terminal;

pub use places::Root;
