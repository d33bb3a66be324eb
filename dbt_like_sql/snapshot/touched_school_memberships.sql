-- School memberships that a sync wrote, those of schools that were archived or restored, and those of accounts whose link
-- changed.
-- PostgreSQL. The journal holds the row of the product, and the snapshot shows the Clever id of the school.
select school.clever_id as school_id, m.account_id
from (
    select (content ->> 'school_id')::bigint as school_id, (content ->> 'account_id')::bigint as account_id
    from journal
    where entity = 'school_memberships'
    union
    select school_id, account_id
    from roster.school_memberships
    where school_id in (select (content ->> 'id')::bigint from journal where entity = 'schools' and is_moved)
    union
    select school_id, account_id
    from roster.school_memberships
    where account_id in (select (content ->> 'account_id')::bigint from journal where entity = 'identity_links')
) as m
join roster.schools as school on school.id = m.school_id
where school.organization_id = %(organization_id)s
