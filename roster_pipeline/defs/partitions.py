"""One partition a connected district, by Clever district id; and the tags that tell runs apart."""

import dagster as dg

DISTRICTS = "districts"
PARTITION_TAG = "dagster/partition"
TRIGGER_TAG = "roster/trigger"
HELD_TAG = "roster/held"

districts = dg.DynamicPartitionsDefinition(name=DISTRICTS)
