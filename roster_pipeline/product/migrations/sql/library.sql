-- The tables and columns of Clever Library (docs/rules.md R3.3). File page_role.sql says what the page may do with them.

-- All Library teachers share one organization. Function roster.library_organization makes it when it is needed first.
create unique index organizations_one_library on roster.organizations (tier) where tier = 'library';

alter table roster.refresh_requests
drop constraint refresh_requests_scope_check,
add constraint refresh_requests_scope_check check (scope in ('district', 'school', 'section', 'library'));

-- The Library teacher whose update a sync was.
alter table roster.syncs add column account_id bigint references roster.accounts (id);
create index syncs_of_account on roster.syncs (account_id, id) where account_id is not null;

-- The token of a Library teacher, encrypted by the web program. Nothing else of a login is kept.
create table roster.library_tokens (
    account_id bigint primary key references roster.accounts (id),
    token bytea not null,
    at timestamptz not null default now()
);

-- The classes that a Library teacher chose. A row with removed_at is a class that the teacher removed.
create table roster.library_classes (
    organization_id bigint not null references roster.organizations (id),
    account_id bigint not null references roster.accounts (id),
    section_id text not null,
    chosen_at timestamptz not null default now(),
    removed_at timestamptz,
    primary key (account_id, section_id)
);
create index on roster.library_classes (organization_id, section_id);
