SELECT :'tier' = '2' AS is_books
\gset
\if :is_books
BEGIN;
DELETE FROM loan WHERE title IN (SELECT title FROM book WHERE tag = :'tag');
DELETE FROM book WHERE tag = :'tag';
COMMIT;
\endif
