-- PostgreSQL looks for the classes of each term and course that is deleted.

create index on roster.rosters (term_id) where term_id is not null;

create index on roster.rosters (course_id) where course_id is not null;
