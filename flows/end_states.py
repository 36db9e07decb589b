"""Names of the states in which a run of ``retail_etl`` ends without having loaded anything; their type is COMPLETED."""

NOTHING_NEW = "NothingNew"
DRY_RUN = "DryRun"
