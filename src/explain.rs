//! The reviewer's report: what a release does, tier by tier, derived from the effects of its
//! scripts and never from their comments. Judges nothing; the verdict comes from its own room.

mod chain;
mod course;
mod html;
pub mod lock;
mod markdown;
mod model;
mod order;
mod page;
mod picture;
mod probe;
pub(crate) mod sql;
mod text;

pub use chain::{Deed, Doing, Executor, Link, Missing, OnError};
pub use course::{Check, Course, Demand, Locked, Setting, Stop, Transaction};
pub use html::write as html;
pub use markdown::write as markdown;
pub use model::{Entry, Model, Object, Rows, Tier};
pub use order::{Step, Undo, Undone};
pub use page::{Block, Document, Inline, Leg, Line};
pub use probe::{Measure, Probe};
pub use text::write as text;

use crate::fault::Fault;
use crate::lint::{Job, examine};
use crate::verdict::Outcome;

/// Lints, and keeps of each package what a reviewer wants to know.
pub fn explain(job: Job) -> Result<(Outcome, Vec<Model>), Fault> {
    examine(job, Model::of)
}
