-- severity: error
-- finds: days between the first and the last of `dim_date` that it lacks
select day::date as date
from generate_series(
    (select min(date)::timestamp from retail_dwh.dim_date),
    (select max(date)::timestamp from retail_dwh.dim_date),
    interval '1 day'
) as day
left join retail_dwh.dim_date as d on d.date = day::date
where d.date is null
