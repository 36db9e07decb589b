-- Deliveries whose last attempt was refused or failed, by that outcome; a file that was still being written says
-- nothing.
select coalesce(json_agg(json_build_array('retail_open_refusals', json_build_array(o.outcome), o.deliveries)), '[]'::json)
from (
    select a.outcome, count(*) as deliveries
    from retail_ops.delivery_attempt as a
    where
        a.outcome in ('refused', 'failed')
        and not exists (
            select
            from retail_ops.delivery_attempt as later
            where
                later.feed = a.feed
                and later.name = a.name
                and later.attempt_id > a.attempt_id
                and later.outcome <> 'unfinished'
        )
    group by a.outcome
) as o
