"""Forgets a person or a district in every store, and writes the receipt (docs/rules.md R6.6).

The transaction that deletes the rows also records the erasure, with the ids that are left to erase and the hashes of
the files. A killed erasure is finished by the next call for the same subject, or by the next run of the retention. It
then has the same receipt, because the receipt is written from that record.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from roster_pipeline.errors import ForgetRefused
from roster_pipeline.messages import operator
from roster_pipeline.privacy.district_search import find_in_district_files, refuse_connected
from roster_pipeline.privacy.find import find_district, find_person
from roster_pipeline.privacy.person_ids import list_person_ids
from roster_pipeline.privacy.receipt import Receipt, list_unreached, write_receipt
from roster_pipeline.privacy.records import (
    Erasure,
    begin_erasure,
    end_erasure,
    end_files,
    find_erasure,
    read_erasures,
)
from roster_pipeline.privacy.rows import erase_rows
from roster_pipeline.privacy.server_files import rewrite_server_files
from roster_pipeline.privacy.stores.check import check_server, check_stores
from roster_pipeline.privacy.stores.dagster_records import DagsterRecords, OpenDagster
from roster_pipeline.privacy.stores.district_files import DistrictFiles
from roster_pipeline.privacy.stores.key_files import KeyFiles
from roster_pipeline.privacy.stores.landing_files import LandingFiles
from roster_pipeline.privacy.stores.snapshots import Snapshots
from roster_pipeline.privacy.stores.store import Store, StoreRecord, hash_again, mask_places
from roster_pipeline.privacy.subject import Kind, RandomBytes, Subject, digest_subject, make_salt
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import hold_keys, name_district_lock, name_teacher_lock, transaction
from roster_pipeline.settings import Settings

ROWS = "product database"
FINDERS: dict[Kind, Callable[[Connection, str], Subject | None]] = {"person": find_person, "district": find_district}


@dataclass(frozen=True)
class Eraser:
    """What an erasure works with.

    Attributes:
        open_dagster: opens the database of Dagster's records.
        requested_by: who asks for the erasure.
        now: returns the time.
        random_bytes: returns random bytes for digests.
    """

    settings: Settings
    engine: Engine
    open_dagster: OpenDagster
    requested_by: str
    now: Callable[[], datetime]
    random_bytes: RandomBytes = secrets.token_bytes

    @property
    def stores(self) -> tuple[Store, ...]:
        """The stores beside the tables of the product, in the order in which they are erased."""
        settings = self.settings
        return (
            DistrictFiles(settings),
            LandingFiles(settings),
            KeyFiles(settings),
            Snapshots(settings, self.engine),
            DagsterRecords(settings, self.open_dagster),
        )


@dataclass(frozen=True)
class Forgotten:
    """A finished erasure: its receipt and the file of its text."""

    receipt: Receipt
    file: Path


def forget(eraser: Eraser, kind: Kind, identifier: str) -> Forgotten:
    """Forget a person or a district. A second call finishes or repeats the answer of the first.

    Args:
        identifier: the Clever id, or the number of an account.

    Raises:
        ForgetRefused: Clever still shares the data, or nothing is held.
    """
    with transaction(eraser.engine) as pg:
        subject, earlier = FINDERS[kind](pg, identifier), find_erasure(pg, kind, identifier)
    if earlier is not None and earlier.state != "done":
        finish(eraser, [earlier.number])
    if kind == "person" and (subject is None or not subject.has_accounts):
        # The files come after an earlier erasure, which may have been killed before it removed them.
        with transaction(eraser.engine) as pg:
            subject = _add_district_files(eraser, pg, subject, identifier)
    if subject is not None:
        number = begin(eraser, subject, identifier, lambda pg: FINDERS[kind](pg, identifier))
    elif earlier is not None:
        number = earlier.number
    else:
        raise ForgetRefused(operator.text("Nothing is held about {id}. Nothing was changed.", id=identifier))
    return finish(eraser, [number])[0]


def begin(eraser: Eraser, subject: Subject, identifier: str, find: Callable[[Connection], Subject | None]) -> int:
    """Delete the rows of a subject and record the erasure, in one transaction. Return the number of the erasure.

    Args:
        identifier: the id by which the erasure was requested. Only its digest is recorded.
        find: finds the subject again while no sync of its districts runs.
    """
    digest = digest_subject(subject.kind, identifier, make_salt(subject.kind, identifier, eraser.random_bytes))
    with hold_keys(eraser.engine, _name_locks([subject])):
        subject = _add_person_ids(eraser, subject)
        records = [store.inspect(subject) for store in eraser.stores]

        def erase(pg: Connection) -> int:
            current, earlier = find(pg), find_erasure(pg, subject.kind, identifier)
            if current is None and earlier is not None:  # another process has erased the subject meanwhile
                return earlier.number
            current = replace(current or subject, person_ids=subject.person_ids, districts=subject.districts)
            rows = StoreRecord(ROWS, erase_rows(pg, current))
            at, stores = eraser.now(), [rows, *records]
            return begin_erasure(pg, current, digest, stores, requested_by=eraser.requested_by, at=at)

        return write_product(eraser.engine, erase)


def _add_district_files(eraser: Eraser, pg: Connection, subject: Subject | None, person: str) -> Subject | None:
    """Return the subject of a person without an account, with the districts whose files have the person."""
    in_files = find_in_district_files(eraser.settings, pg, person)
    if in_files is None:
        return subject
    refuse_connected(pg, in_files)
    districts = {*in_files.districts, *(subject.districts if subject else ())}
    return replace(subject or in_files, districts=tuple(sorted(districts)))


def _add_person_ids(eraser: Eraser, subject: Subject) -> Subject:
    with transaction(eraser.engine) as pg:
        return replace(subject, person_ids=list_person_ids(eraser.settings, pg, subject.accounts))


def finish(eraser: Eraser, numbers: Sequence[int]) -> list[Forgotten]:
    """Erase what some erasures have left in every store, and write their receipts. Each step may run again."""
    with transaction(eraser.engine) as pg:
        begun = [erasure for erasure in read_erasures(pg, numbers) if erasure.state == "files"]
    if begun:
        _erase_stores(eraser, begun)
    subjects = [erasure.subject for erasure in begun if erasure.subject is not None]
    with transaction(eraser.engine) as pg:
        erasures = read_erasures(pg, numbers)
    has_bytes = any(erasure.state == "bytes" for erasure in erasures)
    is_cleared = rewrite_server_files(eraser.settings, eraser.engine) if has_bytes else True
    if is_cleared and subjects and eraser.settings.database_url is None:
        # The record of an erasure that was killed has no ids any more, so its server is not read again.
        check = check_server(eraser.settings, subjects)
        erasures = [
            replace(erasure, stores=(*erasure.stores, check)) if erasure.state == "bytes" else erasure
            for erasure in erasures
        ]
    return [_write_receipt(eraser, erasure, is_cleared=is_cleared or erasure.state == "done") for erasure in erasures]


def _name_locks(subjects: Sequence[Subject]) -> set[str]:
    """Return the locks of the districts of some subjects, and of the updates of the Library teachers among them."""
    districts = {district for subject in subjects for district in subject.districts}
    people = [subject for subject in subjects if subject.kind != "district"]
    teachers = {name_teacher_lock(account) for subject in people for account in subject.accounts}
    return {name_district_lock(place) for place in districts | teachers}


def _erase_stores(eraser: Eraser, erasures: Sequence[Erasure]) -> None:
    """Erase the subjects of some erasures in each store, and record the hashes of the files afterwards."""
    subjects = [erasure.subject for erasure in erasures if erasure.subject is not None]
    with hold_keys(eraser.engine, _name_locks(subjects)):
        for store in eraser.stores:
            store.erase(subjects, eraser.now())
        home, check = eraser.settings.home.resolve(), check_stores(eraser.settings, subjects)
        for erasure in erasures:
            stores: list[dict[str, Any]] = [
                *({**store, "after": hash_again(home, store["before"])} for store in erasure.stores),
                check,
            ]
            assert erasure.subject is not None
            stores = mask_places(stores, erasure.subject)
            write_product(eraser.engine, partial(end_files, erasure=erasure, stores=stores))


def _write_receipt(eraser: Eraser, erasure: Erasure, *, is_cleared: bool) -> Forgotten:
    """Write the receipt of an erasure and record its end. A second call writes the same files.

    While the server keeps old bytes, the receipt says so and the erasure has not ended.
    """
    finished_at = erasure.finished_at or eraser.now()
    receipt = Receipt(
        erasure.number,
        erasure.kind,
        erasure.subject_digest,
        erasure.requested_by,
        erasure.requested_at,
        finished_at,
        erasure.stores,
        list_unreached(eraser.settings, is_cleared=is_cleared),
    )
    file = write_receipt(eraser.settings, receipt)
    if erasure.finished_at is None and is_cleared:
        write_product(eraser.engine, lambda pg: end_erasure(pg, replace(erasure, state="done"), finished_at))
    return Forgotten(receipt, file)
