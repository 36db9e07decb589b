create table retail_ops.backup (
    backup_id uuid primary key,
    kind text not null check (kind in ('full', 'table')),
    tables text[] not null,
    vault text not null,
    created_at timestamptz not null,
    finished_at timestamptz not null,
    size_bytes bigint not null,
    objects integer not null,
    row_count bigint not null,
    run_id uuid,
    quality_score numeric(5, 2),
    manifest_sha256 text not null
);

create table retail_ops.backup_proof (
    proof_id uuid primary key,
    backup_id uuid not null,
    vault text not null,
    proved_at timestamptz not null,
    outcome text not null check (outcome in ('passed', 'failed', 'incomplete')),
    findings text[] not null
);

-- pg_dump and our own backups hold ACCESS SHARE on every table of the database, this one too. Whoever wants a lock that
-- readers would queue behind takes this one exclusively first, and so never waits for a backup with readers in line.
create table retail_ops.backup_lock (only_row boolean primary key check (only_row));

alter table retail_ops.backup enable row level security;
alter table retail_ops.backup_proof enable row level security;
alter table retail_ops.backup_lock enable row level security;
create policy owner_only on retail_ops.backup using (false) with check (false);
create policy owner_only on retail_ops.backup_proof using (false) with check (false);
create policy owner_only on retail_ops.backup_lock using (false) with check (false);

comment on table retail_ops.backup is
    'Backups of this database that were recorded here. The vault decides which exist: one may have been deleted since.';
comment on column retail_ops.backup.backup_id is 'Id of the backup, also the name of its folder in the vault.';
comment on column retail_ops.backup.kind is 'full, or table for a backup of the tables in column tables.';
comment on column retail_ops.backup.tables is 'Tables in the backup, for kind table; empty for kind full.';
comment on column retail_ops.backup.vault is 'Address of the vault, without credentials.';
comment on column retail_ops.backup.created_at is 'Time of the snapshot.';
comment on column retail_ops.backup.finished_at is 'Time at which the manifest was written.';
comment on column retail_ops.backup.size_bytes is 'Size of the backup in the vault, in bytes.';
comment on column retail_ops.backup.objects is 'Number of archives.';
comment on column retail_ops.backup.row_count is 'Rows of all tables in the snapshot.';
comment on column retail_ops.backup.run_id is 'Latest completed run in the backup; null without one.';
comment on column retail_ops.backup.quality_score is 'Quality score of that run, 0 to 100.';
comment on column retail_ops.backup.manifest_sha256 is 'SHA-256 of the manifest as written.';
comment on table retail_ops.backup_proof is 'Test restores of backups, and their results.';
comment on column retail_ops.backup_proof.proof_id is 'Id of the proof.';
comment on column retail_ops.backup_proof.backup_id is 'The backup. It may have been made before this database was restored, so that retail_ops.backup lacks it.';
comment on column retail_ops.backup_proof.vault is 'Address of the vault, without credentials.';
comment on column retail_ops.backup_proof.proved_at is 'Time at which the restored copy was checked.';
comment on column retail_ops.backup_proof.outcome is 'passed, failed (it differs from the backed-up database) or incomplete (something could not be checked).';
comment on column retail_ops.backup_proof.findings is
    'Differences and checks that could not be made, one sentence each.';
comment on table retail_ops.backup_lock is
    'Always empty. A running backup locks it in share mode; a step that readers would queue behind locks it exclusively first.';
comment on column retail_ops.backup_lock.only_row is 'Unused.';

-- The comments of earlier revisions in plainer words.
comment on schema retail_ops is
    'Ledger of the pipeline: runs, deliveries, attempts, further sources, quarantined lines, backups.';

comment on column retail_ops.feed.date_format is
    'How dates with slashes or dots are read: iso (not at all), us, eu, or a strptime pattern; null while all dates were ISO dates.';
comment on column retail_ops.feed.identical_lines is
    'keep: identical lines of a delivery are loaded and numbered; drop: only the first of them is loaded.';

comment on table retail_ops.run is 'Runs of the flows that connected to the warehouse.';
comment on column retail_ops.run.run_id is
    'Identifier of the run: the id of the Prefect flow run, where there is one.';
comment on column retail_ops.run.started_at is 'Start of the run.';
comment on column retail_ops.run.finished_at is
    'End of the run; null while it runs. A crashed run is closed by its hook or by the next run, at that time.';
comment on column retail_ops.run.parameters is 'Parameters of the run as JSON; secrets are masked.';
comment on column retail_ops.run.versions is
    'Versions of the package, the contract and the libraries that ingest and validate.';
comment on column retail_ops.run.degraded is
    'True if the run completed, but left something undone; see degraded_reasons.';
comment on column retail_ops.run.degraded_reasons is
    'One sentence for each thing the run left undone, with its fix; empty if there is none.';

comment on table retail_ops.delivery is
    'Loaded deliveries, one row per file; rows_in = rows_loaded + rows_duplicate + rows_quarantined.';
comment on column retail_ops.delivery.delivery_key is
    'Surrogate key; it stays the same when the delivery is replaced.';
comment on column retail_ops.delivery.feed is 'Feed of the delivery.';
comment on column retail_ops.delivery.name is
    'Name of the delivery within its feed: its absolute path or URL, without the root.';
comment on column retail_ops.delivery.reading_settings is
    'Settings that change how the same bytes are read, such as the date format.';
comment on column retail_ops.delivery.run_id is 'Run that last loaded or replaced the delivery.';
comment on column retail_ops.delivery.contract_version is 'Version of the contract that validated its lines.';
comment on column retail_ops.delivery.rows_loaded is 'Lines of fact_sale that the delivery owns.';
comment on column retail_ops.delivery.rows_duplicate is
    'Lines that another delivery already loaded, and identical lines if the feed drops them.';
comment on column retail_ops.delivery.rows_quarantined is
    'Lines in quarantine because they violate an error rule.';
comment on column retail_ops.delivery.loaded_at is 'Time of the last load or replacement.';

comment on table retail_ops.delivery_attempt is
    'Every attempt of a run to load, replace or withdraw a delivery, also the refused and failed ones.';
comment on column retail_ops.delivery_attempt.run_id is 'Run that made the attempt.';
comment on column retail_ops.delivery_attempt.feed is 'Feed of the delivery.';
comment on column retail_ops.delivery_attempt.name is 'Name of the delivery within its feed.';
comment on column retail_ops.delivery_attempt.content_hash is
    'SHA-256 of the file''s bytes; null if the file could not be read.';
comment on column retail_ops.delivery_attempt.outcome is
    'loaded, replaced, refused (by the quality gate or the replacement guard), failed or withdrawn.';
comment on column retail_ops.delivery_attempt.quality_score is
    'Overall quality score, 0 to 100; null if the delivery was not validated.';
comment on column retail_ops.delivery_attempt.reason is
    'Message about a refused or failed attempt; null for other outcomes.';
comment on column retail_ops.delivery_attempt.attempted_at is 'Time of the attempt.';
comment on column retail_ops.delivery_attempt.refusal is
    'quality_gate or replacement_guard, whichever refused the delivery; null for other outcomes and for attempts older than this column.';

comment on table retail_ops.line_source is
    'Further sources: other deliveries with a line that is already loaded.';
comment on column retail_ops.line_source.delivery_key is 'The other delivery.';
comment on column retail_ops.line_source.line_no is
    'Number of the line in that delivery, from 1, without the header.';

comment on table retail_ops.quarantine is
    'Quarantined lines, as delivered, with the error rules they violate.';
comment on column retail_ops.quarantine.delivery_key is 'Delivery of the line.';
comment on column retail_ops.quarantine.line_no is
    'Number of the line in the delivery, from 1, without the header.';
comment on column retail_ops.quarantine.rules is 'Names of the error rules that the line violates.';
comment on column retail_ops.quarantine.contract_version is
    'Version of the contract that validated the line.';
comment on column retail_ops.quarantine.raw is
    'The line as delivered: a JSON object of its columns, or its raw text if it could not be split.';

comment on column retail_ops.quality_score.dimension is
    'Quality dimension: completeness, uniqueness, validity, consistency or timeliness.';
comment on column retail_ops.quality_score.score is
    '100 x (1 - e - w/2): e is the share of lines with an error, w the share of lines with warnings only.';
comment on column retail_ops.quality_score.error_lines is
    'Lines that violate an error rule of the dimension.';
comment on column retail_ops.quality_score.warning_lines is
    'Lines that violate only warning rules of the dimension.';

comment on table retail_dwh.fact_sale is 'One row per sales line; grain: line of an invoice.';
comment on column retail_dwh.fact_sale.sold_at is
    'Time of the sale; a local time that occurs twice (end of summer time) is read as the first.';
comment on column retail_dwh.fact_sale.product_key is 'Product or other stock code of the line.';
comment on column retail_dwh.fact_sale.customer_key is 'Customer of the sale; 0 is the unknown customer.';
comment on column retail_dwh.fact_sale.delivery_key is
    'Delivery that owns the line: the first one that loaded it (retail_ops.delivery).';
comment on column retail_dwh.fact_sale.total_amount is 'quantity x unit_price, not rounded.';
comment on table retail_dwh.dim_country is
    'Countries as delivered; key 0 is the unknown country, added when the first line needs it.';
comment on table retail_dwh.dim_date is 'Calendar days from 2000 to 2049, with or without sales.';
comment on table retail_dwh.dim_invoice is 'Invoices; an invoice belongs to one feed.';
comment on column retail_dwh.dim_product.description is
    'Current description: from the latest line with a price above 0, else from the latest line; ties are broken by the text in C collation.';
comment on column retail_dwh.dim_product.description_sold_at is
    'Time of the sale whose line provides the description; null without a description.';
comment on column retail_dwh.sale_line.feed is 'Feed of the delivery.';
comment on column retail_dwh.customer_rfm.last_sold_at is 'Time of the latest line of an invoice of type sale.';
comment on column retail_dwh.customer_rfm.recency_days is
    'Whole days from last_sold_at to the latest sale of any customer in the warehouse.';

-- Default privileges of the database may have given somebody something when the tables were made.
do $$
declare
    quiet_role text;
begin
    foreach quiet_role in array array['public', 'anon', 'authenticated', 'service_role', 'retail_reader'] loop
        if quiet_role = 'public' or exists (select from pg_roles where rolname = quiet_role) then
            execute format(
                'revoke all on retail_ops.backup, retail_ops.backup_proof, retail_ops.backup_lock from %s',
                case quiet_role when 'public' then quiet_role else quote_ident(quiet_role) end
            );
        end if;
    end loop;
end
$$;
