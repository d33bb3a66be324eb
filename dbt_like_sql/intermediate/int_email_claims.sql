-- Who asks for which address, and who must wait because somebody else keeps it. An address is free once its holder
-- moves to another one in the same sync, so two people can swap, and a chain of moves works in any order of the rows
-- (rule book, *An email change follows Clever if the new address is free*).
with recursive claims as (
    select
        person.clever_id,
        person.email,
        person.email_is_valid,
        person.email_carriers,
        own.account_id,
        own.email as own_email,
        own.clever_email is distinct from person.email as is_moved,
        holder.account_id as holder_id,
        holder.linked_clever_id as holder_clever_id,
        coalesce(person.email_is_valid and person.email_carriers = 1, false) as is_wanted,
        -- A linked person whose first name, last name and email all change at once may be somebody else under the id. A
        -- name that is missing is blank; one that could not be read is unknown.
        coalesce(
            own.account_id is not null
            and strip_accents(lower(trim(coalesce(own.first_name, ''))))
            <> strip_accents(lower(trim(coalesce(person.first_name, if(person.is_half_read, null, '')))))
            and strip_accents(lower(trim(coalesce(own.last_name, ''))))
            <> strip_accents(lower(trim(coalesce(person.last_name, if(person.is_half_read, null, '')))))
            and own.clever_email is distinct from person.email,
            false
        ) as is_recycled,
        -- So does whoever has a field that could not be read.
        coalesce(is_recycled or (person.is_half_read and own.account_id is not null), false) as is_kept
    from intermediate.int_people as person
    left join current.accounts as own
        on own.linked_clever_id = person.clever_id and own.is_linked_here
    left join current.accounts as holder
        on holder.email = person.email and person.email_is_valid
),

keepers as (
    -- Linked people whose address stays where it is, whatever else happens.
    select clever_id
    from claims
    where account_id is not null
        and (is_kept or (email is not null and not is_wanted) or email = own_email)
),

blocked as (
    select claims.clever_id
    from claims
    left join claims as holder_claim on holder_claim.clever_id = claims.holder_clever_id
    where claims.is_wanted
        and claims.holder_id is distinct from claims.account_id
        and claims.holder_id is not null
        and (
            holder_claim.account_id is null
            or holder_claim.clever_id in (select clever_id from keepers)
        )
    union
    select claims.clever_id
    from claims
    inner join blocked on claims.holder_clever_id = blocked.clever_id
    where claims.is_wanted and claims.holder_id is distinct from claims.account_id
)

select
    *,
    clever_id in (select clever_id from blocked) as is_blocked
from claims
