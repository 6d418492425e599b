BEGIN;
SET LOCAL lock_timeout = '5s';
DO $guard$
BEGIN
    IF current_database() IS DISTINCT FROM 'library' THEN
        RAISE EXCEPTION 'this is not the library';
    END IF;
    IF NOT EXISTS (SELECT FROM approval) THEN
        RAISE EXCEPTION 'nobody approved';
    END IF;
END
$guard$;
CREATE TABLE IF NOT EXISTS shelf (name text PRIMARY KEY);
INSERT INTO book (title, created_by) VALUES ('Emma', 'R7') ON CONFLICT (title) DO NOTHING;
COMMIT;
