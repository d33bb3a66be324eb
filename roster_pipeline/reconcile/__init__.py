"""Computes the diff of the desired state and the current state, as SQL over DuckDB."""
