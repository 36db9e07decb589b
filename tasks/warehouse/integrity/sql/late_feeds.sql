-- severity: warning
-- finds: feeds whose last delivery is longer ago than 1.5 times the pause that nine in ten of its last 30 pauses stay below (pauses under an hour are left out; a feed needs five)
with arrival as (
    select feed, min(attempted_at) as arrived_at
    from retail_ops.delivery_attempt
    where outcome in ('loaded', 'replaced')
    group by feed, run_id
),
pause as (
    select
        feed,
        arrived_at,
        arrived_at - lag(arrived_at) over (partition by feed order by arrived_at) as pause
    from arrival
),
recent as (
    select
        feed,
        arrived_at,
        case when pause >= interval '1 hour' then pause end as pause,
        count(*) filter (where pause >= interval '1 hour') over (partition by feed order by arrived_at desc) as place
    from pause
),
rhythm as (
    select
        feed,
        max(arrived_at) as last_delivery,
        percentile_disc(0.9) within group (order by pause) as usual_pause,
        count(pause) as pauses
    from recent
    where place <= 30
    group by feed
)
select feed, last_delivery, usual_pause, last_delivery + 1.5 * usual_pause as late_since
from rhythm
where pauses >= 5 and now() > last_delivery + 1.5 * usual_pause
