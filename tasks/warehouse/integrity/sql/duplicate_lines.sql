-- severity: error
-- finds: lines that are loaded more than once
select invoice_key, line_id, count(*) as times
from retail_dwh.fact_sale
group by invoice_key, line_id
having count(*) > 1
