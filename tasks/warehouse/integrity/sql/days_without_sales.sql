-- severity: warning
-- finds: days without a line of the feed, between its first day and its last
with sales_day as materialized (
    select distinct i.feed, f.date_key
    from retail_dwh.fact_sale as f
    join retail_dwh.dim_invoice as i using (invoice_key)
),
feed_range as (
    select feed, min(date_key) as first_key, max(date_key) as last_key
    from sales_day
    group by feed
)
select r.feed, d.date, d.day_name
from feed_range as r
join retail_dwh.dim_date as d on d.date_key between r.first_key and r.last_key
left join sales_day as s on s.feed = r.feed and s.date_key = d.date_key
where s.feed is null
order by r.feed, d.date
