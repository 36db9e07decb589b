update retail_dwh.dim_product as p
set
    stock_code = k.stock_code,
    is_merchandise = k.is_merchandise
from pg_temp.keyed_product as k
where k.product_key = k.target_key and p.product_key = k.target_key
