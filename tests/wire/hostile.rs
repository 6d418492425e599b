//! Servers that are none: whatever they say, and wherever they stop, the wire ends with a
//! failure and not otherwise.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread::JoinHandle;
use std::time::Duration;

use proptest::prelude::*;
use roof_lint::cluster::{Cluster, bindir};
use roof_lint::wire::{Connection, Environment, Event, Failure, Kind, Reader, Settings};

/// A message of a server.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("short");
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// What a server says until it is ready.
fn welcome() -> Vec<u8> {
    [
        message(b'R', &[0, 0, 0, 0]),
        message(b'S', b"client_encoding\0UTF8\0"),
        message(b'S', b"server_version\x0015.0\0"),
        message(b'K', &[0, 0, 0, 7, 0, 0, 0, 9]),
        message(b'N', b"SNOTICE\0VNOTICE\0C00000\0Mhello\0\0"),
        message(b'Z', b"I"),
    ]
    .concat()
}

/// The answer to a query: a row, an error, data, and what comes in between.
fn reply() -> Vec<u8> {
    [
        message(b'T', b"\0\x02a\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0b\0\0\0\0\x01\0\x02\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"),
        message(b'D', b"\0\x02\0\0\0\x011\xff\xff\xff\xff"),
        message(b'D', b"\0\x02\0\0\0\0\0\0\0\x03abc"),
        message(b'C', b"SELECT 2\0"),
        message(b'A', b"\0\0\0\x07channel\0payload\0"),
        message(b'S', b"TimeZone\0UTC\0"),
        message(b'I', b""),
        message(b'H', b"\0\0\x01\0\0"),
        message(b'd', b"1\n"),
        message(b'c', b""),
        message(b'C', b"COPY 1\0"),
        message(b'E', b"SERROR\0VERROR\0C22012\0Mdivision by zero\0\0"),
        message(b'Z', b"I"),
    ]
    .concat()
}

/// Takes one connection at a time: hears what the client says first, says the first part, hears
/// a query, says the second part, and closes.
struct Fake {
    port: u16,
    thread: JoinHandle<()>,
}

impl Fake {
    /// A server that does this with so many clients, one after the other.
    fn start(scripts: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        Self::start_with(scripts, true)
    }

    /// The same; whether a request for encryption is denied before the script.
    fn start_with(scripts: Vec<(Vec<u8>, Vec<u8>)>, denies: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let thread = std::thread::spawn(move || {
            for (first, second) in scripts {
                let (stream, _) = listener.accept().expect("a client");
                // The client may be gone before everything is said.
                let _ = Self::talk(stream, &first, &second, denies);
            }
        });
        Self { port, thread }
    }

    fn talk(mut stream: TcpStream, first: &[u8], second: &[u8], denies: bool) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut heard = [0; 4096];
        // No client says anything before it is answered.
        if stream.read(&mut heard)? == 8 && denies {
            stream.write_all(b"N")?;
            let _ = stream.read(&mut heard)?;
        }
        stream.write_all(first)?;
        if !second.is_empty() {
            while stream.read(&mut heard).is_ok_and(|count| count > 0 && heard[0] != b'Q') {}
            stream.write_all(second)?;
        }
        stream.shutdown(std::net::Shutdown::Write)?;
        while stream.read(&mut heard)? > 0 {}
        Ok(())
    }

    fn string(&self) -> String {
        format!("host=127.0.0.1 port={} user=u dbname=d connect_timeout=20", self.port)
    }

    fn connect(&self) -> Result<Connection, Failure> {
        Connection::connect(&Settings::new(&[("dbname", &self.string())], &Environment::new()).expect("good settings"))
    }

    /// What psql says of the same server, without the name of the program.
    fn psql(&self) -> String {
        let mut command = Command::new(bindir().expect("PostgreSQL is here").join("psql"));
        command.env_clear().args(["-XwqAt", "-c", "SELECT 1", "-d", &self.string()]);
        let said = Cluster::capture(&mut command).expect("psql runs").stderr;
        said.replace("psql: error: ", "").replace("connection to server was lost\n", "")
    }

    fn end(self) {
        self.thread.join().expect("the server's thread ends");
    }
}

/// Sends a query and hears everything; the failure that ends it, or nothing.
fn converse(mut session: Connection) -> Option<Failure> {
    session.query(b"SELECT 1").expect("gathered");
    loop {
        match session.next() {
            Ok(Event::Ready(_)) => return None,
            Ok(_) => {}
            Err(failure) => {
                assert_eq!(session.next().expect_err("it stays so"), failure);
                return Some(failure);
            }
        }
    }
}

#[test]
fn a_session_may_be_cut_at_every_byte() {
    let (first, second) = (welcome(), reply());
    let cuts = (0..first.len()).map(|cut| (first[..cut].to_vec(), Vec::new()));
    let late = (0..=second.len()).map(|cut| (first.clone(), second[..cut].to_vec()));
    let fake = Fake::start(cuts.chain(late).collect());
    for cut in 0..first.len() {
        let failure = fake.connect().expect_err("cut short");
        assert_eq!(failure.kind(), Kind::Connect, "{cut}");
        let expected = format!(
            "connection to server at \"127.0.0.1\", port {} failed: server closed the connection unexpectedly\n\
             \tThis probably means the server terminated abnormally\n\tbefore or while processing the request.",
            fake.port
        );
        assert_eq!(failure.to_string(), expected, "{cut}");
    }
    for cut in 0..=second.len() {
        let failure = converse(fake.connect().expect("a session"));
        assert_eq!(failure.map(|failure| failure.kind()), (cut < second.len()).then_some(Kind::Lost), "{cut}");
    }
    fake.end();
}

/// What a server can say wrongly to begin with.
fn beginnings() -> Vec<Vec<u8>> {
    let ok = message(b'R', &[0, 0, 0, 0]);
    let fatal = message(b'E', b"SFATAL\0VFATAL\0C53300\0Mtoo many\0Dof them\0Hgo away\0\0");
    vec![
        Vec::new(),
        b"HTTP/1.1 400 Bad Request\r\n".to_vec(),
        b"SSH-2.0-x\r\n".to_vec(),
        b"R\0\0\0\x04".to_vec(),
        b"R\xff\xff\xff\xff".to_vec(),
        b"R\x7f\xff\xff\xff".to_vec(),
        message(b'R', &[0, 0, 0, 1]),
        message(b'R', &[0, 0, 0, 2]),
        message(b'R', &[0, 0, 0, 4]),
        message(b'R', &[0, 0, 0, 99]),
        message(b'R', &[0, 0, 0, 3]),
        message(b'R', b"\0\0\0\x05salt"),
        message(b'R', b"\0\0\0\x0a\0"),
        message(b'R', b"\0\0\0\x0aOTHER\0\0"),
        message(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
        message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"),
        message(b'R', b"\0\0\0\x0br=x,s=y,i=1"),
        message(b'R', b"\0\0\0\x0cv=x"),
        fatal.clone(),
        [ok.clone(), fatal].concat(),
        [ok.clone(), message(b'T', b"\0\0")].concat(),
        [ok, message(b'Z', b"T")].concat(),
    ]
}

#[test]
fn what_is_no_server_is_named_as_libpq_names_it() {
    let scripts: Vec<_> = beginnings().into_iter().map(|first| (first, Vec::new())).collect();
    // psql may ask twice.
    let fake = Fake::start(scripts.iter().flat_map(|script| [script.clone(), script.clone()]).collect());
    for (first, _) in scripts {
        let ours = fake.connect().map_or_else(
            |failure| failure.to_string(),
            |session| converse(session).map_or_else(String::new, |failure| failure.to_string()),
        );
        let theirs = fake.psql();
        assert_eq!(ours, theirs.trim_end(), "{}", first.escape_ascii());
    }
    fake.end();
}

#[test]
fn what_is_no_answer_is_named_as_libpq_names_it() {
    let wrong = [&b"Z\0\0\0\x03"[..], b"C\x7f\xff\xff\xff", b"D\xff\xff\xff\xff", b"!\0\x01\0\0", b"I\0\0\x80\0"];
    let scripts = wrong.iter().map(|second| (welcome(), second.to_vec()));
    let fake = Fake::start(scripts.flat_map(|script| [script.clone(), script]).collect());
    for second in wrong {
        let ours = converse(fake.connect().expect("a session")).expect("no answer");
        assert_eq!(ours.kind(), Kind::Protocol);
        let theirs = fake.psql();
        assert_eq!(format!("NOTICE:  hello\n{ours}"), theirs.trim_end(), "{}", second.escape_ascii());
    }
    fake.end();
}

#[test]
fn an_answer_to_no_question_is_none() {
    let early = [welcome(), message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat();
    let late = [reply(), message(b'Z', b"I")].concat();
    let fake = Fake::start(vec![(early, Vec::new()), (welcome(), late)]);
    let mut session = fake.connect().expect("a session");
    let failure = session.query(b"SELECT 1").and_then(|()| session.next().map(drop)).expect_err("nobody asked");
    assert_eq!(failure.kind(), Kind::Protocol);
    drop(session);
    let mut session = fake.connect().expect("a session");
    session.query(b"SELECT 1").expect("gathered");
    while !matches!(session.next().expect("an answer"), Event::Ready(_)) {}
    assert_eq!(
        session.next().expect_err("nobody asked").to_string(),
        "message type 0x5a arrived from server while idle"
    );
    drop(session);
    fake.end();
}

#[test]
fn silence_is_waited_for_no_longer_than_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    // Connections are made by the system; nobody ever answers.
    let string =
        format!("host=127.0.0.1,localhost hostaddr=127.0.0.1,127.0.0.1 port={port} user=u dbname=d connect_timeout=1");
    let settings = Settings::new(&[("dbname", &string)], &Environment::new()).expect("good settings");
    let failure = Connection::connect(&settings).expect_err("nobody answers");
    let expected = format!("connection to server at \"127.0.0.1\", port {port} failed: timeout expired");
    assert_eq!(failure.to_string(), format!("{expected}\n{expected}"));
}

/// Takes what a reader has; the words of its events, and of the failure that ended them.
fn drain(reader: &mut Reader, words: &mut Vec<String>) -> bool {
    loop {
        match reader.next_event() {
            Ok(Some(event)) => words.push(format!("{event:?}")),
            Ok(None) => return true,
            Err(failure) => {
                words.push(failure.to_string());
                return false;
            }
        }
    }
}

/// What is read of bytes that come in pieces of some size.
fn read(bytes: &[u8], piece: usize) -> Vec<String> {
    let (mut reader, mut words) = (Reader::default(), Vec::new());
    for piece in bytes.chunks(piece) {
        reader.push(piece).expect("not that many");
        if !drain(&mut reader, &mut words) {
            break;
        }
    }
    words
}

#[test]
fn a_good_reply_is_read_however_it_is_cut() {
    let whole = read(&reply(), usize::MAX);
    assert_eq!(whole.len(), 13, "{whole:#?}");
    for piece in 1..reply().len() {
        assert_eq!(read(&reply(), piece), whole);
    }
}

/// A good stream in which some bytes are something else, missing, or there twice.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..4);
    (prop::collection::vec(change, 1..8), 1..3_usize).prop_map(|(changes, times)| {
        let mut bytes = reply().repeat(times);
        for (place, value, kind) in changes {
            let place = place.index(bytes.len());
            match kind {
                0 => bytes[place] = value,
                1 => bytes[place] ^= 1 << (value % 8),
                2 => drop(bytes.remove(place)),
                _ => bytes.insert(place, value),
            }
        }
        bytes
    })
}

/// Messages of known kinds with lengths that are right and bodies that are chance.
fn framed() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop::sample::select(b"TDCINEGHdcASZKRVW".to_vec());
    let body = prop::collection::vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..40);
    prop::collection::vec((kind, body), 1..12)
        .prop_map(|messages| messages.into_iter().flat_map(|(kind, body)| message(kind, &body)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_to_an_end(bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), mutated(), framed()], piece in 1..64_usize) {
        let whole = read(&bytes, usize::MAX);
        prop_assert!(whole.len() <= bytes.len());
        prop_assert_eq!(read(&bytes, piece), whole);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_server_is_survived(first in prop_oneof![prop::collection::vec(any::<u8>(), 0..60), framed().prop_map(|bytes| [message(b'R', &[0, 0, 0, 0]), bytes].concat())], second in mutated()) {
        let fake = Fake::start(vec![(first, Vec::new()), (welcome(), second)]);
        if let Ok(session) = fake.connect() {
            converse(session);
        }
        converse(fake.connect().expect("a session"));
        fake.end();
    }
}

#[cfg(feature = "tls")]
#[test]
fn what_is_no_encryption_is_named_as_libpq_names_it() {
    let injected = [b"S".to_vec(), message(b'R', &[0, 0, 0, 0])].concat();
    let answers = [b"S".to_vec(), injected.clone()];
    // psql hears only the first.
    let scripts = answers.iter().flat_map(|answer| vec![(answer.clone(), Vec::new()); 2]).take(3);
    let fake = Fake::start_with(scripts.collect(), false);
    for answer in answers {
        let string = format!("{} sslmode=require", fake.string());
        let settings = Settings::new(&[("dbname", &string)], &Environment::new()).expect("good settings");
        let ours = Connection::connect(&settings).expect_err("no server");
        if answer == injected {
            assert!(ours.to_string().ends_with("received unencrypted data after SSL response"), "{ours}");
            continue;
        }
        let mut command = Command::new(bindir().expect("PostgreSQL is here").join("psql"));
        command.env_clear().args(["-XwqAt", "-c", "SELECT 1", "-d", &string]);
        let theirs = Cluster::capture(&mut command).expect("psql runs").stderr.replace("psql: error: ", "");
        assert_eq!(ours.to_string(), theirs.trim_end(), "{}", answer.escape_ascii());
    }
    fake.end();
}
