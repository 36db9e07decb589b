-- severity: error
-- finds: sales lines whose day is missing in `dim_date`
select f.line_id, f.delivery_key, f.line_no, f.date_key
from retail_dwh.fact_sale as f
left join retail_dwh.dim_date as d using (date_key)
where d.date_key is null
