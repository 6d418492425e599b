//! Servers to connect to: one without encryption and one with, both with every way to log in.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use roof_lint::cluster::Cluster;
use tempfile::TempDir;

/// How each user may come in, wherever from.
const HBA: &str = "
local     all postgres,trusted                 trust
host      all postgres,trusted   127.0.0.1/32  trust
local     all cleartext          password
host      all cleartext          127.0.0.1/32  password
local     all hashed             md5
host      all hashed             127.0.0.1/32  md5
local     all salted             scram-sha-256
host      all salted             127.0.0.1/32  scram-sha-256
hostssl   all encrypted          127.0.0.1/32  scram-sha-256
hostnossl all open               127.0.0.1/32  trust
hostssl   all certified          127.0.0.1/32  cert
local     all rejected           reject
host      all rejected           127.0.0.1/32  reject
";

/// The password of every user that has one.
pub(crate) const PASSWORD: &str = "pass:w\\ord";

pub(crate) struct Server {
    pub(crate) cluster: Cluster,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn start() -> Self {
        loop {
            let port = free_port();
            // Somebody else may have taken the port meanwhile.
            let Ok(cluster) = Cluster::start_on_port(port) else { continue };
            let server = Self { cluster, port };
            server.write("pg_hba.conf", HBA);
            let password = PASSWORD.replace('\'', "''");
            let users = format!(
                "SET password_encryption = 'md5';
                 CREATE ROLE cleartext LOGIN PASSWORD '{password}'; CREATE ROLE hashed LOGIN PASSWORD '{password}';
                 SET password_encryption = 'scram-sha-256';
                 CREATE ROLE salted LOGIN PASSWORD '{password}'; CREATE ROLE encrypted LOGIN PASSWORD '{password}';
                 CREATE ROLE trusted LOGIN; CREATE ROLE open LOGIN; CREATE ROLE certified LOGIN; CREATE ROLE rejected LOGIN;"
            );
            server.cluster.sql("postgres", &users).expect("users");
            server.reload("pg_hba.conf is read", "SELECT count(*) = 13 FROM pg_hba_file_rules");
            return server;
        }
    }

    /// Puts a file into the server's directory.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let directory = self.cluster.data_dir();
        let owner = fs::metadata(&directory).expect("it is there");
        let path = directory.join(name);
        fs::write(&path, text).expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
        std::os::unix::fs::chown(&path, Some(owner.uid()), Some(owner.gid())).expect("root or the owner");
    }

    /// Has the configuration read and waits until a new session knows it.
    pub(crate) fn reload(&self, what: &str, is_known: &str) {
        self.cluster.sql("postgres", "SELECT pg_reload_conf()").expect("a superuser");
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.cluster.sql("postgres", is_known).expect("SQL") != "t" {
            assert!(Instant::now() < deadline, "{what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Presents another certificate from now on.
    pub(crate) fn present(&self, name: &str, certificates: &Certificates) {
        for end in ["crt", "key"] {
            let text = fs::read_to_string(certificates.path(&format!("{name}.{end}"))).expect("made before");
            self.write(&format!("{name}.{end}"), &text);
        }
        self.write("root.crt", &fs::read_to_string(certificates.path("root.crt")).expect("made before"));
        for setting in [
            format!("ssl_cert_file = '{name}.crt'"),
            format!("ssl_key_file = '{name}.key'"),
            "ssl_ca_file = 'root.crt'".to_owned(),
            "ssl = on".to_owned(),
        ] {
            self.cluster.sql("postgres", &format!("ALTER SYSTEM SET {setting}")).expect("a superuser");
        }
        let known = format!("SELECT current_setting('ssl_cert_file') = '{name}.crt' AND current_setting('ssl')::bool");
        self.reload(name, &known);
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A server without encryption.
pub(crate) fn plain() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

/// A server with encryption and a certificate for `localhost` and 127.0.0.1.
pub(crate) fn encrypted() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = Server::start();
        server.present("localhost", certificates());
        server
    })
}

/// Certificates of an authority of our own.
pub(crate) struct Certificates(TempDir);

impl Certificates {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &str) {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(self.0.path());
        let output = command.output().expect("openssl is at hand");
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A certificate `name` with some extensions, signed by the authority; without any it is of version 1.
    fn sign(&self, name: &str, subject: &str, hash: &str, extensions: Option<&str>) {
        let key = if name.starts_with("rsa") { "rsa:2048" } else { "ec -pkeyopt ec_paramgen_curve:prime256v1" };
        self.openssl(&format!("req -new -nodes -newkey {key} -keyout {name}.key -out {name}.csr -subj {subject}"));
        let mut sign = format!(
            "x509 -req -in {name}.csr -CA root.crt -CAkey root.key -CAcreateserial -days 30 -{hash} -out {name}.crt"
        );
        if let Some(extensions) = extensions {
            fs::write(self.path("extensions"), extensions).expect("writable");
            sign.push_str(" -extfile extensions");
        }
        self.openssl(&sign);
        fs::set_permissions(self.path(&format!("{name}.key")), fs::Permissions::from_mode(0o600)).expect("ours");
    }
}

/// The authority, a stranger, and what the authority has signed.
pub(crate) fn certificates() -> &'static Certificates {
    static CERTIFICATES: OnceLock<Certificates> = OnceLock::new();
    CERTIFICATES.get_or_init(|| {
        let all = Certificates(TempDir::new().expect("a directory"));
        for (name, subject) in [("root", "/CN=authority"), ("stranger", "/CN=stranger")] {
            let files = format!("-keyout {name}.key -out {name}.crt");
            all.openssl(&format!("req -x509 -nodes -newkey rsa:2048 {files} -days 30 -subj {subject}"));
        }
        // What the manual calls a self-signed certificate is its own authority.
        all.openssl(
            "req -x509 -nodes -newkey rsa:2048 -keyout selfsigned.key -out selfsigned.crt -days 30 -subj /CN=localhost",
        );
        all.sign(
            "localhost",
            "/CN=anything",
            "sha256",
            Some("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE"),
        );
        all.sign("other", "/CN=localhost", "sha256", Some("subjectAltName=DNS:a.example,DNS:*.example\n"));
        all.sign("rsa512", "/CN=localhost", "sha512", Some("basicConstraints=CA:FALSE"));
        all.sign("rsa-version1", "/CN=localhost", "sha384", None);
        all.sign("client", "/CN=certified", "sha256", Some("basicConstraints=CA:FALSE"));
        all
    })
}

/// A home directory, empty.
pub(crate) fn home() -> TempDir {
    TempDir::new().expect("a directory")
}

/// A file of a home directory, for its owner only.
pub(crate) fn keep(home: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = home.join(name);
    fs::create_dir_all(path.parent().expect("below home")).expect("writable");
    fs::write(&path, text).expect("writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
    path
}
