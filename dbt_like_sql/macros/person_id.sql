-- The keys of a pass, as HMAC combines them with its two hashes. `key_of` is the number of the organization. No other table
-- has a column of that name, so the argument of a macro cannot be taken for it.
create or replace temporary table pseudonym_keys (
    key_of bigint,
    fingerprint varchar,
    inner_pad blob,
    outer_pad blob
);

-- The person id of an account: the first 32 digits of HMAC-SHA-256 (RFC 2104) over the number of the account. The pads are
-- those of the organization's key in `pseudonym_keys`.
create or replace temporary macro person_id(inner_pad, outer_pad, account_id) as
left(sha256(outer_pad || unhex(sha256(inner_pad || encode(account_id::bigint::varchar)))), 32);

-- The fingerprint of the key of an organization.
create or replace temporary macro fingerprint_of(organization) as (
    select max(fingerprint) from pseudonym_keys where key_of = organization
);
