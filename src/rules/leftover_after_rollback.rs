//! What a rollback leaves behind.

mod grasp;

use std::collections::BTreeSet;

use self::grasp::{Changes, Tables, there};
use super::delete_outside_tag::Ledger;
use super::spot;
use crate::case::{Case, Pass};
use crate::catalog::{Aspect, Catalog, Difference, Key, Kind};
use crate::effect::{Act, Assignment, At, Expr, ExprKind, From, Ident, Name, Visit, walk_expr, walk_from};
use crate::finding::Finding;
use crate::flow::{Change, ChangeKind, Event, Origin, Sight, What, constant};
use crate::ledger::Insertion;
use crate::logic::{Facts, Known, Truth};
use crate::package::Role;

const ID: &str = "leftover-after-rollback";

pub(super) fn check(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let is_rollback = |pass: &&Pass<'_>| !pass.repeat && matches!(pass.role, Role::FullRollback | Role::Rollback(_));
    for pass in case.passes.iter().filter(is_rollback) {
        let changes = Changes::of(case, pass, &sure(case, pass));
        match pass.role {
            Role::FullRollback => objects(case, pass, &case.baseline, findings),
            // A tier with a rollback of its own takes its objects with it.
            Role::Rollback(tier) if case.package.tier.get(tier).is_some_and(|tier| tier.rollback.is_some()) => {
                let before = case.tiers.iter().find(|pass| pass.role == Role::Tier(tier));
                if let Some(before) = before {
                    objects(case, pass, &before.start, findings);
                    missing(case, pass, before, findings);
                    lost(case, (pass, &changes), (before, tier), findings);
                }
            }
            _ => {}
        }
        if let Role::Rollback(tier) = pass.role {
            taken_along(case, (pass, &changes), tier, findings);
        }
        settings(case, pass, findings);
        sequences(case, pass, findings);
        rows(case, pass, &changes, findings);
    }
}

fn objects(case: &Case<'_>, pass: &Pass<'_>, wanted: &Catalog, findings: &mut Vec<Finding>) {
    if fails(pass) {
        return;
    }
    let left = pass.run.end.catalog.left_over(wanted);
    if left.is_empty() {
        return;
    }
    // What is changed here, or by the tiers that are undone here; what others have left is told of there.
    let mut touched: BTreeSet<Key> = touched_by(pass).collect();
    touched.extend(super::undone_by(case, pass).flat_map(touched_by));
    for key in left {
        if !touched.contains(&key) || super::is_kept(&key, case) {
            continue;
        }
        let name = super::called(pass, case);
        if wanted.contains(&key)
            && let Some(at) = altered_at(case, pass, &key)
        {
            findings.push(
                Finding::new(ID, at, format!("{name} leaves {key} other than it was"), "altered here")
                    .related(place(pass, case), "and not altered back here")
                    .consequence("the database is not what it was before the release")
                    .way_out("set back in the rollback what the tier altered, as it was written before"),
            );
            continue;
        }
        let at = pass.run.end.catalog.made_at(&key).or_else(|| said_at(case, pass, &key));
        let at = at.unwrap_or_else(|| place(pass, case));
        if wanted.contains(&key) && !matches!(key.kind, Kind::Other(_)) {
            findings.push(
                Finding::new(ID, at, format!("{name} makes {key} other than it was"), "made here")
                    .consequence("the database is not what it was before the release")
                    .way_out("make it again in the rollback as it was"),
            );
            continue;
        }
        findings.push(
            Finding::new(ID, at, format!("{name} leaves {key} behind"), "made here")
                .related(place(pass, case), "and not undone here")
                .consequence("the database is not what it was before the release")
                .way_out("drop it in the rollback, children before parents"),
        );
    }
}

/// What a run makes, takes away or changes, and what it says of an object.
fn touched_by(pass: &Pass<'_>) -> impl Iterator<Item = Key> {
    pass.start.difference(&pass.run.end.catalog).into_iter().map(Difference::into_key)
}

/// Where an object is altered that was there before: by the rollback, or by a tier that it undoes.
fn altered_at(case: &Case<'_>, pass: &Pass<'_>, key: &Key) -> Option<At> {
    let alters = |event: &&Event<'_>| match &event.what {
        What::Define { outcome, .. } => outcome.altered.iter().any(|(altered, _)| altered == key),
        _ => false,
    };
    let last = |pass: &Pass<'_>| pass.run.events.iter().rfind(alters).map(|event| event.at);
    super::undone_by(case, pass).filter_map(last).last().or_else(|| last(pass))
}

/// Where a tier that is undone comments on an object, or says who may do what with it.
fn said_at(case: &Case<'_>, pass: &Pass<'_>, key: &Key) -> Option<At> {
    let Kind::Other(what) = &key.kind else { return None };
    let words: &[&str] = if what == "privileges" { &["granted", "revoked"] } else { &[what] };
    let is_it = |(of, how): &(Key, Ident)| words.contains(&how.as_str()) && of.aspect(what.clone()) == *key;
    let says = |event: &&Event<'_>| match &event.what {
        What::Define { outcome, .. } => outcome.altered.iter().any(is_it),
        _ => false,
    };
    super::undone_by(case, pass).find_map(|tier| tier.run.events.iter().rfind(says)).map(|event| event.at)
}

/// Whether a script fails: that is told of by another rule, and of course it leaves things behind.
fn fails(pass: &Pass<'_>) -> bool {
    pass.run.events.iter().any(|event| event.what.problem().is_some())
}

/// What a tier or its rollback takes away of what was there before, where that does not bring it back.
fn missing(case: &Case<'_>, pass: &Pass<'_>, tier: &Pass<'_>, findings: &mut Vec<Finding>) {
    if fails(pass) || fails(tier) {
        return;
    }
    let takes = |event: &Event<'_>, key: &Key| match &event.what {
        What::Define { outcome, .. } => super::taken(outcome).any(|(taken, _)| taken == key),
        _ => false,
    };
    let taken_by =
        |pass: &Pass<'_>, key: &Key| pass.run.events.iter().rfind(|event| takes(event, key)).map(|event| event.at);
    // What belongs to something goes along with it.
    let whole = |key: &Key| match key.kind {
        Kind::Index => tier.start.indexed(key),
        _ => key.part.is_some().then(|| key.relation()),
    };
    for key in tier.start.left_over(&pass.run.end.catalog) {
        // A comment and privileges are no objects, and changed ones are told of as left behind.
        if !tier.start.contains(&key) || pass.run.end.catalog.contains(&key) || super::is_kept(&key, case) {
            continue;
        }
        let at = [pass, tier].into_iter().find_map(|pass| taken_by(pass, &key));
        // What was there before the release and is taken away is told of there.
        if at.is_some() && case.baseline.contains(&key) {
            continue;
        }
        let of_whole = || {
            let whole = whole(&key)?;
            [pass, tier].into_iter().find_map(|pass| dropped(pass, |key| key.part.is_none() && key.relation() == whole))
        };
        let at = at.or_else(of_whole).unwrap_or_else(|| place(tier, case));
        let name = super::called(pass, case);
        findings.push(
            Finding::new(ID, at, format!("{name} does not bring back {key}"), "taken away here")
                .related(place(pass, case), "and not made again here")
                .consequence("the database is not what it was before the tier")
                .way_out("make it again in the rollback; or let the tier that made it not make it"),
        );
    }
}

/// Rows of an earlier tier, or what it wrote into a column, that a tier certainly takes away or
/// changes and that its rollback does not write again, though their table is there.
fn lost(
    case: &Case<'_>,
    (pass, back): (&Pass<'_>, &Changes<'_>),
    (tier, number): (&Pass<'_>, usize),
    findings: &mut Vec<Finding>,
) {
    if fails(pass) || fails(tier) {
        return;
    }
    let (forth, ledger, end) = (Changes::of(case, tier, &|_, _| true), Ledger::of(case, tier), &pass.run.end.catalog);
    let mut told: Vec<(At, &Name)> = Vec::new();
    for (_, insertion) in case.reached(number).filter(|(_, row)| row.certain && !row.table.is_temporary()) {
        let table = &insertion.table;
        let (Some(_), Some(relation)) = (tier.start.relation(table), end.relation(table)) else { continue };
        if back.add_again(end, insertion) {
            continue;
        }
        let is_rewritten = back.updated.contains(table) || back.inserted.contains_key(table);
        // What deletes rows that may be others' is told of as such.
        let is_told = |change: &Change<'_>| !super::is_made_by_release(table, case) && !ledger.confines(change);
        let rows = forth.remover(tier, insertion).filter(|(_, change)| !is_told(change)).map(|(at, _)| at);
        let taken = rows.or_else(|| dropped(tier, |key| key.kind == Kind::Table && key.relation() == *table));
        let column = || {
            let is_column = |key: &Key| key.kind == Kind::Column && key.relation() == *table;
            let is_written = |key: &Key| key.part.as_ref().is_some_and(|part| insertion.values.contains_key(part));
            dropped(tier, |key| is_column(key) && is_written(key) && end.contains(key))
        };
        let changed = || {
            let alters = |change: &Change<'_>, set: &Assignment| {
                relation.column(&set.column).is_some() && !is_same(insertion, change.reach().called(), set)
            };
            let changes = |(_, change): &(At, &Change<'_>)| {
                !is_told(change) && change.assignments().iter().any(|set| alters(change, set))
            };
            forth.rewriter(tier, insertion).filter(changes).map(|(at, _)| at)
        };
        let (at, what) = if let Some(at) = taken {
            (at, format!("rows of {table}"))
        } else if is_rewritten {
            continue;
        } else if let Some(at) = column() {
            (at, format!("what a column of {table} held"))
        } else if let Some(at) = changed() {
            (at, format!("what rows of {table} held"))
        } else {
            continue;
        };
        if told.iter().any(|(place, of)| place.is(at) && *of == table) {
            continue;
        }
        told.push((at, table));
        let name = super::called(pass, case);
        findings.push(
            Finding::new(ID, at, format!("{name} does not bring back {what}"), "taken away here")
                .related(insertion.at, "added by an earlier tier here")
                .related(place(pass, case), "and not written again here")
                .consequence("the database is not what it was before the tier")
                .way_out("write it again in the rollback; or let the tier that added it not add it"),
        );
    }
}

/// Rows of an earlier tier that the rollback of a later one certainly deletes: that tier has the same
/// tag, say, and nobody undoes it.
fn taken_along(case: &Case<'_>, (pass, back): (&Pass<'_>, &Changes<'_>), number: usize, findings: &mut Vec<Finding>) {
    let Some(tier) = super::undone_by(case, pass).next().filter(|tier| !fails(pass) && !fails(tier)) else { return };
    let (mut forth, ledger, end) = (None, Ledger::of(case, pass), &pass.run.end.catalog);
    let mut told: Vec<(At, &Name)> = Vec::new();
    for (earlier, insertion) in case.reached(number).filter(|(_, row)| row.certain && !row.table.is_temporary()) {
        let table = &insertion.table;
        let each = insertion.each.iter().map(|row| insertion.of(row));
        let Some((at, change)) =
            back.remover(pass, insertion).or_else(|| each.into_iter().find_map(|row| back.remover(pass, &row)))
        else {
            continue;
        };
        // What may be anybody's is told of as such, and so is what the tier itself takes away.
        let is_told = end.relation(table).is_none()
            || !ledger.confines(change)
            || told.iter().any(|(place, of)| place.is(at) && *of == table);
        let forth = forth.get_or_insert_with(|| Changes::of(case, tier, &|_, _| true));
        if is_told || back.add_again(end, insertion) || forth.remover(tier, insertion).is_some() {
            continue;
        }
        told.push((at, table));
        let (name, whose) = (super::called(pass, case), super::tier_name(earlier, case));
        findings.push(
            Finding::new(ID, at, format!("{name} takes rows of {table} that {whose} added"), "deleted here")
                .related(insertion.at, format!("added by {whose} here"))
                .consequence("the database is not what it was before the tier")
                .way_out("give each tier a tag of its own, or ask for the keys too"),
        );
    }
}

/// Whether rows of the insertion, in what the statement calls `own`, have already what is assigned.
fn is_same(insertion: &Insertion, own: &str, set: &Assignment) -> bool {
    let is_written = |values: &BTreeSet<Ident>| constant(&set.value).is_some_and(|value| values.iter().eq([&value]));
    set.value.is_column(own, &set.column) || insertion.values.get(&set.column).is_some_and(is_written)
}

/// What a run certainly drops, and where.
fn drops<'p>(pass: &'p Pass<'_>) -> impl Iterator<Item = (At, &'p Key)> {
    let dropped = pass.run.events.iter().filter(|event| event.certain).filter_map(|event| match &event.what {
        What::Define { outcome, .. } => Some(outcome.dropped.iter().map(|dropped| (event.at, &dropped.key))),
        _ => None,
    });
    dropped.flatten()
}

/// Where a run certainly drops what is asked for.
fn dropped(pass: &Pass<'_>, wanted: impl Fn(&Key) -> bool) -> Option<At> {
    drops(pass).find(|(_, key)| wanted(key)).map(|(at, _)| at)
}

/// What a tier sets about an object that was there before, where the rollback sets nothing
/// about it.
fn settings(case: &Case<'_>, pass: &Pass<'_>, findings: &mut Vec<Finding>) {
    // An owner that nobody has told before is told of here; the others are compared.
    let is_set = |one: &Difference, is_back: bool| match &one.aspect {
        Aspect::Changed { what, before, .. } => what == "options" || what == "owner" && (is_back || before.is_empty()),
        _ => false,
    };
    let alters = |event: &Event<'_>| matches!(&event.what, What::Define { outcome, .. } if !outcome.altered.is_empty());
    let set = |pass: &Pass<'_>, is_back: bool| -> BTreeSet<Key> {
        if !pass.run.events.iter().any(alters) {
            return BTreeSet::new();
        }
        let differences = pass.start.difference(&pass.run.end.catalog);
        differences.into_iter().filter(|one| is_set(one, is_back)).map(|one| one.key).collect()
    };
    let mut set_back: Option<BTreeSet<Key>> = None;
    for tier in super::undone_by(case, pass) {
        for key in set(tier, false) {
            let is_back = set_back.get_or_insert_with(|| set(pass, true)).contains(&key);
            let is_set =
                || sequences_set(pass).any(|(_, sequence)| sequence.is_none_or(|name| *name == key.relation()));
            if is_back
                || key.kind == Kind::Sequence && is_set()
                || !pass.run.end.catalog.contains(&key)
                || !case.baseline.contains(&key)
                || super::is_kept(&key, case)
            {
                continue;
            }
            let sets = |event: &&Event<'_>| match &event.what {
                What::Define { outcome, .. } => outcome.altered.iter().any(|(altered, _)| *altered == key),
                _ => false,
            };
            let at = tier.run.events.iter().rfind(sets).map_or_else(|| place(tier, case), |event| event.at);
            let name = super::called(pass, case);
            findings.push(
                Finding::new(ID, at, format!("{name} leaves {key} altered"), "altered here")
                    .related(place(pass, case), "and not altered back here")
                    .consequence("the database is not what it was before the release")
                    .way_out("set it back in the rollback"),
            );
        }
    }
}

/// The sequences that a run sets; none for one that cannot be told.
fn sequences_set<'p>(pass: &'p Pass<'_>) -> impl Iterator<Item = (&'p Event<'p>, Option<&'p Name>)> {
    let events = pass.run.events.iter().filter(|event| event.reachable);
    events.filter_map(|event| match &event.what {
        What::Sequence { function, sequence } if function == "setval" => Some((event, sequence.as_ref())),
        _ => None,
    })
}

/// What a tier sets a sequence to that was there before, where the rollback does not set it.
fn sequences(case: &Case<'_>, pass: &Pass<'_>, findings: &mut Vec<Finding>) {
    for tier in super::undone_by(case, pass) {
        for (event, sequence) in sequences_set(tier) {
            let is_kept = |name: &Name| {
                let restarts = |event: &Event<'_>| match &event.what {
                    What::Define { outcome, .. } => {
                        outcome.altered.iter().any(|(key, how)| key.relation() == *name && how == "options")
                    }
                    _ => false,
                };
                let is_back = sequences_set(pass).any(|(_, back)| back.is_none_or(|back| back == name))
                    || pass.run.events.iter().any(restarts);
                is_back || super::is_made_by_release(name, case) || pass.run.end.catalog.relation(name).is_none()
            };
            if sequence.is_some_and(is_kept) || super::is_house_rule(event, &case.baseline) {
                continue;
            }
            let what =
                sequence.map_or_else(|| "a sequence that cannot be told".to_owned(), |name| format!("sequence {name}"));
            let name = super::called(pass, case);
            let finding = Finding::new(ID, event.at, format!("{name} leaves {what} set"), "set here")
                .related(place(pass, case), "and not set back here")
                .consequence("not even ROLLBACK takes back what setval does")
                .way_out("set it back in the rollback; or let a human allow it and say why");
            findings.push(super::with_trail(finding, event));
        }
    }
}

fn rows(case: &Case<'_>, pass: &Pass<'_>, changes: &Changes<'_>, findings: &mut Vec<Finding>) {
    changed(case, pass, changes, findings);
    let tables = drops(pass).map(|(_, key)| key).filter(|key| key.kind == Kind::Table);
    let gone: BTreeSet<Name> = tables.map(Key::relation).collect();
    for (tier, added) in case.added.iter().enumerate() {
        if let Role::Rollback(only) = pass.role
            && only != tier
        {
            continue;
        }
        for insertion in added.iter().filter(|insertion| !insertion.table.is_temporary()) {
            // Rows go with their table, whatever bears its name then.
            if pass.run.end.catalog.relation(&insertion.table).is_none() || gone.contains(&insertion.table) {
                continue;
            }
            if retired(case, changes, insertion) || changes.remove(pass, insertion) {
                continue;
            }
            let name = super::called(pass, case);
            findings.push(
                Finding::new(
                    ID,
                    insertion.at,
                    format!("{name} leaves rows of {} behind", insertion.table),
                    "added here",
                )
                .related(place(pass, case), "and not removed here")
                .consequence("the database is not what it was before the release")
                .way_out("DELETE them in the rollback by the tag that the release gives them"),
            );
        }
    }
}

/// Rows that a tier changes and that the rollback never changes back.
fn changed(case: &Case<'_>, pass: &Pass<'_>, changes: &Changes<'_>, findings: &mut Vec<Finding>) {
    // One that undoes nothing says nothing of what it forgets.
    if !pass.run.events.iter().any(|event| matches!(event.what, What::Change(_) | What::Define { .. })) {
        return;
    }
    for tier in super::undone_by(case, pass) {
        let ledger = Ledger::of(case, tier);
        for event in tier.run.events.iter().filter(|event| event.reachable) {
            let What::Change(change) = &event.what else { continue };
            let table = &change.relation;
            // An INSERT that meets its own rows of another time may bring them up to date.
            if change.kind != ChangeKind::Update
                || matches!(change.act, None | Some(Act::Insert { .. }))
                || table.is_temporary()
                || changes.updated.contains(&**table)
                || super::is_made_by_release(table, case)
                || super::is_house_rule(event, &case.baseline)
                || are_gone(pass, change)
                || ledger.confines(change)
            {
                continue;
            }
            let name = super::called(pass, case);
            let message = format!("{name} leaves rows of {table} changed");
            let finding = Finding::new(ID, event.at, message, "changed here")
                .related(place(pass, case), "and not changed back here")
                .consequence("the database is not what it was before the release")
                .way_out("change only rows that the release adds, or columns that the rollback drops; else let a human allow it and say why");
            findings.push(super::with_trail(finding, event));
        }
    }
}

/// Whether nothing that a change writes is there any more: it went with its table or its columns.
fn are_gone(pass: &Pass<'_>, change: &Change<'_>) -> bool {
    let relation = pass.run.end.catalog.relation(&change.relation);
    let is_gone = |set: &Assignment| relation.is_some_and(|relation| relation.column(&set.column).is_none());
    let written = change.assignments();
    relation.is_none() || !written.is_empty() && written.iter().all(is_gone)
}

/// Rows of a protected table are retired, never removed; so are rows that only a trigger of
/// the house writes along with them.
fn retired(case: &Case<'_>, changes: &Changes<'_>, insertion: &Insertion) -> bool {
    let protected = case.package.protected.iter().any(|entry| super::protected(entry, case) == insertion.table);
    (protected && changes.updated.contains(&insertion.table)) || (!insertion.direct && insertion.by_trigger)
}

/// Whether rows that are there go by an event of a rollback: it happens on every path, or on
/// those on which what the release wrote is there.
fn sure<'c>(case: &'c Case<'_>, pass: &'c Pass<'_>) -> impl Fn(usize, &Event<'_>) -> bool + 'c {
    let written: BTreeSet<Name> = super::undone_by(case, pass).flat_map(written_by).collect();
    move |number, event| {
        // What one change sets off is as sure as that.
        let is_carried =
            event.via.iter().any(|via| !matches!(via.origin, Origin::Do | Origin::Call(_) | Origin::Dynamic));
        if event.certain || is_carried {
            return true;
        }
        // What is known wherever the script comes by here says nothing of this branch.
        let before = pass.run.events.iter().take_while(|other| !std::ptr::eq(*other, event));
        let around = before.filter(|other| other.certain).last();
        let known = around.into_iter().flat_map(|other| other.facts.assumed().flatten());
        let known: BTreeSet<_> = known.map(|(fact, _)| spot(fact.at)).collect();
        let here = event.facts.assumed().flatten().filter(|(fact, _)| !known.contains(&spot(fact.at)));
        let mut asked = here.filter(|(fact, _)| asks(fact, &written, &pass.start)).peekable();
        asked.peek().is_some() && asked.all(|(fact, truth)| is_met(case, pass, number, fact, *truth))
    }
}

/// Whether a branch is taken if what the release added is there. Of rows that are found together it is not
/// proved that they are.
fn is_met(case: &Case<'_>, pass: &Pass<'_>, number: usize, condition: &Expr, truth: Truth) -> bool {
    let mut tables = Tables::of(&pass.start, None);
    tables.expr(condition);
    let (mut facts, world) = (Facts::default(), Sight(&pass.start));
    let rows = there(case, pass, number, &tables.read);
    rows.iter().for_each(|row| facts.assume(row, Truth::True, &world));
    match (facts.entails(condition, &world), truth) {
        (Known::Yes, Truth::True | Truth::NotFalse) | (Known::No, Truth::False | Truth::NotTrue) => true,
        (Known::Unsaid, _) => tables.read.len() > 1,
        _ => false,
    }
}

/// The tables whose rows a run changes, and what it makes.
fn written_by(pass: &Pass<'_>) -> Vec<Name> {
    let names = pass.run.events.iter().flat_map(|event| match &event.what {
        What::Change(change) => vec![Name::clone(&change.relation)],
        What::Define { outcome, .. } => outcome.made.iter().map(Key::relation).collect(),
        _ => Vec::new(),
    });
    names.collect()
}

/// Whether a condition reads one of the relations, or asks whether it is there.
fn asks(condition: &Expr, relations: &BTreeSet<Name>, catalog: &Catalog) -> bool {
    struct Asks<'c> {
        relations: &'c BTreeSet<Name>,
        catalog: &'c Catalog,
        found: bool,
    }
    impl<'a> Visit<'a> for Asks<'_> {
        fn from(&mut self, from: &'a From) {
            if let From::Relation { name, .. } = from {
                self.found |= self.relations.contains(&self.catalog.canonical(name));
            }
            walk_from(self, from);
        }
        fn expr(&mut self, expr: &'a Expr) {
            match &expr.kind {
                ExprKind::Text(text) => {
                    let name = text.rsplit('.').next().unwrap_or_default().trim_matches('"');
                    self.found |= self.relations.iter().any(|relation| relation.name == name);
                }
                // What a function of the package asks is not looked up.
                ExprKind::Call { function, .. } => self.found |= !self.catalog.functions(function).is_empty(),
                _ => {}
            }
            walk_expr(self, expr);
        }
    }
    let mut asks = Asks { relations, catalog, found: false };
    asks.expr(condition);
    asks.found
}

fn place(pass: &Pass<'_>, case: &Case<'_>) -> At {
    case.script(pass).map(|script| script.at).unwrap_or_default()
}
