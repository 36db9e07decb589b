insert into retail_ops.delivery_attempt (run_id, feed, name, content_hash, outcome)
select '{run_id}', feed, name, content_hash, 'withdrawn'
from retail_ops.delivery
where delivery_key = {delivery_keys}
