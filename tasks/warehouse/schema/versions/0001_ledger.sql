create table retail_ops.feed (
    feed text primary key,
    timezone text not null,
    currency char(3) not null,
    date_format text,
    identical_lines text not null check (identical_lines in ('keep', 'drop')),
    created_at timestamptz not null default now()
);

create table retail_ops.run (
    run_id uuid primary key,
    started_at timestamptz not null,
    finished_at timestamptz,
    status text not null check (status in ('running', 'completed', 'failed')),
    parameters jsonb not null,
    versions jsonb not null,
    quality_score numeric(5, 2),
    last_backup_id uuid
);

create table retail_ops.delivery (
    delivery_key integer primary key,
    feed text not null references retail_ops.feed,
    name text not null,
    content_hash text not null,
    reading_settings text not null,
    run_id uuid not null references retail_ops.run,
    contract_version text not null,
    rows_in bigint not null,
    rows_loaded bigint not null,
    rows_duplicate bigint not null,
    rows_quarantined bigint not null,
    quality_score numeric(5, 2),
    loaded_at timestamptz not null default now(),
    unique (feed, name),
    check (rows_in = rows_loaded + rows_duplicate + rows_quarantined)
);

create table retail_ops.delivery_attempt (
    attempt_id bigint generated always as identity primary key,
    run_id uuid not null references retail_ops.run,
    feed text not null,
    name text not null,
    content_hash text,
    outcome text not null
        check (outcome in ('loaded', 'replaced', 'refused', 'failed', 'withdrawn')),
    quality_score numeric(5, 2),
    reason text,
    attempted_at timestamptz not null default now()
);

create table retail_ops.line_voucher (
    invoice_key integer not null,
    line_id uuid not null,
    delivery_key integer not null references retail_ops.delivery,
    line_no integer not null,
    primary key (invoice_key, line_id, delivery_key)
);

create index line_voucher_delivery_key_idx on retail_ops.line_voucher (delivery_key);

create table retail_ops.quarantine (
    delivery_key integer not null references retail_ops.delivery,
    line_no integer not null,
    rules text[] not null,
    contract_version text not null,
    raw text not null,
    primary key (delivery_key, line_no)
);

create table retail_ops.quality_score (
    delivery_key integer not null references retail_ops.delivery,
    dimension text not null,
    score numeric(5, 2) not null,
    error_lines bigint not null,
    warning_lines bigint not null,
    primary key (delivery_key, dimension)
);

create index delivery_run_id_idx on retail_ops.delivery (run_id);
create index delivery_attempt_run_id_idx on retail_ops.delivery_attempt (run_id);

alter table retail_ops.feed enable row level security;
alter table retail_ops.run enable row level security;
alter table retail_ops.delivery enable row level security;
alter table retail_ops.delivery_attempt enable row level security;
alter table retail_ops.line_voucher enable row level security;
alter table retail_ops.quarantine enable row level security;
alter table retail_ops.quality_score enable row level security;
alter table retail_ops.schema_version enable row level security;

comment on schema retail_ops is 'Ledger of the retail pipeline: what was delivered, loaded, refused and set aside.';
comment on table retail_ops.schema_version is 'The revision of the schemas retail_ops and retail_dwh (kept by Alembic).';
comment on column retail_ops.schema_version.version_num is 'Revision identifier.';
comment on table retail_ops.feed is 'A source of deliveries (a shop, a till system) and the settings it was first loaded with.';
comment on column retail_ops.feed.feed is 'Name of the feed.';
comment on column retail_ops.feed.timezone is 'IANA time zone of the local times in its deliveries.';
comment on column retail_ops.feed.currency is 'ISO 4217 currency of its prices.';
comment on column retail_ops.feed.date_format is 'How slashed or dotted dates are read: iso (not at all), us, eu, or a strptime pattern; null while only ISO dates came.';
comment on column retail_ops.feed.identical_lines is 'keep: identical lines of a delivery are loaded and numbered; drop: only the first is.';
comment on column retail_ops.feed.created_at is 'When the feed was first loaded.';
comment on table retail_ops.run is 'A run of the pipeline that reached the warehouse.';
comment on column retail_ops.run.run_id is 'Identifier of the run: that of the Prefect flow run where there is one.';
comment on column retail_ops.run.started_at is 'When the run began.';
comment on column retail_ops.run.finished_at is 'When it ended; null while it runs, or if it was killed.';
comment on column retail_ops.run.status is 'running, completed or failed; a killed run stays running.';
comment on column retail_ops.run.parameters is 'The parameters of the run. They hold no secret.';
comment on column retail_ops.run.versions is 'Versions of the package, the contract and the libraries that read and judged.';
comment on column retail_ops.run.quality_score is 'Mean quality score of the run''s deliveries, weighted by lines, 0 to 100.';
comment on column retail_ops.run.last_backup_id is 'The last good backup when the run began; null if there was none.';
comment on table retail_ops.delivery is 'A file that is in the warehouse, with its accounting: rows in = loaded + duplicate + quarantined.';
comment on column retail_ops.delivery.delivery_key is 'Surrogate key, kept when the delivery is replaced.';
comment on column retail_ops.delivery.feed is 'The feed it belongs to.';
comment on column retail_ops.delivery.name is 'Its name within the feed: an absolute path or URL, less the root.';
comment on column retail_ops.delivery.content_hash is 'SHA-256 of the file''s bytes.';
comment on column retail_ops.delivery.reading_settings is 'Settings that change how the same bytes are read.';
comment on column retail_ops.delivery.run_id is 'The run that last loaded or replaced it.';
comment on column retail_ops.delivery.contract_version is 'Version of the rules that judged its lines.';
comment on column retail_ops.delivery.rows_in is 'Lines in the file, without the header.';
comment on column retail_ops.delivery.rows_loaded is 'Lines of fact_sale that this delivery owns.';
comment on column retail_ops.delivery.rows_duplicate is 'Lines another delivery already brought, and identical lines where the feed drops them.';
comment on column retail_ops.delivery.rows_quarantined is 'Lines set aside because they break an error rule.';
comment on column retail_ops.delivery.quality_score is 'Overall quality score, 0 to 100.';
comment on column retail_ops.delivery.loaded_at is 'When it was last loaded or replaced.';
comment on table retail_ops.delivery_attempt is 'Every try to take, replace or withdraw a delivery, the refused and failed ones included.';
comment on column retail_ops.delivery_attempt.attempt_id is 'Surrogate key.';
comment on column retail_ops.delivery_attempt.run_id is 'The run that tried.';
comment on column retail_ops.delivery_attempt.feed is 'The feed of the delivery.';
comment on column retail_ops.delivery_attempt.name is 'The name of the delivery.';
comment on column retail_ops.delivery_attempt.content_hash is 'SHA-256 of the bytes; null if they could not be read.';
comment on column retail_ops.delivery_attempt.outcome is 'loaded, replaced, refused (quality or replacement guard), failed, or withdrawn.';
comment on column retail_ops.delivery_attempt.quality_score is 'Overall quality score where it was judged, 0 to 100.';
comment on column retail_ops.delivery_attempt.reason is 'Why it was refused or failed.';
comment on column retail_ops.delivery_attempt.attempted_at is 'When.';
comment on table retail_ops.line_voucher is 'Further deliveries that brought a line which another delivery owns.';
comment on column retail_ops.line_voucher.invoice_key is 'Invoice of the line.';
comment on column retail_ops.line_voucher.line_id is 'Identity of the line, as in fact_sale.';
comment on column retail_ops.line_voucher.delivery_key is 'The further delivery.';
comment on column retail_ops.line_voucher.line_no is 'The line''s number in that delivery.';
comment on table retail_ops.quarantine is 'Lines that were set aside, as they were delivered, with the rules they broke.';
comment on column retail_ops.quarantine.delivery_key is 'The delivery they came in.';
comment on column retail_ops.quarantine.line_no is 'Number of the line in the file, from 1, without the header.';
comment on column retail_ops.quarantine.rules is 'The error rules that the line breaks.';
comment on column retail_ops.quarantine.contract_version is 'Version of the rules that judged it.';
comment on column retail_ops.quarantine.raw is 'The line as delivered: a JSON object of its columns, or the raw text where it could not be split.';
comment on table retail_ops.quality_score is 'Quality of each delivery by dimension.';
comment on column retail_ops.quality_score.delivery_key is 'The delivery.';
comment on column retail_ops.quality_score.dimension is 'completeness, uniqueness, validity, consistency or timeliness.';
comment on column retail_ops.quality_score.score is '100 x (1 - e - w/2): e the share of lines with an error, w with warnings only.';
comment on column retail_ops.quality_score.error_lines is 'Lines that break an error rule of the dimension.';
comment on column retail_ops.quality_score.warning_lines is 'Lines that break only warning rules of the dimension.';
