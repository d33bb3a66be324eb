"""One partition a connected district, by Clever district id; and the tags that tell runs apart."""

import dagster as dg

from roster_pipeline.model.text import make_label

DISTRICTS = "districts"
PARTITION_TAG = "dagster/partition"
TRIGGER_TAG = "roster/trigger"
HELD_TAG = "roster/held"
DISTRICT_TAG = "roster/district"
OUTCOME_TAG = "roster/outcome"
"""How the run ended, in words."""
BATCH_TAG = "roster/batch"
"""The run of sync_batch that a run was part of."""
REPOSITORY_TAG = ".dagster/repository"
"""By which the UI counts a run among those of this code location."""
URGENT = {"dagster/priority": "10"}
NIGHT = {"roster/slot": "night"}
"""ChangeSummary apart in dagster.yaml, so that the night never takes all slots."""

districts = dg.DynamicPartitionsDefinition(name=DISTRICTS)


def run_tags(trigger: str, district_name: str) -> dict[str, str]:
    """What tells a run apart in the list of runs: who asked, and the district by its name, as partitions are ids."""
    return {TRIGGER_TAG: trigger, DISTRICT_TAG: make_label(district_name)}
