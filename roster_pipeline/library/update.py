"""Updates the classes that one Library teacher chose, with the stages of the sync of a district."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from roster_pipeline.extract.client import CleverClient
from roster_pipeline.model.plan import Plan
from roster_pipeline.product.busy import Patience
from roster_pipeline.settings import Settings
from roster_pipeline.sync_context import utc_now


@dataclass(frozen=True)
class LibraryRequest:
    """One update of the classes of a Library teacher.

    Attributes:
        product: the engine of the product database, with the user of the syncs.
        account_id: the account of the teacher. It has a live identity link in the Library organization.
        token: the token of the teacher. It does not appear in the repr and is stored nowhere.
        run_id: identifies this update in `roster.syncs.dagster_run_id`. Two updates never have the same one.
        now: the clock.
        clever: makes the HTTP client. None: a client with the addresses in the settings.
        patience: how long the update waits for locks of other sessions. None: the usual time.
    """

    settings: Settings
    product: Engine
    account_id: int
    token: str = field(repr=False)
    run_id: str
    now: Callable[[], datetime] = utc_now
    clever: Callable[[], CleverClient] | None = None
    patience: Patience | None = None


def run_library_update(request: LibraryRequest) -> Plan:
    """Read the chosen classes of a teacher from Clever, publish what changed, and return the plan.

    The update claims the waiting requests of this teacher and answers them in words, also if it fails. It holds a lock
    of the teacher's own. It reads and changes the teacher's classes only. The absence of a person or a class from the
    answers says nothing about the classes of other teachers. A class that the teacher removed
    (`library_classes.removed_at`) is archived unless another Library teacher has it. If Clever's answers are not proven
    complete, the update adds and removes nothing, and the answer says so.

    The plan has `held` parts if more than 60 % of a class, and at least 5 students, would leave (docs/rules.md R5.5).
    They wait for the approval of this teacher (`syncs.holds.decide_plan`). The next update then applies them.

    Raises:
        TokenRefused: Clever no longer accepts the token. The caller deletes it. Nothing was changed.
        SourceRefused: Clever shows nothing to this teacher any more, because the district blocks the app or the
            teacher removed it. The caller deletes the token. Everything stays.
        CannotStart: the account is no Library teacher (any more), for example because its district has connected.
        RosterError: another stage failed. The update is recorded as failed, and nothing was changed.
    """
    raise NotImplementedError
