"""Moving the time of an installation on the time-skipping server."""
