//! The wire: a connection to PostgreSQL by the simple query protocol, over blocking sockets,
//! with libpq's parameters and libpq's words when it fails. Knows nothing about SQL, scripts or
//! how anything is printed.

#![allow(clippy::disallowed_methods, reason = "the room of sockets, their timeouts and libpq's own files")]

mod authenticate;
mod cancel;
#[cfg(feature = "tls")]
mod certificate;
mod channel;
mod connect;
mod connection;
mod conninfo;
mod event;
mod failure;
mod message;
mod password;
mod settings;
#[cfg_attr(not(feature = "tls"), path = "wire/plain.rs")]
mod tls;

pub use self::cancel::CancelHandle;
pub use self::connection::Connection;
pub use self::event::{Copy, Event, Field, Format, Notification, Report, Row, Rows, Status};
pub use self::failure::{Failure, Kind};
pub use self::message::Reader;
pub use self::settings::{Environment, Settings};
