-- Columns that the feed passed over count from now on. A delivery that was read without them keeps that in its reading
-- settings, so that it is read anew when it comes again.
with taken as (
    update retail_ops.feed as f
    set
        currency_column = null,
        store_column = null
    from pg_temp.load_request as q
    where f.feed = q.feed and num_nonnulls(f.currency_column, f.store_column) > 0
    returning f.feed
)
update retail_ops.delivery as d
set reading_settings = '{"columns":"passed over"' || case d.reading_settings
    when '{}' then '}'
    else overlay(d.reading_settings placing ',' from 1 for 1)
end
from taken as t
where d.feed = t.feed
