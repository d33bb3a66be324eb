-- Rosters that a sync wrote.
-- PostgreSQL.
select distinct (content ->> 'id')::bigint as roster_id from journal where entity = 'rosters'
