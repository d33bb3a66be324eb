-- The digest of the number of an account could be found by trying all numbers. It has a random value with it, which only
-- the database holds.

alter table roster.erasures add column salt text;
