-- People that a delta sync decides again: the changed ones, the members of affected sections, the people of a school
-- that came or left, and everyone who shares an email address with one of them, directly or through others.
-- DuckDB.
with recursive email_claims as not materialized (
    select clever_id, email from warehouse.intermediate.int_people where email is not null
    union all
    select clever_id, email from warehouse.marts.accounts where email is not null
    union all
    -- The account of a person who left or is in quarantine keeps its address until the person is back.
    select linked_clever_id, email
    from warehouse.current.accounts
    where linked_clever_id is not null and email is not null
    union all
    select id, clean_email(email)
    from (from events.teachers union all by name from events.students)
    where clean_email(email) is not null
),

directly_affected as (
    select id from affected.changed where resource in ('teachers', 'students')
    union
    select clever_id from warehouse.intermediate.int_section_members semi join affected.sections on section_id = id
    union
    select unnest(list_append(list_concat(coalesce(students, []), coalesce(teachers, [])), teacher))
    from events.sections
    union
    select clever_id
    from (select clever_id, unnest(school_ids) as school_id from warehouse.intermediate.int_people)
    semi join affected.changed on id = school_id and resource = 'schools' and was_there <> is_there
),

people as (
    select id from directly_affected
    union
    -- Semijoins keep the few people and addresses in memory, and not the addresses of the district.
    select clever_id
    from email_claims
    semi join (select email from email_claims semi join people on people.id = clever_id) as shared using (email)
)

select id from people where id is not null
