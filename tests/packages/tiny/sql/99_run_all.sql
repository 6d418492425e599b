\set ON_ERROR_STOP on
\ir 00_preflight.sql
\ir 10_structure.sql
\ir 20_books.sql
\ir 90_verify.sql
