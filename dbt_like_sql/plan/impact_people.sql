-- People who leave the district if the hold is approved, by role. Counts only.
select
    role,
    count(*) as people
from changes.org_memberships
where op = 'end' and held
group by role
order by role
