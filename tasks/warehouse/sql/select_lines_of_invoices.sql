select uuid_send(line_id), delivery_key, line_no, true
from retail_dwh.fact_sale
where invoice_key = any($1::integer[])
union all
select uuid_send(line_id), delivery_key, line_no, false
from retail_ops.line_source
where invoice_key = any($1::integer[])
