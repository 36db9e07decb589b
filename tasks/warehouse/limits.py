"""Default limits of what the warehouse keeps and runs; settings may change them."""

# Time limit of an integrity check of the user's, in seconds.
DEFAULT_CUSTOM_SECONDS = 60.0
# Faulty lines that are kept of a refused delivery.
DEFAULT_KEPT_LINES = 1000
