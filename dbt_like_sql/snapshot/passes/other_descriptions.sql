-- Districts that a file describes in another way than the product, after an operator or Clever has changed something
-- without a sync.
-- DuckDB.
select scope.district_id, read_districts.name, read_districts.tier, read_districts.time_zone
from read_districts
join scope on scope.organization_id = read_districts.organization_id
except
select district_id, name, tier, time_zone
from file_districts
