"""What a run tells about itself: report, metrics, lineage."""
