select coalesce(json_agg(f.feed order by f.feed), '[]'::json)
from retail_ops.feed as f
