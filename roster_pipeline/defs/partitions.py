"""The partitions of the assets, one for each connected district, and the tags of runs."""

import dagster as dg

from roster_pipeline.instance.run_tags import BATCH_TAG, PARTITION_TAG, TRIGGER_TAG
from roster_pipeline.model.text import make_label

__all__ = [
    "BATCH_TAG",
    "DISTRICTS",
    "DISTRICT_TAG",
    "HELD_TAG",
    "NIGHT",
    "OUTCOME_TAG",
    "PARTITION_TAG",
    "TRIGGER_TAG",
    "URGENT",
    "districts",
    "run_tags",
]

DISTRICTS = "districts"
HELD_TAG = "roster/held"
DISTRICT_TAG = "roster/district"
OUTCOME_TAG = "roster/outcome"
"""The tag that says in words how the run ended."""
URGENT = {"dagster/priority": "10"}
NIGHT = {"roster/slot": "night"}
"""`dagster.yaml` gives runs with this tag two slots, so that the night never takes all of them."""

districts = dg.DynamicPartitionsDefinition(name=DISTRICTS)


def run_tags(trigger: str, district_name: str) -> dict[str, str]:
    """Return the tags of a new run: what started it, and the name of its district. The partition has only the id."""
    return {TRIGGER_TAG: trigger, DISTRICT_TAG: make_label(district_name)}
