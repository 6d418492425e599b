//! The reader against the real psql: both cut the same scripts into the same messages.

#[path = "support/recorder.rs"]
mod recorder;

use recorder::Sent;
use roof_lint::cluster;
use roof_lint::psql::{Ending, Form, IrregularityKind, Item, read};

/// What the reader expects psql to send, with variables of these values.
fn expected(script: &[u8], variables: &[(&str, &str)]) -> Vec<Sent> {
    let value = |form: Form, name: &[u8]| {
        let value = variables.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, value)| *value);
        match form {
            Form::Test => Some(if value.is_some() { b"TRUE".to_vec() } else { b"FALSE".to_vec() }),
            Form::Plain => value.map(|value| value.as_bytes().to_vec()),
            Form::Literal => value.map(|value| format!("'{value}'").into_bytes()),
            Form::Identifier => value.map(|value| format!("\"{value}\"").into_bytes()),
        }
    };
    let read = read(script);
    let sent = read.items.iter().filter_map(|item| match item {
        Item::Statement(statement) if statement.ending == Ending::Reset => None,
        Item::Statement(statement) => {
            Some(Sent::Query(statement.render(script, &mut |form, name| value(form, name)).text))
        }
        Item::CopyData { lines, end, .. } => {
            let mut data = lines.of(script).to_vec();
            if let Some(end) = end {
                data.extend_from_slice(end.of(script));
                data.push(b'\n');
            }
            Some(Sent::CopyData(data))
        }
        Item::Metacommand { .. } => None,
    });
    sent.collect()
}

fn same(directory: &std::path::Path, script: &[u8], variables: &[(&str, &str)]) {
    let file = directory.join("script.sql");
    std::fs::write(&file, script).expect("a script");
    let settings: Vec<String> = variables.iter().map(|(name, value)| format!("-v{name}={value}")).collect();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let by_psql = recorder::record(
        &cluster::bindir().expect("PostgreSQL is installed").join("psql"),
        directory,
        &file,
        &settings,
    );
    let by_reader = expected(script, variables);
    let show = |sent: &[Sent]| {
        sent.iter()
            .map(|sent| match sent {
                Sent::Query(text) => format!("query {:?}", String::from_utf8_lossy(text)),
                Sent::CopyData(data) => format!("copy  {:?}", String::from_utf8_lossy(data)),
            })
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(
        by_psql == by_reader,
        "script {:?}\npsql sent\n{}\nthe reader expected\n{}",
        String::from_utf8_lossy(script),
        show(&by_psql),
        show(&by_reader)
    );
}

#[test]
fn odd_scripts() {
    let directory = tempfile::tempdir().expect("a directory");
    let variables = [("n", "2"), ("name", "value"), ("đ", "1")];
    for script in [
        "",
        "SELECT 1",
        "SELECT 1;",
        "SELECT 1; SELECT 2 ; ;",
        ";\n;;",
        "\u{feff}SELECT 1;",
        "-- head\n\n  -- more\n/* kept */ SELECT 1; -- tail\n",
        "SELECT 1 -- inside\n, 2;",
        "SELECT 1\n\n\n, 2;",
        "SELECT '\n\n';",
        "SELECT 1;\r\nSELECT\r\n2;\r\n",
        "SELECT 1 -- a\rSELECT 2;",
        "SELECT /* a /* b */ c */ 1; /* ; ' \" ( */ SELECT 2;",
        "SELECT /* open",
        "/* a */ /* b */\n;",
        "SELECT 1 +/* c */ 2, 3 --- 4\n;",
        "SELECT 'a;b', 'it''s;', \"a;b\", \"a\"\"b;\";",
        "SELECT E'a\\';b', e'\\\\'; SELECT 2;",
        "SELECT E'a\\\n';';",
        "SELECT 'a\\'; SELECT 2;",
        "SELECT B'1;', X'a;', N'n;', U&'u;', U&\"i;\", u&'\\0061;';",
        "SELECT 'a'\n'b;';",
        "SELECT E'a'\n'b\\'c; d';",
        "SELECT be'a;', xE'\\';';",
        "SELECT $$a;b$$, $t$ $$ ; $u$ $t$, $1, a$b$c;d$b$;",
        "SELECT $đ$ ; $đ$, $1a$ ; $1a$, 1a$b$ ; $b$, $x;",
        "SELECT 1e5$a$;$a$, 1.5e$b$;$b$, .5x$c$;$c$, 1..2;",
        "SELECT .5e--;\nx;\nSELECT 1e+-- y;\nz; SELECT 1e;",
        "DO $x$ BEGIN\n\n  NULL; -- a 'quote\nEND $x$;",
        "SELECT (1;2); SELECT (3);",
        "SELECT 1); SELECT ((2;3);4));",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END; SELECT 2;",
        "CREATE OR REPLACE PROCEDURE f() BEGIN ATOMIC; BEGIN; END; END; SELECT 2;",
        "create function begin (begin); select 1; end; select 2;",
        "CREATE TABLE function (a int); BEGIN; END;",
        "SELECT create function begin; SELECT 1;",
        "CREATE OR FUNCTION begin; SELECT 1; END;",
        "SELECT 1\\; SELECT 2; SELECT 3 \\;\nSELECT 4;",
        "CREATE FUNCTION f() BEGIN\\; CREATE TABLE a; END; SELECT 1;",
        "SELECT a\\:b, c\\: :n;",
        "SELECT :n, :'name', :\"name\", :{?name}, :{?none}, :none, :'none', :\"none\";",
        "SELECT ':n', \":n\", $$:n$$, /* :n */ a::n, b:=n, 1 : n; -- :n\n",
        "SELECT a[1:n], :đ, :'n, :\"n, :{?n, :{n}, :n:n;",
        "SELECT 1 \\g\nSELECT 2 \\gx\n",
        "SELECT 1\n\\g\n; SELECT 2;",
        "SELECT 1\n\\echo x\n, 2;",
        "SELECT 1 \\echo x\n, 2;",
        "SELECT 1 \\echo x \\\\ , 2; SELECT 3;",
        "\\echo a \\echo b\nSELECT 1; \\echo c \\\\ SELECT 2;",
        "\\echo 'a\\'b' \"c d\" 'it''s' :name :'name' x:n\nSELECT 1;",
        "\\echo 'open\nSELECT 1;",
        "SELECT (1 \\echo x\n);",
        "SELECT 1 \\r\nSELECT 2;",
        "SELECT 1 \\reset \\\\ SELECT 2;",
        "SELECT 'a\n\\echo x\n';",
        "\\set x 'a b'\nSELECT 1;",
        "\\if true\nSELECT 1;\n\\endif\nSELECT 2;",
        "\\if true\nSELECT 1\n\\endif\n, 2;",
        "COPY t FROM STDIN;\n1\n2\n\\.\nSELECT 1;",
        "COPY t FROM STDIN; SELECT 1;\na;b\n'\n\\.\nSELECT 2;",
        "COPY t FROM STDIN;COPY t FROM STDIN;\na\n\\.\nb\n\\.\nSELECT 2;",
        "COPY t FROM STDIN \\; SELECT 1;\na\n\\.\n",
        "COPY t FROM STDIN \\; COPY t FROM STDIN;\na\n\\.\nb\n\\.\n",
        "COPY t FROM STDIN \\g\na\n\\.\nSELECT 1;",
        "COPY t FROM STDIN;\r\na\r\n\\.\r\nSELECT 1;",
        "SELECT 1 ~*/* c */ 2, 3 @-- c\n 4, 5 ?| 6, 7 */* c */ 8;",
        "\x0cSELECT\x0c1;\x0b",
        "SELECT 'é', \"ü;\", é, 日本;",
        "SELECT $ $; SELECT $$;$$;",
        "SELECT \"a\nb;\" ; SELECT 2;",
    ] {
        same(directory.path(), script.as_bytes(), &variables);
    }
    same(directory.path(), b"SELECT '\xff;', \xfe;\nSELECT 2;", &[]);
}

/// Scripts put together at random from the pieces that change the scanner's state.
#[test]
fn random_scripts() {
    const PIECES: [&str; 43] = [
        "'",
        "''",
        "\"",
        "$$",
        "$a$",
        "$",
        "a",
        "e'",
        "E'",
        "b'",
        "U&\"",
        "u&'",
        "(",
        ")",
        ";",
        "\\;",
        "\\:",
        "/*",
        "*/",
        "--",
        "\n",
        "\n\n",
        "\r\n",
        " ",
        "-",
        "*",
        "+",
        "1",
        ".5e",
        ":",
        "::",
        ":n",
        ":'n'",
        ":\"n\"",
        ":{?n}",
        "begin",
        " end ",
        "create function ",
        "case ",
        "\\echo x\n",
        "1 \\g\n",
        "đ",
        "`",
    ];
    let directory = tempfile::tempdir().expect("a directory");
    let mut state = 0x2026_0603_u64;
    let mut random = |below: usize| {
        // xorshift64: the same scripts in every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("small")
    };
    for _ in 0..1500 {
        let length = 1 + random(24);
        let script: String = (0..length).map(|_| PIECES[random(PIECES.len())]).collect();
        same(directory.path(), script.as_bytes(), &[("n", "2")]);
    }
}

#[test]
fn irregularities_are_reported_where_they_stand() {
    use IrregularityKind as K;
    let kinds = |script: &[u8]| -> Vec<(usize, usize, K)> {
        read(script).irregularities.iter().map(|found| (found.span.start, found.span.end, found.kind)).collect()
    };
    assert_eq!(kinds(b"SELECT 1;\r\n"), []);
    assert_eq!(kinds(b"a\0b;"), [(1, 2, K::Nul)]);
    assert_eq!(kinds(b"a\xff;"), [(1, 2, K::InvalidUtf8)]);
    assert_eq!(kinds(b"-- a\rDROP;"), [(4, 5, K::BareCarriageReturn)]);
    assert_eq!(kinds("'\u{202e}';".as_bytes()), [(1, 4, K::BidirectionalControl)]);
    assert_eq!(kinds(b"PGDMP"), [(0, 5, K::Archive)]);
    assert_eq!(kinds(b"\\endif\n"), [(0, 6, K::StrayConditional)]);
    assert_eq!(kinds(b"\\if 1\n\\else\n\\else\n\\endif\n"), [(12, 17, K::StrayConditional)]);
    assert_eq!(kinds(b"\\if 1\n"), [(0, 5, K::UnclosedConditional)]);
    assert_eq!(kinds(b"SELECT\n\\if 1\n1;\n\\endif\n"), [(7, 12, K::ConditionalInStatement)]);
    // psql holds a comment back, but it is no statement.
    assert_eq!(kinds(b"/* a */\n\\if 1\nSELECT 1;\n/* b */\n\\endif\n/* c\n*/ \\if 0\n\\endif\n"), []);
    assert_eq!(kinds(b"/* a */ 1\n\\if 1\n;\n\\endif\n"), [(10, 15, K::ConditionalInStatement)]);
    assert_eq!(kinds(b"COPY t FROM STDIN;\n1\n"), [(19, 21, K::UnclosedCopyData)]);
    assert_eq!(kinds(b"\\if 1\nCOPY t FROM STDIN;\n1\n\\.\n\\endif\n"), [(25, 27, K::CopyDataInConditional)]);
}

/// Every byte of a script belongs to an item, or is white space, a comment or a BOM.
#[test]
fn nothing_is_lost() {
    let script = b"\xef\xbb\xbf-- c\nSELECT :n, $$;$$\n; \\echo x \\\\ COPY t FROM STDIN;\n1\n\\.\n\\if :n\nSELECT 2 \\g\n\\endif\nSELECT 3";
    let read = read(script);
    let mut covered = vec![false; script.len()];
    for item in &read.items {
        let (span, end) = match item {
            Item::Statement(statement) => (statement.span, None),
            Item::Metacommand { command, .. } => (command.span, None),
            Item::CopyData { lines, end, .. } => (*lines, *end),
        };
        for span in [Some(span), end].into_iter().flatten() {
            covered[span.start..span.end].fill(true);
        }
    }
    let lost: Vec<u8> = script.iter().zip(covered).filter(|(_, covered)| !covered).map(|(byte, _)| *byte).collect();
    assert_eq!(String::from_utf8_lossy(&lost), "\u{feff}-- c\n  \\\\ \n\n\n\n\n");
}

#[test]
fn a_rendered_message_knows_where_its_bytes_come_from() {
    let script = b"-- head\nSELECT :'n',\n  x \\; SELECT :n;";
    let Item::Statement(statement) = &read(script).items[0] else { panic!("a statement") };
    let rendered = statement
        .render(script, &mut |form, _| Some(if form == Form::Plain { b"22".to_vec() } else { b"'two'".to_vec() }));
    assert_eq!(String::from_utf8_lossy(&rendered.text), "SELECT 'two',\n  x ; SELECT 22;");
    let find = |text: &[u8], needle: &[u8]| {
        text.windows(needle.len()).position(|window| window == needle).expect("it is there")
    };
    assert_eq!(rendered.origin(find(&rendered.text, b"x ")), find(script, b"x "));
    assert_eq!(rendered.origin(find(&rendered.text, b"two")), find(script, b":'n'"));
    assert_eq!(rendered.origin(find(&rendered.text, b"22")), find(script, b":n;"));
    assert_eq!(rendered.origin(find(&rendered.text, b"22") + 2), script.len() - 1);
}

/// psql writes the statement of a `\copy` anew, so that only what comes behind it is compared; its own
/// input, of `pstdin`, is empty.
#[test]
fn what_a_copy_of_psql_reads_is_no_script() {
    let directory = tempfile::tempdir().expect("a directory");
    let bindir = cluster::bindir().expect("PostgreSQL is installed");
    for command in [
        "\\copy t from stdin",
        "\\COPY t FROM STDIN",
        "\\copy t (a, b)  from   stdin with (format csv)",
        "\\copy \"from\" from stdin",
        "\\copy t from stdout",
        "\\copy t from pstdin",
        "\\copy t to stdout",
        "\\copy t from 'stdin'",
        "\\copy (select a from stdin) to stdout",
    ] {
        let script = format!("SELECT 1;\n{command}\none;\n\\.\nSELECT 2;\n");
        let file = directory.path().join("script.sql");
        std::fs::write(&file, &script).expect("a script");
        let sent = recorder::record(&bindir.join("psql"), directory.path(), &file, &[]);
        let is_own = |sent: &Sent| match sent {
            Sent::Query(text) => text.starts_with(b"COPY"),
            Sent::CopyData(data) => data.is_empty(),
        };
        let real: Vec<Sent> = sent.into_iter().filter(|sent| !is_own(sent)).collect();
        assert_eq!(expected(script.as_bytes(), &[]), real, "{command}");
    }
}
