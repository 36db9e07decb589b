"""Where events of lineage are sent to, one sink a file."""
