-- Deliveries of a feed with the lines that they have in the warehouse, shared ones included.
select name, delivery_key, content_hash, rows_loaded + rows_duplicate as lines
from retail_ops.delivery
where feed = $1 and name = any($2::text[])
