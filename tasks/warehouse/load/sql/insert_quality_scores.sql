insert into retail_ops.quality_score (attempt_id, dimension, score, error_lines, warning_lines)
select p.attempt_id, s.dimension, s.score, s.errors, s.warnings
from pg_temp.load_request as q
cross join lateral jsonb_to_recordset(q.scores)
    as s (delivery integer, dimension text, score numeric, errors bigint, warnings bigint)
join pg_temp.load_plan as p using (delivery)
