//! A server that believes everything: it answers each simple query as done and keeps its
//! text, so that the plain psql shows how it cuts a script into messages.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};

/// What psql sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    /// A simple query.
    Query(Vec<u8>),
    /// The data of one COPY FROM STDIN, with its closing line.
    CopyData(Vec<u8>),
}

/// Runs the psql at `psql` on `script` against the recorder, in `directory`, which has to
/// be short enough for a socket's path. Returns what it sent.
pub(crate) fn record(psql: &Path, directory: &Path, script: &Path, arguments: &[&str]) -> Vec<Sent> {
    let socket = directory.join(".s.PGSQL.5432");
    let _ = std::fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).expect("a socket");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("psql connects");
        let mut sent = Vec::new();
        // psql goes away when it is done; that is the end of the recording.
        let _ = serve(&mut stream, &mut sent);
        sent
    });
    let status = Command::new(psql)
        .args(["-X", "-q", "-U", "x", "-d", "x", "-h"])
        .arg(directory)
        .arg("-f")
        .arg(script)
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .env("PGCLIENTENCODING", "UTF8")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("psql runs");
    assert!(status.code().is_some_and(|code| code != 2), "psql lost the recorder: {status}");
    server.join().expect("the recorder ends")
}

fn serve(stream: &mut UnixStream, sent: &mut Vec<Sent>) -> std::io::Result<()> {
    // Over a unix socket psql asks for neither TLS nor GSS: the first packet is the start.
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut startup = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut startup)?;
    let mut greeting = message(b'R', &0_u32.to_be_bytes());
    for (name, value) in [
        ("server_version", "15.18"),
        ("server_encoding", "UTF8"),
        ("client_encoding", "UTF8"),
        ("standard_conforming_strings", "on"),
    ] {
        greeting.extend(message(b'S', format!("{name}\0{value}\0").as_bytes()));
    }
    greeting.extend(message(b'K', &[0; 8]));
    greeting.extend(message(b'Z', b"I"));
    stream.write_all(&greeting)?;
    loop {
        let (kind, body) = receive(stream)?;
        if kind != b'Q' {
            return Ok(());
        }
        let text = body.strip_suffix(b"\0").unwrap_or(&body).to_vec();
        let copies = copies(&text);
        sent.push(Sent::Query(text));
        for _ in 0..copies {
            stream.write_all(&message(b'G', &[0, 0, 0]))?;
            let mut data = Vec::new();
            while let (b'd', part) = receive(stream)? {
                data.extend(part);
            }
            sent.push(Sent::CopyData(data));
            stream.write_all(&message(b'C', b"COPY 0\0"))?;
        }
        stream.write_all(&[message(b'C', b"OK\0"), message(b'Z', b"I")].concat())?;
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a short message");
    [&[kind], &length.to_be_bytes()[..], body].concat()
}

fn receive(stream: &mut UnixStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [kind, length @ ..] = head;
    let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut body)?;
    Ok((kind, body))
}

/// The scripts of the tests write COPY in one way only, so that the recorder needs no
/// lexer of its own.
fn copies(text: &[u8]) -> usize {
    let text = String::from_utf8_lossy(text);
    // What `\copy` is sent as has two blanks.
    text.matches("COPY t FROM STDIN").count() + usize::from(text.starts_with("COPY  ") && text.contains("FROM STDIN"))
}
