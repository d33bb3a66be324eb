-- The index of the names of classes, through a cast that row-level security lets an index use, and an index of hidden classes.

drop index roster.rosters_by_name;

create index rosters_by_name on roster.rosters (organization_id, (name::name) collate "default", id);

create index rosters_hidden on roster.rosters (organization_id) where hidden_at is not null;

-- One function takes the place of two. Every upgrade runs page_role.sql afterwards, which creates it and the policies again.
drop function if exists roster.visible_accounts() cascade;

drop function if exists roster.present_accounts() cascade;
