-- Desired school memberships, one for each shared school to which a person belongs. The main school is marked as primary.
with listed as (
    select
        clever_id,
        account_id,
        role,
        school_id as primary_school_id,
        unnest(school_ids) as school_id
    from intermediate.int_identities
)

select
    listed.school_id,
    listed.clever_id,
    listed.account_id,
    listed.role,
    listed.school_id is not distinct from listed.primary_school_id as is_primary
from listed
inner join staging.stg_schools as school on school.school_id = listed.school_id
