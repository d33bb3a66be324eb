-- The directory: the people of each organization with what lists and search of the Clever page read.
-- File directory.sql fills it and keeps it.

create table roster.directory (
    organization_id bigint not null,
    account_id bigint not null,
    role text not null check (role in ('teacher', 'student', 'admin')),
    sort_name text collate "C" not null,
    words tsvector not null,
    primary key (organization_id, account_id)
);
create index directory_by_name on roster.directory (organization_id, role, sort_name, account_id);
create index directory_words on roster.directory using gin (words);

-- Classes in the order of their names. The name of a native class has no bound, so the index holds its beginning.
create index rosters_by_name on roster.rosters (organization_id, "left"(name, 100), id);
