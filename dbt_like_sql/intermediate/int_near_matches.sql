-- Accounts that a person may have had before. The two emails differ only in capital letters, in dots before the @, in the
-- Unicode form of a letter, or in invisible characters. A near match never links. It is reported, so that the district
-- can correct the email in Clever (docs/rules.md R2.19).
with pairs as (
    select
        person.clever_id,
        person.role,
        person.email,
        near.account_id,
        near.account_email,
        near.role as account_role,
        -- Each email as written and in one Unicode form: first that in Clever, then that of the account.
        [near.email, near.account_email, near.nfkc_email, near.nfkc_account_email] as whole
    from intermediate.int_people as person
    inner join intermediate.int_identities as identity on identity.clever_id = person.clever_id
    inner join current.near_accounts as near on near.email = person.email
    -- An email of a person in the feed is the correct email of that person.
    anti join intermediate.int_people as owner on owner.email = near.account_email
    -- A person has decided that the two are different people (docs/rules.md R2.30).
    anti join current.reviews as decision
        on decision.is_native
        and decision.clever_id = person.clever_id
        and decision.account_id = near.account_id
    -- A person who was matched by the exact email has nothing to correct.
    where identity.rule <> 'email' and coalesce(near.linked_by, 'created') = 'created'
),

folded as (
    select
        *,
        list_transform(whole, lambda one: remove_invisible(one)) as seen,
        list_transform(whole, lambda one: regexp_replace(one, '\.|(@.*)', '\1', 'gs')) as dotless,
        list_transform(seen, lambda one: regexp_replace(one, '\.|(@.*)', '\1', 'gs')) as bare
    from pairs
),

compared as (
    -- A difference is real if it remains after all other differences are folded.
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
    -- Either of two foldings is enough, for example for a letter that is both in another form and a capital.
    if(words = [], ['unicode'], words) as differs
from compared
