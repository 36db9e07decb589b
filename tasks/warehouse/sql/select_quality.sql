-- Attempts that were scored, by feed, delivery and run, each null for all; the last first.
with chosen as (
    select a.*
    from retail_ops.delivery_attempt as a
    where
        a.quality_score is not null
        and ($1::text is null or a.feed = $1)
        and ($2::text is null or a.name = $2)
        and ($3::uuid is null or a.run_id = $3)
)
select json_build_object(
    'total', (select count(*) from chosen),
    'items', (
        select coalesce(json_agg(row_to_json(p)), '[]'::json)
        from (
            select
                c.attempt_id,
                c.feed,
                c.name as delivery,
                c.run_id,
                c.attempted_at,
                c.outcome,
                c.quality_score::float8 as quality_score,
                c.rows_in,
                c.rows_quarantined,
                (
                    select coalesce(json_agg(row_to_json(s) order by s.dimension), '[]'::json)
                    from (
                        select q.dimension, q.score::float8 as score, q.error_lines, q.warning_lines
                        from retail_ops.quality_score as q
                        where q.attempt_id = c.attempt_id
                    ) as s
                ) as dimensions
            from chosen as c
            order by c.attempt_id desc
            limit $4::integer
            offset $5::bigint
        ) as p
    )
)
