//! What others install: the binaries of this build are packed, each package is installed into a
//! place of its own, and what is found there is run.

#[path = "support/sound.rs"]
mod sound;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs what has to go well; what it prints.
fn done(command: &mut Command) -> String {
    let run = command.output().unwrap_or_else(|fault| panic!("{command:?}: {fault}"));
    assert!(run.status.success(), "{command:?}: {}{}", text(&run.stdout), text(&run.stderr));
    text(&run.stdout)
}

/// The archives of a kind. They are made twice, and have to be the same: the umask, the time zone
/// and the place are not in them.
fn pack(kind: &str) -> (TempDir, Vec<PathBuf>) {
    let directory = tempfile::tempdir().expect("a directory");
    let binaries = Path::new(env!("CARGO_BIN_EXE_roof-lint")).parent().expect("a parent");
    let [first, second] = [("first", "022", "UTC"), ("second", "077", "Asia/Tokyo")].map(|(name, mask, zone)| {
        let mut command = Command::new("bash");
        command
            .args(["-c", "umask $0 && exec ./run package \"$@\"", mask, "--output"])
            .arg(directory.path().join(name))
            .arg("--binaries")
            .arg(binaries)
            .arg(kind)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("TZ", zone);
        let printed = done(&mut command);
        printed.lines().map(PathBuf::from).collect::<Vec<_>>()
    });
    assert!(!first.is_empty());
    for (first, second) in first.iter().zip(&second) {
        assert_eq!(first.file_name(), second.file_name());
        let same = fs::read(first).expect("an archive") == fs::read(second).expect("an archive");
        assert!(same, "{} is not the same the second time", first.display());
    }
    (directory, first)
}

/// An installed program, as the shell of a user starts it: nothing of cargo's is on the way.
fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.env_remove("LD_LIBRARY_PATH").stdin(Stdio::null());
    command
}

/// What is asked of every installation.
fn works(bin: &Path) {
    assert_eq!(done(program(&bin.join("roof-lint")).arg("--version")), format!("roof-lint {VERSION}\n"));
    let version = done(program(&bin.join("roof-exec")).arg("--version"));
    assert!(version.starts_with(&format!("roof-exec (roof-lint) {VERSION}, ")), "{version}");
    for (guilty, code) in [(false, 0), (true, 1)] {
        let run = lint(bin, guilty);
        assert_eq!(run.status.code(), Some(code), "{}", text(&run.stderr));
        assert!(text(&run.stdout).ends_with(if guilty { "sound: fail\n" } else { "sound: pass\n" }));
    }
    let run = program(&bin.join("roof-lint")).args(["--config", "no/such.toml"]).output().expect("it runs");
    assert_eq!((run.status.code(), text(&run.stdout).as_str()), (Some(2), ""));
    assert!(text(&run.stderr).contains("no/such.toml"));
    // Standard input is the program's.
    let mut child = program(&bin.join("roof-lint"))
        .args(["--config", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    child.stdin.take().expect("a pipe").write_all(b"from-a-pipe = 1\n").expect("it reads");
    let run = child.wait_with_output().expect("it ends");
    assert_eq!(run.status.code(), Some(2));
    assert!(text(&run.stderr).contains("from-a-pipe"), "{}", text(&run.stderr));
}

/// Lints the package of tests/packages/sound, `guilty` or not.
fn lint(bin: &Path, guilty: bool) -> Output {
    let directory = sound::package(guilty);
    program(&bin.join("roof-lint")).current_dir(directory.path()).output().expect("it runs")
}

/// Starts `roof-exec` against a server that never answers and sends a signal to what was started.
/// It has to die of the signal, and the connection with it.
fn dies_of(bin: &Path, name: &str, number: i32) {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = server.local_addr().expect("an address").port().to_string();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(server.accept()));
    let mut child = program(&bin.join("roof-exec"))
        .args(["--unlinted", "-h", "127.0.0.1", "-p", &port, "-U", "nobody", "-d", "none", "-c", "SELECT 1"])
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    let accepted = receiver.recv_timeout(Duration::from_mins(1));
    let (mut connection, _) = accepted.expect("it connects").expect("a connection");
    done(Command::new("kill").args(["-s", name, &child.id().to_string()]));
    let status = child.wait().expect("it ends");
    assert_eq!(status.signal(), Some(number), "SIG{name}: {status}");
    connection.set_read_timeout(Some(Duration::from_mins(1))).expect("a socket");
    let mut sent = Vec::new();
    connection.read_to_end(&mut sent).expect("the program has ended, too");
}

#[test]
fn a_package_for_debian() {
    let (directory, archives) = pack("deb");
    let [archive] = archives.as_slice() else { panic!("{archives:?}") };
    let field = |name: &str| done(Command::new("dpkg-deb").arg("-f").arg(archive).arg(name));
    let architecture = done(Command::new("dpkg").arg("--print-architecture"));
    assert_eq!(field("Architecture"), architecture);
    assert_eq!(field("Version").trim(), VERSION);
    assert!(field("Depends").contains("libc6 (>= 2."), "{}", field("Depends"));
    assert!(field("Description").starts_with(concat!(env!("CARGO_PKG_DESCRIPTION"), "\n")));
    let name = format!("roof-lint_{VERSION}_{}.deb", architecture.trim());
    assert_eq!(archive.file_name().and_then(|name| name.to_str()), Some(name.as_str()));
    for line in done(Command::new("dpkg-deb").arg("-c").arg(archive)).lines() {
        let mode = if line.contains(" ./usr/bin/roof-") {
            "-rwxr-xr-x"
        } else if line.ends_with('/') {
            "drwxr-xr-x"
        } else {
            "-rw-r--r--"
        };
        assert!(line.starts_with(&format!("{mode} root/root ")), "{line}");
    }
    let root = directory.path().join("root");
    done(Command::new("dpkg-deb").arg("--raw-extract").arg(archive).arg(&root));
    done(Command::new("md5sum").args(["--check", "--quiet", "DEBIAN/md5sums"]).current_dir(&root));
    works(&root.join("usr/bin"));
    let share = root.join("usr/share");
    let unpacked = |path: &str| done(Command::new("gzip").arg("-cd").arg(share.join(path)));
    for page in ["roof-lint", "roof-lint-check", "roof-lint-run", "roof-exec"] {
        let text = unpacked(&format!("man/man1/{page}.1.gz"));
        assert!(text.contains(&format!(".TH {page} 1 ")), "{page}: {text}");
    }
    assert!(unpacked("doc/roof-lint/third-party-licenses.gz").contains("PostgreSQL Global Development Group"));
    assert!(unpacked("doc/roof-lint/changelog.gz").starts_with(&format!("roof-lint ({VERSION}) ")));
    assert!(fs::read_to_string(share.join("doc/roof-lint/copyright")).expect("a file").contains("Copyright (c)"));
    for file in [
        "bash-completion/completions/roof-lint",
        "zsh/vendor-completions/_roof-lint",
        "fish/vendor_completions.d/roof-lint.fish",
    ] {
        assert!(fs::read_to_string(share.join(file)).expect("a file").contains("rehearse"), "{file}");
    }
    let script = "source \"$0\" && COMP_WORDS=(roof-lint reh) COMP_CWORD=1 && \
                  _roof-lint roof-lint reh roof-lint && echo \"${COMPREPLY[@]}\"";
    let completion = share.join("bash-completion/completions/roof-lint");
    assert_eq!(done(Command::new("bash").args(["-c", script]).arg(completion)), "rehearse\n");
    the_image_of_the_container(&directory, archive);
}

/// Runs what the Containerfile does with the package, but in a directory.
fn the_image_of_the_container(directory: &TempDir, archive: &Path) {
    let file = fs::read_to_string("packaging/Containerfile").expect("a file").replace("\\\n", "");
    let (build, image) = file.split_once("\nFROM scratch\n").expect("an image with nothing of another in it");
    assert_eq!(image.lines().next(), Some("COPY --from=build /image /"));
    assert!(image.contains("\nUSER 65532:65532\n") && !image.contains("RUN"), "{image}");
    assert!(image.ends_with("\nENTRYPOINT [\"/usr/bin/roof-lint\"]\n"), "{image}");
    let script = build.lines().filter_map(|line| line.strip_prefix("RUN ")).next_back().expect("a step");
    let root = directory.path().join("image");
    let script = script
        .replace("/image", root.to_str().expect("UTF-8"))
        .replace("/packages/*.deb", archive.to_str().expect("UTF-8"));
    done(Command::new("sh").args(["-ec", &script]));
    // The loader of the image finds everything within the image.
    let loader = walkdir::WalkDir::new(&root).into_iter().map(|entry| entry.expect("a file").into_path());
    let loader = loader.filter(|path| path.is_file()).find(|path| path.to_string_lossy().contains("/ld-linux"));
    let loader = loader.expect("a loader");
    let mut libraries = fs::read_dir(root.join("lib")).expect("libraries").map(|entry| entry.expect("a file").path());
    let libraries = libraries.find(|path| path.is_dir()).expect("a directory of libraries");
    let mut command = Command::new(&loader);
    command.arg("--inhibit-cache").arg("--library-path").arg(&libraries);
    let linked = done(command.arg("--list").arg(root.join("usr/bin/roof-exec")));
    for line in linked.lines().filter(|line| line.contains("=>")) {
        assert!(line.contains(root.to_str().expect("UTF-8")), "{linked}");
    }
    assert!(fs::read_to_string(root.join("etc/passwd")).expect("a file").contains(":65532:65532:"));
}

#[test]
fn a_wheel_for_python() {
    let (directory, archives) = pack("wheel");
    let [archive] = archives.as_slice() else { panic!("{archives:?}") };
    let name = archive.file_name().and_then(|name| name.to_str()).expect("a name");
    assert!(name.starts_with(&format!("roof_lint-{VERSION}-py3-none-manylinux_2_")), "{name}");
    let venv = directory.path().join("venv");
    done(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    // pip takes a wheel only on a machine that its name promises to run on.
    let python = venv.join("bin/python");
    done(
        Command::new(&python)
            .args(["-m", "pip", "--disable-pip-version-check", "install", "--no-index", "--no-cache-dir"])
            .arg(archive),
    );
    works(&venv.join("bin"));
    let script = "\
import importlib.metadata as metadata
package = metadata.distribution('roof-lint')
print(package.version, package.metadata['Summary'], package.metadata['License-Expression'], sep='\\n')
for file in package.files:
    if file.hash and '.dist-info/licenses/' in str(file):
        import base64, hashlib
        digest = hashlib.sha256(file.locate().read_bytes()).digest()
        assert base64.urlsafe_b64encode(digest).decode().rstrip('=') == file.hash.value, file
        print(file.name)
";
    let expected = format!(
        "{VERSION}\n{}\n{}\nLICENSE\nthird-party-licenses\n",
        env!("CARGO_PKG_DESCRIPTION"),
        env!("CARGO_PKG_LICENSE")
    );
    assert_eq!(done(Command::new(&python).args(["-c", script])), expected);
    done(Command::new(&python).args(["-m", "pip", "--disable-pip-version-check", "uninstall", "--yes", "roof-lint"]));
    assert!(!venv.join("bin/roof-lint").exists() && !venv.join("bin/roof-exec").exists());
}

#[test]
fn packages_for_npm() {
    let (directory, archives) = pack("npm");
    let [launcher, holder] = archives.as_slice() else { panic!("{archives:?}") };
    // What npm makes of them.
    let modules = directory.path().join("node_modules");
    let bin = modules.join(".bin");
    fs::create_dir_all(&bin).expect("a directory");
    let unpack = |archive: &Path| -> (PathBuf, Value) {
        let name = archive.file_name().and_then(|name| name.to_str()).expect("a name");
        let name = name.strip_suffix(&format!("-{VERSION}.tgz")).expect("the version");
        let place = modules.join(name);
        fs::create_dir(&place).expect("a directory");
        done(Command::new("tar").args(["--strip-components=1", "-xpf"]).arg(archive).arg("-C").arg(&place));
        let about = fs::read_to_string(place.join("package.json")).expect("a file");
        let about: Value = serde_json::from_str(&about).expect("JSON");
        assert_eq!((about["name"].as_str(), about["version"].as_str()), (Some(name), Some(VERSION)));
        assert_eq!(about["license"].as_str(), Some(env!("CARGO_PKG_LICENSE")));
        (place, about)
    };
    let (place, about) = unpack(launcher);
    let (held, machine) = unpack(holder);
    assert_eq!(about["optionalDependencies"][machine["name"].as_str().expect("a name")].as_str(), Some(VERSION));
    assert_eq!((machine["os"][0].as_str(), machine["libc"][0].as_str()), (Some("linux"), Some("glibc")));
    for (name, path) in about["bin"].as_object().expect("programs") {
        std::os::unix::fs::symlink(place.join(path.as_str().expect("a path")), bin.join(name)).expect("a link");
    }
    works(&bin);
    for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1), ("QUIT", 3)] {
        dies_of(&bin, name, number);
    }
    fs::remove_dir_all(held).expect("it goes");
    let run = program(&bin.join("roof-lint")).output().expect("it runs");
    assert_eq!(run.status.code(), Some(2));
    assert!(text(&run.stderr).contains(machine["name"].as_str().expect("a name")), "{}", text(&run.stderr));
}

#[test]
fn what_cargo_installs() {
    let cargo = |arguments: &[&str]| done(Command::new(env!("CARGO")).args(arguments));
    let about: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version=1", "--locked"])).expect("JSON");
    let about = &about["packages"][0];
    let targets = about["targets"].as_array().expect("targets");
    let mut programs: Vec<&str> = targets
        .iter()
        .filter(|target| target["kind"][0] == "bin")
        .filter_map(|target| target["name"].as_str())
        .collect();
    programs.sort_unstable();
    assert_eq!(programs, ["roof-exec", "roof-lint"]);
    for key in ["description", "license", "readme"] {
        assert!(about[key].is_string(), "{key}");
    }
    // What builds the programs, and what is to be read; no tests, no release of SQL.
    let files = cargo(&["package", "--list", "--allow-dirty", "--locked", "--offline"]);
    for file in ["Cargo.lock", "LICENSE", "README.md", "src/main.rs", "src/bin/roof-exec.rs", "rules/syntax-error.md"] {
        assert!(files.lines().any(|line| line == file), "{file} is missing: {files}");
    }
    for file in files.lines() {
        let known = !file.contains('/') || ["src/", "rules/", "schemas/"].iter().any(|room| file.starts_with(room));
        assert!(known, "{file} is for nobody who installs it");
    }
}
