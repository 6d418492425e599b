//! The wire against a real PostgreSQL, against the real psql, and against servers that are none.

mod wire {
    #[cfg(feature = "tls")]
    mod connecting;
    mod hostile;
    #[cfg(feature = "tls")]
    mod servers;
    mod session;
}
