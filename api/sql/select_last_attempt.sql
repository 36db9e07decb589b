select to_json(coalesce(max(attempt_id), 0))
from retail_ops.delivery_attempt
