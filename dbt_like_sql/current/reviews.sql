-- Open reviews, and reviews whose decision still holds (is_native).
-- PostgreSQL. A review that the sync resolved may open again. So may a review whose decision is about a link or a name
-- that is no longer there.
select distinct on (clever_id, reason, account_id)
    clever_id,
    reason,
    account_id,
    false as is_ended,
    state = 'resolved' as is_native,
    xmin::text as version
from roster.reviews as review
where
    organization_id = %(organization_id)s
    and (
        state = 'open'
        or decision in ('create', 'different') and reason <> 'recycled_id'
        or exists (
            select from roster.identity_links as link
            where
                link.clever_id = review.clever_id
                and link.unlinked_at is null
                and link.account_id = review.account_id
                and review.decision in ('link', 'relink', 'same')
                and review.reason <> 'recycled_id'
        )
    )
    and clever_id in (select id from affected_people) -- partial
order by clever_id, reason, account_id, state, id desc
