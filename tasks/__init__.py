"""The retryable steps of the pipeline, one folder a stage."""
