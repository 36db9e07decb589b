-- The deliveries of the load beside what the ledger has under their names, or in another feed of the same bytes.
create temporary table load_plan on commit drop as
select
    n.*,
    c.*,
    d.delivery_key is not null as replaces,
    greatest(
        case when not q.replace_anyway then d.rows_peak end, c.lines - n.rows_quarantined - n.rows_dropped
    ) as rows_peak,
    o.*,
    coalesce(
        d.delivery_key,
        (select coalesce(max(delivery_key), 0) from retail_ops.delivery)
        + row_number() over (partition by d.delivery_key is null order by n.delivery)
    )::integer as delivery_key,
    nextval('retail_ops.delivery_attempt_attempt_id_seq') as attempt_id,
    case
        when d.reading_settings = q.reading_settings and d.content_hash = n.content_hash then 'recorded'
        when
            q.checks_known
            and case when d.reading_settings = q.reading_settings then d.content_hash end
            is distinct from n.known_hash
            then case when d.delivery_key is null then 'withdrawn' else 'overtaken' end
        when other_feed is not null then 'other_feed'
        else 'load'
    end as state
from pg_temp.load_request as q
cross join lateral jsonb_to_recordset(q.deliveries) as n (
    delivery integer,
    name text,
    content_hash text,
    known_hash text,
    rows_in bigint,
    rows_quarantined bigint,
    rows_dropped bigint,
    rows_passed_over integer,
    passed_over jsonb,
    notes text[],
    quality_score numeric
)
cross join lateral (select n.rows_in - coalesce(n.rows_passed_over, 0) as lines) as c
left join retail_ops.delivery as d on d.feed = q.feed and d.name = n.name
left join lateral (
    select feed as other_feed, name as other_delivery
    from retail_ops.delivery
    where content_hash = n.content_hash and feed <> q.feed and rows_in > rows_quarantined + rows_passed_over
    limit 1
) as o on c.lines > n.rows_quarantined and not q.accept_known_bytes
