"""The state that a delta sync starts from: the place in Clever's event feed and the last publication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from roster_pipeline.model.feed import Cursor


@dataclass(frozen=True)
class Bookmark:
    """The state of the raw tables: the last full sync with all events up to the cursor.

    Attributes:
        sync_id: the sync that published the tables.
        sync_uid: the uid of the sync. A restored product database can give the same sync id again, but not the uid.
        cursor: the end of the event feed when it was last read.
        seen_at: when the event feed was last read.
        uploaded_at: the last upload from the district to Clever, as of `seen_at`.
        full_read_at: when the last full sync began to read.
        models_version: the version of the API, the models and DuckDB with which the tables were made.
        missed: the number of records that events had missed, as the last full sync found (the drift).
    """

    sync_id: int
    sync_uid: str
    cursor: Cursor
    seen_at: datetime
    uploaded_at: datetime | None
    full_read_at: datetime
    models_version: str
    missed: int = 0


@dataclass(frozen=True)
class LastPublication:
    """The last sync that published changes of a district.

    Attributes:
        uid: the uid of the sync.
        is_complete: whether the sync published its whole plan, so that no part is on hold or rejected.
        is_corrected: whether a person resolved a review or undid a sync since then.
    """

    uid: str
    is_complete: bool
    is_corrected: bool
