select
    feed,
    name
from retail_ops.delivery
where position($2 in name) > 0
order by feed <> $1, name
limit 3
