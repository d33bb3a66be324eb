-- How far a running sync is, for those who wait for it. The result of a correction, as facts.

alter table roster.syncs
add column step text constraint syncs_step_check check (step in ('extracting', 'checking', 'comparing', 'saving')),
add column step_at timestamptz,
add column read_rows bigint,
add column expected_rows bigint;

alter table roster.corrections add column result jsonb not null default '{}';
