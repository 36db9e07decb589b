-- A feed that holds lines keeps the reading settings that it has; what was left open may be filled in.
insert into retail_ops.feed as f (
    feed, timezone, currency, identical_lines, mapping, date_format, decimal, encoding, missing_words, last_line_end
)
select
    q.feed,
    q.timezone,
    q.currency,
    q.identical_lines,
    q.mapping,
    coalesce(q.date_format, h.date_format),
    coalesce(q.decimal, h.decimal),
    coalesce(q.encoding, h.encoding),
    coalesce(q.missing_words, h.missing_words),
    coalesce(q.last_line_end, h.last_line_end)
from pg_temp.load_request as q
left join retail_ops.feed as h
    on h.feed = q.feed and exists (select from retail_ops.delivery as d where d.feed = h.feed)
on conflict (feed) do update
set
    timezone = excluded.timezone,
    currency = excluded.currency,
    identical_lines = excluded.identical_lines,
    mapping = excluded.mapping,
    date_format = excluded.date_format,
    decimal = excluded.decimal,
    encoding = excluded.encoding,
    missing_words = excluded.missing_words,
    last_line_end = excluded.last_line_end
where to_jsonb(f) - 'created_at' <> to_jsonb(excluded) - 'created_at'
