BEGIN;
CREATE TABLE approval (approved_by text PRIMARY KEY);
CREATE TABLE book (title text PRIMARY KEY, tag text);
INSERT INTO book (title) VALUES ('Emma'), ('Persuasion');
COMMIT;
