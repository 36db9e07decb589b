update retail_ops.delivery as d
set
    rows_loaded = d.rows_loaded - s.lines,
    rows_duplicate = d.rows_duplicate + s.lines
from (
    select delivery_key, count(*) as lines
    from pg_temp.further_source
    group by delivery_key
) as s
where d.delivery_key = s.delivery_key
