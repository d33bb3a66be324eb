-- Accounts that a person may have had before: the address is equal but for capital letters, dots before the @, the
-- form of a letter in Unicode, or what nobody sees. That links nobody; it is told, so that somebody puts the address
-- right in Clever (docs/rules.md R2.19).
with pairs as (
    select
        person.clever_id,
        person.role,
        person.email,
        near.account_id,
        near.account_email,
        near.role as account_role,
        -- As written, then in one Unicode form; of Clever first, then of the account.
        [near.email, near.account_email, near.nfkc_email, near.nfkc_account_email] as whole
    from intermediate.int_people as person
    inner join intermediate.int_identities as identity on identity.clever_id = person.clever_id
    inner join current.near_accounts as near on near.email = person.email
    -- An address that somebody in the feed has is the right one for that person.
    anti join intermediate.int_people as owner on owner.email = near.account_email
    -- Whoever has found an account by the very address has nothing to put right.
    where identity.rule <> 'email' and coalesce(near.linked_by, 'created') = 'created'
),

folded as (
    select
        *,
        list_transform(whole, lambda one: regexp_replace(
            one,
            '[\p{C}\p{Z}\x{34F}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{2800}\x{3164}\x{FE00}-\x{FE0F}\x{FFA0}\x{E0100}-\x{E01EF}]',
            '',
            'g'
        )) as seen,
        list_transform(whole, lambda one: regexp_replace(one, '\.|(@.*)', '\1', 'gs')) as dotless,
        list_transform(seen, lambda one: regexp_replace(one, '\.|(@.*)', '\1', 'gs')) as bare
    from pairs
),

compared as (
    -- They differ in something if they still do once all the rest is folded.
    select
        *,
        list_filter(
            [
                if(bare[3] <> bare[4], 'case', null),
                if(lower(seen[3]) <> lower(seen[4]), 'dots', null),
                if(lower(bare[1]) <> lower(bare[2]), 'unicode', null),
                if(lower(dotless[3]) <> lower(dotless[4]), 'whitespace', null)
            ],
            lambda word: word is not null
        ) as words
    from folded
)

select
    clever_id,
    role,
    email,
    account_id,
    account_email,
    account_role,
    -- Where each of two foldings would do alone, as for a letter that is both another form and a capital.
    if(words = [], ['unicode'], words) as differs
from compared
