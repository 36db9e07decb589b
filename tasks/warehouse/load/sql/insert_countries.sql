insert into retail_dwh.dim_country (country_key, country)
select
    (select coalesce(max(country_key), 0) from retail_dwh.dim_country) + row_number() over (),
    n.country
from (select distinct country from pg_temp.receipt where country is not null) as n
where not exists (select from retail_dwh.dim_country as c where c.country = n.country)
union all
select 0, null
where
    exists (select from pg_temp.receipt where country is null)
    and not exists (select from retail_dwh.dim_country where country_key = 0)
