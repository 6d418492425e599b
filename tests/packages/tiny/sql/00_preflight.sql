BEGIN READ ONLY;
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM approval) THEN
        RAISE EXCEPTION 'nobody approved';
    END IF;
END
$$;
COMMIT;
