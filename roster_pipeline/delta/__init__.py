"""The parts of a delta sync, which decides only the rows that Clever's events affect.

`sync_mode` chooses between a full and a delta sync. `affected` finds the ids that must be decided again. `workspace`
builds the small DuckDB database that a delta runs in, and merges it into the district's file after the publication.
"""
