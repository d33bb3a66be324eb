-- The districts with news, and the time from which their rows are read anew.
-- PostgreSQL. A district that is read as a whole begins at its newest sync whose journal was erased, because nothing tells
-- what its rows were before.
select
    scope.organization_id,
    scope.district_id,
    scope.last is null as is_whole,
    case
        when scope.last is null
            then greatest(min(news.published_at), max(news.published_at) filter (where news.is_erased))
        else min(news.published_at)
    end as began_at
from news
join scope on scope.organization_id = news.organization_id
group by scope.organization_id, scope.district_id, scope.last
