-- Violations by check at the last integrity look, and the checks that could not run.
select coalesce(json_agg(json_build_array(v.metric, json_build_array(r.check_name, r.severity), v.value)), '[]'::json)
from retail_ops.integrity_result as r
cross join lateral (
    values
        ('retail_integrity_violations', coalesce(r.violations, 0)),
        ('retail_integrity_check_failed', case when r.error is null then 0 else 1 end)
) as v (metric, value)
where r.examined_at = (select max(l.examined_at) from retail_ops.integrity_result as l)
