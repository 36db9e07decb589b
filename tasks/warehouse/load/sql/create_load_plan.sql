-- The deliveries of the load beside what the ledger has under their names.
create temporary table load_plan on commit drop as
select
    n.*,
    d.delivery_key is not null as replaces,
    d.rows_peak,
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
    quality_score numeric
)
left join retail_ops.delivery as d on d.feed = q.feed and d.name = n.name
