//! What an editor offers at a finding: the edits that mend it, and suppressions that say why
//! it is meant, in the script and in `lint.toml`. Nothing is offered that does not do what it
//! says.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, Diagnostic, NumberOrString, Range, TextEdit,
    Uri, WorkspaceEdit,
};

use super::project::{Project, plain};
use super::text::Lines;
use super::{Server, uri};
use crate::config::Config;
use crate::finding::Finding;
use crate::lint::Session;
use crate::silence::{Allowances, Silences};
use crate::source::{self, FileId, Span};
use crate::verdict::{Judged, Verdict};

/// What mends the findings of a `lint.toml`, worked out when it is asked for.
#[derive(Default)]
pub(super) struct Fixes(BTreeMap<PathBuf, Vec<Mend>>);

/// What mends one finding.
struct Mend {
    rule: &'static str,
    file: PathBuf,
    span: Span,
    what: String,
    edits: Vec<(PathBuf, Span, String)>,
}

impl Server {
    pub(super) fn actions(&mut self, params: &CodeActionParams, session: &mut Session<'_>) -> Vec<CodeActionOrCommand> {
        let Some(file) = uri::path(&params.text_document.uri).map(|path| plain(&path)) else { return Vec::new() };
        if let Some(only) = &params.context.only
            && !only.iter().any(|kind| kind.as_str().is_empty() || *kind == CodeActionKind::QUICKFIX)
        {
            return Vec::new();
        }
        let Some(text) = self.documents.get(&file).map(|document| document.text.clone()) else { return Vec::new() };
        let lines = Lines::of(text.as_bytes(), self.manner.encoding);
        let asked = lines.span(params.range);
        let mut actions = Vec::new();
        let projects: Vec<PathBuf> =
            self.projects.values().filter(|it| !it.opinions(&file).is_empty()).map(|it| it.path.clone()).collect();
        for path in projects {
            let Some(project) = self.projects.get(&path) else { continue };
            let touches = |span: Span| span.start <= asked.end && asked.start <= span.end;
            let mut seen: Vec<(&str, Span)> = Vec::new();
            let mut here: Vec<(&'static str, Span, String)> = Vec::new();
            for (package, opinion) in project.opinions(&file) {
                let (rule, span) = (opinion.finding.rule, opinion.finding.primary.at.span());
                if touches(span) && !seen.contains(&(rule, span)) {
                    seen.push((rule, span));
                    here.push((rule, span, package.to_owned()));
                }
            }
            if here.is_empty() {
                continue;
            }
            if !self.fixes.0.contains_key(&path) {
                let mends = mends(project, session);
                self.fixes.0.insert(path.clone(), mends);
            }
            let mends = self.fixes.0.get(&path).map(Vec::as_slice).unwrap_or_default();
            let directory = project.directory().to_owned();
            let config = session.desk().read(&path).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            for (rule, span, package) in here {
                let diagnostics = self.diagnostics(&file, rule, lines.range(span));
                let action = |title: String, edit: WorkspaceEdit, preferred: bool| {
                    CodeActionOrCommand::CodeAction(CodeAction {
                        title,
                        kind: Some(CodeActionKind::QUICKFIX),
                        diagnostics: Some(diagnostics.clone()),
                        edit: Some(edit),
                        is_preferred: Some(preferred),
                        ..CodeAction::default()
                    })
                };
                let mut offered: Vec<&str> = Vec::new();
                for mend in mends.iter().filter(|mend| mend.rule == rule && mend.file == file && mend.span == span) {
                    if offered.contains(&mend.what.as_str()) {
                        continue;
                    }
                    offered.push(&mend.what);
                    if let Some(edit) = self.edit(&mend.edits, session) {
                        actions.push(action(format!("{}: {}", mend.rule, mend.what), edit, true));
                    }
                }
                if path != file
                    && let Some((at, order)) = silence(text.as_bytes(), rule, span)
                {
                    let edits = [(file.clone(), Span::new(at, at), order)];
                    if let Some(edit) = self.edit(&edits, session) {
                        actions.push(action(format!("{rule}: allow it here, and say why"), edit, false));
                    }
                }
                let name = if path == file { Some("lint.toml") } else { below(&directory, &file) };
                if let (Some(config), Some(name)) = (&config, name)
                    && let Some((at, entry)) = allowance(config, &package, name, rule)
                {
                    let edits = [(path.clone(), Span::new(at, at), entry)];
                    if let Some(edit) = self.edit(&edits, session) {
                        let title = format!("{rule}: allow it in the whole of {name}, in lint.toml, and say why");
                        actions.push(action(title, edit, false));
                    }
                }
            }
        }
        actions
    }

    /// What the editor was told of a finding.
    fn diagnostics(&self, file: &Path, rule: &str, range: Range) -> Vec<Diagnostic> {
        let told = self.told.get(file).map(|(diagnostics, _)| diagnostics.as_slice()).unwrap_or_default();
        let is_it = |one: &&Diagnostic| one.range == range && one.code == Some(NumberOrString::String(rule.to_owned()));
        told.iter().filter(is_it).cloned().collect()
    }

    #[allow(clippy::mutable_key_type, reason = "the type is the protocol's; its names do not change")]
    fn edit(&self, edits: &[(PathBuf, Span, String)], session: &mut Session<'_>) -> Option<WorkspaceEdit> {
        let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
        for (file, span, text) in edits {
            let bytes = session.desk().read(file).ok()?;
            let range = Lines::of(&bytes, self.manner.encoding).range(*span);
            changes.entry(self.uri(file)?).or_default().push(TextEdit { range, new_text: text.clone() });
        }
        Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
    }
}

/// What mends the findings of a project. The texts are linted as they are written: an edit
/// holds bytes of them.
fn mends(project: &Project, session: &mut Session<'_>) -> Vec<Mend> {
    let Some(Ok(job)) = project.job(session) else { return Vec::new() };
    let verdict = session.examine_as_written(&job).and_then(|outcome| Verdict::new(outcome, &job.config));
    let Ok(verdict) = verdict else { return Vec::new() };
    let opinions = verdict.packages().iter().flat_map(Judged::shown);
    opinions.filter_map(|opinion| mend(project, &verdict, &opinion.finding)).collect()
}

fn mend(project: &Project, verdict: &Verdict, finding: &Finding) -> Option<Mend> {
    let fix = finding.fix.as_ref()?;
    let file = |at: crate::effect::At| project.file(verdict, at.file().index());
    let edits = fix.edits.iter().map(|edit| (file(edit.at), edit.at.span(), edit.text.clone())).collect();
    let at = finding.primary.at;
    Some(Mend { rule: finding.rule, file: file(at), span: at.span(), what: fix.what.clone(), edits })
}

/// Where a comment silences a rule at a place, and the comment, without a reason; none where a
/// comment cannot.
fn silence(text: &[u8], rule: &str, span: Span) -> Option<(usize, String)> {
    let lines = source::Lines::of(text);
    let is_crlf = text.windows(2).any(|pair| pair == b"\r\n");
    let number = lines.place(text, span.start).line;
    // Before the line of the finding, else before one above it that starts its statement.
    (1..=number).rev().take(SEARCH).find_map(|number| {
        let line = lines.span(number)?;
        let bytes = line.of(text);
        let blank = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let indent = String::from_utf8_lossy(bytes.get(..blank)?).into_owned();
        let order = format!("{indent}-- roof-lint: allow({rule}) because ");
        let end = if is_crlf { "\r\n" } else { "\n" };
        // It has to do what it is for.
        let tried = [text.get(..line.start)?, order.as_bytes(), b"x", end.as_bytes(), text.get(line.start..)?].concat();
        let moved = order.len() + 1 + end.len();
        let span = Span::new(span.start + moved, span.end + moved);
        let tried_lines = source::Lines::of(&tried);
        let covered = tried_lines.place(&tried, span.start).line..tried_lines.place(&tried, span.end).line + 1;
        let mut silences = Silences::read(FileId::new(0), &tried, &tried_lines);
        silences.cover(rule, span, covered).map(|_| (line.start, format!("{order}{end}")))
    })
}

/// Where an entry of `lint.toml` silences a rule in a file, and the entry, without a reason; the
/// file is named from where `lint.toml` stands.
fn allowance(config: &str, package: &str, file: &str, rule: &str) -> Option<(usize, String)> {
    let parsed = Config::parse("lint.toml", config).ok()?;
    let index = parsed.packages.iter().position(|known| known.name.get_ref() == package)?;
    let path = if file == "lint.toml" { file } else { parsed.packages.get(index)?.below(file)? };
    // Before the next package, and before what is written above it.
    let end = match parsed.packages.get(index + 1) {
        Some(next) => config.get(..next.name.span().start)?.rfind("[[package]]")?,
        None => config.len(),
    };
    let mut at = end;
    for line in config.get(..end)?.split_inclusive('\n').rev() {
        let line_of = line.trim_start();
        if !line_of.is_empty() && !line_of.starts_with('#') {
            break;
        }
        at -= line.len();
    }
    let newline = if config.contains("\r\n") { "\r\n" } else { "\n" };
    let entry = |reason: &str| {
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let (path, rule, reason) = (text(path), text(rule), text(reason));
        let before = if config.get(..at).is_some_and(|before| before.ends_with('\n')) { "" } else { newline };
        let lines =
            ["[[package.allow]]", &format!("path = {path}"), &format!("rule = {rule}"), &format!("reason = {reason}")];
        format!("{before}{newline}{}{newline}", lines.join(newline))
    };
    // It has to do what it is for.
    let tried = [config.get(..at)?, &entry("x"), config.get(at..)?].concat();
    let tried = Config::parse("lint.toml", &tried).ok()?;
    let mut allowances = Allowances::read(tried.packages.get(index)?, FileId::new(0), None);
    allowances.cover(rule, (file != "lint.toml").then_some(file)).map(|_| (at, entry("")))
}

/// The file from that directory, as `lint.toml` names files.
fn below<'f>(directory: &Path, file: &'f Path) -> Option<&'f str> {
    file.strip_prefix(directory).ok()?.to_str()
}

/// How many lines above a finding its statement may start.
const SEARCH: usize = 200;
