"""Updates the classes that one Library teacher chose, with the stages of the sync of a district."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from roster_pipeline import pipeline
from roster_pipeline.clever import clever_access
from roster_pipeline.delta.bookmark import save_bookmark
from roster_pipeline.errors import CannotStart, PlanStale, SourceRefused, TokenRefused, is_interruption
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.library import LibraryTeacher
from roster_pipeline.extract.patience import FOR_TEACHERS
from roster_pipeline.land import land
from roster_pipeline.library.compare import LIMITS, compare_teacher, load_teacher
from roster_pipeline.library.feed import TeacherFeed, read_teacher_feed
from roster_pipeline.library.own_classes import load_own_classes
from roster_pipeline.library.session import LIBRARY, hold_teacher
from roster_pipeline.messages import operator, product
from roster_pipeline.model.feed import District, Feed
from roster_pipeline.model.plan import Plan
from roster_pipeline.plan.build import build_plan
from roster_pipeline.product.busy import Patience
from roster_pipeline.product.database import hold_keys, name_section_lock
from roster_pipeline.product.organizations import find_library_organization
from roster_pipeline.product.tables import identity_links
from roster_pipeline.settings import Settings
from roster_pipeline.sync_context import SyncContext, SyncRequest, utc_now
from roster_pipeline.sync_errors import failure_line, plain_errors
from roster_pipeline.syncs.holds import load_threshold_context
from roster_pipeline.syncs.library_requests import refuse_waiting_teacher
from roster_pipeline.syncs.lifecycle import begin_sync, read_sync_uid

TRIES = 3
"""How often an update is decided again because another one wrote the same rows, for example those of a new student."""
words = product()
LOG_IN_AGAIN = product.mark("Clever asks you to log in again before it updates.")
NOT_SHOWN = product.mark("Clever no longer lets us see your classes. Everything here stays.")
NOT_LIBRARY = product.mark("Your classes do not come from Clever Library any more. Nothing changed.")


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


@dataclass(frozen=True)
class _Update:
    """An update that has begun."""

    sync: SyncContext
    sync_id: int
    uid: str
    organization_id: int
    account_id: int
    teacher: LibraryTeacher


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
    sync_request = SyncRequest(
        request.settings,
        request.product,
        LIBRARY,
        request.run_id,
        trigger="library",
        now=request.now,
        clever=request.clever or (lambda: CleverClient(clever_access(request.settings), patience=FOR_TEACHERS)),
        patience=request.patience,
    )
    with plain_errors(), hold_teacher(sync_request, request.account_id) as (sync, folder):
        try:
            return _update(_begin(sync, request), folder)
        except BaseException as error:
            why = partial(_explain, error) if isinstance(error, Exception) else lambda: None
            is_stopped = not isinstance(error, Exception) or is_interruption(error)
            pipeline.close(sync, why=why, is_canceled=is_stopped)
            raise


def _begin(sync: SyncContext, request: LibraryRequest) -> _Update:
    """Open the sync of the teacher, and claim the teacher's requests.

    Raises:
        CannotStart: the account has no identity link in the Library organization.
    """
    account_id = request.account_id

    def begin(pg: Connection) -> _Update | None:
        organization_id = find_library_organization(pg)
        teacher_id = _find_teacher(pg, organization_id, account_id)
        if teacher_id is None:
            refuse_waiting_teacher(pg, account_id, words.text(NOT_LIBRARY), at=sync.now())
            return None
        sync_id = begin_sync(
            pg,
            LIBRARY,
            dagster_run_id=request.run_id,
            mode="full",
            trigger="library",
            at=sync.now(),
            account_id=account_id,
        )
        teacher = LibraryTeacher(teacher_id, request.token)
        return _Update(sync, sync_id, read_sync_uid(pg, sync_id), organization_id, account_id, teacher)

    update = sync.write_product(begin)
    if update is None:
        raise CannotStart(operator.text("Account {account_id} is no Library teacher.", account_id=account_id))
    return update


def _find_teacher(pg: Connection, organization_id: int, account_id: int) -> str | None:
    """Return the Clever id of a Library teacher."""
    link = identity_links.c
    own = sa.and_(link.account_id == account_id, link.organization_id == organization_id, link.unlinked_at.is_(None))
    return pg.execute(sa.select(link.clever_id).where(own)).scalar()


def _update(update: _Update, folder: Path) -> Plan:
    """Read the feed, and decide and publish it. Decide it again if another update wrote the same rows meanwhile.

    The last teacher who leaves a class archives it. So co-teachers decide about their class one after the other.
    """
    sync = update.sync
    feed, known = _read(update, folder)
    pipeline.stage(sync)
    with hold_keys(sync.request.product, [name_section_lock(section) for section in feed.sections | known]):
        for _ in range(TRIES - 1):
            try:
                _decide(update, feed)
                return pipeline.publish(sync).plan
            except PlanStale:
                continue
        _decide(update, feed)
        return pipeline.publish(sync).plan


def _read(update: _Update, folder: Path) -> tuple[TeacherFeed, Set[str]]:
    """Read and land the feed of the teacher. Return it with the sections that the teacher has or had."""
    sync = update.sync
    sync.begin_step("extracting")
    with sync.read_product() as pg:
        own = load_own_classes(pg, update.organization_id, update.account_id)
    with sync.clever() as clever:
        feed = read_teacher_feed(
            clever,
            update.teacher,
            own.chosen,
            folder,
            has_classes=bool(own.taught),
            on_rows=sync.count_read_rows,
        )
    with sync.warehouse() as con:
        land(con, Feed(District(LIBRARY, "", "", None), feed.lists), update.sync_id, sync_uid=update.uid)
        save_bookmark(con, None)
    return feed, own.known


def _decide(update: _Update, feed: TeacherFeed) -> None:
    """Compare the feed with the product, and freeze the difference as the plan of the sync."""
    sync = update.sync
    sync.begin_step("comparing")
    with sync.warehouse() as con:
        with sync.read_product(one_view=True) as pg:
            teacher_id = update.teacher.clever_id
            own = load_teacher(con, pg, update.organization_id, update.account_id, teacher_id, feed)
            context = load_threshold_context(pg, update.organization_id, sync.now(), account_id=update.account_id)
        pipeline.reconcile(sync).refuse_failures()
        compare_teacher(con, own, feed)
        build_plan(
            con,
            sync_id=update.sync_id,
            sync_uid=update.uid,
            organization_id=update.organization_id,
            district_id=LIBRARY,
            emptied=(),
            context=replace(context, limits=LIMITS),
            account_id=update.account_id,
            only_adds=not feed.is_complete,
            missing=own.taught - feed.sections,
        )


def _explain(error: Exception) -> str:
    """Return the answer to the requests of an update that failed."""
    if isinstance(error, TokenRefused):
        return words.text(LOG_IN_AGAIN)
    if isinstance(error, SourceRefused):
        return words.text(NOT_SHOWN)
    return failure_line(error)
