-- A feed that holds lines keeps the reading settings that it has; what was left open may be filled in.
insert into retail_ops.feed as f (
    feed, timezone, currency, date_format, identical_lines, decimal, encoding, missing_words, last_line_end, currency_column
)
select
    feed, timezone, currency, date_format, identical_lines, decimal, encoding, missing_words, last_line_end,
    currency_column
from pg_temp.load_request
on conflict (feed) do update
set (timezone, currency, identical_lines, date_format, decimal, encoding, missing_words, last_line_end, currency_column) = (
    select
        excluded.timezone,
        excluded.currency,
        excluded.identical_lines,
        coalesce(excluded.date_format, h.date_format),
        coalesce(excluded.decimal, h.decimal),
        coalesce(excluded.encoding, h.encoding),
        coalesce(excluded.missing_words, h.missing_words),
        coalesce(excluded.last_line_end, h.last_line_end),
        excluded.currency_column
    from (select) as always
    left join retail_ops.feed as h
        on h.feed = f.feed and exists (select from retail_ops.delivery as d where d.feed = h.feed)
)
where
    (f.timezone, f.currency, f.identical_lines)
    is distinct from (excluded.timezone, excluded.currency, excluded.identical_lines)
    or (f.date_format, f.decimal, f.encoding, f.missing_words, f.last_line_end, f.currency_column)
    is distinct from (
        excluded.date_format, excluded.decimal, excluded.encoding, excluded.missing_words, excluded.last_line_end,
        excluded.currency_column
    )
