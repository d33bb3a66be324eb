-- Schools that a sync wrote.
-- PostgreSQL.
select distinct content ->> 'clever_id' as school_id from journal where entity = 'schools'
