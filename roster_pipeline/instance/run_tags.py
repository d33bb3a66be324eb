"""The tags of runs that Dagster's machinery here reads. `defs.partitions` has those that only definitions read."""

PARTITION_TAG = "dagster/partition"
"""Dagster's own tag: the partition of a run, which is the Clever id of its district."""
TRIGGER_TAG = "roster/trigger"
"""What started the run: `nightly`, `manual` or `cli`."""
BATCH_TAG = "roster/batch"
"""The run of sync_batch that started this run."""
