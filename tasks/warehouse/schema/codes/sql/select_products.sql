-- A superset of the products whose code changes, in parts: the normalisation decides.
select product_key as key, null::text as feed, stock_code as code
from retail_dwh.dim_product
where product_key > $1 and stock_code ~ $2
order by product_key
limit $3
