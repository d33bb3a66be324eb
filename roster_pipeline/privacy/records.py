"""The records of erasures in `roster.erasures`, by which a killed erasure is finished later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.privacy.stores.store import StoreRecord
from roster_pipeline.privacy.subject import Kind, Subject, SubjectDigest, digest_subject
from roster_pipeline.product.tables import erasures

columns = erasures.c


@dataclass(frozen=True)
class Erasure:
    """One erasure.

    Attributes:
        state: `files` while stores hold the subject, `bytes` while only deleted rows are left, then `done`.
        subject: what is left to erase, or None.
        stores: what was removed from each store.
    """

    number: int
    kind: str
    subject_digest: str
    requested_by: str
    requested_at: datetime
    state: str
    subject: Subject | None
    stores: tuple[dict[str, Any], ...]
    finished_at: datetime | None


def begin_erasure(
    pg: Connection,
    subject: Subject,
    digest: SubjectDigest,
    stores: Sequence[StoreRecord],
    *,
    requested_by: str,
    at: datetime,
) -> int:
    """Record an erasure in the transaction that deletes its rows, and return its number."""
    row = erasures.insert().values(
        kind=subject.kind,
        subject_digest=digest.value,
        salt=digest.salt,
        requested_by=requested_by,
        requested_at=at,
        work=subject.to_json(),
        stores=[store.to_json() for store in stores],
    )
    return int(pg.execute(row.returning(columns.id)).scalar_one())


def end_files(pg: Connection, erasure: Erasure, stores: Sequence[dict[str, Any]]) -> None:
    """Record that no store holds the subject any more, and forget its ids."""
    pg.execute(
        erasures.update().where(columns.id == erasure.number).values(state="bytes", work=sa.null(), stores=list(stores))
    )


def end_erasure(pg: Connection, erasure: Erasure, at: datetime) -> None:
    """Record that an erasure is done, with what was read again."""
    ended = {"state": "done", "finished_at": at, "stores": list(erasure.stores)}
    pg.execute(erasures.update().where(columns.id == erasure.number).values(ended))


def list_unfinished(pg: Connection) -> list[Erasure]:
    """Return the erasures that were killed before their end, the oldest first."""
    return _read(pg, columns.state != "done")


def find_erasure(pg: Connection, kind: Kind, identifier: str) -> Erasure | None:
    """Return the newest erasure of a subject, or None if there was none."""
    salts = pg.execute(sa.select(columns.salt).where(columns.kind == kind).distinct()).scalars()
    digests = [digest_subject(kind, identifier, salt).value for salt in salts]
    return next(iter(reversed(_read(pg, columns.subject_digest.in_(digests)))), None)


def read_erasures(pg: Connection, numbers: Sequence[int]) -> list[Erasure]:
    """Return some erasures by their numbers."""
    return _read(pg, columns.id.in_(numbers))


def _read(pg: Connection, which: sa.ColumnElement[bool]) -> list[Erasure]:
    return [
        Erasure(
            row.id,
            row.kind,
            row.subject_digest,
            row.requested_by,
            row.requested_at,
            row.state,
            Subject.from_json(row.work) if row.work else None,
            tuple(row.stores),
            row.finished_at,
        )
        for row in pg.execute(sa.select(erasures).where(which).order_by(columns.id))
    ]
