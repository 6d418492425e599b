//! What the reviewer's report says: the numbers of the packages in `sql/`, and packages whose
//! names are traps for each form.

use std::fs;
use std::path::{Path, PathBuf};

use roof_lint::config::{Config, Rows};
use roof_lint::explain::{self, Check, Document, Doing, Model, OnError, Stop};
use roof_lint::lint::Job;
use roof_lint::report::Root;
use roof_lint::verdict::Verdict;

fn run(directory: &Path) -> (Config, Verdict, Vec<Model>) {
    let text = fs::read_to_string(directory.join("lint.toml")).expect("lint.toml is there");
    let config = Config::parse("lint.toml", &text).expect("lint.toml is sound");
    let job = Job { directory: directory.to_owned(), config: config.clone(), packages: Vec::new() };
    let (outcome, models) = explain::explain(job).expect("it runs");
    let verdict = Verdict::new(outcome, &config).expect("it is judged");
    (config, verdict, models)
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn document(verdict: &Verdict, models: &[Model]) -> Document {
    Document::new(verdict, models, &Root::default())
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("a report is UTF-8")
}

/// All text of well-formed XML, and the document itself to look into.
fn well_formed(html: &str) -> roxmltree::Document<'_> {
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    roxmltree::Document::parse_with_options(html, options).expect("the HTML is well-formed")
}

#[test]
fn numbers_are_those_of_the_rollout_table() {
    let (config, verdict, models) = run(&repository());
    assert_eq!(models.len(), 2);
    assert!(verdict.is_pass());
    for (package, model) in config.packages.iter().zip(&models) {
        assert_eq!(model.tiers.len(), package.tier.len());
        for (row, tier) in package.tier.iter().zip(&model.tiers) {
            let adds = row.adds.clone().unwrap_or_default();
            let count = |kind: &str| {
                let is = |key: &roof_lint::catalog::Key| key.kind.to_string() == kind;
                i64::try_from(tier.objects.iter().filter(|object| is(&object.key)).count()).expect("few")
            };
            let name = format!("{} tier {}", model.name, tier.number);
            assert_eq!(count("table"), adds.tables, "{name}");
            assert_eq!(count("view"), adds.views, "{name}");
            assert_eq!(count("function"), adds.functions, "{name}");
            for (table, wanted) in &adds.rows {
                let rows = tier.rows.iter().find(|rows| rows.table == *table);
                let rows = rows.unwrap_or_else(|| panic!("{name} has to say that it adds rows to {table}"));
                if let (Rows::Exactly(wanted), Some(count)) = (*wanted, rows.count) {
                    assert_eq!(i64::try_from(count).expect("few"), wanted, "{name}, {table}");
                }
            }
            assert!(tier.rollout.iter().all(|entry| entry.agrees != Some(false)), "{name}: {:?}", tier.rollout);
            assert_eq!(tier.course.transactions.len(), 1, "{name}");
            assert!(tier.course.transactions.iter().all(|one| one.commit.is_some()), "{name}");
            assert!(tier.demands.iter().chain(&tier.proofs).all(|demand| demand.is_sure), "{name}");
            let undo = tier.undo.as_ref().expect("every tier is undone");
            assert!(undo.left.is_empty() || !row.keeps.is_empty(), "{name} leaves {:?}", undo.left);
        }
    }
}

#[test]
fn what_needs_another_object_is_dropped_before_it() {
    use roof_lint::explain::Undone;
    let (_, _, models) = run(&repository());
    for model in &models {
        let full = model.full.as_ref().expect("there is a full rollback");
        let position = |wanted: &roof_lint::catalog::Key| {
            full.steps.iter().position(|step| matches!(&step.what, Undone::Object(key) if key == wanted))
        };
        for object in model.tiers.iter().flat_map(|tier| &tier.objects) {
            let own = position(&object.key).unwrap_or_else(|| panic!("{} is dropped", object.key));
            for needed in object.needs.iter().chain(object.parents.iter().map(|(_, parent)| parent)) {
                if let Some(later) = position(needed) {
                    assert!(own < later, "{} before {needed}", object.key);
                    let why = full.steps.get(own).map(|step| step.why.join(" ")).unwrap_or_default();
                    assert!(why.contains(&needed.to_string()), "{}: {why}", object.key);
                }
            }
        }
    }
}

#[test]
fn the_report_is_the_same_twice_and_needs_no_network() {
    let (_, verdict, models) = run(&repository());
    let first = document(&verdict, &models);
    let (_, verdict, models) = run(&repository());
    let second = document(&verdict, &models);
    assert_eq!(explain::text(&first), explain::text(&second));
    assert_eq!(explain::markdown(&first), explain::markdown(&second));
    assert_eq!(explain::html(&first), explain::html(&second));

    let markdown = text(explain::markdown(&first));
    assert!(markdown.len() <= 60_000 && !markdown.contains("The rest does not fit here"), "{}", markdown.len());
    let html = text(explain::html(&first));
    assert!(html.len() < 1_000_000, "{} bytes", html.len());
    assert!(!html.contains("http://") && !html.contains("https://") && !html.contains("url("));
    let tree = well_formed(&html);
    let mut ids: Vec<&str> = tree.descendants().filter_map(|node| node.attribute("id")).collect();
    let targets = tree.descendants().filter(|node| node.has_tag_name("a")).filter_map(|node| node.attribute("href"));
    for target in targets {
        assert!(ids.contains(&target.trim_start_matches('#')), "{target} leads nowhere");
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "every anchor is there once");
    for node in tree.descendants().filter(roxmltree::Node::is_element) {
        assert_eq!(node.attribute("src"), None);
        assert!(!["script", "link", "img", "iframe"].contains(&node.tag_name().name()));
        match node.tag_name().name() {
            "table" => assert!(node.children().any(|child| child.has_tag_name("caption"))),
            "svg" => {
                let title = node.children().find(|child| child.has_tag_name("title")).expect("a picture has a name");
                assert_eq!(
                    (node.attribute("role"), node.attribute("aria-labelledby")),
                    (Some("img"), title.attribute("id"))
                );
            }
            "th" => assert_eq!(node.attribute("scope"), Some("col")),
            "details" => assert!(node.children().any(|child| child.has_tag_name("summary"))),
            _ => {}
        }
    }
    let headings = tree.descendants().filter_map(|node| {
        let name = node.tag_name().name();
        name.strip_prefix('h').and_then(|level| level.parse::<u8>().ok())
    });
    let levels: Vec<u8> = headings.collect();
    assert_eq!(levels.first(), Some(&1));
    assert!(levels.windows(2).all(|pair| matches!(pair, [one, next] if *next <= one + 1)), "no level is left out");
}

fn broken() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).expect("it is written");
    write(
        "lint.toml",
        r##"
[[package]]
name = "p <script>alert(1)</script> | `x` @you"
root = "."
database = "d"
baseline = ["base.sql"]
full-rollback = "back.sql"
tags = ["t"]
tag-columns = ["tag"]
timeouts = ["lock_timeout"]

[[package.allow]]
path = "one.sql"
rule = "timeout-missing"
reason = "nobody | `is` <b>there</b>"

[[package.tier]]
number = 1
name = "<img src=x onerror=alert(1)> | `y` \u202e"
file = "one.sql"
adds = { tables = 2 }
stops-unless = [{ what = "a < b & \"c\" |", holds = "1 = 2" }]
"##,
    );
    write("base.sql", "CREATE TABLE old (id int PRIMARY KEY, tag text);\n");
    write(
        "one.sql",
        "BEGIN;\nCREATE TABLE \"<script>|`--\" (id int REFERENCES old);\nINSERT INTO old (id, tag) VALUES (1, '</code>|`t`'), (2, 't');\n\
         DO $$ BEGIN EXECUTE current_setting('x.y'); END $$;\nCOMMIT;\n",
    );
    write("back.sql", "BEGIN;\nDROP TABLE old;\nCOMMIT;\n");
    directory
}

#[test]
fn every_finding_is_told_and_nothing_of_the_package_is_markup() {
    let directory = broken();
    let (_, verdict, models) = run(directory.path());
    assert!(!verdict.is_pass());
    let document = document(&verdict, &models);
    let html = text(explain::html(&document));
    let tree = well_formed(&html);
    let words: String = tree.descendants().filter_map(|node| node.text().filter(|_| node.is_text())).collect();
    let plain = text(explain::text(&document)).split_whitespace().collect::<Vec<_>>().join(" ");
    let judged = verdict.packages().first().expect("a package");
    assert!(judged.counts.denied > 2 && judged.counts.not_analysed > 0, "{:?}", judged.counts);
    for opinion in judged.findings.iter().filter(|opinion| opinion.level != roof_lint::finding::Level::Allow) {
        let message = roof_lint::source::visible(&opinion.finding.message);
        assert!(words.contains(&message), "the HTML has to tell {message}");
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains(&message), "the text has to tell {message}");
        assert!(words.contains(opinion.finding.rule), "the HTML has to name {}", opinion.finding.rule);
    }
    assert!(words.contains("nobody | `is` <b>there</b>"), "the reason of a suppression");
    assert!(words.contains("table <script>|`--") || words.contains("<script>|`--"), "the name of the table");
    for node in tree.descendants().filter(roxmltree::Node::is_element) {
        assert!(!["script", "img", "b"].contains(&node.tag_name().name()));
        assert!(node.attributes().all(|attribute| !attribute.name().starts_with("on")));
    }
    // What is not analysed comes before everything else that is told.
    let at = |what: &str| words.find(what).unwrap_or_else(|| panic!("{what} is there"));
    assert!(at("In no proof of this report") < at("The script is "));

    let markdown = text(explain::markdown(&document));
    let options = pulldown_cmark::Options::ENABLE_TABLES;
    for event in pulldown_cmark::Parser::new_ext(&markdown, options) {
        use pulldown_cmark::{Event, Tag};
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                let is_ours = html.starts_with("<details><summary>") || html.trim() == "</details>";
                assert!(is_ours && !html.contains("script"), "{html}");
            }
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => panic!("a link"),
            _ => {}
        }
    }
    for line in markdown.lines().filter(|line| line.starts_with("| ")) {
        let bars = line.replace("\\|", "").matches('|').count();
        assert!((4..=7).contains(&bars), "a row keeps its columns: {line}");
    }
    assert!(![&html, &markdown, &plain].iter().any(|form| form.contains('\u{202e}')));
    assert!(plain.contains("nothing makes sure of it"));
}

#[test]
fn a_long_report_is_cut_short_in_markdown_alone() {
    let directory = broken();
    let table = |number: u32| format!("CREATE TABLE a_table_with_a_rather_long_name_{number} (id int);\n");
    let script = format!("BEGIN;\n{}COMMIT;\n", (0..3_000).map(table).collect::<String>());
    fs::write(directory.path().join("one.sql"), script).expect("it is written");
    let (_, verdict, models) = run(directory.path());
    let document = document(&verdict, &models);
    let markdown = text(explain::markdown(&document));
    assert!(markdown.len() <= 60_000, "{} bytes", markdown.len());
    assert!(markdown.contains("What is long is left out here"), "{markdown}");
    let more = verdict.packages().first().map_or(0, |judged| judged.counts.denied) - 20;
    for part in [&*format!("and {more} more, left out here"), "3000 tables", "What no step undoes: 3000 things"] {
        assert!(markdown.contains(part), "{part}: {markdown}");
    }
    assert!(!markdown.contains("The rest does not fit here"), "{markdown}");
    assert!(text(explain::html(&document)).contains("a_table_with_a_rather_long_name_2999"));
}

#[test]
fn each_script_is_followed_from_its_begin_to_its_commit() {
    let (_, _, models) = run(&repository());
    for model in &models {
        let ways = model.tiers.iter().flat_map(|tier| {
            let undo = tier.undo.as_ref().filter(|undo| !undo.is_full);
            let demands = tier.demands.iter().chain(&tier.proofs).collect::<Vec<_>>();
            let undo = undo.map(|undo| (&undo.script, &undo.course, undo.demands.iter().collect()));
            std::iter::once((&tier.script, &tier.course, demands)).chain(undo)
        });
        for (script, course, demands) in ways {
            let begin = course.path.iter().position(|stop| matches!(stop, Stop::Begin { read_only: false, .. }));
            let change = course.path.iter().position(|stop| matches!(stop, Stop::Changes { .. }));
            let (begin, change) = (begin.expect("it begins"), change.expect("it changes something"));
            assert!(begin < change, "{script}");
            assert!(matches!(course.path.last(), Some(Stop::Commit(_))), "{script}: {:?}", course.path.last());
            assert!(demands.iter().all(|demand| demand.is_sure), "{script}: {demands:?}");
            // The database is asked for before anything changes, and that is said where it is.
            let asks = |check: &Check| {
                check.is_certain && check.meets.iter().any(|(what, _)| what == "the database is directus")
            };
            let checks = course.path.iter().take(change).filter_map(|stop| match stop {
                Stop::Check(check) => Some(check),
                _ => None,
            });
            let asked: Vec<&Check> = checks.filter(|check| asks(check)).collect();
            let [only] = asked.as_slice() else { panic!("{script} asks once: {asked:?}") };
            assert_eq!(only.certain, [["current_database() IS NOT DISTINCT FROM 'directus'"]]);
        }
    }
}

#[test]
fn the_scripts_that_only_read_are_told_of() {
    let (_, verdict, models) = run(&repository());
    let one_roof = models.first().expect("a package");
    let [preflight, verify, contract, probe] = one_roof.probes.as_slice() else { panic!("four scripts") };
    assert!(preflight.is_preflight && preflight.demands.iter().any(|demand| demand.what == "a human ratification"));
    for only in [preflight, verify, contract, probe] {
        assert!(only.is_run && only.read_only && only.writes.is_empty(), "{}", only.script);
    }
    assert_eq!(probe.course.checks().count(), 0, "the probe judges nothing");
    let left: Vec<&str> = one_roof
        .end_state
        .iter()
        .filter(|measure| measure.after.is_empty())
        .map(|measure| measure.what.as_str())
        .collect();
    assert_eq!(left, ["reconcile decisions (about 6) is 6", "open drift (about 38) is 38"]);
    let html = text(explain::html(&document(&verdict, &models)));
    assert!(html.contains("It writes nothing") && !html.contains("It changes the database"));
}

#[test]
fn a_check_is_certain_only_where_every_path_comes_by() {
    let directory = broken();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).expect("it is written");
    let config = fs::read_to_string(directory.path().join("lint.toml")).expect("it is there");
    write("lint.toml", &config.replace("baseline =", "preflight = \"first.sql\"\nverify = [\"last.sql\"]\nbaseline ="));
    write(
        "first.sql",
        "BEGIN;\nDO $$ BEGIN\n IF (SELECT count(*) FROM old) > 5 THEN RAISE EXCEPTION 'a'; END IF;\n\
         IF random() < 0.5 THEN\n  IF (SELECT count(*) FROM old) > 3 THEN RAISE EXCEPTION 'b'; END IF;\n\
         END IF;\nEND $$;\nINSERT INTO old (id) VALUES (9);\nCOMMIT;\n",
    );
    write("last.sql", "SELECT count(*) FROM old;\n");
    let (_, verdict, models) = run(directory.path());
    let [first, last] = models.first().expect("a package").probes.as_slice() else { panic!("two scripts") };
    let checks: Vec<&Check> = first.course.checks().collect();
    let [always, sometimes] = checks.as_slice() else { panic!("two checks: {checks:?}") };
    assert!(always.is_certain && always.is_always);
    assert_eq!(always.certain, [["(SELECT count(*) FROM old) <= 5"]]);
    assert!(!sometimes.is_certain && !sometimes.is_always && sometimes.certain.is_empty());
    assert_eq!((first.writes.len(), first.read_only), (1, false));
    assert_eq!((last.writes.len(), last.read_only, last.printed), (0, false, 1));
    let plain = text(explain::text(&document(&verdict, &models)));
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains("It changes the database at first.sql:8"), "{plain}");
    assert!(plain.contains("no statement changes anything, though no READ ONLY transaction holds it to that"));
}

/// The line of a file on which something stands.
fn line_of(file: &Path, start: usize) -> String {
    let bytes = fs::read(file).expect("it is there");
    let line = bytes.split(|byte| *byte == b'\n').scan(0, |at, line| {
        *at += line.len() + 1;
        Some((*at, line))
    });
    let found = line.into_iter().find(|(end, _)| start < *end).map(|(_, line)| line).expect("a line");
    text(found.to_vec())
}

#[test]
fn the_executor_runs_what_its_bytes_say_in_the_order_of_the_rollout_table() {
    let (config, verdict, models) = run(&repository());
    for (package, model) in config.packages.iter().zip(&models) {
        let [executor] = model.executors.as_slice() else { panic!("{} has an executor", model.name) };
        let file = repository().join(&executor.script);
        assert!(executor.is_run && executor.is_in_order(), "{executor:?}");
        // Every include of the file, and no other, in the order of its lines.
        let whole = fs::read_to_string(&file).expect("it is there");
        let included: Vec<&str> = whole.lines().filter_map(|line| line.strip_prefix("\\ir ")).collect();
        assert_eq!(executor.links().count(), included.len());
        for ((deed, link), name) in executor.links().zip(included) {
            assert_eq!(line_of(&file, deed.at.span().start), format!("\\ir {name}"));
            assert!(link.path.ends_with(&format!("/{name}")), "{}", link.path);
            assert!(deed.certain && link.inside.is_none(), "{deed:?}");
            let OnError::Stops(at) = deed.on_error else { panic!("{deed:?}") };
            assert_eq!(line_of(&file, at.span().start), "\\set ON_ERROR_STOP on");
        }
        let named = |path: &str| executor.links().position(|(_, link)| link.path == path);
        let tiers = model.tiers.iter().map(|tier| named(&tier.script).expect("it runs the tier"));
        let tiers: Vec<usize> = tiers.collect();
        assert!(tiers.windows(2).all(|pair| matches!(pair, [one, next] if one < next)), "{tiers:?}");
        let verified: Vec<&String> = model.probes.iter().map(|probe| &probe.script).collect();
        for path in &verified {
            let is_missing = executor.missing.iter().any(|missing| missing.path == **path && !missing.changes);
            assert!(named(path).is_some() != is_missing, "{path}");
        }
        assert_eq!(executor.links().count() + executor.missing.len(), package.tier.len() + verified.len());
        assert!(executor.demands.iter().all(|demand| demand.is_sure && !demand.by.is_empty()), "{executor:?}");
        assert!(!executor.deeds.iter().any(|deed| matches!(deed.what, Doing::Changes | Doing::Checks(_))));
    }
    let html = text(explain::html(&document(&verdict, &models)));
    assert!(html.contains("The first error in any of them ends the run"));
}

#[test]
fn what_an_executor_does_otherwise_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).expect("it is written");
    write(
        "lint.toml",
        "[[package]]\nname = \"p\"\nroot = \".\"\ndatabase = \"*\"\npreflight = \"first.sql\"\nexecutor = \"all.sql\"\n\
         verify = [\"last.sql\"]\ntags = [\"t\"]\ntag-columns = [\"tag\"]\n\
         [[package.tier]]\nnumber = 1\nname = \"One\"\nfile = \"one.sql\"\n\
         [[package.tier]]\nnumber = 2\nname = \"Two\"\nfile = \"two.sql\"\n\
         [[package.tier]]\nnumber = 3\nname = \"Three\"\nfile = \"three.sql\"\n",
    );
    write("first.sql", "SELECT 1;\n");
    write("one.sql", "CREATE TABLE one (id int);\n\\set ON_ERROR_STOP off\n");
    write("two.sql", "CREATE TABLE two (id int);\n\\ir part.sql\n");
    write("part.sql", "CREATE TABLE part (id int);\nSELECT 2;\n");
    write("three.sql", "CREATE TABLE three (id int);\n");
    write("other.sql", "\\ir one.sql\n");
    write("last.sql", "SELECT 3;\n");
    write(
        "all.sql",
        "\\echo a\n\\echo b\n\\ir first.sql\n\\set ON_ERROR_STOP 1\nSELECT 1;\nSELECT 2 AS two \\gset\nBEGIN;\n\\ir two.sql\nCOMMIT;\n\
         \\if :{?x}\n  \\ir other.sql\n\\endif\n\\ir two.sql\nCREATE TABLE own (id int);\n\
         DO $$ BEGIN IF (SELECT count(*) FROM own) > 0 THEN RAISE 'x'; END IF; END $$;\n\\unset ON_ERROR_STOP\n\\ir missing.sql\n",
    );
    let (_, verdict, models) = run(directory.path());
    let [executor] = models.first().expect("a package").executors.as_slice() else { panic!("an executor") };
    let file = directory.path().join("all.sql");
    let number =
        |at: usize| fs::read(&file).expect("it is there").iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
    let told: Vec<String> = executor
        .deeds
        .iter()
        .map(|deed| {
            let what = match &deed.what {
                Doing::Runs(link) => {
                    let odd =
                        [(link.is_again, "again"), (link.behind.is_some(), "late"), (link.named.is_none(), "unnamed")];
                    let odd = odd.iter().filter(|(is, _)| *is).map(|(_, word)| *word);
                    let inside = link.inside.map(|begin| format!("in {}", number(begin.span().start)));
                    let odd: Vec<String> = odd.map(str::to_owned).chain(inside).collect();
                    format!("{} [{}]", link.path, odd.join(" "))
                }
                Doing::Checks(check) => format!("check {:?}", check.certain),
                other => format!("{other:?}"),
            };
            let on_error = match deed.on_error {
                OnError::AsStarted => "as started".to_owned(),
                OnError::Stops(at) => format!("stops {}", number(at.span().start)),
                OnError::GoesOn(at) => format!("goes on {}", number(at.span().start)),
                OnError::Depends(_) => "depends".to_owned(),
            };
            let certain = if deed.certain { "" } else { "?" };
            format!("{}x{} {what}{certain}, {on_error}", number(deed.at.span().start), deed.count)
        })
        .collect();
    let wanted = [
        "1x2 Commands(\"\\\\echo\"), as started",
        "3x1 first.sql [], as started",
        "4x1 Sets(\"ON_ERROR_STOP\", Some(\"1\")), stops 4",
        "5x1 Prints, stops 4",
        "6x1 Commands(\"\\\\gset\"), stops 4",
        "7x1 Transaction(\"BEGIN\"), stops 4",
        "8x1 two.sql [in 7], stops 4",
        "9x1 Transaction(\"COMMIT\"), stops 4",
        "11x1 other.sql [unnamed]?, stops 4",
        "1x1 one.sql [late]?, stops 4",
        "13x1 two.sql [again], depends",
        "14x1 Changes, depends",
        "15x1 Block, depends",
        "15x1 check [[\"(SELECT count(*) FROM own) <= 0\"]], depends",
        "16x1 Sets(\"ON_ERROR_STOP\", None), goes on 16",
        "17x1 RunsNot, goes on 16",
    ];
    assert_eq!(told, wanted);
    assert!(!executor.is_in_order());
    let missing: Vec<(&str, bool)> =
        executor.missing.iter().map(|missing| (missing.path.as_str(), missing.changes)).collect();
    assert_eq!(missing, [("three.sql", true), ("last.sql", false)]);
    let plain = text(explain::text(&document(&verdict, &models)));
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "it does not run three.sql, tier 3, Three (lint.toml:21)",
        "it runs two.sql at all.sql:13, which it has run before",
        "it runs one.sql at other.sql:1, after two.sql, which comes later in lint.toml, on some paths only",
        "An error in some of them need not end the run: it sets ON_ERROR_STOP at all.sql:4",
        "Of its own it prints 1 query result, can be stopped by 1 check and changes the database by 1 statement",
    ] {
        assert!(plain.contains(words), "{words}: {plain}");
    }
}
