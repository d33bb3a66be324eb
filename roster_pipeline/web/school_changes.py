"""The last change of each school on the list of schools, in words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from roster_pipeline.messages import LocalCatalogue
from roster_pipeline.plan.change_summary import ChangeSummary
from roster_pipeline.plan.summary import describe_counts
from roster_pipeline.syncs.changes import list_last_changes_of_schools
from roster_pipeline.web.sync_lines import Sync, list_syncs

LAST_SYNCS, MOST_CHANGES = 20, 2_000
"""The syncs that are looked at, and the changes of one above which the journal takes too long to read for a list."""


@dataclass(frozen=True)
class SchoolChange:
    """A cell of the list. `sync_id` is the update that it leads to, or None."""

    text: str
    sync_id: int | None = None


def describe_last_changes(
    pg: Connection, school_ids: Collection[int], words: LocalCatalogue
) -> dict[int, SchoolChange]:
    """Return what the last sync that changed each school did there.

    Syncs that are older than a large one are not looked at. Of a large one, only the time is said.
    """
    syncs = [sync for sync in list_syncs(pg, limit=LAST_SYNCS) if sync.state in ("published", "held")]
    large = next((sync for sync in syncs if _count_changes(sync) > MOST_CHANGES), None)
    small = {sync.id: sync for sync in syncs if large is None or sync.id > large.id}
    unknown = SchoolChange(words.text("No change in the last updates."))
    if large is not None:
        time = words.at(large.finished_at or large.started_at)
        unknown = SchoolChange(words.text("Large update {time}", time=time), large.id)
    changes = dict.fromkeys(school_ids, unknown)
    for school_id, (sync_id, counts) in list_last_changes_of_schools(pg, list(small), school_ids).items():
        sync = small[sync_id]
        time = words.at(sync.finished_at or sync.started_at)
        text = words.text("{time}: {changes}", time=time, changes=describe_counts(counts, words, place="school"))
        changes[school_id] = SchoolChange(text, sync_id)
    return changes


def _count_changes(sync: Sync) -> int:
    """Return how many changes a sync made, or how many rows a correction wrote."""
    summary: ChangeSummary = sync.counts.get("changes" if sync.is_correction else "told") or {}
    return sum(number for counts in summary.values() for number in counts.values())
