-- Attempts to load or withdraw a delivery, by outcome.
select coalesce(json_agg(json_build_array('retail_deliveries_total', json_build_array(a.outcome), a.attempts)), '[]'::json)
from (
    select outcome, count(*) as attempts
    from retail_ops.delivery_attempt
    where outcome <> 'unchanged'
    group by outcome
) as a
