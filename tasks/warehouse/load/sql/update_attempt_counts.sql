update retail_ops.delivery_attempt as a
set
    rows_loaded = d.rows_loaded,
    rows_duplicate = d.rows_duplicate,
    lines_withdrawn = case
        when p.replaces
            then (select count(*) from pg_temp.withdrawn_line as w where w.delivery_key = p.delivery_key)
    end
from pg_temp.load_plan as p
join retail_ops.delivery as d using (delivery_key)
where a.attempt_id = p.attempt_id
