"""What would stop a run, looked for before it runs: each subject in a file, each finding with its fix."""
