//! The wire against a real PostgreSQL, against the real psql, and against servers that are none.

mod wire {
    mod session;
}
