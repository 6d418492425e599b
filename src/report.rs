//! A verdict as bytes. Judges nothing and computes no line number; what a package holds is
//! never written as it is to a terminal.

mod excerpt;
pub mod json;
pub mod terminal;
