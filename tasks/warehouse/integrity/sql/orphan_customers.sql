-- severity: error
-- finds: sales lines whose customer is missing in `dim_customer`
select f.line_id, f.delivery_key, f.line_no, f.customer_key
from retail_dwh.fact_sale as f
left join retail_dwh.dim_customer as d using (customer_key)
where d.customer_key is null
