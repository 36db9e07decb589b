create temporary table withdrawn_line on commit drop as
select invoice_key, line_id, delivery_key, true as owns
from retail_dwh.fact_sale
where delivery_key = {delivery_keys}
union all
select invoice_key, line_id, delivery_key, false
from retail_ops.line_source
where delivery_key = {delivery_keys}
