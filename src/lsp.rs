//! A language server: what an editor has open is linted as it is typed, with the package around
//! it, and the editor is told what is found. Decides nothing about a package.

mod action;
mod channel;
mod place;
mod project;
mod symbol;
mod text;
mod uri;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::Notification as _;
use lsp_types::request::Request as _;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProviderCapability, DidChangeTextDocumentParams,
    DidChangeWatchedFilesRegistrationOptions, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DocumentSymbolParams, FileSystemWatcher, GlobPattern, GotoDefinitionParams, HoverParams, HoverProviderCapability,
    InitializeParams, InitializeResult, MessageType, OneOf, PublishDiagnosticsParams, ReferenceParams, Registration,
    RegistrationParams, SaveOptions, ServerCapabilities, ServerInfo, ShowMessageParams, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions, Uri, notification, request,
};
use serde::de::DeserializeOwned;

use crate::date::Date;
use crate::fault::Fault;
use crate::lint::{Arena, Session, own_error};
use crate::parallel::STACK;
use crate::sources::Desk;

use channel::{Channel, Incoming};
use project::{Manner, Project, Shown};
use text::Encoding;

/// The name of the file that describes packages.
const CONFIG: &str = "lint.toml";

/// Serves one editor until it says that it is done, or is gone. Whether it has said so.
pub fn serve(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    today: Option<Date>,
) -> Result<bool, Fault> {
    let channel = Channel::open(input, output)?;
    // Parsing and proving recurse over what is written: on a stack that holds it.
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let mut server = Server::new(channel, today);
        let end = server.run();
        server.channel.close();
        end
    });
    let handle = worker.map_err(|error| Fault::new(format!("cannot start a thread: {error}")))?;
    handle.join().unwrap_or_else(|_| Err(own_error()))
}

/// How far the conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was said yet.
    Before,
    /// Everything may be asked.
    Open,
    /// Only the end may come.
    Shut,
}

/// How a conversation ends: whether well.
type End = Result<bool, Fault>;

/// A file that an editor has open.
struct Document {
    uri: Uri,
    version: i32,
    text: String,
}

struct Server {
    channel: Channel,
    phase: Phase,
    manner: Manner,
    documents: BTreeMap<PathBuf, Document>,
    projects: BTreeMap<PathBuf, Project>,
    /// What the editor was told, with the version of the text that it was told about.
    told: BTreeMap<PathBuf, (Vec<lsp_types::Diagnostic>, Option<i32>)>,
    /// The files whose name the editor has given, links not followed.
    names: BTreeMap<PathBuf, Uri>,
    waiting: Vec<Request>,
    /// The actions that were worked out for the texts as they are.
    fixes: action::Fixes,
}

impl Server {
    fn new(channel: Channel, today: Option<Date>) -> Self {
        Self {
            channel,
            phase: Phase::Before,
            manner: Manner { encoding: Encoding::Utf16, pages: None, today },
            documents: BTreeMap::new(),
            projects: BTreeMap::new(),
            told: BTreeMap::new(),
            names: BTreeMap::new(),
            waiting: Vec::new(),
            fixes: action::Fixes::default(),
        }
    }

    fn run(&mut self) -> End {
        let mut desk = Desk::of_edited();
        loop {
            let arena = Arena::default();
            let mut session = Session::new(&arena, desk);
            let end = self.converse(&mut session);
            desk = session.into_desk();
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Until the conversation ends, or the session has become too large.
    fn converse(&mut self, session: &mut Session<'_>) -> Option<End> {
        while !session.is_full() {
            // Of several changes at once only the last is looked at.
            let mut next = self.channel.incoming.recv().ok();
            while let Some(incoming) = next {
                if let Some(end) = self.take(incoming, session) {
                    return Some(end);
                }
                next = self.channel.incoming.try_recv().ok();
            }
            if catch_unwind(AssertUnwindSafe(|| self.work(session))).is_err() {
                self.show(&own_error().to_string());
                for request in std::mem::take(&mut self.waiting) {
                    self.refuse(request.id, ErrorCode::InternalError, own_error().to_string());
                }
                // What it knows may be half of what it should know.
                return None;
            }
        }
        None
    }

    /// Takes note of what comes in; nothing is worked out yet.
    fn take(&mut self, incoming: Incoming, session: &mut Session<'_>) -> Option<End> {
        match incoming {
            Incoming::End(None) => Some(Ok(self.phase == Phase::Shut)),
            Incoming::End(Some(why)) => Some(Err(Fault::new(format!("the editor cannot be understood: {why}")))),
            Incoming::Garbage(why) => {
                self.log(&format!("this is no message: {why}"));
                None
            }
            Incoming::Message(Message::Response(_)) => None,
            Incoming::Message(Message::Notification(notification)) => self.note(notification, session),
            Incoming::Message(Message::Request(request)) => {
                match (self.phase, request.method.as_str()) {
                    (Phase::Before, request::Initialize::METHOD) => self.initialize(request),
                    (Phase::Before, _) => {
                        self.refuse(request.id, ErrorCode::ServerNotInitialized, "initialize comes first".to_owned());
                    }
                    (Phase::Shut, _) => {
                        self.refuse(request.id, ErrorCode::InvalidRequest, "after shutdown comes exit".to_owned());
                    }
                    (Phase::Open, request::Initialize::METHOD) => {
                        self.refuse(request.id, ErrorCode::InvalidRequest, "initialize comes once".to_owned());
                    }
                    (Phase::Open, request::Shutdown::METHOD) => {
                        self.phase = Phase::Shut;
                        self.channel.send(Response::new_ok(request.id, serde_json::Value::Null));
                    }
                    (Phase::Open, _) => self.waiting.push(request),
                }
                None
            }
        }
    }

    fn note(&mut self, notification: Notification, session: &mut Session<'_>) -> Option<End> {
        if notification.method == notification::Exit::METHOD {
            return Some(Ok(self.phase == Phase::Shut));
        }
        if self.phase != Phase::Open {
            return None;
        }
        let Notification { method, params } = notification;
        match method.as_str() {
            notification::Initialized::METHOD => self.watch(),
            notification::DidOpenTextDocument::METHOD => {
                let DidOpenTextDocumentParams { text_document: it } = self.read(&method, params)?;
                let Some(path) = uri::path(&it.uri) else {
                    self.log(&format!("{} is no file of this machine", it.uri.as_str()));
                    return None;
                };
                let path = project::plain(&path);
                session.desk().open(&path, it.text.as_bytes());
                self.names.insert(path.clone(), it.uri.clone());
                self.find_project(&path, session);
                let document = Document { uri: it.uri, version: it.version, text: it.text };
                self.documents.insert(path.clone(), document);
                self.touch(&path);
            }
            notification::DidChangeTextDocument::METHOD => {
                let it: DidChangeTextDocumentParams = self.read(&method, params)?;
                let path = project::plain(&uri::path(&it.text_document.uri)?);
                let encoding = self.manner.encoding;
                let Some(document) = self.documents.get_mut(&path) else {
                    self.log(&format!("{} is not open", it.text_document.uri.as_str()));
                    return None;
                };
                for change in &it.content_changes {
                    document.text = text::change(&document.text, change, encoding);
                }
                document.version = it.text_document.version;
                session.desk().open(&path, document.text.as_bytes());
                self.touch(&path);
            }
            notification::DidCloseTextDocument::METHOD => {
                let it: DidCloseTextDocumentParams = self.read(&method, params)?;
                let path = project::plain(&uri::path(&it.text_document.uri)?);
                session.desk().close(&path);
                self.documents.remove(&path);
                self.touch(&path);
            }
            // Whatever it is that the disk holds now: it is read again.
            notification::DidSaveTextDocument::METHOD
            | notification::DidChangeWatchedFiles::METHOD
            | notification::DidChangeWorkspaceFolders::METHOD => {
                self.projects.values_mut().for_each(|project| project.is_stale = true);
                let open: Vec<PathBuf> = self.documents.keys().cloned().collect();
                open.iter().for_each(|path| self.find_project(path, session));
            }
            notification::Cancel::METHOD => {
                let it: lsp_types::CancelParams = self.read(&method, params)?;
                let id = match it.id {
                    lsp_types::NumberOrString::Number(number) => RequestId::from(number),
                    lsp_types::NumberOrString::String(text) => RequestId::from(text),
                };
                if let Some(index) = self.waiting.iter().position(|request| request.id == id) {
                    self.waiting.remove(index);
                    self.refuse(id, ErrorCode::RequestCanceled, "it was cancelled".to_owned());
                }
            }
            _ => {}
        }
        None
    }

    /// What a notification says; one that cannot be read is passed over, and told.
    fn read<T: DeserializeOwned>(&self, method: &str, params: serde_json::Value) -> Option<T> {
        serde_json::from_value(params).map_err(|error| self.log(&format!("{method}: {error}"))).ok()
    }

    fn initialize(&mut self, request: Request) {
        let params: InitializeParams = match serde_json::from_value(request.params) {
            Ok(params) => params,
            Err(error) => {
                self.refuse(request.id, ErrorCode::InvalidParams, error.to_string());
                return;
            }
        };
        let general = params.capabilities.general.as_ref();
        let known = general.and_then(|general| general.position_encodings.as_deref());
        self.manner.encoding = Encoding::choose(known);
        let pages = params.initialization_options.as_ref().and_then(|options| options.get("rulePages")?.as_str());
        self.manner.pages = pages.map(str::to_owned);
        #[allow(deprecated, reason = "what editors gave before there were several folders")]
        let root = params.root_uri.into_iter();
        let folders = params.workspace_folders.unwrap_or_default().into_iter().map(|folder| folder.uri).chain(root);
        for folder in folders.filter_map(|folder| uri::path(&folder)) {
            let path = project::plain(&folder).join(CONFIG);
            if path.is_file() {
                self.projects.entry(path.clone()).or_insert_with(|| Project::new(path));
            }
        }
        let sync = TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        };
        let actions = CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        };
        let capabilities = ServerCapabilities {
            position_encoding: Some(self.manner.encoding.word()),
            text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            definition_provider: Some(OneOf::Left(true)),
            references_provider: Some(OneOf::Left(true)),
            document_symbol_provider: Some(OneOf::Left(true)),
            code_action_provider: Some(CodeActionProviderCapability::Options(actions)),
            ..ServerCapabilities::default()
        };
        let info =
            ServerInfo { name: env!("CARGO_PKG_NAME").to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) };
        self.phase = Phase::Open;
        self.channel.send(Response::new_ok(request.id, InitializeResult { capabilities, server_info: Some(info) }));
    }

    /// Asks to be told when files change that are not open. Who cannot do that refuses.
    fn watch(&self) {
        let watcher = |glob: &str| FileSystemWatcher { glob_pattern: GlobPattern::String(glob.to_owned()), kind: None };
        let options = DidChangeWatchedFilesRegistrationOptions { watchers: vec![watcher("**/*")] };
        let registration = Registration {
            id: "files".to_owned(),
            method: notification::DidChangeWatchedFiles::METHOD.to_owned(),
            register_options: serde_json::to_value(options).ok(),
        };
        self.channel.send(Request::new(
            RequestId::from("watch".to_owned()),
            request::RegisterCapability::METHOD.to_owned(),
            RegistrationParams { registrations: vec![registration] },
        ));
    }

    /// The nearest `lint.toml` above a file, on disk or open.
    fn find_project(&mut self, file: &Path, session: &mut Session<'_>) {
        let mut is_there = |path: &PathBuf| path.is_file() || session.desk().opened(path).is_some();
        let found = file.ancestors().skip(1).map(|directory| directory.join(CONFIG)).find(|path| is_there(path));
        if let Some(path) = found {
            self.projects.entry(path.clone()).or_insert_with(|| Project::new(path));
        }
    }

    /// Whatever may have to do with a file is to be judged again.
    fn touch(&mut self, file: &Path) {
        for project in self.projects.values_mut() {
            project.is_stale |= file.starts_with(project.directory());
        }
    }

    /// Judges what has changed, tells it, and answers.
    fn work(&mut self, session: &mut Session<'_>) {
        if self.phase != Phase::Open {
            return;
        }
        let changes = self.channel.changes();
        let seen = changes.load(Ordering::Relaxed);
        // A change that came in meanwhile makes this one old.
        session.stop_when(Arc::new(move || changes.load(Ordering::Relaxed) != seen));
        let stale: Vec<PathBuf> =
            self.projects.values().filter(|project| project.is_stale).map(|project| project.path.clone()).collect();
        for path in &stale {
            let Some(project) = self.projects.get_mut(path) else { continue };
            let is_there = project.judge(session, &self.manner);
            if session.was_stopped() {
                project.is_stale = true;
                return;
            }
            if !is_there {
                self.projects.remove(path);
            }
        }
        session.stop_when(Arc::new(|| false));
        if !stale.is_empty() {
            self.fixes = action::Fixes::default();
            self.publish();
        }
        for request in std::mem::take(&mut self.waiting) {
            let id = request.id.clone();
            let response = self
                .answer(request, session)
                .unwrap_or_else(|(code, message)| Response::new_err(id, code as i32, message));
            self.channel.send(response);
        }
    }

    /// Tells what differs from what was told.
    fn publish(&mut self) {
        let mut all = Shown::new();
        for project in self.projects.values() {
            for (file, diagnostics) in &project.shown {
                let shown = all.entry(file.clone()).or_default();
                shown.extend(diagnostics.iter().filter(|one| !shown.contains(one)).cloned().collect::<Vec<_>>());
            }
        }
        let files: BTreeSet<PathBuf> =
            all.keys().chain(self.told.keys()).chain(self.documents.keys()).cloned().collect();
        for file in files {
            let diagnostics = all.remove(&file).unwrap_or_default();
            let version = self.documents.get(&file).map(|document| document.version);
            let told = self.told.get(&file);
            let is_news = match told {
                Some((known, known_version)) => *known != diagnostics || *known_version != version,
                None => !diagnostics.is_empty() || version.is_some(),
            };
            if is_news && let Some(uri) = self.uri(&file) {
                let params = PublishDiagnosticsParams { uri, diagnostics: diagnostics.clone(), version };
                self.channel.send(Notification::new(notification::PublishDiagnostics::METHOD.to_owned(), params));
            }
            if diagnostics.is_empty() && version.is_none() {
                self.told.remove(&file);
            } else {
                self.told.insert(file, (diagnostics, version));
            }
        }
    }

    /// What the editor calls a file.
    fn uri(&self, file: &Path) -> Option<Uri> {
        let open = self.documents.get(file).map(|document| &document.uri).or_else(|| self.names.get(file));
        open.cloned().or_else(|| uri::of(file))
    }

    fn answer(&mut self, request: Request, session: &mut Session<'_>) -> Result<Response, (ErrorCode, String)> {
        fn params<T: DeserializeOwned>(params: serde_json::Value) -> Result<T, (ErrorCode, String)> {
            serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
        }
        let Request { id, method, params: given } = request;
        match method.as_str() {
            request::HoverRequest::METHOD => {
                let it: HoverParams = params(given)?;
                let it = it.text_document_position_params;
                Ok(Response::new_ok(id, self.hover(&it.text_document.uri, it.position, session)))
            }
            request::GotoDefinition::METHOD => {
                let it: GotoDefinitionParams = params(given)?;
                let it = it.text_document_position_params;
                Ok(Response::new_ok(id, self.definition(&it.text_document.uri, it.position, session)))
            }
            request::References::METHOD => {
                let it: ReferenceParams = params(given)?;
                let it = it.text_document_position;
                Ok(Response::new_ok(id, self.references(&it.text_document.uri, it.position, session)))
            }
            request::DocumentSymbolRequest::METHOD => {
                let it: DocumentSymbolParams = params(given)?;
                Ok(Response::new_ok(id, self.symbols(&it.text_document.uri, session)))
            }
            request::CodeActionRequest::METHOD => {
                let it: CodeActionParams = params(given)?;
                Ok(Response::new_ok(id, self.actions(&it, session)))
            }
            _ => Err((ErrorCode::MethodNotFound, format!("{method} is not known here"))),
        }
    }

    fn refuse(&self, id: RequestId, code: ErrorCode, message: String) {
        self.channel.send(Response::new_err(id, code as i32, message));
    }

    /// Tells who looks after the editor.
    fn log(&self, message: &str) {
        let params = lsp_types::LogMessageParams { typ: MessageType::WARNING, message: message.to_owned() };
        self.channel.send(Notification::new(notification::LogMessage::METHOD.to_owned(), params));
    }

    /// Tells who sits before the editor.
    fn show(&self, message: &str) {
        let params = ShowMessageParams { typ: MessageType::ERROR, message: message.to_owned() };
        self.channel.send(Notification::new(notification::ShowMessage::METHOD.to_owned(), params));
    }
}
