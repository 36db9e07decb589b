select json_build_object(
    'examined_at', max(r.examined_at),
    'results', json_agg(
        json_build_object(
            'check_name', r.check_name,
            'severity', r.severity,
            'violations', r.violations,
            'samples', r.samples,
            'error', r.error
        )
        order by r.check_name
    )
)
from retail_ops.integrity_result as r
where r.examined_at = (select max(l.examined_at) from retail_ops.integrity_result as l)
