-- severity: error
-- finds: further sources of lines that are not loaded
select s.delivery_key, s.line_no, s.invoice_key, s.line_id
from retail_ops.line_source as s
left join retail_dwh.fact_sale as f using (invoice_key, line_id)
where f.line_id is null
