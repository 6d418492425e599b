//! What is known at one point of a script.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Start;
use super::asked::Asked;
use super::symbol::Symbols;
use super::value::{is_text, keeps, operation, same};
use crate::catalog::{Catalog, ColumnType, Kind, Presence};
use crate::effect::{
    At, Expr, ExprKind, From, Function, Ident, IsTest, Name, Query, QueryBody, Scope, Select, SubqueryKind, Target,
    Type, VariableConflict,
};
use crate::logic::{Facts, Known, Truth, World};

/// What is known at one point of a script.
#[derive(Clone)]
pub struct State {
    /// The schema.
    pub catalog: Catalog,
    /// What is certainly true of rows and values.
    pub facts: Facts,
    /// What was asked of PostgreSQL's catalogs.
    pub asked: Arc<Asked>,
    /// The settings.
    pub settings: Arc<Settings>,
    /// The transaction block.
    pub block: Block,
    /// The variables of psql.
    pub psql: Arc<BTreeMap<Ident, PsqlValue>>,
    /// Whether any path comes here.
    pub reachable: bool,
    /// Whether nobody else is at work.
    alone: bool,
    /// The settings at each savepoint.
    savepoints: Vec<(Ident, Arc<Settings>)>,
    /// The variables of PL/pgSQL in scope, innermost last.
    pub(super) scopes: Vec<Bindings>,
    /// The statements that a name may have been `PREPARE`d for, by their numbers.
    pub(super) prepared: Arc<BTreeMap<Ident, BTreeSet<usize>>>,
    /// What `FOUND` says.
    pub(super) found: Option<Expr>,
    /// The query whose rows `ROW_COUNT` counts.
    pub(super) counted: Option<Expr>,
    pub(super) symbols: Symbols,
}

/// How many variables that two branches give different values are known to have one of them.
const DIFFERING_LIMIT: usize = 8;

/// How much may be known where that is told: proofs grow with the third power of it.
const GATHERED_LIMIT: usize = 20;

/// The size of a value of which that is told.
const TOLD_LIMIT: usize = 16;

/// The variables of one block, and its label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bindings {
    /// The label of the block, the name of the function.
    pub label: Option<Ident>,
    /// What each variable holds, with no variable left in it.
    pub values: BTreeMap<Ident, Expr>,
    /// Their types, as far as they are written.
    pub kinds: BTreeMap<Ident, Type>,
    /// Other names of variables: the number of the scope of each, and its name there.
    pub aliases: BTreeMap<Ident, (usize, Ident)>,
    /// Those of them that certainly have no fields.
    pub scalars: BTreeSet<Ident>,
    /// Names that mean columns here, whatever variables there are around.
    pub columns: BTreeSet<Vec<Ident>>,
    /// Of a function's own scope, what a name means that a variable has and a column too.
    pub conflict: VariableConflict,
    /// `$1` and so on, where they have no name.
    pub parameters: Vec<Expr>,
    /// The names of `$1` and so on.
    pub names: Vec<Option<Ident>>,
    /// Whether names outside are hidden: a function's own scope.
    pub opaque: bool,
}

impl Bindings {
    fn has(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.aliases.contains_key(name)
    }

    /// Where the parameter stands among those without a name, or its name.
    fn place(&self, number: u32) -> Option<(usize, Option<&Ident>)> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        Some((index, self.names.get(index).and_then(Option::as_ref)))
    }

    /// A variable, or `$1` and its like.
    fn slot(&mut self, name: &str) -> Option<&mut Expr> {
        if self.values.contains_key(name) {
            return self.values.get_mut(name);
        }
        let (index, _) = self.place(number_of(name)?)?;
        self.parameters.get_mut(index)
    }

    /// Every value that it holds, with a name for it.
    fn each(&mut self) -> impl Iterator<Item = (&str, &mut Expr)> {
        let named = self.values.iter_mut().map(|(name, value)| (name.as_str(), value));
        named.chain(self.parameters.iter_mut().map(|value| ("argument", value)))
    }
}

/// The number of `$1` and its like.
pub(super) fn number_of(name: &str) -> Option<u32> {
    name.strip_prefix('$')?.parse().ok()
}

/// What a variable of psql holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PsqlValue {
    /// It is not set.
    Unset,
    /// It may be set.
    Maybe,
    /// It is set, to whatever.
    Some,
    /// It is set to this text.
    Text(Ident),
    /// It is set to what a query yielded; it is not set where that is NULL.
    Answer,
    /// It is set to what this expression came to; it is not set where that is NULL.
    Expr(Expr),
}

/// Whether a transaction block is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// Every statement is a transaction of its own.
    None,
    /// A block is open.
    Open {
        /// Its `BEGIN`.
        begin: At,
        /// Blocks are counted from one.
        number: u32,
    },
    /// On some paths it is, on others not.
    Mixed,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its value, if it can be told; none of `DEFAULT`.
    pub value: Option<Ident>,
    /// Whether the value is known at all.
    pub known: bool,
    /// What it was set to, where that is an expression.
    pub expr: Option<Expr>,
}

/// The settings in effect. What is not in it was not set here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    session: BTreeMap<Ident, Setting>,
    local: BTreeMap<Ident, Setting>,
    /// The session's before the block.
    before: Option<BTreeMap<Ident, Setting>>,
}

impl Settings {
    /// The value in effect; none if it was not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.local.get(name).or_else(|| self.session.get(name))
    }

    /// Whether setting it to that for that long leaves all as it is.
    fn holds(&self, name: &str, value: &Setting, scope: Scope) -> bool {
        let known = match scope {
            Scope::Transaction => self.local.get(name),
            Scope::Session => self.session.get(name).filter(|_| !self.local.contains_key(name)),
        };
        // Where an expression stands is not compared.
        value.expr.is_none() && known == Some(value)
    }
}

impl State {
    pub(super) fn new(start: &Start) -> Self {
        Self {
            catalog: start.catalog.clone(),
            facts: start.facts.afresh(),
            asked: Arc::default(),
            settings: Arc::default(),
            block: Block::None,
            psql: Arc::clone(&start.variables),
            reachable: true,
            alone: start.alone,
            savepoints: Vec::new(),
            scopes: Vec::new(),
            prepared: Arc::default(),
            found: None,
            counted: None,
            symbols: Symbols::default(),
        }
    }

    /// What is known before anything runs.
    #[must_use]
    pub fn at(start: &Start) -> Self {
        Self::new(start)
    }

    /// The same with another schema.
    #[must_use]
    pub fn over(&self, catalog: Catalog) -> Self {
        Self { catalog, ..self.clone() }
    }

    pub(super) fn assume(&mut self, expr: &Expr, truth: Truth) {
        let holds = match truth {
            Truth::True | Truth::NotFalse => Some(true),
            Truth::False | Truth::NotTrue => Some(false),
            Truth::Null => None,
        };
        if let Some((kind, name, is_there)) = holds.and_then(|holds| asked_by_name(expr, holds)) {
            self.catalog.know(&kind, &name, is_there);
        }
        let world = Sight(&self.catalog);
        self.facts.assume(expr, truth, &world);
        if self.facts.contradictory() {
            self.reachable = false;
        }
    }

    /// What `current_setting` gives, where that is known.
    pub(super) fn setting_of(&self, name: &str, at: At) -> Option<Expr> {
        let setting = self.settings.get(&name.to_ascii_lowercase())?;
        match &setting.value {
            Some(value) => Some(Expr { at, kind: ExprKind::Text(value.clone()) }),
            None => setting.expr.clone(),
        }
    }

    /// The name that a psql variable holds: `:"name"`.
    pub(super) fn psql_name(&self, name: &str) -> Option<Ident> {
        let variable = name.strip_prefix(":\"")?.strip_suffix('"')?;
        match self.psql.get(variable) {
            Some(PsqlValue::Text(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    /// Whether a condition, variables resolved, certainly holds.
    #[must_use]
    pub fn known(&self, expr: &Expr) -> Known {
        self.facts.entails(expr, &Sight(&self.catalog))
    }

    pub(super) fn begin(&mut self, begin: At, number: u32) {
        // Rows may have changed since the transaction before.
        if !self.alone {
            self.facts.forget_relations();
            self.asked = Arc::default();
        }
        self.block = Block::Open { begin, number };
        let settings = Arc::make_mut(&mut self.settings);
        settings.before = Some(settings.session.clone());
    }

    pub(super) fn savepoint(&mut self, name: &Ident) {
        self.savepoints.push((name.clone(), Arc::clone(&self.settings)));
    }

    /// Settings that were made since the savepoint are undone with the rest.
    pub(super) fn roll_back_to(&mut self, name: &Ident) {
        if let Some(index) = self.savepoints.iter().rposition(|(known, _)| known == name) {
            self.savepoints.truncate(index + 1);
            if let Some((_, settings)) = self.savepoints.last() {
                self.settings = Arc::clone(settings);
            }
        }
        self.forget_everything();
    }

    pub(super) fn commit(&mut self) {
        self.savepoints.clear();
        self.block = Block::None;
        let settings = Arc::make_mut(&mut self.settings);
        settings.local.clear();
        settings.before = None;
    }

    pub(super) fn rollback(&mut self) {
        self.savepoints.clear();
        self.block = Block::None;
        let settings = Arc::make_mut(&mut self.settings);
        settings.local.clear();
        if let Some(before) = settings.before.take() {
            settings.session = before;
        }
        self.forget_everything();
    }

    /// `SET`; a value of none is `DEFAULT` or `RESET`.
    pub(super) fn set(&mut self, name: &Ident, value: Setting, scope: Scope) {
        let in_block = self.block != Block::None;
        if self.settings.holds(name, &value, scope) {
            return;
        }
        let settings = Arc::make_mut(&mut self.settings);
        if name == "all" {
            settings.local.clear();
            settings.session.clear();
            return;
        }
        match scope {
            // Outside a block it is a warning and has no effect.
            Scope::Transaction if !in_block => {}
            Scope::Transaction => {
                settings.local.insert(name.clone(), value);
            }
            Scope::Session => {
                settings.local.remove(name);
                settings.session.insert(name.clone(), value);
            }
        }
    }

    /// A value was worked out: what a number is divided by is not 0.
    pub(super) fn assume_divided(&mut self, value: &Expr) {
        let ExprKind::Operator { operator, left: Some(left), right } = &value.uncast().kind else { return };
        let is_division = matches!(operator.as_str(), "/" | "%") && matches!(left.uncast().kind, ExprKind::Number(_));
        // Of NULL PostgreSQL divides nothing.
        if is_division {
            self.assume(&operation((**right).clone(), "=", super::value::number(0)), Truth::NotTrue);
        }
    }

    /// A variable, or a field of it, may hold any value.
    pub(super) fn renew(&mut self, target: &[Ident]) {
        let value = self.symbols.fresh(target.last().map_or("variable", Ident::as_str));
        self.bind(target, value);
    }

    /// Any setting that was made may have another value.
    pub(super) fn forget_settings(&mut self) {
        let settings = Arc::make_mut(&mut self.settings);
        for setting in settings.session.values_mut().chain(settings.local.values_mut()) {
            *setting = Setting { value: None, known: false, expr: None };
        }
    }

    /// Something that could not be told may have done anything.
    pub(super) fn lose_track(&mut self) {
        self.forget_everything();
        self.asked.change();
        self.catalog.lose_track();
    }

    pub(super) fn forget_everything(&mut self) {
        self.facts.forget_relations();
        for scope in &mut self.scopes {
            for (name, value) in scope.each() {
                if !value.is_constant() {
                    *value = self.symbols.after(name, [&*value]);
                }
            }
        }
        self.found = None;
        self.counted = None;
    }

    /// Any variable may hold another value.
    pub(super) fn forget_variables(&mut self) {
        for scope in &mut self.scopes {
            for (name, value) in scope.each() {
                *value = self.symbols.fresh(name);
            }
        }
    }

    /// How much is known. It grows by what is learnt and shrinks by what is forgotten.
    pub(super) fn knowledge(&self) -> usize {
        let values = self.scopes.iter().flat_map(|scope| scope.values.values());
        let known = values.filter(|value| !Symbols::names(value)).count();
        known + self.facts.len() + usize::from(self.found.is_some()) + usize::from(self.counted.is_some())
    }

    /// Rows of these relations are not what they were.
    pub(super) fn forget(&mut self, relations: &BTreeSet<Name>) {
        self.facts.forget(relations);
        let touched = &mut |name: &Name| relations.contains(name);
        let catalog = &self.catalog;
        for scope in &mut self.scopes {
            for (name, value) in scope.each() {
                if super::read::reads(value, catalog, touched) {
                    *value = self.symbols.after(name, [&*value]);
                }
            }
        }
        for value in [&mut self.found, &mut self.counted] {
            if value.as_ref().is_some_and(|value| super::read::reads(value, catalog, touched)) {
                *value = None;
            }
        }
    }

    /// What was known of values that were named since, and that nobody can ask for any more.
    pub(super) fn forget_since(&mut self, first: u32) {
        let gone = &mut |path: &[Ident]| Symbols::number(path).is_some_and(|number| number >= first);
        self.facts.forget_variables(gone, &Sight(&self.catalog));
    }

    /// The same of those among them that no variable holds any more.
    pub(super) fn forget_unheld(&mut self, first: u32) {
        let mut held: BTreeSet<u32> = BTreeSet::new();
        let mut note = |value: &Expr| {
            crate::effect::any(value, |part| {
                if let ExprKind::Column(path) = &part.kind {
                    held.extend(Symbols::number(path));
                }
                false
            });
        };
        self.scopes.iter().flat_map(|scope| scope.values.values().chain(&scope.parameters)).for_each(&mut note);
        self.found.iter().chain(&self.counted).for_each(&mut note);
        let gone = &mut |path: &[Ident]| {
            Symbols::number(path).is_some_and(|number| number >= first && !held.contains(&number))
        };
        self.facts.forget_variables(gone, &Sight(&self.catalog));
    }

    /// Where two branches meet: a variable that they give different values is known to have one of
    /// them, with all else that is so in that branch.
    pub(super) fn meet(mut self, mut other: Self) -> Self {
        let mut differing = Vec::new();
        for (index, (ours, theirs)) in self.scopes.iter().zip(&other.scopes).enumerate() {
            for (name, value) in &ours.values {
                if let (Some(given), Some(kind)) = (theirs.values.get(name), ours.kinds.get(name))
                    && value != given
                    && is_told(value)
                    && is_told(given)
                {
                    differing.push((index, name.clone(), kind.clone(), value.clone(), given.clone()));
                }
            }
        }
        if differing.len() <= DIFFERING_LIMIT && self.facts.len().max(other.facts.len()) <= GATHERED_LIMIT {
            for (index, name, kind, value, given) in differing {
                let symbol = self.symbols.of(&name, &kind);
                let is_flat = kind.array && self.is_flat(&value) && other.is_flat(&given);
                let mut common: Vec<Expr> = bounds(&symbol, &kind);
                let (ours, theirs) = (bounds(&value, &kind), bounds(&given, &kind));
                let mut both = ours
                    .iter()
                    .zip(&theirs)
                    .map(|(one, theirs)| self.known(one) == Known::Yes && other.known(theirs) == Known::Yes);
                common.retain(|_| both.next() == Some(true));
                common.extend(is_flat.then(|| flat(&symbol)));
                for (state, value) in [(&mut self, value), (&mut other, given)] {
                    state.become_known(&symbol, value, &kind);
                    for fact in &common {
                        state.facts.assume(fact, Truth::True, &Sight(&state.catalog));
                    }
                    if let Some(scope) = state.scopes.get_mut(index) {
                        scope.values.insert(name.clone(), symbol.clone());
                    }
                }
            }
        }
        self.join(&other)
    }

    /// A symbol stands for that value: an array by how many elements it has, a text by whether it
    /// is empty.
    fn become_known(&mut self, symbol: &Expr, value: Expr, kind: &Type) {
        let at = value.at;
        let measure = |of: &Expr| {
            if kind.array {
                Expr { at, kind: ExprKind::call("cardinality", [of.clone()], at) }
            } else {
                operation(of.clone(), "=", Expr { at, kind: ExprKind::Text(Ident::default()) })
            }
        };
        let measured = (kind.array || is_text(kind)).then(|| same(measure(symbol), measure(&value)));
        for fact in std::iter::once(same(symbol.clone(), value)).chain(measured) {
            self.facts.assume(&fact, Truth::True, &Sight(&self.catalog));
        }
    }

    /// Whether an array certainly has one dimension, or none where it is empty.
    fn is_flat(&self, array: &Expr) -> bool {
        array.kind == ExprKind::Null || self.known(&flat(array)) == Known::Yes
    }

    pub(super) fn join(mut self, other: &Self) -> Self {
        self.facts = self.facts.join(&other.facts, &Sight(&self.catalog));
        self.asked = self.asked.join(&other.asked, &Sight(&self.catalog));
        self.catalog = self.catalog.join(&other.catalog);
        if self.settings != other.settings {
            let settings = Arc::make_mut(&mut self.settings);
            join_settings(&mut settings.session, &other.settings.session);
            join_settings(&mut settings.local, &other.settings.local);
        }
        let same = match (self.block, other.block) {
            (Block::Open { number, .. }, Block::Open { number: theirs, .. }) => number == theirs,
            (left, right) => left == right,
        };
        if !same {
            self.block = Block::Mixed;
        }
        if !Arc::ptr_eq(&self.psql, &other.psql) {
            join_variables(Arc::make_mut(&mut self.psql), &other.psql);
        }
        self.prepare_as(other);
        for (index, scope) in self.scopes.iter_mut().enumerate() {
            let theirs = other.scopes.get(index);
            for (name, value) in &mut scope.values {
                let given = theirs.and_then(|scope| scope.values.get(name));
                if given != Some(value) {
                    *value = self.symbols.after(name, [&*value].into_iter().chain(given));
                }
            }
            for (index, value) in scope.parameters.iter_mut().enumerate() {
                if theirs.and_then(|scope| scope.parameters.get(index)) != Some(value) {
                    *value = self.symbols.fresh("argument");
                }
            }
        }
        if self.found != other.found {
            self.found = None;
        }
        if self.counted != other.counted {
            self.counted = None;
        }
        self
    }

    /// What was prepared there may have been prepared here.
    pub(super) fn prepare_as(&mut self, other: &Self) {
        if !Arc::ptr_eq(&self.prepared, &other.prepared) {
            let prepared = Arc::make_mut(&mut self.prepared);
            for (name, statements) in other.prepared.iter() {
                prepared.entry(name.clone()).or_default().extend(statements);
            }
        }
    }

    /// What a name of PL/pgSQL stands for: the value and, behind it, fields.
    pub(super) fn variable(&self, path: &[Ident]) -> Option<Expr> {
        let (index, name, fields) = self.find(path)?;
        let scope = self.scopes.get(index)?;
        let value = match number_of(&name) {
            Some(number) => scope.parameters.get(scope.place(number)?.0)?,
            None => scope.values.get(&name)?,
        };
        Some(fields.iter().fold(value.clone(), |value, field| {
            let of_what = |value| ExprKind::Field { operand: Box::new(value), field: field.clone() };
            super::rows::field_of(&value, field).unwrap_or_else(|| Expr { at: value.at, kind: of_what(value) })
        }))
    }

    /// Whether there is a variable of that name.
    pub(super) fn has_variable(&self, path: &[Ident]) -> bool {
        self.find(path).is_some()
    }

    /// The type of a variable.
    pub(super) fn kind(&self, path: &[Ident]) -> Option<&Type> {
        let (index, name, fields) = self.find(path)?;
        self.scopes.get(index)?.kinds.get(&name).filter(|_| fields.is_empty())
    }

    /// The number of the scope of a variable, its name there, and the fields that stand behind it.
    fn find<'p>(&self, path: &'p [Ident]) -> Option<(usize, Ident, &'p [Ident])> {
        for (index, scope) in self.scopes.iter().enumerate().rev() {
            if scope.columns.contains(path) {
                return None;
            }
            let found = match path {
                [name] if scope.has(name) => Some((name, [].as_slice())),
                [label, name] if scope.label.as_ref() == Some(label) && scope.has(name) => Some((name, [].as_slice())),
                [label, record, fields @ ..]
                    if scope.label.as_ref() == Some(label) && scope.has(record) && !scope.scalars.contains(record) =>
                {
                    Some((record, fields))
                }
                [record, fields @ ..] if scope.has(record) && !scope.scalars.contains(record) => Some((record, fields)),
                _ => None,
            };
            if let Some((name, fields)) = found {
                let (index, name) = scope.aliases.get(name).cloned().unwrap_or_else(|| (index, name.clone()));
                return Some((index, name, fields));
            }
            if scope.opaque {
                return None;
            }
        }
        None
    }

    /// Gives a variable another name. Whether there is such a variable.
    pub(super) fn alias(&mut self, name: &Ident, path: &[Ident]) -> bool {
        let numbered = match path {
            [only] => number_of(only).and_then(|number| self.numbered(number)),
            _ => None,
        };
        let Some((index, variable)) = numbered.or_else(|| self.find(path).map(|(index, name, _)| (index, name))) else {
            return false;
        };
        let is_scalar = self.scopes.get(index).is_some_and(|scope| scope.scalars.contains(&variable));
        if let Some(scope) = self.scopes.last_mut() {
            scope.aliases.insert(name.clone(), (index, variable));
            if is_scalar {
                scope.scalars.insert(name.clone());
            }
        }
        true
    }

    /// The number of the scope of `$1` and its like, and its name there.
    fn numbered(&self, number: u32) -> Option<(usize, Ident)> {
        let index = self.scopes.iter().rposition(|scope| scope.opaque)?;
        let (_, name) = self.scopes.get(index)?.place(number)?;
        Some((index, name.cloned().unwrap_or_else(|| Ident::from(format!("${number}")))))
    }

    /// What a name means that a variable has and a column too; none where there are no variables.
    pub(super) fn conflict(&self) -> Option<VariableConflict> {
        let own = self.scopes.iter().rposition(|scope| scope.opaque).unwrap_or(0);
        let scopes = self.scopes.get(own..).unwrap_or_default();
        let has_names = scopes.iter().any(|scope| !scope.values.is_empty() || !scope.aliases.is_empty());
        scopes.first().filter(|_| has_names).map(|scope| scope.conflict)
    }

    pub(super) fn parameter(&self, number: u32) -> Option<Expr> {
        let scope = self.scopes.iter().rev().find(|scope| scope.opaque)?;
        match scope.place(number)? {
            (_, Some(name)) => scope.values.get(name).cloned(),
            (index, None) => scope.parameters.get(index).cloned(),
        }
    }

    /// Gives a variable a value.
    pub(super) fn bind(&mut self, path: &[Ident], value: Expr) {
        let numbered = match path {
            [name, ..] => number_of(name).and_then(|number| self.numbered(number)),
            [] => None,
        };
        let Some((index, name, is_whole)) = numbered
            .map(|(index, name)| (index, name, path.len() == 1))
            .or_else(|| self.find(path).map(|(index, name, fields)| (index, name, fields.is_empty())))
        else {
            return;
        };
        let value = super::query::simpler(value, &self.catalog);
        let kind = self.scopes.get(index).and_then(|scope| scope.kinds.get(&name));
        let value = if is_whole && !super::value::is_large(&value) {
            self.stored(&name, value, kind)
        } else {
            self.symbols.fresh(&name)
        };
        if let Some(slot) = self.scopes.get_mut(index).and_then(|scope| scope.slot(&name)) {
            *slot = value;
        }
    }
}

/// Which rows a value of a SELECT list is asked for.
enum Row {
    /// Those that FROM and WHERE bring, whatever else is selected.
    Any,
    /// The one row that there is, whatever FROM and WHERE bring.
    Itself,
    /// Those of the whole list: by itself it would be asked for others.
    Whole,
}

impl State {
    /// A value that is worked out once and stays: one that would be another when asked again
    /// is only known by a name of its own.
    pub(super) fn settled(&self, name: &str, value: Expr) -> Expr {
        let stays = super::read::is_settled(&value, &self.catalog) && !super::value::is_large(&value);
        if stays { value } else { self.symbols.after(name, [&value]) }
    }

    /// One of the values of the first row that a query selects; of the only one where that is strict.
    pub(super) fn first_value(&self, query: &Query, select: &Select, target: &Target, strict: bool) -> Option<Expr> {
        match self.row_of(query, target) {
            Row::Whole => return None,
            Row::Itself => return Some(target.value.clone()),
            Row::Any => {}
        }
        let only = Select { targets: vec![target.clone()], ..select.clone() };
        if only.from.is_empty() && only.filter.is_none() && only.having.is_none() {
            return Some(target.value.clone());
        }
        let gathers = || crate::logic::gathers([&target.value], &Sight(&self.catalog)) == Known::Yes;
        let is_only = strict || only.from.is_empty() || only.group_by.is_empty() && gathers();
        let mut own = Query { body: QueryBody::Select(Box::new(only)), ..query.clone() };
        if !is_only && own.limit.is_none() {
            own.limit = Some(Box::new(super::value::number(1)));
        }
        Some(super::value::subquery(SubqueryKind::Scalar, own))
    }

    /// The first row that a query selects, as the value of a record. Into a row of a table only a row of
    /// that table goes as it is: others go by their places, and may be cast.
    pub(super) fn record_of(&self, query: &Query, variable: &[Ident], strict: bool) -> Option<Expr> {
        let kind = self.kind(variable)?;
        let QueryBody::Select(select) = &query.body else { return None };
        let select = match kind.name.name.strip_suffix("%rowtype") {
            Some(table) => {
                let table = self.catalog.canonical(&Name { name: Ident::from(table), ..kind.name.clone() });
                let is_row = |name: &Name| self.catalog.canonical(name) == table;
                let [From::Relation { name, .. }] = select.from.as_slice() else { return None };
                let [Target { value: Expr { kind: ExprKind::Star(_), .. }, .. }] = select.targets.as_slice() else {
                    return None;
                };
                is_row(name).then(|| self.spelt_out(query, select))??
            }
            None if kind.name.name == "record" && kind.name.schema.is_none() => self.spelt_out(query, select)?,
            None => return None,
        };
        let own = Query { body: QueryBody::Select(Box::new(select.clone())), ..query.clone() };
        let name = |target: &Target| target.alias.clone().or_else(|| super::column_name(&target.value));
        let names: Vec<Ident> =
            select.targets.iter().map(|target| name(target).unwrap_or(Ident::new_static("?column?"))).collect();
        let value = |(target, name): (&Target, &Ident)| {
            let value = self.first_value(&own, &select, target, strict).unwrap_or_else(|| self.symbols.fresh(name));
            self.settled(name, value)
        };
        let values = select.targets.iter().zip(&names).map(value).collect();
        Some(super::rows::record(&names, values, query.at))
    }

    /// The query with the columns of its only table in the place of `*`.
    fn spelt_out(&self, query: &Query, select: &Select) -> Option<Select> {
        let mut targets = Vec::new();
        for target in &select.targets {
            let ExprKind::Star(path) = &target.value.kind else {
                targets.push(target.clone());
                continue;
            };
            let [From::Relation { name, alias, columns, .. }] = select.from.as_slice() else { return None };
            let visible = alias.as_ref().unwrap_or(&name.name);
            let relation = self.catalog.relation(name).filter(|relation| relation.is_known)?;
            let is_plain = columns.is_empty() && query.with.is_empty();
            if !is_plain || !(path.is_empty() || path.iter().eq([visible])) {
                return None;
            }
            for column in &relation.columns {
                if column.presence != Presence::Yes {
                    return None;
                }
                let kind = ExprKind::Column(vec![visible.clone(), column.name.clone()]);
                targets.push(Target { value: Expr { at: target.value.at, kind }, alias: None });
            }
        }
        Some(Select { targets, ..select.clone() })
    }

    /// Which rows one of the values that a query selects is asked for.
    fn row_of(&self, query: &Query, target: &Target) -> Row {
        let QueryBody::Select(select) = &query.body else { return Row::Whole };
        let world = Sight(&self.catalog);
        let gathers = |targets: &[Target]| crate::logic::gathers(targets.iter().map(|target| &target.value), &world);
        if select.targets.len() == 1 || !select.group_by.is_empty() || select.having.is_some() {
            return Row::Any;
        }
        match (gathers(&select.targets), gathers(std::slice::from_ref(target))) {
            (Known::No, _) | (Known::Yes, Known::Yes) => Row::Any,
            (Known::Yes, Known::No) if query.limit.is_none() && query.offset.is_none() => Row::Itself,
            _ => Row::Whole,
        }
    }

    /// A type, where it is written as that of a column (`t.c%TYPE`) the one that this has, if it is one
    /// of PostgreSQL's own.
    pub(super) fn copied<'t>(&self, kind: &'t Type) -> Cow<'t, Type> {
        let of_column = || {
            let (relation, column) = kind.name.name.strip_suffix("%type")?.rsplit_once('.')?;
            let relation = Name { name: Ident::from(relation), ..kind.name.clone() };
            let relation = self.catalog.relation(&relation)?;
            let of = built_in(&relation.column(column)?.kind, kind.name.at)?;
            Some(Type { array: of.array || kind.array, set: kind.set, ..of })
        };
        of_column().map_or(Cow::Borrowed(kind), Cow::Owned)
    }

    /// What a variable, an argument or a parameter of that type holds that is given a value.
    pub(super) fn stored(&self, name: &str, value: Expr, kind: Option<&Type>) -> Expr {
        let Some(kind) = kind else { return value };
        if !keeps(kind, &value) {
            return self.symbols.fresh(name);
        }
        if let Some(day) = super::day::Day::of(&value).and_then(|day| day.stored(kind, value.at)) {
            return day;
        }
        // A text that goes into a variable of another type is another value: `'1'` becomes 1.
        if matches!(value.kind, ExprKind::Text(_))
            && (kind.array || !is_text(kind) && !kind.name.name.starts_with("any"))
        {
            return Expr {
                at: value.at,
                kind: ExprKind::Cast { operand: Box::new(value), to: Box::new(kind.clone()) },
            };
        }
        value
    }
}

/// The type of a column, if it is one of PostgreSQL's own.
fn built_in(kind: &ColumnType, at: At) -> Option<Type> {
    let ColumnType::BuiltIn { name, modifiers, array } = kind else { return None };
    let number = |digits: &str| Expr { at, kind: ExprKind::Number(Ident::from(digits)) };
    let modifiers = modifiers.split(',').filter(|digits| !digits.is_empty()).map(number).collect();
    Some(Type { name: Name::plain(name.clone(), at), modifiers, array: *array, set: false })
}

fn join_variables(ours: &mut BTreeMap<Ident, PsqlValue>, theirs: &BTreeMap<Ident, PsqlValue>) {
    for (name, value) in theirs {
        let otherwise = || if *value == PsqlValue::Unset { PsqlValue::Unset } else { PsqlValue::Maybe };
        ours.entry(name.clone()).or_insert_with(otherwise);
    }
    for (name, value) in ours {
        let other = theirs.get(name);
        if other != Some(value) {
            let is_set = |value: &PsqlValue| !matches!(value, PsqlValue::Unset | PsqlValue::Maybe);
            let answers = |value: &PsqlValue| matches!(value, PsqlValue::Answer | PsqlValue::Expr(_));
            *value = if !is_set(value) || !other.is_some_and(is_set) {
                PsqlValue::Maybe
            } else if answers(value) || other.is_some_and(answers) {
                PsqlValue::Answer
            } else {
                PsqlValue::Some
            };
        }
    }
}

fn join_settings(ours: &mut BTreeMap<Ident, Setting>, theirs: &BTreeMap<Ident, Setting>) {
    let names: Vec<Ident> = ours.keys().chain(theirs.keys()).cloned().collect();
    for name in names {
        if ours.get(&name) != theirs.get(&name) {
            // Set on one path and not on the other: nobody can count on it.
            let both = ours.contains_key(&name) && theirs.contains_key(&name);
            let unknown = Setting { value: None, known: false, expr: None };
            if both {
                ours.insert(name, unknown);
            } else {
                ours.remove(&name);
            }
        }
    }
}

/// What is worth knowing of a value whichever branch gave it: that it is one, and not less than 0.
fn bounds(value: &Expr, kind: &Type) -> Vec<Expr> {
    let at = value.at;
    let is_one = ExprKind::Is { operand: Box::new(value.clone()), test: IsTest::Null, negated: true };
    let number = match kind.name.name.as_str() {
        _ if kind.array => Some(Expr { at, kind: ExprKind::call("cardinality", [value.clone()], at) }),
        "int2" | "int4" | "int8" => Some(value.clone()),
        _ => None,
    };
    let is_counted = number.map(|number| operation(number, ">=", super::value::number(0)));
    std::iter::once(Expr { at, kind: is_one }).chain(is_counted).collect()
}

/// That an array has one dimension, or none where it is empty.
fn flat(array: &Expr) -> Expr {
    let at = array.at;
    let of = |function: &str, arguments: Vec<Expr>| Expr { at, kind: ExprKind::call(function, arguments, at) };
    let length = of("array_length", vec![array.clone(), super::value::number(1)]);
    let count = of("cardinality", vec![array.clone()]);
    same(length, of("nullif", vec![count, super::value::number(0)]))
}

/// Whether it is worth telling that a variable has that value.
fn is_told(value: &Expr) -> bool {
    let mut size = 0;
    !crate::effect::any(value, |_| {
        size += 1;
        size > TOLD_LIMIT
    })
}

/// The role or the extension that a condition asks for by its name, and whether it is there.
fn asked_by_name(expr: &Expr, holds: bool) -> Option<(Kind, Ident, bool)> {
    match &expr.kind {
        ExprKind::Not(inner) => asked_by_name(inner, !holds),
        ExprKind::Subquery { kind: SubqueryKind::Exists, query } => match &query.body {
            QueryBody::Select(select) => Catalog::asked_by_name(select).map(|(kind, name)| (kind, name, holds)),
            QueryBody::Values(_) | QueryBody::Set { .. } => None,
        },
        _ => None,
    }
}

/// The value of a setting as PostgreSQL joins its parts.
pub(super) fn setting_text(values: &[Expr]) -> Setting {
    let mut parts = Vec::new();
    for value in values {
        match super::value::text_of(value) {
            Some(text) => parts.push(text.to_string()),
            None => {
                let expr = if values.len() == 1 { values.first().cloned() } else { None };
                return Setting { value: None, known: false, expr };
            }
        }
    }
    let value = (!parts.is_empty()).then(|| Ident::from(parts.join(", ")));
    Setting { value, known: true, expr: None }
}

/// What the catalog tells to logic.
pub struct Sight<'a>(pub &'a Catalog);

impl World for Sight<'_> {
    fn relation(&self, name: &Name) -> Name {
        self.0.canonical(name)
    }

    fn never_null(&self, relation: &Name, column: &str) -> bool {
        self.0.relation(relation).and_then(|relation| relation.column(column)).is_some_and(|column| column.not_null)
    }

    fn unique(&self, relation: &Name, columns: &[Ident]) -> bool {
        self.0.has_key_within(relation, columns)
    }

    fn has_column(&self, relation: &Name, column: &str) -> Option<bool> {
        let relation = self.0.relation(relation)?;
        match relation.column(column) {
            Some(column) => (column.presence == Presence::Yes).then_some(true),
            None => relation.is_known.then_some(false),
        }
    }

    fn stands_alone(&self, relation: &Name) -> bool {
        self.0.stands_alone(relation)
    }

    fn column_type(&self, relation: &Name, column: &str) -> Option<Type> {
        let column = self.0.relation(relation)?.column(column)?;
        // A collation of its own may take different texts for equal.
        let is_told = column.presence == Presence::Yes && !column.properties.contains_key("collation");
        built_in(&column.kind, relation.at).filter(|_| is_told)
    }

    fn variable_type(&self, path: &[Ident]) -> Option<Type> {
        Symbols::kind(path)
    }

    fn stable_call(&self, function: &Name) -> bool {
        let known = self.0.functions(function);
        let is_one = |function: &Arc<Function>| function.returns.as_ref().is_some_and(|returns| !returns.set);
        !known.is_empty() && known.iter().all(|function| function.reads_only && is_one(function))
    }
}
