"""Checks for everything that would stop a run: one file per subject, each finding with its fix."""
