//! PostgreSQL's own types, and what its functions do, by name: the tables are `pg_type` and
//! `pg_proc` of PostgreSQL 15.

mod extension;
mod text;

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

pub use extension::brought;
pub use text::{TEXT_LIMIT, applied};

/// `pg_type` of PostgreSQL 15 without arrays.
const TYPES: &str = " aclitem any anyarray anycompatible anycompatiblearray anycompatiblemultirange \
    anycompatiblenonarray anycompatiblerange anyelement anyenum anymultirange anynonarray anyrange bit bool box bpchar \
    bytea char cid cidr circle cstring date datemultirange daterange event_trigger fdw_handler float4 float8 gtsvector \
    index_am_handler inet int2 int2vector int4 int4multirange int4range int8 int8multirange int8range internal interval \
    json jsonb jsonpath language_handler line lseg macaddr macaddr8 money name numeric nummultirange numrange oid \
    oidvector path pg_ddl_command pg_lsn pg_node_tree pg_snapshot point polygon record refcursor regclass regcollation \
    regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype table_am_handler \
    text tid time timestamp timestamptz timetz trigger tsm_handler tsmultirange tsquery tsrange tstzmultirange \
    tstzrange tsvector txid_snapshot unknown uuid varbit varchar void xid xid8 xml ";

/// The tables and views of `pg_catalog` of PostgreSQL 15.
const RELATIONS: &str = " pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_auth_members pg_authid \
    pg_available_extension_versions pg_available_extensions pg_backend_memory_contexts pg_cast pg_class \
    pg_collation pg_config pg_constraint pg_conversion pg_cursors pg_database pg_db_role_setting pg_default_acl \
    pg_depend pg_description pg_enum pg_event_trigger pg_extension pg_file_settings pg_foreign_data_wrapper \
    pg_foreign_server pg_foreign_table pg_group pg_hba_file_rules pg_ident_file_mappings pg_index pg_indexes \
    pg_inherits pg_init_privs pg_language pg_largeobject pg_largeobject_metadata pg_locks pg_matviews pg_namespace \
    pg_opclass pg_operator pg_opfamily pg_parameter_acl pg_partitioned_table pg_policies pg_policy \
    pg_prepared_statements pg_prepared_xacts pg_proc pg_publication pg_publication_namespace pg_publication_rel \
    pg_publication_tables pg_range pg_replication_origin pg_replication_origin_status pg_replication_slots \
    pg_rewrite pg_roles pg_rules pg_seclabel pg_seclabels pg_sequence pg_sequences pg_settings pg_shadow \
    pg_shdepend pg_shdescription pg_shmem_allocations pg_shseclabel pg_stat_activity pg_stat_all_indexes \
    pg_stat_all_tables pg_stat_archiver pg_stat_bgwriter pg_stat_database pg_stat_database_conflicts \
    pg_stat_gssapi pg_stat_progress_analyze pg_stat_progress_basebackup pg_stat_progress_cluster \
    pg_stat_progress_copy pg_stat_progress_create_index pg_stat_progress_vacuum pg_stat_recovery_prefetch \
    pg_stat_replication pg_stat_replication_slots pg_stat_slru pg_stat_ssl pg_stat_subscription \
    pg_stat_subscription_stats pg_stat_sys_indexes pg_stat_sys_tables pg_stat_user_functions pg_stat_user_indexes \
    pg_stat_user_tables pg_stat_wal pg_stat_wal_receiver pg_stat_xact_all_tables pg_stat_xact_sys_tables \
    pg_stat_xact_user_functions pg_stat_xact_user_tables pg_statio_all_indexes pg_statio_all_sequences \
    pg_statio_all_tables pg_statio_sys_indexes pg_statio_sys_sequences pg_statio_sys_tables pg_statio_user_indexes \
    pg_statio_user_sequences pg_statio_user_tables pg_statistic pg_statistic_ext pg_statistic_ext_data pg_stats \
    pg_stats_ext pg_stats_ext_exprs pg_subscription pg_subscription_rel pg_tables pg_tablespace \
    pg_timezone_abbrevs pg_timezone_names pg_transform pg_trigger pg_ts_config pg_ts_config_map pg_ts_dict \
    pg_ts_parser pg_ts_template pg_type pg_user pg_user_mapping pg_user_mappings pg_views ";

/// Those of them that are views, beside `pg_stat_…` and `pg_statio_…`.
const VIEWS: &str = " pg_available_extension_versions pg_available_extensions pg_backend_memory_contexts pg_config \
    pg_cursors pg_file_settings pg_group pg_hba_file_rules pg_ident_file_mappings pg_indexes pg_locks pg_matviews \
    pg_policies pg_prepared_statements pg_prepared_xacts pg_publication_tables pg_replication_origin_status \
    pg_replication_slots pg_roles pg_rules pg_seclabels pg_sequences pg_settings pg_shadow pg_shmem_allocations \
    pg_stats pg_stats_ext pg_stats_ext_exprs pg_tables pg_timezone_abbrevs pg_timezone_names pg_user \
    pg_user_mappings pg_views ";

/// The functions of `pg_proc` of PostgreSQL 15 that yield sets.
const SETS: &str = " aclexplode generate_series generate_subscripts json_array_elements json_array_elements_text json_each \
    json_each_text json_object_keys json_populate_recordset json_to_recordset jsonb_array_elements \
    jsonb_array_elements_text jsonb_each jsonb_each_text jsonb_object_keys jsonb_path_query jsonb_path_query_tz \
    jsonb_populate_recordset jsonb_to_recordset pg_available_extension_versions pg_available_extensions \
    pg_config pg_cursor pg_event_trigger_ddl_commands pg_event_trigger_dropped_objects pg_extension_update_paths \
    pg_get_backend_memory_contexts pg_get_catalog_foreign_keys pg_get_keywords pg_get_multixact_members \
    pg_get_publication_tables pg_get_replication_slots pg_get_shmem_allocations pg_get_wal_resource_managers \
    pg_hba_file_rules pg_ident_file_mappings pg_listening_channels pg_lock_status \
    pg_logical_slot_get_binary_changes pg_logical_slot_get_changes pg_logical_slot_peek_binary_changes \
    pg_logical_slot_peek_changes pg_ls_archive_statusdir pg_ls_dir pg_ls_logdir pg_ls_logicalmapdir \
    pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_tmpdir pg_ls_waldir pg_mcv_list_items pg_options_to_table \
    pg_partition_ancestors pg_partition_tree pg_prepared_statement pg_prepared_xact pg_show_all_file_settings \
    pg_show_all_settings pg_show_replication_origin_status pg_snapshot_xip pg_stat_get_activity \
    pg_stat_get_backend_idset pg_stat_get_progress_info pg_stat_get_recovery_prefetch pg_stat_get_slru \
    pg_stat_get_subscription pg_stat_get_wal_senders pg_tablespace_databases pg_timezone_abbrevs \
    pg_timezone_names regexp_matches regexp_split_to_table string_to_table ts_debug ts_parse ts_stat \
    ts_token_type txid_snapshot_xip unnest ";

/// What a function of PostgreSQL does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builtin {
    /// The same result for the same arguments: it reads no table.
    Pure,
    /// It reads, or its result may differ from call to call; it changes nothing.
    Reads,
    /// It changes a setting: `set_config`.
    Setting,
    /// It moves a sequence.
    Sequence,
    /// It changes something, or may.
    Acts,
    /// PostgreSQL has no function of that name.
    Unknown,
}

/// Volatile functions that change nothing that outlives the session. The rest of the
/// volatile ones may act: end a session, write a file, run a query from a text.
const HARMLESS: &[&str] = &[
    "amvalidate",
    "clock_timestamp",
    "current_query",
    "currval",
    "gen_random_uuid",
    "lastval",
    "lo_get",
    "pg_collation_actual_version",
    "pg_control_checkpoint",
    "pg_control_init",
    "pg_control_recovery",
    "pg_control_system",
    "pg_current_logfile",
    "pg_current_wal_insert_lsn",
    "pg_current_wal_flush_lsn",
    "pg_current_wal_lsn",
    "pg_database_collation_actual_version",
    "pg_database_size",
    "pg_export_snapshot",
    "pg_indexes_size",
    "pg_is_in_recovery",
    "pg_is_wal_replay_paused",
    "pg_last_xact_replay_timestamp",
    "pg_relation_size",
    "pg_sequence_last_value",
    "pg_sleep",
    "pg_sleep_for",
    "pg_sleep_until",
    "pg_table_size",
    "pg_tablespace_size",
    "pg_total_relation_size",
    "pg_try_advisory_xact_lock",
    "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared",
    "pg_try_advisory_xact_lock_shared",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_advisory_unlock",
    "pg_advisory_unlock_all",
    "pg_advisory_unlock_shared",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "random",
    "timeofday",
    "pg_lock_status",
    "pg_prepared_xact",
    "pg_show_all_file_settings",
    "pg_hba_file_rules",
    "pg_get_shmem_allocations",
    "pg_blocking_pids",
    "pg_safe_snapshot_blocking_pids",
    "pg_isolation_test_session_is_blocked",
    "pg_notification_queue_usage",
    "pg_notify",
    "pg_get_backend_memory_contexts",
    "pg_get_multixact_members",
    "pg_get_wal_replay_pause_state",
    "pg_get_wal_resource_managers",
    "pg_ident_file_mappings",
    "pg_jit_available",
    "pg_last_committed_xact",
    "pg_last_wal_receive_lsn",
    "pg_last_wal_replay_lsn",
    "pg_ls_archive_statusdir",
    "pg_ls_dir",
    "pg_ls_logdir",
    "pg_ls_logicalmapdir",
    "pg_ls_logicalsnapdir",
    "pg_ls_replslotdir",
    "pg_ls_tmpdir",
    "pg_ls_waldir",
    "pg_partition_ancestors",
    "pg_partition_tree",
    "pg_read_binary_file",
    "pg_read_file",
    "pg_read_file_old",
    "pg_replication_origin_progress",
    "pg_replication_origin_session_is_setup",
    "pg_replication_origin_session_progress",
    "pg_show_replication_origin_status",
    "pg_stat_file",
    "pg_stat_get_recovery_prefetch",
    "pg_stat_get_xact_blocks_fetched",
    "pg_stat_get_xact_blocks_hit",
    "pg_stat_get_xact_function_calls",
    "pg_stat_get_xact_function_self_time",
    "pg_stat_get_xact_function_total_time",
    "pg_stat_get_xact_numscans",
    "pg_stat_get_xact_tuples_deleted",
    "pg_stat_get_xact_tuples_fetched",
    "pg_stat_get_xact_tuples_hot_updated",
    "pg_stat_get_xact_tuples_inserted",
    "pg_stat_get_xact_tuples_returned",
    "pg_stat_get_xact_tuples_updated",
    "pg_stat_have_stats",
    "pg_xact_commit_timestamp",
    "pg_xact_commit_timestamp_origin",
    "pg_xact_status",
    "setseed",
    "txid_status",
];

/// What the grammar makes of its own words is in no table of functions.
const GRAMMAR: &[&str] = &[
    "coalesce",
    "nullif",
    "greatest",
    "least",
    "grouping",
    "merge_action",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "current_role",
    "current_user",
    "user",
    "session_user",
    "current_catalog",
    "current_schema",
    "normalize",
    "is_normalized",
];

/// What PostgreSQL's function of that name does.
#[must_use]
pub fn builtin(name: &str) -> Builtin {
    match name {
        "set_config" => return Builtin::Setting,
        "nextval" | "setval" => return Builtin::Sequence,
        // They read what a text names: a view may call anything.
        "table_to_xml"
        | "table_to_xml_and_xmlschema"
        | "schema_to_xml"
        | "schema_to_xml_and_xmlschema"
        | "database_to_xml"
        | "database_to_xml_and_xmlschema" => return Builtin::Acts,
        _ => {}
    }
    if GRAMMAR.contains(&name) {
        return Builtin::Reads;
    }
    match table().get(name) {
        None => Builtin::Unknown,
        Some('i') => Builtin::Pure,
        Some('s') => Builtin::Reads,
        Some(_) if HARMLESS.contains(&name) => Builtin::Reads,
        Some(_) => Builtin::Acts,
    }
}

/// Whether PostgreSQL brings a type of that internal name.
#[must_use]
pub fn is_type(name: &str) -> bool {
    static KNOWN: OnceLock<HashSet<&'static str>> = OnceLock::new();
    KNOWN.get_or_init(|| TYPES.split_ascii_whitespace().collect()).contains(name)
}

/// Whether PostgreSQL brings a table or a view of that name in `pg_catalog`.
#[must_use]
pub fn is_relation(name: &str) -> bool {
    static KNOWN: OnceLock<HashSet<&'static str>> = OnceLock::new();
    KNOWN.get_or_init(|| RELATIONS.split_ascii_whitespace().collect()).contains(name)
}

/// Whether that relation of `pg_catalog` is a view.
#[must_use]
pub fn is_view(name: &str) -> bool {
    name.starts_with("pg_stat_")
        || name.starts_with("pg_statio_")
        || VIEWS.split_ascii_whitespace().any(|view| view == name)
}

/// Whether a function of PostgreSQL's of that name yields any number of rows.
#[must_use]
pub fn yields_set(name: &str) -> bool {
    static KNOWN: OnceLock<HashSet<&'static str>> = OnceLock::new();
    KNOWN.get_or_init(|| SETS.split_ascii_whitespace().collect()).contains(name)
}

/// The types of [`TYPES`] that no value has.
const PSEUDO_TYPES: &str = " any anyarray anycompatible anycompatiblearray anycompatiblemultirange \
    anycompatiblenonarray anycompatiblerange anyelement anyenum anymultirange anynonarray anyrange cstring \
    event_trigger fdw_handler index_am_handler internal language_handler pg_ddl_command record table_am_handler \
    trigger tsm_handler unknown void ";

/// Whether the name of a function with one argument is that of a type: then it is a cast.
#[must_use]
pub fn is_cast(name: &str) -> bool {
    is_type(name) && !PSEUDO_TYPES.split_ascii_whitespace().any(|pseudo| pseudo == name)
}

/// Name and the weakest volatility of all functions that bear it.
fn table() -> &'static HashMap<&'static str, char> {
    static TABLE: OnceLock<HashMap<&'static str, char>> = OnceLock::new();
    TABLE.get_or_init(|| {
        include_str!("builtin.txt")
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(name, volatility)| Some((name, volatility.chars().next()?)))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_list_of_harmless_functions_is_volatile() {
        for name in HARMLESS {
            let volatility = table().get(name);
            assert!(
                volatility.is_none_or(|volatility| *volatility == 'v'),
                "{name} needs no exception: {volatility:?}"
            );
        }
    }

    #[test]
    fn functions_are_told_apart() {
        assert_eq!(builtin("lower"), Builtin::Pure);
        assert_eq!(builtin("now"), Builtin::Reads);
        assert_eq!(builtin("pg_terminate_backend"), Builtin::Acts);
        assert_eq!(builtin("query_to_xml"), Builtin::Acts);
        assert_eq!(builtin("nextval"), Builtin::Sequence);
        assert_eq!(builtin("fn_governance_scan"), Builtin::Unknown);
    }

    #[test]
    fn a_cast_is_told_by_the_type() {
        assert!(is_cast("regrole") && is_cast("tsquery") && is_cast("inet"));
        assert!(!is_cast("trigger") && !is_cast("fn_governance_scan"));
    }
}
