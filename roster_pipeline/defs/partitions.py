"""One partition a connected district, by Clever district id; and the tags that tell runs apart."""

import dagster as dg

DISTRICTS = "districts"
PARTITION_TAG = "dagster/partition"
TRIGGER_TAG = "roster/trigger"
HELD_TAG = "roster/held"
DISTRICT_TAG = "roster/district"
URGENT = {"dagster/priority": "10"}

districts = dg.DynamicPartitionsDefinition(name=DISTRICTS)


def run_tags(trigger: str, district_name: str) -> dict[str, str]:
    """What tells a run apart in the list of runs: who asked, and the district by its name, as partitions are ids."""
    return {TRIGGER_TAG: trigger, DISTRICT_TAG: district_name}
