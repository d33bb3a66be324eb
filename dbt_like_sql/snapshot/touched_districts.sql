-- The district itself. Each sync writes the time of its reading.
-- PostgreSQL.
select id as organization_id from roster.organizations where id = %(organization_id)s
