do $$
begin
    raise info 'retail answer: %', (
        select jsonb_agg(jsonb_build_object(
            'name', p.name,
            'replaces', p.replaces,
            'rows_loaded', d.rows_loaded,
            'rows_duplicate', d.rows_duplicate,
            'lines_withdrawn', (
                select count(*) from pg_temp.withdrawn_line as w where w.delivery_key = p.delivery_key
            )
        ))
        from pg_temp.load_plan as p
        join retail_ops.delivery as d using (delivery_key)
    );
end
$$
