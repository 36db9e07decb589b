insert into retail_ops.feed as f (feed, timezone, currency, date_format, identical_lines)
values ($1, $2, $3, $4, $5)
on conflict (feed) do update
set
    timezone = excluded.timezone,
    currency = excluded.currency,
    date_format = case when $6 then excluded.date_format else coalesce(excluded.date_format, f.date_format) end,
    identical_lines = excluded.identical_lines
where
    $6
    or (f.timezone, f.currency, f.identical_lines)
    is distinct from (excluded.timezone, excluded.currency, excluded.identical_lines)
    or f.date_format is distinct from coalesce(excluded.date_format, f.date_format)
