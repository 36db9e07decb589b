-- Of all attempts to load the delivery: a delivery may be withdrawn because nobody should have its lines.
delete from retail_ops.quarantine
where
    attempt_id in (
        select a.attempt_id
        from retail_ops.delivery as d
        join retail_ops.delivery_attempt as a on a.feed = d.feed and a.name = d.name
        where d.delivery_key = {delivery_keys}
    )
