-- The district and its schools as rows of orgs.csv. A school that is no longer shared is there if a class names it.
-- PostgreSQL.
select
    clever_district_id as "sourcedId",
    coalesce(nullif(name, ''), '-') as name,
    'district' as type,
    null as identifier,
    null as "parentSourcedId",
    case when name = '' then 'name' end as made
from roster.organizations
where id = :organization_id
union all
select
    school.clever_id,
    coalesce(nullif(school.name, ''), '-'),
    'school',
    school.nces_id,
    :district_id,
    case when school.name = '' then 'name' end
from roster.schools as school
where
    school.organization_id = :organization_id
    and (school.archived_at is null or exists (
        select from roster.rosters as class
        where class.school_id = school.id and class.source = 'clever' and class.archived_at is null
    ))
order by "sourcedId"
