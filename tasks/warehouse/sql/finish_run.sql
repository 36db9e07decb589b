with given as (
    select $7::jsonb as e
),
finished as (
    update retail_ops.run
    set
        finished_at = now(),
        status = $2::text,
        quality_score = $3::numeric,
        degraded = cardinality($4::text[]) > 0,
        degraded_reasons = $4::text[]
    where run_id = $1::uuid
    returning run_id
),
ended as (
    insert into retail_ops.run_end
    select e.*
    from finished as f
    cross join given as g
    cross join pg_database_size(current_database()) as b
    cross join jsonb_populate_record(
        null::retail_ops.run_end,
        g.e || jsonb_build_object(
            'run_id', f.run_id,
            'status', $2::text,
            'ended_at', now(),
            'database_bytes', b,
            'storage_cost_per_month', b * (g.e ->> 'gb_month')::numeric / 1e9
        )
    ) as e
    on conflict (run_id, began_at, status) do update set ended_at = excluded.ended_at
),
-- Attempts that an earlier call recorded for the same end have its time.
earlier as (
    delete from retail_ops.delivery_attempt as a
    using given as g, finished as f, retail_ops.run_end as e
    where
        e.run_id = f.run_id
        and e.began_at = (g.e ->> 'began_at')::timestamptz
        and a.run_id = e.run_id
        and a.attempted_at = e.ended_at
        and a.outcome in ('unchanged', 'refused', 'failed', 'unfinished')
),
request as (
    select a.*
    from finished
    cross join jsonb_to_recordset($6::jsonb) as a (
        name text,
        content_hash text,
        outcome text,
        quality_score numeric,
        reason text,
        refusal text,
        rows_in bigint,
        rows_quarantined bigint,
        rows_passed_over integer,
        passed_over jsonb,
        notes text[],
        contract_version text,
        scores jsonb,
        lines jsonb
    )
),
-- Of the same content the lines of the last refusal are enough.
refused_before as (
    delete from retail_ops.quarantine as q
    using retail_ops.delivery_attempt as a, request as r
    where
        q.attempt_id = a.attempt_id
        and a.outcome = 'refused'
        and a.feed = $5::text
        and a.name = r.name
        and a.content_hash = r.content_hash
        and a.run_id <> $1::uuid
),
attempt as (
    insert into retail_ops.delivery_attempt (
        run_id, feed, name, content_hash, outcome, quality_score, reason, refusal, rows_in, rows_loaded, rows_duplicate,
        rows_quarantined, rows_passed_over, passed_over, notes, contract_version
    )
    select
        $1::uuid,
        $5::text,
        r.name,
        r.content_hash,
        r.outcome,
        r.quality_score,
        r.reason,
        r.refusal,
        r.rows_in,
        case when r.rows_in is not null then 0 end,
        case when r.rows_in is not null then 0 end,
        r.rows_quarantined,
        coalesce(r.rows_passed_over, 0),
        coalesce(r.passed_over, '{}'),
        coalesce(r.notes, '{}'),
        r.contract_version
    from request as r
    returning attempt_id, name
),
score as (
    insert into retail_ops.quality_score (attempt_id, dimension, score, error_lines, warning_lines)
    select a.attempt_id, s.dimension, s.score, s.errors, s.warnings
    from attempt as a
    join request as r using (name)
    cross join jsonb_to_recordset(r.scores)
        as s (dimension text, score numeric, errors bigint, warnings bigint)
)
insert into retail_ops.quarantine (attempt_id, line_no, rules, rejected_values, contract_version, raw)
select a.attempt_id, l.line_no, l.rules, l.rejected_values, r.contract_version, l.raw
from attempt as a
join request as r using (name)
cross join jsonb_to_recordset(r.lines)
    as l (line_no integer, rules text[], rejected_values text[], raw text)
