-- The districts with news, and the time from which their rows are read anew.
-- PostgreSQL.
select
    scope.organization_id,
    scope.district_id,
    scope.last is null as is_whole,
    min(news.published_at) as began_at
from news
join scope on scope.organization_id = news.organization_id
group by scope.organization_id, scope.district_id, scope.last
