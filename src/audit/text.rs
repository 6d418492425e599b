//! The record for people: the same, what was not analysed first.

use std::fmt;

use super::{PackageAudit, Place, Record};
use crate::source::visible;

impl fmt::Display for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let predicate = &self.predicate;
        let auditor = &predicate.auditor;
        writeln!(formatter, "verdict        {}", predicate.verdict)?;
        writeln!(formatter, "audited by     {} {}, {}", auditor.name, auditor.version, auditor.parser)?;
        writeln!(formatter, "rules          {}", auditor.rules)?;
        writeln!(
            formatter,
            "configuration  {} {}",
            predicate.configuration.sha256,
            visible(&predicate.configuration.name)
        )?;
        for package in &predicate.packages {
            write_package(formatter, package)?;
        }
        writeln!(formatter, "\nfiles")?;
        for file in &predicate.files {
            let roles = file.roles.iter().map(|role| visible(role)).collect::<Vec<_>>().join(", ");
            writeln!(formatter, "  {} {}  {}  ({roles})", file.mode, file.sha256, visible(&file.name))?;
        }
        Ok(())
    }
}

fn write_package(formatter: &mut fmt::Formatter<'_>, package: &PackageAudit) -> fmt::Result {
    writeln!(formatter, "\npackage {}: {}", visible(&package.package), package.verdict)?;
    writeln!(formatter, "  digest       {}", package.digest)?;
    match &package.manifest {
        None => writeln!(formatter, "  manifest     none")?,
        Some(manifest) if manifest.problems.is_empty() => {
            writeln!(formatter, "  manifest     {}, all as listed", visible(&manifest.name))?;
        }
        Some(manifest) => {
            writeln!(formatter, "  manifest     {}, {} problems", visible(&manifest.name), manifest.problems.len())?;
            for problem in &manifest.problems {
                writeln!(formatter, "    {problem}")?;
            }
        }
    }
    let counts = &package.counts;
    writeln!(
        formatter,
        "  numbers      {} files, {} statements: {} denied, {} warned, {} at allow, {} silenced; not analysed: {}",
        counts.files,
        counts.statements,
        counts.denied,
        counts.warned,
        counts.allowed,
        counts.silenced,
        counts.not_analysed
    )?;
    for unread in &package.not_analysed {
        writeln!(formatter, "  not analysed {}: {}", spot(&unread.place), visible(&unread.message))?;
    }
    for finding in package.findings.iter().filter(|finding| !finding.is_silenced) {
        let message = visible(&finding.message);
        writeln!(formatter, "  {:12} {}: {}: {message}", finding.level, spot(&finding.place), finding.rule)?;
    }
    for suppression in &package.suppressions {
        let silenced = package.findings.iter().find(|finding| finding.fingerprint == suppression.silences);
        let what = silenced
            .map_or_else(String::new, |finding| format!("{}: {}", spot(&finding.place), visible(&finding.message)));
        writeln!(formatter, "  silenced     {what}")?;
        write!(
            formatter,
            "    {} by {}: {}",
            suppression.rule,
            spot(&suppression.place),
            visible(&suppression.reason)
        )?;
        if let Some(ticket) = &suppression.ticket {
            write!(formatter, "; ticket {}", visible(ticket))?;
        }
        if let Some(expires) = &suppression.expires {
            write!(formatter, "; until {expires}")?;
        }
        writeln!(formatter)?;
    }
    Ok(())
}

fn spot(place: &Place) -> String {
    format!("{}:{}:{}", visible(&place.file), place.line, place.column)
}
