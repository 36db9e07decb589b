-- Lines by feed. The feeds that loaded first keep a label of their own; a feed never moves to or from 'other', which
-- would look like a counter that falls.
with by_feed as (
    select
        feed,
        row_number() over (order by min(attempt_id)) as position,
        sum(rows_in - rows_passed_over) as lines,
        sum(rows_loaded) as rows_loaded,
        sum(rows_duplicate) as rows_duplicate,
        sum(rows_quarantined) as rows_quarantined,
        sum(rows_passed_over) as rows_passed_over,
        max(attempted_at) as loaded_at
    from retail_ops.delivery_attempt
    where outcome in ('loaded', 'replaced')
    group by feed
),
labelled as (
    select
        case when position <= $1 and feed <> 'other' then feed else 'other' end as feed,
        sum(lines) as lines,
        sum(rows_loaded) as rows_loaded,
        sum(rows_duplicate) as rows_duplicate,
        sum(rows_quarantined) as rows_quarantined,
        sum(rows_passed_over) as rows_passed_over,
        -- Of those without a label of their own the one that is late.
        min(extract(epoch from loaded_at)) as loaded_at
    from by_feed
    group by 1
)
select coalesce(json_agg(json_build_array(v.metric, v.labels, v.value)), '[]'::json)
from labelled as l
cross join lateral (
    values
        ('retail_lines_read_total', json_build_array(l.feed), l.lines),
        ('retail_lines_total', json_build_array(l.feed, 'loaded'), l.rows_loaded),
        ('retail_lines_total', json_build_array(l.feed, 'duplicate'), l.rows_duplicate),
        ('retail_lines_total', json_build_array(l.feed, 'quarantined'), l.rows_quarantined),
        ('retail_rows_passed_over_total', json_build_array(l.feed), l.rows_passed_over),
        ('retail_feed_last_load_timestamp_seconds', json_build_array(l.feed), l.loaded_at)
) as v (metric, labels, value)
