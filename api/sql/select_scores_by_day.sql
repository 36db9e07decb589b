-- Quality by the day (UTC) of the attempt and by dimension, weighted by lines; the last $2 days up to the last attempt.
select coalesce(json_agg(row_to_json(s) order by s.day, s.dimension), '[]'::json)
from (
    select
        (a.attempted_at at time zone 'UTC')::date as day,
        q.dimension,
        (
            sum(q.score * greatest(coalesce(a.rows_in - a.rows_passed_over, 1), 1))
            / sum(greatest(coalesce(a.rows_in - a.rows_passed_over, 1), 1))
        )::float8 as score,
        sum(q.error_lines)::bigint as error_lines,
        sum(q.warning_lines)::bigint as warning_lines,
        sum(a.rows_in - a.rows_passed_over)::bigint as lines,
        count(*) as deliveries
    from retail_ops.quality_score as q
    join retail_ops.delivery_attempt as a using (attempt_id)
    where
        ($1::text is null or a.feed = $1)
        and a.attempted_at > (
            select max(l.attempted_at) - make_interval(days => $2::integer)
            from retail_ops.delivery_attempt as l
            where l.quality_score is not null and ($1::text is null or l.feed = $1)
        )
    group by 1, 2
) as s
