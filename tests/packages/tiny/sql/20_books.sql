BEGIN;
INSERT INTO book VALUES ('Middlemarch', :'tag'), ('Silas Marner', :'tag') ON CONFLICT DO NOTHING;
INSERT INTO loan VALUES ('Middlemarch') ON CONFLICT DO NOTHING;
COMMIT;
