-- Earlier releases took only the point for a decimal mark. A price that is neither whole nor has exactly three decimals
-- was delivered with one; three different ones settle the mark of their feed. One scan of the facts, and none where no
-- feed is open.
with prices as (
    select distinct s.delivery_key, s.unit_price
    from retail_dwh.fact_sale as s
    where
        exists (
            select
            from retail_ops.feed as f
            join retail_ops.delivery as d using (feed)
            where f.decimal is null
        )
        and s.unit_price <> trunc(s.unit_price)
        and (s.unit_price <> trunc(s.unit_price, 3) or s.unit_price = trunc(s.unit_price, 2))
)

update retail_ops.feed as f
set decimal = '.'
where
    f.decimal is null
    and f.feed in (
        select d.feed
        from prices as p
        join retail_ops.delivery as d using (delivery_key)
        group by d.feed
        having count(distinct p.unit_price) >= 3
    );
