//! What a session says and hears.

use std::sync::OnceLock;

use roof_lint::cluster::{Cluster, SUPERUSER};
use roof_lint::wire::{Connection, Environment, Event, Kind, Rows, Settings, Status};

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start().expect("PostgreSQL starts"))
}

fn connect() -> Connection {
    let host = cluster().socket_dir().display().to_string();
    let given = [("host", host.as_str()), ("user", SUPERUSER), ("dbname", "postgres")];
    let settings = Settings::new(&given, &Environment::new()).expect("good settings");
    Connection::connect(&settings).expect("a session")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Everything up to the end of a query, a line each.
fn heard(connection: &mut Connection) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        lines.push(match connection.next().expect("the connection holds") {
            Event::Fields(fields) => fields
                .iter()
                .map(|field| format!("{}:{}", text(&field.name), field.type_oid))
                .collect::<Vec<_>>()
                .join(" "),
            Event::Row(row) => {
                let cells = row.cells().map(|cell| cell.map_or("NULL".to_owned(), text));
                format!("row {}", cells.collect::<Vec<_>>().join("|"))
            }
            Event::Complete(tag) => format!("done {}", text(tag)),
            Event::EmptyQuery => "empty".to_owned(),
            Event::Error(report) => {
                format!("{} {}", text(report.code().expect("a code")), text(report.message().expect("a message")))
            }
            Event::Notice(report) => format!(
                "{} {}",
                text(report.severity().expect("a severity")),
                text(report.message().expect("a message"))
            ),
            Event::CopyIn(copy) => format!("copy in {:?} {}", copy.format, copy.columns.len()),
            Event::CopyOut(copy) => format!("copy out {:?} {}", copy.format, copy.columns.len()),
            Event::CopyData(data) => format!("data {}", text(data).trim_end()),
            Event::CopyDone => "data ends".to_owned(),
            Event::Notification(notification) => {
                format!("notified {} {}", text(&notification.channel), text(&notification.payload))
            }
            Event::Parameter { name, value } => format!("{} = {}", text(name), text(value)),
            Event::Ready(status) => return [lines, vec![format!("{status:?}")]].concat(),
        });
    }
}

fn asked(connection: &mut Connection, query: &str) -> Vec<String> {
    connection.query(query.as_bytes()).expect("sent");
    heard(connection)
}

#[test]
fn everything_that_a_server_says_is_heard_in_order() {
    let mut session = connect();
    assert!(session.parameter("server_version").is_some());
    assert_eq!(session.parameter("client_encoding"), Some(&b"UTF8"[..]));
    assert_eq!(
        asked(&mut session, "SELECT 1 AS a, NULL::text AS b, ''"),
        ["a:23 b:25 ?column?:25", "row 1|NULL|", "done SELECT 1", "Idle"]
    );
    assert_eq!(asked(&mut session, "SELECT"), ["", "row ", "done SELECT 1", "Idle"]);
    assert_eq!(asked(&mut session, ""), ["empty", "Idle"]);
    assert_eq!(
        asked(&mut session, "SELECT 1; SELECT 1/0; SELECT 2"),
        ["?column?:23", "row 1", "done SELECT 1", "22012 division by zero", "Idle"]
    );
    assert_eq!(asked(&mut session, "BEGIN"), ["done BEGIN", "Transaction"]);
    assert_eq!(asked(&mut session, "SELEC"), ["42601 syntax error at or near \"SELEC\"", "Failed"]);
    assert_eq!(session.status(), Status::Failed);
    assert_eq!(asked(&mut session, "ROLLBACK"), ["done ROLLBACK", "Idle"]);
    assert_eq!(asked(&mut session, "DO $$ BEGIN RAISE NOTICE 'n'; END $$"), ["NOTICE n", "done DO", "Idle"]);
    assert_eq!(asked(&mut session, "SET client_encoding = 'LATIN1'"), ["done SET", "client_encoding = LATIN1", "Idle"]);
    assert_eq!(session.parameter("client_encoding"), Some(&b"LATIN1"[..]));
    assert_eq!(asked(&mut session, "LISTEN c; NOTIFY c, 'p'"), ["done LISTEN", "done NOTIFY", "notified c p", "Idle"]);
    session.terminate();
}

#[test]
fn data_is_copied_both_ways() {
    let mut session = connect();
    assert_eq!(asked(&mut session, "CREATE TEMP TABLE t (a int, b text)"), ["done CREATE TABLE", "Idle"]);
    session.query(b"COPY t FROM STDIN").expect("sent");
    assert!(matches!(session.next(), Ok(Event::CopyIn(_))));
    session.copy_data(b"1\tone\n2").expect("sent");
    session.copy_data(b"\ttwo\n").expect("sent");
    session.copy_done().expect("sent");
    assert_eq!(heard(&mut session), ["done COPY 2", "Idle"]);
    assert_eq!(
        asked(&mut session, "COPY t TO STDOUT"),
        ["copy out Text 2", "data 1\tone", "data 2\ttwo", "data ends", "done COPY 2", "Idle"]
    );
    session.query(b"COPY t FROM STDIN").expect("sent");
    assert!(matches!(session.next(), Ok(Event::CopyIn(_))));
    session.copy_fail(b"no more").expect("sent");
    assert_eq!(heard(&mut session), ["57014 COPY from stdin failed: no more", "Idle"]);
}

#[test]
fn queries_are_sent_ahead_of_answers() {
    let mut session = connect();
    session.query(b"BEGIN").expect("sent");
    // Far more than both sides' buffers hold, in both directions.
    let query = format!("SELECT '{}'", "x".repeat(1000));
    for _ in 0..20_000 {
        session.query(query.as_bytes()).expect("sent");
    }
    session.query(b"COMMIT").expect("sent");
    assert_eq!(heard(&mut session), ["done BEGIN", "Transaction"]);
    for _ in 0..20_000 {
        assert_eq!(heard(&mut session).len(), 4);
    }
    assert_eq!(heard(&mut session), ["done COMMIT", "Idle"]);
}

#[test]
fn rows_are_kept() {
    let mut session = connect();
    session
        .query(b"SELECT i, CASE WHEN i % 3 > 0 THEN repeat('x', i % 5000) END FROM generate_series(1, 3000) i")
        .expect("sent");
    let mut rows = Rows::default();
    loop {
        match session.next().expect("the connection holds") {
            Event::Row(row) => rows.push(row),
            Event::Ready(_) => break,
            _ => {}
        }
    }
    assert_eq!(rows.len(), 3000);
    for (place, row) in rows.iter().enumerate() {
        let number = place + 1;
        let cells: Vec<_> = row.cells().collect();
        assert_eq!(cells[0], Some(number.to_string().as_bytes()));
        assert_eq!(cells[1].map(<[u8]>::len), (number % 3 > 0).then_some(number % 5000), "{number}");
    }
}

#[test]
fn a_statement_is_cancelled_from_another_thread() {
    let mut session = connect();
    let handle = session.cancel_handle();
    session.query(b"DO $$ BEGIN RAISE NOTICE 'here'; PERFORM pg_sleep(600); END $$").expect("sent");
    assert!(matches!(session.next(), Ok(Event::Notice(_))));
    let thread = std::thread::spawn(move || handle.cancel());
    assert_eq!(heard(&mut session), ["57014 canceling statement due to user request", "Idle"]);
    thread.join().expect("no panic").expect("the server took it");
}

#[test]
fn a_lost_connection_is_told_from_nonsense() {
    let mut session = connect();
    let process = session.process();
    session.query(b"SELECT pg_sleep(600)").expect("sent");
    session.flush().expect("sent");
    let killed = cluster().sql("postgres", &format!("SELECT pg_terminate_backend({process})")).expect("allowed");
    assert_eq!(killed, "t");
    let mut words = Vec::new();
    let failure = loop {
        match session.next() {
            Ok(Event::Error(report)) => words.push(text(report.message().expect("a message"))),
            Ok(_) => {}
            Err(failure) => break failure,
        }
    };
    assert_eq!(words, ["terminating connection due to administrator command"]);
    assert_eq!(failure.kind(), Kind::Lost);
    assert_eq!(
        failure.to_string(),
        "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\tbefore or while processing the request."
    );
    assert_eq!(session.next().expect_err("still lost"), failure);
    assert_eq!(session.query(b"SELECT 1").expect_err("still lost"), failure);
}
