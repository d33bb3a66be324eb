"""Runs the updates that Library teachers request, each with the token of the teacher (docs/clever-page.md)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.errors import (
    CannotStart,
    ProductUnusable,
    RosterError,
    SourceRefused,
    TokenRefused,
    place_of,
)
from roster_pipeline.library.session import remove_landing_files
from roster_pipeline.library.update import LOG_IN_AGAIN, LibraryRequest, run_library_update
from roster_pipeline.messages import product
from roster_pipeline.product.database import name_teacher_lock, share_district, transaction
from roster_pipeline.product.tables import refresh_requests, syncs
from roster_pipeline.settings import Settings
from roster_pipeline.syncs.library_requests import file_library_request, list_waiting_teachers, refuse_waiting_teacher
from roster_pipeline.syncs.lifecycle import fail_killed
from roster_pipeline.web.answers import NOT_FINISHED
from roster_pipeline.web.library_tokens import TokenVault, delete_refused_token, read_token
from roster_pipeline.web.library_words import REFUSALS, Refusal

log = logging.getLogger(__name__)


class LibraryUpdates:
    """The updates of Library teachers in one program. Several threads may call `run_next`.

    The token is in the memory of the thread that runs the update, and nowhere else outside of the database.
    """

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        assert settings.web_secret
        self._settings, self._now = settings, now
        self._vault = TokenVault(settings.web_secret.get_secret_value())
        self._busy: set[int] = set()
        self._lock = Lock()

    def requeue_killed(self, engine: Engine) -> None:
        """Put the requests of killed updates back into the queue, and remove the files that the updates left.

        Nobody holds the locks of their teachers.
        """
        own = refresh_requests.c
        running = (
            sa.select(syncs.c.dagster_run_id, syncs.c.account_id)
            .join_from(refresh_requests, syncs, syncs.c.id == own.sync_id)
            .where(own.state == "running", own.scope == "library", syncs.c.state == "running")
        )
        with transaction(engine) as pg:
            for run_id, account_id in pg.execute(running.distinct()).all():
                if share_district(pg, name_teacher_lock(account_id)):
                    remove_landing_files(self._settings, account_id)
                    fail_killed(pg, run_id, self._now())

    def run_next(self, engine: Engine) -> bool:
        """Run the update of the teacher who waits longest. Return whether there was one."""
        with self._claim(engine) as account_id:
            if account_id is None:
                return False
            self._run(engine, account_id)
            return True

    @contextmanager
    def _claim(self, engine: Engine) -> Iterator[int | None]:
        """Claim the teacher who waits longest and on whom no other thread of this program works."""
        # A list that was read before another thread ended its update would name that teacher again.
        with self._lock:
            with transaction(engine) as pg:
                waiting = list_waiting_teachers(pg)
            account_id = next((each for each in waiting if each not in self._busy), None)
            if account_id is not None:
                self._busy.add(account_id)
        try:
            yield account_id
        finally:
            with self._lock:
                self._busy.discard(account_id or 0)

    def _run(self, engine: Engine, account_id: int) -> None:
        """Run the update of one teacher. A refusal of Clever deletes the token, and nothing else changes."""
        with transaction(engine) as pg:
            token = read_token(pg, self._vault, account_id, self._now())
        if token is None:
            self._refuse(engine, account_id, LOG_IN_AGAIN)
            return
        run_id = f"library-{uuid4()}"
        try:
            run_library_update(LibraryRequest(self._settings, engine, account_id, token, run_id, self._now))
        except ProductUnusable:
            raise
        except TokenRefused:
            self._drop_token(engine, account_id, run_id, token, "login")
        except (SourceRefused, CannotStart) as error:
            refusal: Refusal = "login" if isinstance(error, CannotStart) else "refused"
            self._drop_token(engine, account_id, run_id, token, refusal)
        except Exception as error:  # noqa: BLE001 - no error of one teacher may stop the next one
            # The message of a library's error could quote a row.
            shown = str(error) if isinstance(error, RosterError) else f"{type(error).__name__} at {place_of(error)}"
            log.warning("The update of a Library teacher failed (account %s). %s", account_id, shown)
            self._refuse(engine, account_id, NOT_FINISHED)

    def _drop_token(self, engine: Engine, account_id: int, run_id: str, token: str, refusal: Refusal) -> None:
        """Delete a token that Clever refuses, and record with the sync what the teacher reads.

        If the teacher has logged in again meanwhile, the newer token stays and serves an update of its own.
        """
        note = sa.cast({"refusal": refusal}, JSONB)
        own = sa.and_(syncs.c.dagster_run_id == run_id, syncs.c.state == "failed")
        with transaction(engine) as pg:
            is_gone = delete_refused_token(pg, self._vault, account_id, token)
            pg.execute(syncs.update().where(own).values(counts=syncs.c.counts.op("||")(note)))
            if is_gone:
                refuse_waiting_teacher(pg, account_id, product().text(REFUSALS[refusal]), at=self._now())
            else:
                file_library_request(pg, account_id, at=self._now(), is_press=False)

    def _refuse(self, engine: Engine, account_id: int, why: str) -> None:
        """Answer the requests of a teacher that still wait, so that no thread tries them again and again."""
        with transaction(engine) as pg:
            refuse_waiting_teacher(pg, account_id, product().text(why), at=self._now())
