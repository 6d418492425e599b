BEGIN;
SET LOCAL lock_timeout = '5s';
DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'library' THEN
        RAISE EXCEPTION 'this is not the library';
    END IF;
END
$guard$;
DELETE FROM book WHERE created_by = 'R7';
DROP TABLE IF EXISTS shelf;
COMMIT;
