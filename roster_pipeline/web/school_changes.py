"""What syncs changed in some schools, in words: the last change of each school, and the updates of a school admin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from roster_pipeline.messages import LocalCatalogue
from roster_pipeline.plan.change_summary import ChangeSummary
from roster_pipeline.plan.summary import describe_counts
from roster_pipeline.syncs.changes import list_changes_of_schools
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
    large = next((sync for sync in syncs if _is_large(sync)), None)
    small = {sync.id: sync for sync in syncs if large is None or sync.id > large.id}
    unknown = SchoolChange(words.text("No change in the last updates."))
    if large is not None:
        unknown = SchoolChange(words.text("Large update {time}", time=words.at(large.ended_at)), large.id)
    changes: dict[int, SchoolChange] = {}
    for (school_id, sync_id), counts in list_changes_of_schools(pg, small, school_ids).items():
        if school_id not in changes:
            sentence = describe_counts(counts, words, place="school")
            text = words.text("{time}: {changes}", time=words.at(small[sync_id].ended_at), changes=sentence)
            changes[school_id] = SchoolChange(text, sync_id)
    return {school_id: changes.get(school_id, unknown) for school_id in school_ids}


def count_in_schools(pg: Connection, syncs: Iterable[Sync], school_ids: Collection[int]) -> dict[int, ChangeSummary]:
    """Return what each sync did to the people and classes of some schools, without the large syncs."""
    totals: dict[int, dict[str, Counter[str]]] = {sync.id: {} for sync in syncs if not _is_large(sync)}
    for (_, sync_id), summary in list_changes_of_schools(pg, totals, school_ids).items():
        for noun, counts in summary.items():
            totals[sync_id].setdefault(noun, Counter()).update(counts)
    return {**totals}


def _is_large(sync: Sync) -> bool:
    """Return whether a sync made many changes, or a correction wrote many rows."""
    summary: ChangeSummary = sync.counts.get("changes" if sync.is_correction else "told") or {}
    return sum(number for counts in summary.values() for number in counts.values()) > MOST_CHANGES
