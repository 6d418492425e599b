\set ON_ERROR_STOP on
\ir 10_shelf.sql
