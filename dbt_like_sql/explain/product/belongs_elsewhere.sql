-- Whether only other organizations know an account or a Clever id (tenant isolation).
with belongs as (
    select organization_id from roster.identity_links where account_id = :account_id or clever_id = :clever_id
    union
    select organization_id from roster.org_memberships where account_id = :account_id
)

select
    exists (select from belongs)
    and not exists (select from belongs where organization_id = :organization_id) as is_elsewhere
