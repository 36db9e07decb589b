-- A run whose flow run is retried by hand ends several times under its id, and one that was taken for dead may end
-- after all. Each end is a row, so that nothing that was used is lost, and counts of ends never fall.
create table retail_ops.run_end (
    run_id uuid not null references retail_ops.run,
    began_at timestamptz not null,
    status text not null check (status in ('completed', 'failed', 'cancelled', 'crashed', 'timed_out')),
    ended_at timestamptz not null default now(),
    seconds double precision,
    cpu_seconds double precision,
    peak_memory_bytes bigint,
    bytes_read bigint,
    bytes_written bigint,
    connections integer,
    turns integer,
    bytes_sent bigint,
    bytes_received bigint,
    database_bytes bigint,
    currency char(3),
    cpu_cost numeric(18, 9),
    traffic_cost numeric(18, 9),
    storage_cost_per_month numeric(18, 9),
    stages jsonb not null default '[]',
    primary key (run_id, began_at, status),
    check (currency is not null or (cpu_cost is null and traffic_cost is null and storage_cost_per_month is null))
);

insert into retail_ops.run_end (run_id, began_at, status, ended_at)
select run_id, started_at, status, coalesce(finished_at, started_at)
from retail_ops.run
where status <> 'running';

create view retail_ops.run_stage with (security_invoker = true) as
select
    e.run_id,
    e.began_at,
    e.status,
    s.value ->> 0 as stage,
    (s.value ->> 1)::double precision as seconds,
    (s.value ->> 2)::double precision as cpu_seconds,
    (s.value ->> 3)::bigint as rows,
    (s.value ->> 3)::bigint / nullif((s.value ->> 1)::double precision, 0) as rows_per_second
from retail_ops.run_end as e
cross join lateral jsonb_array_elements(e.stages) as s (value);

create view retail_ops.run_cost with (security_invoker = true) as
select
    c.*,
    case when c.lines > 0 then c.cost * 1000000 / c.lines end as cost_per_million_lines,
    case when c.earlier_cost > 0 then c.cost / c.earlier_cost end as cost_ratio
from (
    select
        l.*,
        avg(l.cost) over (
            partition by l.feed, l.currency, l.lines > 0
            order by l.ended_at, l.run_id, l.began_at, l.status
            rows between 10 preceding and 1 preceding
        ) as earlier_cost
    from (
        select
            e.run_id,
            e.began_at,
            e.ended_at,
            e.status,
            r.parameters ->> 'feed' as feed,
            coalesce(
                (
                    select (s.value ->> 3)::bigint
                    from jsonb_array_elements(e.stages) as s (value)
                    where s.value ->> 0 = 'ingest'
                ),
                0
            ) as lines,
            e.currency,
            e.cpu_cost,
            e.traffic_cost,
            coalesce(e.cpu_cost, 0) + coalesce(e.traffic_cost, 0) as cost,
            e.storage_cost_per_month
        from retail_ops.run_end as e
        join retail_ops.run as r using (run_id)
        where e.currency is not null
    ) as l
) as c;

create view retail_ops.daily_cost with (security_invoker = true) as
select
    (c.ended_at at time zone 'UTC')::date as day,
    c.currency,
    count(*) as runs,
    sum(c.lines) as lines,
    sum(c.cpu_cost) as cpu_cost,
    sum(c.traffic_cost) as traffic_cost,
    sum(c.cost) as cost,
    case when sum(c.lines) > 0 then sum(c.cost) * 1000000 / sum(c.lines) end as cost_per_million_lines,
    max(c.storage_cost_per_month) as storage_cost_per_month
from retail_ops.run_cost as c
group by 1, 2;

alter table retail_ops.run_end enable row level security;
create policy owner_only on retail_ops.run_end using (false) with check (false);

comment on table retail_ops.run_end is
    'Ends of runs, with what each run used until then; a run that is retried under its id has several. Rows are never deleted.';
comment on column retail_ops.run_end.run_id is 'The run.';
comment on column retail_ops.run_end.began_at is 'Start of the run, or of its retry, by the clock of its machine.';
comment on column retail_ops.run_end.status is 'How it ended: completed, failed, cancelled, crashed or timed_out.';
comment on column retail_ops.run_end.ended_at is 'Time at which the end was recorded.';
comment on column retail_ops.run_end.seconds is
    'Duration in seconds; like all that follows null for a run that crashed or is older than this table.';
comment on column retail_ops.run_end.cpu_seconds is 'CPU seconds of the process during the run, over all threads.';
comment on column retail_ops.run_end.peak_memory_bytes is
    'Largest resident memory of the process until then, earlier runs of the same process included.';
comment on column retail_ops.run_end.bytes_read is 'Bytes read from deliveries and from the workspace.';
comment on column retail_ops.run_end.bytes_written is 'Bytes written to the workspace.';
comment on column retail_ops.run_end.connections is 'Connections to the warehouse.';
comment on column retail_ops.run_end.turns is
    'How often the run sent something to the warehouse and waited for the answer, without recording this row.';
comment on column retail_ops.run_end.bytes_sent is 'Bytes sent to the warehouse, before encryption.';
comment on column retail_ops.run_end.bytes_received is 'Bytes received from the warehouse, after decryption.';
comment on column retail_ops.run_end.database_bytes is 'Size of the whole database then.';
comment on column retail_ops.run_end.currency is 'ISO 4217 currency of the costs; null without prices.';
comment on column retail_ops.run_end.cpu_cost is 'Cost of cpu_seconds at the price then; null without one.';
comment on column retail_ops.run_end.traffic_cost is
    'Cost of bytes_sent and bytes_received at the prices then; null without one.';
comment on column retail_ops.run_end.storage_cost_per_month is
    'Cost of database_bytes for a month at the price then; null without one.';
comment on column retail_ops.run_end.stages is
    'Use of the stages as JSON: an array of stage, seconds, cpu_seconds and rows for each; see retail_ops.run_stage.';
comment on view retail_ops.run_stage is 'Use of each stage of a run. Stages overlap, so their seconds add up to more than the run took.';
comment on column retail_ops.run_stage.run_id is 'The run.';
comment on column retail_ops.run_stage.began_at is 'Start of the run, or of its retry.';
comment on column retail_ops.run_stage.status is 'How it ended.';
comment on column retail_ops.run_stage.stage is 'Stage: prepare, ingest, validate, load or finish.';
comment on column retail_ops.run_stage.seconds is 'Seconds in which the stage was busy; concurrent batches add up.';
comment on column retail_ops.run_stage.cpu_seconds is
    'CPU seconds of the threads of the stage, without the event loop and the pool of polars, which only cpu_seconds of the run includes.';
comment on column retail_ops.run_stage.rows is 'Lines that went through the stage.';
comment on column retail_ops.run_stage.rows_per_second is 'rows / seconds; null if the stage took no time.';
comment on view retail_ops.run_cost is 'Cost of each run that ended while prices were set, compared with earlier ones.';
comment on column retail_ops.run_cost.run_id is 'The run.';
comment on column retail_ops.run_cost.began_at is 'Start of the run, or of its retry.';
comment on column retail_ops.run_cost.ended_at is 'Time at which the end was recorded.';
comment on column retail_ops.run_cost.status is 'How it ended.';
comment on column retail_ops.run_cost.feed is 'Feed of the run.';
comment on column retail_ops.run_cost.lines is 'Lines that it ingested.';
comment on column retail_ops.run_cost.currency is 'ISO 4217 currency of the costs.';
comment on column retail_ops.run_cost.cpu_cost is 'Cost of the CPU time.';
comment on column retail_ops.run_cost.traffic_cost is 'Cost of the bytes sent and received.';
comment on column retail_ops.run_cost.cost is 'cpu_cost + traffic_cost.';
comment on column retail_ops.run_cost.storage_cost_per_month is 'Cost of the database for a month, at its size then.';
comment on column retail_ops.run_cost.earlier_cost is
    'Mean cost of the ten runs before of the same feed and currency: of those with lines, or of those without, like this one.';
comment on column retail_ops.run_cost.cost_per_million_lines is 'Cost for a million lines; null without lines.';
comment on column retail_ops.run_cost.cost_ratio is 'cost / earlier_cost: above 1, the cost rises.';
comment on view retail_ops.daily_cost is 'Cost of the runs of each day.';
comment on column retail_ops.daily_cost.day is 'Day in UTC.';
comment on column retail_ops.daily_cost.currency is 'ISO 4217 currency of the costs.';
comment on column retail_ops.daily_cost.runs is 'Runs that ended on that day.';
comment on column retail_ops.daily_cost.lines is 'Lines that they ingested.';
comment on column retail_ops.daily_cost.cpu_cost is 'Cost of their CPU time.';
comment on column retail_ops.daily_cost.traffic_cost is 'Cost of the bytes that they sent and received.';
comment on column retail_ops.daily_cost.cost is 'cpu_cost + traffic_cost.';
comment on column retail_ops.daily_cost.cost_per_million_lines is 'Cost for a million lines; null without lines.';
comment on column retail_ops.daily_cost.storage_cost_per_month is
    'Cost of the database for a month, at its largest size of that day.';

-- Default privileges of the database may have given somebody something when these were made.
do $$
declare
    quiet_role text;
begin
    foreach quiet_role in array array['public', 'anon', 'authenticated', 'service_role', 'retail_reader'] loop
        if quiet_role = 'public' or exists (select from pg_roles where rolname = quiet_role) then
            execute format(
                'revoke all on retail_ops.run_end, retail_ops.run_stage, retail_ops.run_cost, retail_ops.daily_cost from %s',
                case quiet_role when 'public' then quiet_role else quote_ident(quiet_role) end
            );
        end if;
    end loop;
end
$$;
