"""``retail etl``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from flows.cli.exit_codes import choose_warehouse, with_exit_code


def etl(
    *sources: str,
    warehouse: str | None = None,
    feed: str = "default",
    root: str | None = None,
    timezone: str | None = None,
    currency: str | None = None,
    date_format: str | None = None,
    identical_lines: str | None = None,
    threshold: Annotated[float | None, Parameter(name=["--threshold", "--quality-threshold"])] = None,
    quality_checks: bool = True,
    load: bool = True,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    external_enrichment: Annotated[bool, Parameter(negative=())] = False,
    replace: Annotated[bool, Parameter(negative=())] = False,
    alerts: str = "",
    retries: int | None = None,
    retry_delay: float | None = None,
    data_dir: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative=())] = False,
) -> int:
    """Load deliveries of sales lines into the star schema, exactly once.

    Parameters
    ----------
    sources
        Files, folders or globs of CSV and Parquet; none loads the bundled data.
    warehouse
        Address without a password, postgresql://USER@HOST:PORT/DATABASE, or the name of a SupabaseWarehouse block.
        Default: RETAIL_WAREHOUSE, else DATABASE_URL, else the embedded Postgres.
    feed
        Name of the source of these deliveries (a shop, a till system).
    root
        Folder whose path is cut off the deliveries' names.
    timezone
        IANA time zone of the local times (new feeds: Europe/London).
    currency
        ISO 4217 currency of the prices (new feeds: GBP).
    date_format
        How 12/1/2010 is read: us, eu, iso (not at all), or a strptime pattern.
    identical_lines
        keep or drop the further copies of identical lines of a delivery (new feeds: keep).
    threshold
        Percentage below which a delivery is refused. Default: PIPELINE_QUALITY_THRESHOLD, else 85.
    quality_checks
        Score the deliveries and refuse those below the threshold.
    load
        Load what passes.
    dry_run
        Read, judge and score, load nothing; the same as --no-load.
    external_enrichment
        Enrich from external sources (not there yet).
    replace
        Take replacements that withdraw more than a tenth of a delivery's lines.
    alerts
        Name of an Alerts block. Default: RETAIL_ALERTS, else the channels of the environment.
    retries
        How often a step is tried again while the cause can pass. Default: PIPELINE_DEFAULT_RETRIES, else 3.
    retry_delay
        Seconds before the first of these, doubled each time. Default: the number of PIPELINE_RETRY_DELAY_MINUTES,
        taken as seconds since somebody waits, else 5.
    data_dir
        Folder of the embedded Postgres and the workspace.
    json
        Print the report as one line of JSON.
    verbose
        Show Prefect's own log lines.
    """

    def command() -> int:
        choose_warehouse(warehouse, data_dir)
        from blocks.settings_sources import read_settings
        from flows.cli.run_flow import run_etl

        delay = read_settings().pipeline_retry_delay_minutes if retry_delay is None else retry_delay

        parameters = {
            "sources": list(sources),
            "feed": feed,
            "root": root,
            "timezone": timezone,
            "currency": currency,
            "date_format": date_format,
            "identical_lines": identical_lines,
            "quality_checks": quality_checks,
            "quality_threshold": threshold,
            "load": load and not dry_run,
            "external_enrichment": external_enrichment,
            "replace": replace,
            "alerts": alerts,
            "retries": retries,
            "retry_delay_seconds": delay,
        }
        return run_etl(parameters, as_json=json, verbose=verbose)

    return with_exit_code(command)
