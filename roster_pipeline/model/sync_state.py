"""What a delta sync goes on from: where the raw tables stand in Clever's event feed, and what was published last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from roster_pipeline.model.feed import Cursor


@dataclass(frozen=True)
class Bookmark:
    """What the raw tables hold: the last full read, with every event up to the cursor applied.

    Attributes:
        sync_id: the sync that published it.
        sync_uid: its uid, which does not come again as its number does in a product database that was restored.
        cursor: the end of the event feed as it was last read to its end.
        seen_at: when that was.
        uploaded_at: when Clever had last taken in the district's files by then.
        full_read_at: when the last full read began.
        made_by: what the tables were made by: another API version or other models make other tables.
        missed: records that the events had missed when they were last held against a full read.
    """

    sync_id: int
    sync_uid: str
    cursor: Cursor
    seen_at: datetime
    uploaded_at: datetime | None
    full_read_at: datetime
    made_by: str
    missed: int = 0


@dataclass(frozen=True)
class Published:
    """The last sync that changed what is published, whoever ran it.

    Attributes:
        uid: of the sync.
        is_settled: it published all of its plan: nothing of it waits or was rejected.
        is_corrected: a person put something right since the last sync, or undid it.
    """

    uid: str
    is_settled: bool
    is_corrected: bool
