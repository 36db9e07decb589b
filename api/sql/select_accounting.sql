-- Lines of the loaded deliveries by feed, and by the day (UTC) of the load: the last $2 days with loads.
with chosen as (
    select d.*
    from retail_ops.delivery as d
    where $1::text is null or d.feed = $1
)
select json_build_object(
    'feeds', (
        select coalesce(json_agg(row_to_json(s) order by s.feed), '[]'::json)
        from (
            select
                f.feed,
                f.timezone,
                f.currency,
                count(c.delivery_key) as deliveries,
                coalesce(sum(c.rows_in), 0)::bigint as rows_in,
                coalesce(sum(c.rows_loaded), 0)::bigint as rows_loaded,
                coalesce(sum(c.rows_duplicate), 0)::bigint as rows_duplicate,
                coalesce(sum(c.rows_quarantined), 0)::bigint as rows_quarantined,
                coalesce(sum(c.rows_passed_over), 0)::bigint as rows_passed_over
            from retail_ops.feed as f
            left join chosen as c using (feed)
            where $1::text is null or f.feed = $1
            group by f.feed
        ) as s
    ),
    'days', (
        select coalesce(json_agg(row_to_json(s) order by s.day), '[]'::json)
        from (
            select
                (c.loaded_at at time zone 'UTC')::date as day,
                count(*) as deliveries,
                sum(c.rows_loaded)::bigint as rows_loaded,
                sum(c.rows_duplicate)::bigint as rows_duplicate,
                sum(c.rows_quarantined)::bigint as rows_quarantined,
                sum(c.rows_passed_over)::bigint as rows_passed_over
            from chosen as c
            group by 1
            order by 1 desc
            limit $2::integer
        ) as s
    )
)
