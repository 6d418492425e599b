-- Roles of the clone's cluster. Run once as a superuser, in any database:
--
--   psql -d postgres -f sql/clone_revalidation/create_roles.sql
--
-- workflow_admin is the POSTGRES_USER of production's container, and therefore
-- a superuser there; a clone that made it less would hide what it may do.

DO $roles$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'workflow_admin') THEN
        CREATE ROLE workflow_admin LOGIN SUPERUSER;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'directus_app') THEN
        CREATE ROLE directus_app LOGIN;
    END IF;
END
$roles$;
