-- A feed that holds lines keeps the settings that it has; what was left open may be filled in.
insert into retail_ops.feed as f
select (jsonb_populate_record(null::retail_ops.feed, jsonb_build_object('created_at', now(), 'vanished', 'report') || settings)).*
from pg_temp.load_request
on conflict (feed) do update
set (
    timezone, currency, date_format, identical_lines, decimal, encoding, missing_words, last_line_end, currency_column,
    customers, store_column, mapping
) = (
    select
        s.timezone, s.currency, s.date_format, s.identical_lines, s.decimal, s.encoding, s.missing_words,
        s.last_line_end, s.currency_column, s.customers, s.store_column, s.mapping
    from pg_temp.load_request as q
    cross join lateral jsonb_populate_record(
        case when exists (select from retail_ops.delivery as d where d.feed = f.feed) then f end,
        jsonb_strip_nulls(q.settings)
    ) as s
)
where to_jsonb(f) - '{created_at,vanished}'::text[] <> to_jsonb(excluded) - '{created_at,vanished}'::text[]
