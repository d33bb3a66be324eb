-- The person id of an account: the first 32 digits of HMAC-SHA-256 (RFC 2104) over the number of the account. The pads are
-- those of the organization's key in `pseudonym_keys`.
create or replace temporary macro person_id(inner_pad, outer_pad, account_id) as
left(sha256(outer_pad || unhex(sha256(inner_pad || encode(account_id::bigint::varchar)))), 32);
