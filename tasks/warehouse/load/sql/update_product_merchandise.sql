update retail_dwh.dim_product as p
set is_merchandise = true
from pg_temp.product as n
where p.stock_code = n.stock_code and n.is_merchandise and not p.is_merchandise
