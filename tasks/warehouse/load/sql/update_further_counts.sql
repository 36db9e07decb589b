update retail_ops.delivery as d
set
    rows_loaded = d.rows_loaded - s.lines,
    rows_duplicate = d.rows_duplicate + s.lines
from (
    select delivery_key, count(*) as lines
    from ({lines}) as l
    group by delivery_key
) as s
where d.delivery_key = s.delivery_key
