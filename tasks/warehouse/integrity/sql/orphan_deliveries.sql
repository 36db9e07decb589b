-- severity: error
-- finds: sales lines whose delivery is missing in the ledger
select f.line_id, f.delivery_key, f.line_no, f.delivery_key
from retail_dwh.fact_sale as f
left join retail_ops.delivery as d using (delivery_key)
where d.delivery_key is null
