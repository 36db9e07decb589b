select uuid_send(line_id), invoice_key, delivery_key, true
from retail_dwh.fact_sale
where delivery_key = any($1::integer[])
union all
select uuid_send(line_id), invoice_key, delivery_key, false
from retail_ops.line_source
where delivery_key = any($1::integer[])
