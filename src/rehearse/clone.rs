//! The clone of a package: an empty database in a throw-away cluster, filled by the package's
//! own script.

use super::{Halt, Stage};
use crate::cluster::{SUPERUSER, quote_identifier, quote_literal};

/// The comment of a database that may be built and ratified by scripts.
pub const CLONE_COMMENT: &str = "roof-lint clone";

/// Creates the roles and the database of the package, marks the database as a clone, and
/// fills it by the package's `clone` script.
pub fn build_clone(stage: &Stage<'_>) -> Result<(), Halt> {
    let role = stage.role();
    if let Some(roles) = &stage.package.roles {
        let mut command = stage.cluster.psql("postgres");
        command.args(["-U", SUPERUSER, "-v", "ON_ERROR_STOP=1"]);
        let run = stage.capture(&mut command, roles, stage.directory)?;
        stage.require(roles, run)?;
    } else if role != SUPERUSER {
        stage.cluster.sql("postgres", &format!("CREATE ROLE {} LOGIN", quote_identifier(role)))?;
    }
    let database = quote_identifier(stage.package.database.get_ref());
    stage.cluster.sql(
        "postgres",
        &format!(
            "CREATE DATABASE {database} OWNER {};\nCOMMENT ON DATABASE {database} IS {};",
            quote_identifier(role),
            quote_literal(CLONE_COMMENT)
        ),
    )?;
    let Some(clone) = &stage.package.clone else {
        return Ok(());
    };
    let mut command = stage.cluster.psql(stage.package.database.get_ref());
    command.args(["-U", role, "-v", "ON_ERROR_STOP=1"]);
    let run = stage.capture(&mut command, clone, stage.directory)?;
    stage.require(clone, run)?;
    // Production has statistics; without them the planner guesses, and badly.
    stage.cluster.sql(stage.package.database.get_ref(), "ANALYZE")?;
    Ok(())
}
