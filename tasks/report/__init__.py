"""The run report: figures, timings, lineage."""
