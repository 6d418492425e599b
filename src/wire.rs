//! The wire: a connection to PostgreSQL by the simple query protocol, over blocking sockets,
//! with libpq's parameters and libpq's words when it fails. Knows nothing about SQL, scripts or
//! how anything is printed.

#![allow(dead_code, clippy::unnecessary_literal_bound, reason = "a session that is not there yet")]

mod connection;
mod event;
mod failure;
mod settings;

pub use self::connection::{CancelHandle, Connection};
pub use self::event::{Copy, Event, Field, Format, Notification, Report, Row, Rows, Status};
pub use self::failure::{Failure, Kind};
pub use self::settings::{Environment, Settings};
