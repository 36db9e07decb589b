-- The size of the database, and those that were stored with earlier looks, the last first.
select json_build_object(
    'database_bytes', pg_database_size(current_database()),
    'asked_at', clock_timestamp(),
    'earlier', (
        select coalesce(json_agg(row_to_json(e)), '[]'::json)
        from (
            select examined_at, database_bytes
            from retail_ops.size_history
            order by examined_at desc
            limit 2000
        ) as e
    )
)
