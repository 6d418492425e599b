CREATE TABLE approval (id int PRIMARY KEY);
CREATE TABLE book (title text PRIMARY KEY, created_by text NOT NULL);
