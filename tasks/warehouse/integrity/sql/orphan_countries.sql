-- severity: error
-- finds: sales lines whose country is missing in `dim_country`
select f.line_id, f.delivery_key, f.line_no, f.country_key
from retail_dwh.fact_sale as f
left join retail_dwh.dim_country as d using (country_key)
where d.country_key is null
