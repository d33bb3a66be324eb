"""Parts of Dagster's machinery that are replaced because they are too slow: storage, run launcher, fork server.

Private names of Dagster are used in this package only.
"""
