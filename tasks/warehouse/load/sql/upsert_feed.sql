insert into retail_ops.feed as f (feed, timezone, currency, date_format, identical_lines)
select feed, timezone, currency, date_format, identical_lines
from pg_temp.load_request
on conflict (feed) do update
set
    timezone = excluded.timezone,
    currency = excluded.currency,
    date_format = case
        when exists (select from retail_ops.delivery as d where d.feed = f.feed)
            then coalesce(excluded.date_format, f.date_format)
        else excluded.date_format
    end,
    identical_lines = excluded.identical_lines
where
    (f.timezone, f.currency, f.identical_lines)
    is distinct from (excluded.timezone, excluded.currency, excluded.identical_lines)
    or f.date_format is distinct from excluded.date_format
