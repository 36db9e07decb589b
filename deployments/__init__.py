"""How the flows run elsewhere: deployments in ``prefect.yaml``, and what they need registered."""
