"""The syncs and corrections of a district as lines of the lists *Last updates* and *Updates*."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.messages import LocalCatalogue, product
from roster_pipeline.plan.change_summary import ChangeSummary
from roster_pipeline.plan.summary import describe_counts
from roster_pipeline.product.tables import syncs
from roster_pipeline.web.answers import STOPPED, describe_failure, describe_published

STARTERS = {
    "nightly": product.mark("The night"),
    "manual": product.mark("Update Roster"),
    "page": product.mark("Update Roster"),
    "library": product.mark("A teacher"),
    "cli": product.mark("Our account team"),
}
DECISION, LIBRARY = product.mark("A decision"), product.mark("Clever Library")
CORRECTION_SENTENCES = {
    "undo": product.mark("An earlier update was taken back."),
    "resolve": product.mark("A person decided whose account it is."),
}
AUTOMATIC_SENTENCES = {
    "login": product.mark("The login of a person opened the account here."),
    "library": product.mark("People who came through Clever Library before were found in the district."),
}
"""The corrections that nobody decided, by `syncs.counts.decision`."""
NOT_COUNTED = product.mark("Done. Many records changed. Open this update to see those of your schools.")
NO_CHANGE = product.mark("Nothing changed in your schools.")


@dataclass(frozen=True)
class Sync:
    """A sync or correction, as the page reads it.

    Attributes:
        mode: `full`, `delta` or `auto`. Of a correction `resolve` or `undo`.
        account_id: the Library teacher whose update it was. None for a district.
        step: the last step that a sync has begun.
    """

    id: int
    mode: str
    trigger: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, Any]
    step: str | None
    account_id: int | None

    @property
    def is_correction(self) -> bool:
        return self.mode in CORRECTION_SENTENCES

    @property
    def automatic(self) -> str | None:
        """Return the sentence about a correction that nobody decided, or None."""
        return AUTOMATIC_SENTENCES.get(self.counts.get("decision", "")) if self.mode == "resolve" else None

    @property
    def ended_at(self) -> datetime:
        """Return when the sync ended. Of a running one, return when it began."""
        return self.finished_at or self.started_at

    @property
    def is_published(self) -> bool:
        """Return whether the sync has changed something or found that nothing changed."""
        return self.state in ("published", "held", "undone")


@dataclass(frozen=True)
class SyncLine:
    """A line of the list: when, what started the sync, its state and what it did in words."""

    id: int
    at: datetime
    starter: str
    state: str
    sentences: list[str]
    has_changes: bool


COLUMNS = tuple(syncs.c[name] for name in Sync.__dataclass_fields__)


def find_sync(pg: Connection, sync_id: int) -> Sync | None:
    """Return one sync of the organization, or None."""
    row = pg.execute(sa.select(*COLUMNS).where(syncs.c.id == sync_id)).one_or_none()
    return Sync(*row) if row else None


def list_syncs(pg: Connection, *, limit: int, before: int | None = None) -> list[Sync]:
    """Return the last syncs of the organization, the newest first.

    Args:
        before: only syncs with a smaller number.
    """
    older = sa.true() if before is None else syncs.c.id < before
    return [Sync(*row) for row in pg.execute(sa.select(*COLUMNS).where(older).order_by(syncs.c.id.desc()).limit(limit))]


def describe_sync(sync: Sync, words: LocalCatalogue, own: Mapping[int, ChangeSummary] | None = None) -> list[str]:
    """Return what a sync did, in words. The counts are those of the whole district, unless `own` is given.

    Args:
        own: by sync, what changed of what the reader may see. A sync that is not in it was not counted.
    """
    if sync.state == "running":
        return [words.text("Running now.")]
    if sync.state == "failed":
        return [describe_failure(sync.step, words)]
    if sync.state == "canceled":
        return [words.text(STOPPED)]
    if sync.is_correction:
        return [words.text(sync.automatic or CORRECTION_SENTENCES[sync.mode])]
    sentences = describe_published(sync.counts, words) if own is None else [_describe_own(sync, own, words)]
    return [*sentences, words.text("It was taken back later.")] if sync.state == "undone" else sentences


def _describe_own(sync: Sync, own: Mapping[int, ChangeSummary], words: LocalCatalogue) -> str:
    if sync.id not in own:
        return words.text(NOT_COUNTED)
    return describe_counts(own[sync.id], words, place="school") if own[sync.id] else words.text(NO_CHANGE)


def _name_starter(sync: Sync) -> str:
    if sync.automatic:
        return LIBRARY
    return DECISION if sync.is_correction else STARTERS[sync.trigger]


def describe_syncs(
    syncs: list[Sync], words: LocalCatalogue, own: Mapping[int, ChangeSummary] | None = None
) -> list[SyncLine]:
    """Return the lines of a list of syncs. `own` is that of `describe_sync`."""
    return [
        SyncLine(
            sync.id,
            sync.ended_at,
            words.text(_name_starter(sync)),
            sync.state,
            describe_sync(sync, words, own),
            sync.is_published,
        )
        for sync in syncs
    ]
