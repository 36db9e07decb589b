update retail_ops.delivery as d
set
    rows_loaded = d.rows_loaded + c.owned - (d.rows_in - d.rows_quarantined),
    rows_duplicate = d.rows_duplicate + c.duplicate
from unnest($1::integer[], $2::bigint[], $3::bigint[]) as c (delivery_key, owned, duplicate)
where d.delivery_key = c.delivery_key
returning d.name, d.rows_loaded, d.rows_duplicate
