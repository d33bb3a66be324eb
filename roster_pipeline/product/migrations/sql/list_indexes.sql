-- Indexes for the lists of the Clever page: the classes of a school, and the live members of a school by role.

create index on roster.rosters (school_id);
create index school_memberships_live on roster.school_memberships (school_id, role, account_id) where ended_at is null;
