-- School memberships that a sync wrote, those of schools that were archived or restored, those of accounts whose link
-- changed, and all of districts that are read as a whole.
-- PostgreSQL. The journal holds the row of the product, and the snapshot shows the Clever id of the school.
with touched as (
    select news.organization_id, journal.school_id, journal.account_id
    from journal
    join news on news.sync_id = journal.sync_id
    where journal.entity = 'school_memberships'
    union
    select news.organization_id, membership.school_id, membership.account_id
    from journal
    join news on news.sync_id = journal.sync_id
    join roster.school_memberships as membership on membership.school_id = journal.id
    where journal.entity = 'schools' and journal.is_moved
    union
    select news.organization_id, membership.school_id, membership.account_id
    from journal
    join news on news.sync_id = journal.sync_id
    join roster.school_memberships as membership on membership.account_id = journal.account_id
    where journal.entity = 'identity_links'
    union
    select school.organization_id, membership.school_id, membership.account_id
    from windows
    join roster.schools as school on school.organization_id = windows.organization_id
    join roster.school_memberships as membership on membership.school_id = school.id
    where windows.is_whole
)

select touched.organization_id, school.clever_id as school_id, touched.account_id
from touched
join roster.schools as school
    on school.id = touched.school_id
    and school.organization_id = touched.organization_id
