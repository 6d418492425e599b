-- The Directus system tables of production (Directus 11.15), as PostgreSQL holds them.
--
-- Only names, types, defaults and keys; no system rows. Two facts matter to a
-- release and are easy to get wrong: directus_fields, directus_relations and
-- directus_permissions have no unique key but their serial id, so ON CONFLICT
-- on (collection, field) is an error; and a collection cannot be deleted while
-- another one is filed under it (directus_collections."group", NO ACTION).
--
-- Included by build_substrate.sql, inside its transaction.

CREATE TABLE directus_access (
    id     uuid NOT NULL,
    role   uuid,
    "user" uuid,
    policy uuid NOT NULL,
    sort   integer,
    CONSTRAINT directus_access_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_activity (
    id         serial,
    action     varchar(45) NOT NULL,
    "user"     uuid,
    timestamp  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ip         varchar(50),
    user_agent text,
    collection varchar(64) NOT NULL,
    item       varchar(255) NOT NULL,
    origin     varchar(255),
    CONSTRAINT directus_activity_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_collections (
    collection              varchar(64) NOT NULL,
    icon                    varchar(64),
    note                    text,
    display_template        varchar(255),
    hidden                  boolean NOT NULL DEFAULT false,
    singleton               boolean NOT NULL DEFAULT false,
    translations            json,
    archive_field           varchar(64),
    archive_app_filter      boolean NOT NULL DEFAULT true,
    archive_value           varchar(255),
    unarchive_value         varchar(255),
    sort_field              varchar(64),
    accountability          varchar(255) DEFAULT 'all',
    color                   varchar(255),
    item_duplication_fields json,
    sort                    integer,
    "group"                 varchar(64),
    collapse                varchar(255) NOT NULL DEFAULT 'open',
    preview_url             varchar(255),
    versioning              boolean NOT NULL DEFAULT false,
    CONSTRAINT directus_collections_pkey PRIMARY KEY (collection)
);

CREATE TABLE directus_comments (
    id           uuid NOT NULL,
    collection   varchar(64) NOT NULL,
    item         varchar(255) NOT NULL,
    comment      text NOT NULL,
    date_created timestamptz DEFAULT CURRENT_TIMESTAMP,
    date_updated timestamptz DEFAULT CURRENT_TIMESTAMP,
    user_created uuid,
    user_updated uuid,
    CONSTRAINT directus_comments_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_dashboards (
    id           uuid NOT NULL,
    name         varchar(255) NOT NULL,
    icon         varchar(64) NOT NULL DEFAULT 'dashboard',
    note         text,
    date_created timestamptz DEFAULT CURRENT_TIMESTAMP,
    user_created uuid,
    color        varchar(255),
    CONSTRAINT directus_dashboards_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_deployment_projects (
    id           uuid NOT NULL,
    deployment   uuid NOT NULL,
    external_id  varchar(255) NOT NULL,
    name         varchar(255) NOT NULL,
    date_created timestamptz DEFAULT CURRENT_TIMESTAMP,
    user_created uuid,
    CONSTRAINT directus_deployment_projects_pkey PRIMARY KEY (id),
    CONSTRAINT directus_deployment_projects_deployment_external_id_unique UNIQUE (deployment, external_id)
);

CREATE TABLE directus_deployment_runs (
    id           uuid NOT NULL,
    project      uuid NOT NULL,
    external_id  varchar(255) NOT NULL,
    target       varchar(255) NOT NULL,
    date_created timestamptz DEFAULT CURRENT_TIMESTAMP,
    user_created uuid,
    CONSTRAINT directus_deployment_runs_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_deployments (
    id           uuid NOT NULL,
    provider     varchar(255) NOT NULL,
    credentials  text,
    options      text,
    date_created timestamptz DEFAULT CURRENT_TIMESTAMP,
    user_created uuid,
    CONSTRAINT directus_deployments_pkey PRIMARY KEY (id),
    CONSTRAINT directus_deployments_provider_unique UNIQUE (provider)
);

CREATE TABLE directus_extensions (
    enabled boolean NOT NULL DEFAULT true,
    id      uuid NOT NULL,
    folder  varchar(255) NOT NULL,
    source  varchar(255) NOT NULL,
    bundle  uuid,
    CONSTRAINT directus_extensions_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_fields (
    id                 serial,
    collection         varchar(64) NOT NULL,
    field              varchar(64) NOT NULL,
    special            varchar(64),
    interface          varchar(64),
    options            json,
    display            varchar(64),
    display_options    json,
    readonly           boolean NOT NULL DEFAULT false,
    hidden             boolean NOT NULL DEFAULT false,
    sort               integer,
    width              varchar(30) DEFAULT 'full',
    translations       json,
    note               text,
    conditions         json,
    required           boolean DEFAULT false,
    "group"            varchar(64),
    validation         json,
    validation_message text,
    searchable         boolean NOT NULL DEFAULT true,
    CONSTRAINT directus_fields_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_files (
    id                uuid NOT NULL,
    storage           varchar(255) NOT NULL,
    filename_disk     varchar(255),
    filename_download varchar(255) NOT NULL,
    title             varchar(255),
    type              varchar(255),
    folder            uuid,
    uploaded_by       uuid,
    created_on        timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    modified_by       uuid,
    modified_on       timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    charset           varchar(50),
    filesize          bigint,
    width             integer,
    height            integer,
    duration          integer,
    embed             varchar(200),
    description       text,
    location          text,
    tags              text,
    metadata          json,
    focal_point_x     integer,
    focal_point_y     integer,
    tus_id            varchar(64),
    tus_data          json,
    uploaded_on       timestamptz,
    CONSTRAINT directus_files_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_flows (
    id             uuid NOT NULL,
    name           varchar(255) NOT NULL,
    icon           varchar(64),
    color          varchar(255),
    description    text,
    status         varchar(255) NOT NULL DEFAULT 'active',
    trigger        varchar(255),
    accountability varchar(255) DEFAULT 'all',
    options        json,
    operation      uuid,
    date_created   timestamptz DEFAULT CURRENT_TIMESTAMP,
    user_created   uuid,
    CONSTRAINT directus_flows_pkey PRIMARY KEY (id),
    CONSTRAINT directus_flows_operation_unique UNIQUE (operation)
);

CREATE TABLE directus_folders (
    id     uuid NOT NULL,
    name   varchar(255) NOT NULL,
    parent uuid,
    CONSTRAINT directus_folders_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_migrations (
    version   varchar(255) NOT NULL,
    name      varchar(255) NOT NULL,
    timestamp timestamptz DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT directus_migrations_pkey PRIMARY KEY (version)
);

CREATE TABLE directus_notifications (
    id         serial,
    timestamp  timestamptz DEFAULT CURRENT_TIMESTAMP,
    status     varchar(255) DEFAULT 'inbox',
    recipient  uuid NOT NULL,
    sender     uuid,
    subject    varchar(255) NOT NULL,
    message    text,
    collection varchar(64),
    item       varchar(255),
    CONSTRAINT directus_notifications_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_operations (
    id           uuid NOT NULL,
    name         varchar(255),
    key          varchar(255) NOT NULL,
    type         varchar(255) NOT NULL,
    position_x   integer NOT NULL,
    position_y   integer NOT NULL,
    options      json,
    resolve      uuid,
    reject       uuid,
    flow         uuid NOT NULL,
    date_created timestamptz DEFAULT CURRENT_TIMESTAMP,
    user_created uuid,
    CONSTRAINT directus_operations_pkey PRIMARY KEY (id),
    CONSTRAINT directus_operations_reject_unique UNIQUE (reject),
    CONSTRAINT directus_operations_resolve_unique UNIQUE (resolve)
);

CREATE TABLE directus_panels (
    id           uuid NOT NULL,
    dashboard    uuid NOT NULL,
    name         varchar(255),
    icon         varchar(64) DEFAULT NULL,
    color        varchar(10),
    show_header  boolean NOT NULL DEFAULT false,
    note         text,
    type         varchar(255) NOT NULL,
    position_x   integer NOT NULL,
    position_y   integer NOT NULL,
    width        integer NOT NULL,
    height       integer NOT NULL,
    options      json,
    date_created timestamptz DEFAULT CURRENT_TIMESTAMP,
    user_created uuid,
    CONSTRAINT directus_panels_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_permissions (
    id          serial,
    collection  varchar(64) NOT NULL,
    action      varchar(10) NOT NULL,
    permissions json,
    validation  json,
    presets     json,
    fields      text,
    policy      uuid NOT NULL,
    CONSTRAINT directus_permissions_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_policies (
    id           uuid NOT NULL,
    name         varchar(100) NOT NULL,
    icon         varchar(64) NOT NULL DEFAULT 'badge',
    description  text,
    ip_access    text,
    enforce_tfa  boolean NOT NULL DEFAULT false,
    admin_access boolean NOT NULL DEFAULT false,
    app_access   boolean NOT NULL DEFAULT false,
    CONSTRAINT directus_policies_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_presets (
    id               serial,
    bookmark         varchar(255),
    "user"           uuid,
    role             uuid,
    collection       varchar(64),
    search           varchar(100),
    layout           varchar(100) DEFAULT 'tabular',
    layout_query     json,
    layout_options   json,
    refresh_interval integer,
    filter           json,
    icon             varchar(64) DEFAULT 'bookmark',
    color            varchar(255),
    CONSTRAINT directus_presets_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_relations (
    id                      serial,
    many_collection         varchar(64) NOT NULL,
    many_field              varchar(64) NOT NULL,
    one_collection          varchar(64),
    one_field               varchar(64),
    one_collection_field    varchar(64),
    one_allowed_collections text,
    junction_field          varchar(64),
    sort_field              varchar(64),
    one_deselect_action     varchar(255) NOT NULL DEFAULT 'nullify',
    CONSTRAINT directus_relations_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_revisions (
    id         serial,
    activity   integer NOT NULL,
    collection varchar(64) NOT NULL,
    item       varchar(255) NOT NULL,
    data       json,
    delta      json,
    parent     integer,
    version    uuid,
    CONSTRAINT directus_revisions_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_roles (
    id          uuid NOT NULL,
    name        varchar(100) NOT NULL,
    icon        varchar(64) NOT NULL DEFAULT 'supervised_user_circle',
    description text,
    parent      uuid,
    CONSTRAINT directus_roles_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_sessions (
    token      varchar(64) NOT NULL,
    "user"     uuid,
    expires    timestamptz NOT NULL,
    ip         varchar(255),
    user_agent text,
    share      uuid,
    origin     varchar(255),
    next_token varchar(64),
    CONSTRAINT directus_sessions_pkey PRIMARY KEY (token)
);

CREATE TABLE directus_settings (
    id                               serial,
    project_name                     varchar(100) NOT NULL DEFAULT 'Directus',
    project_url                      varchar(255),
    project_color                    varchar(255) NOT NULL DEFAULT '#6644FF',
    project_logo                     uuid,
    public_foreground                uuid,
    public_background                uuid,
    public_note                      text,
    auth_login_attempts              integer DEFAULT 25,
    auth_password_policy             varchar(100),
    storage_asset_transform          varchar(7) DEFAULT 'all',
    storage_asset_presets            json,
    custom_css                       text,
    storage_default_folder           uuid,
    basemaps                         json,
    mapbox_key                       varchar(255),
    module_bar                       json,
    project_descriptor               varchar(100),
    default_language                 varchar(255) NOT NULL DEFAULT 'en-US',
    custom_aspect_ratios             json,
    public_favicon                   uuid,
    default_appearance               varchar(255) NOT NULL DEFAULT 'auto',
    default_theme_light              varchar(255),
    theme_light_overrides            json,
    default_theme_dark               varchar(255),
    theme_dark_overrides             json,
    report_error_url                 varchar(255),
    report_bug_url                   varchar(255),
    report_feature_url               varchar(255),
    public_registration              boolean NOT NULL DEFAULT false,
    public_registration_verify_email boolean NOT NULL DEFAULT true,
    public_registration_role         uuid,
    public_registration_email_filter json,
    visual_editor_urls               json,
    project_id                       uuid,
    mcp_enabled                      boolean NOT NULL DEFAULT false,
    mcp_allow_deletes                boolean NOT NULL DEFAULT false,
    mcp_prompts_collection           varchar(255) DEFAULT NULL,
    mcp_system_prompt_enabled        boolean NOT NULL DEFAULT true,
    mcp_system_prompt                text,
    project_owner                    varchar(255),
    project_usage                    varchar(255),
    org_name                         varchar(255),
    product_updates                  boolean,
    project_status                   varchar(255),
    ai_openai_api_key                text,
    ai_anthropic_api_key             text,
    ai_system_prompt                 text,
    ai_google_api_key                text,
    ai_openai_compatible_api_key     text,
    ai_openai_compatible_base_url    text,
    ai_openai_compatible_name        text,
    ai_openai_compatible_models      json,
    ai_openai_compatible_headers     json,
    ai_openai_allowed_models         json,
    ai_anthropic_allowed_models      json,
    ai_google_allowed_models         json,
    collaborative_editing_enabled    boolean NOT NULL DEFAULT false,
    CONSTRAINT directus_settings_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_shares (
    id           uuid NOT NULL,
    name         varchar(255),
    collection   varchar(64) NOT NULL,
    item         varchar(255) NOT NULL,
    role         uuid,
    password     varchar(255),
    user_created uuid,
    date_created timestamptz DEFAULT CURRENT_TIMESTAMP,
    date_start   timestamptz,
    date_end     timestamptz,
    times_used   integer DEFAULT 0,
    max_uses     integer,
    CONSTRAINT directus_shares_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_translations (
    id       uuid NOT NULL,
    language varchar(255) NOT NULL,
    key      varchar(255) NOT NULL,
    value    text NOT NULL,
    CONSTRAINT directus_translations_pkey PRIMARY KEY (id)
);

CREATE TABLE directus_users (
    id                    uuid NOT NULL,
    first_name            varchar(50),
    last_name             varchar(50),
    email                 varchar(128),
    password              varchar(255),
    location              varchar(255),
    title                 varchar(50),
    description           text,
    tags                  json,
    avatar                uuid,
    language              varchar(255) DEFAULT NULL,
    tfa_secret            varchar(255),
    status                varchar(16) NOT NULL DEFAULT 'active',
    role                  uuid,
    token                 varchar(255),
    last_access           timestamptz,
    last_page             varchar(255),
    provider              varchar(128) NOT NULL DEFAULT 'default',
    external_identifier   varchar(255),
    auth_data             json,
    email_notifications   boolean DEFAULT true,
    appearance            varchar(255),
    theme_dark            varchar(255),
    theme_light           varchar(255),
    theme_light_overrides json,
    theme_dark_overrides  json,
    text_direction        varchar(255) NOT NULL DEFAULT 'auto',
    CONSTRAINT directus_users_pkey PRIMARY KEY (id),
    CONSTRAINT directus_users_email_unique UNIQUE (email),
    CONSTRAINT directus_users_external_identifier_unique UNIQUE (external_identifier),
    CONSTRAINT directus_users_token_unique UNIQUE (token)
);

CREATE TABLE directus_versions (
    id           uuid NOT NULL,
    key          varchar(64) NOT NULL,
    name         varchar(255),
    collection   varchar(64) NOT NULL,
    item         varchar(255) NOT NULL,
    hash         varchar(255),
    date_created timestamptz DEFAULT CURRENT_TIMESTAMP,
    date_updated timestamptz DEFAULT CURRENT_TIMESTAMP,
    user_created uuid,
    user_updated uuid,
    delta        json,
    CONSTRAINT directus_versions_pkey PRIMARY KEY (id)
);

-- Foreign keys come last: the tables refer to one another in circles
-- (users -> roles, shares -> collections, flows <-> operations by key only).

ALTER TABLE directus_access ADD CONSTRAINT directus_access_policy_foreign
    FOREIGN KEY (policy) REFERENCES directus_policies (id) ON DELETE CASCADE;
ALTER TABLE directus_access ADD CONSTRAINT directus_access_role_foreign
    FOREIGN KEY (role) REFERENCES directus_roles (id) ON DELETE CASCADE;
ALTER TABLE directus_access ADD CONSTRAINT directus_access_user_foreign
    FOREIGN KEY ("user") REFERENCES directus_users (id) ON DELETE CASCADE;
ALTER TABLE directus_collections ADD CONSTRAINT directus_collections_group_foreign
    FOREIGN KEY ("group") REFERENCES directus_collections (collection);
ALTER TABLE directus_comments ADD CONSTRAINT directus_comments_user_created_foreign
    FOREIGN KEY (user_created) REFERENCES directus_users (id) ON DELETE SET NULL;
ALTER TABLE directus_comments ADD CONSTRAINT directus_comments_user_updated_foreign
    FOREIGN KEY (user_updated) REFERENCES directus_users (id);
ALTER TABLE directus_dashboards ADD CONSTRAINT directus_dashboards_user_created_foreign
    FOREIGN KEY (user_created) REFERENCES directus_users (id) ON DELETE SET NULL;
ALTER TABLE directus_deployment_projects ADD CONSTRAINT directus_deployment_projects_deployment_foreign
    FOREIGN KEY (deployment) REFERENCES directus_deployments (id) ON DELETE CASCADE;
ALTER TABLE directus_deployment_projects ADD CONSTRAINT directus_deployment_projects_user_created_foreign
    FOREIGN KEY (user_created) REFERENCES directus_users (id) ON DELETE SET NULL;
ALTER TABLE directus_deployment_runs ADD CONSTRAINT directus_deployment_runs_project_foreign
    FOREIGN KEY (project) REFERENCES directus_deployment_projects (id) ON DELETE CASCADE;
ALTER TABLE directus_deployment_runs ADD CONSTRAINT directus_deployment_runs_user_created_foreign
    FOREIGN KEY (user_created) REFERENCES directus_users (id) ON DELETE SET NULL;
ALTER TABLE directus_deployments ADD CONSTRAINT directus_deployments_user_created_foreign
    FOREIGN KEY (user_created) REFERENCES directus_users (id) ON DELETE SET NULL;
ALTER TABLE directus_files ADD CONSTRAINT directus_files_folder_foreign
    FOREIGN KEY (folder) REFERENCES directus_folders (id) ON DELETE SET NULL;
ALTER TABLE directus_files ADD CONSTRAINT directus_files_modified_by_foreign
    FOREIGN KEY (modified_by) REFERENCES directus_users (id);
ALTER TABLE directus_files ADD CONSTRAINT directus_files_uploaded_by_foreign
    FOREIGN KEY (uploaded_by) REFERENCES directus_users (id);
ALTER TABLE directus_flows ADD CONSTRAINT directus_flows_user_created_foreign
    FOREIGN KEY (user_created) REFERENCES directus_users (id) ON DELETE SET NULL;
ALTER TABLE directus_folders ADD CONSTRAINT directus_folders_parent_foreign
    FOREIGN KEY (parent) REFERENCES directus_folders (id);
ALTER TABLE directus_notifications ADD CONSTRAINT directus_notifications_recipient_foreign
    FOREIGN KEY (recipient) REFERENCES directus_users (id) ON DELETE CASCADE;
ALTER TABLE directus_notifications ADD CONSTRAINT directus_notifications_sender_foreign
    FOREIGN KEY (sender) REFERENCES directus_users (id);
ALTER TABLE directus_operations ADD CONSTRAINT directus_operations_flow_foreign
    FOREIGN KEY (flow) REFERENCES directus_flows (id) ON DELETE CASCADE;
ALTER TABLE directus_operations ADD CONSTRAINT directus_operations_reject_foreign
    FOREIGN KEY (reject) REFERENCES directus_operations (id);
ALTER TABLE directus_operations ADD CONSTRAINT directus_operations_resolve_foreign
    FOREIGN KEY (resolve) REFERENCES directus_operations (id);
ALTER TABLE directus_operations ADD CONSTRAINT directus_operations_user_created_foreign
    FOREIGN KEY (user_created) REFERENCES directus_users (id) ON DELETE SET NULL;
ALTER TABLE directus_panels ADD CONSTRAINT directus_panels_dashboard_foreign
    FOREIGN KEY (dashboard) REFERENCES directus_dashboards (id) ON DELETE CASCADE;
ALTER TABLE directus_panels ADD CONSTRAINT directus_panels_user_created_foreign
    FOREIGN KEY (user_created) REFERENCES directus_users (id) ON DELETE SET NULL;
ALTER TABLE directus_permissions ADD CONSTRAINT directus_permissions_policy_foreign
    FOREIGN KEY (policy) REFERENCES directus_policies (id) ON DELETE CASCADE;
ALTER TABLE directus_presets ADD CONSTRAINT directus_presets_role_foreign
    FOREIGN KEY (role) REFERENCES directus_roles (id) ON DELETE CASCADE;
ALTER TABLE directus_presets ADD CONSTRAINT directus_presets_user_foreign
    FOREIGN KEY ("user") REFERENCES directus_users (id) ON DELETE CASCADE;
ALTER TABLE directus_revisions ADD CONSTRAINT directus_revisions_activity_foreign
    FOREIGN KEY (activity) REFERENCES directus_activity (id) ON DELETE CASCADE;
ALTER TABLE directus_revisions ADD CONSTRAINT directus_revisions_parent_foreign
    FOREIGN KEY (parent) REFERENCES directus_revisions (id);
ALTER TABLE directus_revisions ADD CONSTRAINT directus_revisions_version_foreign
    FOREIGN KEY (version) REFERENCES directus_versions (id) ON DELETE CASCADE;
ALTER TABLE directus_roles ADD CONSTRAINT directus_roles_parent_foreign
    FOREIGN KEY (parent) REFERENCES directus_roles (id);
ALTER TABLE directus_sessions ADD CONSTRAINT directus_sessions_share_foreign
    FOREIGN KEY (share) REFERENCES directus_shares (id) ON DELETE CASCADE;
ALTER TABLE directus_sessions ADD CONSTRAINT directus_sessions_user_foreign
    FOREIGN KEY ("user") REFERENCES directus_users (id) ON DELETE CASCADE;
ALTER TABLE directus_settings ADD CONSTRAINT directus_settings_project_logo_foreign
    FOREIGN KEY (project_logo) REFERENCES directus_files (id);
ALTER TABLE directus_settings ADD CONSTRAINT directus_settings_public_background_foreign
    FOREIGN KEY (public_background) REFERENCES directus_files (id);
ALTER TABLE directus_settings ADD CONSTRAINT directus_settings_public_favicon_foreign
    FOREIGN KEY (public_favicon) REFERENCES directus_files (id);
ALTER TABLE directus_settings ADD CONSTRAINT directus_settings_public_foreground_foreign
    FOREIGN KEY (public_foreground) REFERENCES directus_files (id);
ALTER TABLE directus_settings ADD CONSTRAINT directus_settings_public_registration_role_foreign
    FOREIGN KEY (public_registration_role) REFERENCES directus_roles (id) ON DELETE SET NULL;
ALTER TABLE directus_settings ADD CONSTRAINT directus_settings_storage_default_folder_foreign
    FOREIGN KEY (storage_default_folder) REFERENCES directus_folders (id) ON DELETE SET NULL;
ALTER TABLE directus_shares ADD CONSTRAINT directus_shares_collection_foreign
    FOREIGN KEY (collection) REFERENCES directus_collections (collection) ON DELETE CASCADE;
ALTER TABLE directus_shares ADD CONSTRAINT directus_shares_role_foreign
    FOREIGN KEY (role) REFERENCES directus_roles (id) ON DELETE CASCADE;
ALTER TABLE directus_shares ADD CONSTRAINT directus_shares_user_created_foreign
    FOREIGN KEY (user_created) REFERENCES directus_users (id) ON DELETE SET NULL;
ALTER TABLE directus_users ADD CONSTRAINT directus_users_role_foreign
    FOREIGN KEY (role) REFERENCES directus_roles (id) ON DELETE SET NULL;
ALTER TABLE directus_versions ADD CONSTRAINT directus_versions_collection_foreign
    FOREIGN KEY (collection) REFERENCES directus_collections (collection) ON DELETE CASCADE;
ALTER TABLE directus_versions ADD CONSTRAINT directus_versions_user_created_foreign
    FOREIGN KEY (user_created) REFERENCES directus_users (id) ON DELETE SET NULL;
ALTER TABLE directus_versions ADD CONSTRAINT directus_versions_user_updated_foreign
    FOREIGN KEY (user_updated) REFERENCES directus_users (id);

CREATE INDEX directus_activity_timestamp_index ON directus_activity (timestamp);
CREATE INDEX directus_revisions_activity_index ON directus_revisions (activity);
CREATE INDEX directus_revisions_parent_index ON directus_revisions (parent);
