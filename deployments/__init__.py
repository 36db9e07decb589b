"""Registers what the deployments in ``prefect.yaml`` need: blocks, schedules and automations."""
