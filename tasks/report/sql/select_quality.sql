-- Quality of the last run that validated anything, by dimension: the mean of its deliveries, weighted by their lines.
with last as (
    select a.run_id
    from retail_ops.delivery_attempt as a
    where a.rows_in > a.rows_passed_over and exists (select from retail_ops.quality_score as s where s.attempt_id = a.attempt_id)
    order by a.attempt_id desc
    limit 1
)
select coalesce(json_agg(json_build_array(q.metric, q.labels, q.value)), '[]'::json)
from (
    select
        'retail_quality_ratio' as metric,
        json_build_array(s.dimension) as labels,
        sum(s.score / 100 * (a.rows_in - a.rows_passed_over)) / sum(a.rows_in - a.rows_passed_over) as value
    from last
    join retail_ops.delivery_attempt as a using (run_id)
    join retail_ops.quality_score as s using (attempt_id)
    where a.rows_in > a.rows_passed_over
    group by s.dimension
    union all
    select 'retail_last_run_quality_ratio', '[]'::json, r.quality_score / 100
    from last
    join retail_ops.run as r using (run_id)
    where r.quality_score is not null
) as q
