BEGIN READ ONLY;
DO $$
BEGIN
    IF (SELECT count(*) FROM on_loan) <> 1 THEN
        RAISE EXCEPTION 'one book has to be on loan';
    END IF;
END
$$;
COMMIT;
