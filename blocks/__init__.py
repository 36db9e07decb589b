"""What a person configures: blocks in the Prefect UI, and the same from the environment."""
