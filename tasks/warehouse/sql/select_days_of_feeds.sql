-- Deliveries by feed and the day (UTC) of their load, and the days without sales between a feed's first and last.
with loaded as (
    select feed, loaded_at::date as day, count(*) as deliveries, sum(rows_loaded) as lines
    from retail_ops.delivery
    group by feed, loaded_at::date
),
sales_day as materialized (
    select distinct i.feed, f.date_key
    from retail_dwh.fact_sale as f
    join retail_dwh.dim_invoice as i using (invoice_key)
),
feed_range as (
    select feed, min(date_key) as first_key, max(date_key) as last_key
    from sales_day
    group by feed
),
gap as (
    select r.feed, d.date
    from feed_range as r
    join retail_dwh.dim_date as d on d.date_key between r.first_key and r.last_key
    left join sales_day as s on s.feed = r.feed and s.date_key = d.date_key
    where s.feed is null
)
select coalesce(
    json_agg(
        json_build_object(
            'feed', f.feed,
            'first_day', (select date from retail_dwh.dim_date where date_key = r.first_key),
            'last_day', (select date from retail_dwh.dim_date where date_key = r.last_key),
            'days_without_sales', (select count(*) from gap as g where g.feed = f.feed),
            'last_gaps', array(
                select g.date::text from gap as g where g.feed = f.feed order by g.date desc limit $1
            ),
            'loads', (
                select coalesce(json_agg(row_to_json(l)), '[]'::json)
                from (
                    select day, deliveries, lines from loaded as o where o.feed = f.feed order by day desc limit $1
                ) as l
            )
        )
        order by f.feed
    ),
    '[]'::json
)
from retail_ops.feed as f
left join feed_range as r using (feed)
