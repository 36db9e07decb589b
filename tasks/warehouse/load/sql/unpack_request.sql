create temporary table load_request on commit drop as
select r.*
from pg_temp.staged_part as p
cross join lateral jsonb_to_record(p.request::jsonb) as r (
    run_id uuid,
    feed text,
    settings jsonb,
    reading_settings text,
    take_mapping boolean,
    contract_version text,
    replace_anyway boolean,
    accept_known_bytes boolean,
    checks_known boolean,
    deliveries jsonb,
    scores jsonb
)
where p.request is not null
