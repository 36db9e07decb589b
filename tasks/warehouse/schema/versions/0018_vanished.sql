-- Deliveries that a source no longer has, that shrink little by little, or whose bytes another feed has loaded.
alter table retail_ops.feed
    add column vanished text not null default 'report' check (vanished in ('report', 'ignore'));

alter table retail_ops.delivery
    add column rows_peak bigint not null default 0,
    add column vanished_at timestamptz;

-- The history counts from the last time that somebody accepted a content whatever its size: the first load, one after a
-- withdrawal, or a run with replace. Copies that a feed drops are no lines of the warehouse, but attempts count them.
with started as (
    select a.feed, a.name, max(a.attempt_id) as attempt_id
    from retail_ops.delivery_attempt as a
    join retail_ops.run as r using (run_id)
    where
        a.outcome in ('loaded', 'withdrawn')
        or (a.outcome = 'replaced' and r.parameters ->> 'replace' = 'true')
    group by a.feed, a.name
),
peak as (
    select a.feed, a.name, max(a.rows_in - a.rows_quarantined) as rows
    from retail_ops.delivery_attempt as a
    join started as s using (feed, name)
    where a.outcome in ('loaded', 'replaced') and a.attempt_id >= s.attempt_id
    group by a.feed, a.name
),
further as (
    select delivery_key, count(*) as rows
    from retail_ops.line_source
    group by delivery_key
)
update retail_ops.delivery as d
set rows_peak = case
    when f.identical_lines = 'keep' then greatest(l.rows_in - l.rows_quarantined, p.rows)
    else l.rows_loaded + coalesce(s.rows, 0)
end
from retail_ops.delivery as l
join retail_ops.feed as f using (feed)
left join peak as p using (feed, name)
left join further as s using (delivery_key)
where d.delivery_key = l.delivery_key;

-- Unique by the key, so that Supabase's linter does not call it unused before the first load.
create unique index delivery_content_hash_idx on retail_ops.delivery (content_hash, delivery_key);

alter table retail_ops.delivery_attempt
    drop constraint delivery_attempt_refusal_check,
    add constraint delivery_attempt_refusal_check
    check (refusal in ('quality_gate', 'replacement_guard', 'other_feed'));

comment on column retail_ops.feed.vanished is
    'Whether deliveries that their folder no longer has are reported, or ignored: the folder is cleared after loading.';
comment on column retail_ops.delivery.rows_peak is
    'Most lines that it has had in the warehouse since it was first loaded, or last replaced by a run with replace.';
comment on column retail_ops.delivery.vanished_at is
    'When a run first found that its folder no longer has it; null while it is there.';
comment on column retail_ops.delivery_attempt.refusal is
    'quality_gate, replacement_guard or other_feed, whichever refused the delivery; null for other outcomes and for attempts older than this column.';
