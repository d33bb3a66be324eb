"""The receipt of an erasure, as JSON and as plain text, without the name of anybody (docs/privacy.md#receipts)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from roster_pipeline.messages import operator
from roster_pipeline.paths import private_file, private_folder
from roster_pipeline.settings import Settings

KINDS = {
    "person": operator.mark("a person"),
    "district": operator.mark("a district"),
    "expired": operator.mark("people whose retention period has ended"),
}
NOT_REACHED = {
    "server": operator.mark(
        "The files of the PostgreSQL server that ROSTER_DATABASE_URL names. Old bytes stay there until its "
        "administrator runs VACUUM FULL and its log of writes is removed."
    ),
    "transactions": operator.mark(
        "Old bytes in the tables of the product's own server, because a program had a transaction open. The next run "
        "of the retention removes them."
    ),
    "dagster": operator.mark("The files of the PostgreSQL server that ROSTER_DAGSTER_DATABASE_URL names."),
    "backups": operator.mark("All backups of the database and of ROSTER_HOME. They end by the rules of their owner."),
    "copies": operator.mark("Copies of the analysts' database and exports that somebody made."),
}


@dataclass(frozen=True)
class Receipt:
    """What an erasure removed, when, and who requested it.

    Attributes:
        number: the number of the erasure.
        subject_digest: the digest of the kind and the id, by which the holder of the id finds the receipt.
        stores: what was removed from each store, with the hashes of its files before and after.
        not_reached: the keys of `NOT_REACHED` that apply.
    """

    number: int
    kind: str
    subject_digest: str
    requested_by: str
    requested_at: datetime
    finished_at: datetime
    stores: Sequence[Mapping[str, Any]]
    not_reached: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        times = {name: getattr(self, name).isoformat() for name in ("requested_at", "finished_at")}
        reasons = {key: operator.text(NOT_REACHED[key]) for key in self.not_reached}
        return {**asdict(self), **times, "not_reached": reasons}


def list_unreached(settings: Settings, *, is_cleared: bool = True) -> list[str]:
    """Return the places that an erasure with these settings does not reach.

    Args:
        is_cleared: whether the tables of the embedded server have no deleted rows any more.
    """
    open_transactions = [] if is_cleared else ["transactions"]
    servers = [("server", settings.database_url), ("dagster", settings.dagster_database_url)]
    return [*(name for name, url in servers if url is not None), *open_transactions, "backups", "copies"]


def write_receipt(settings: Settings, receipt: Receipt) -> Path:
    """Write both files of a receipt for their owner alone, and return the path of the text.

    A second call with the same receipt replaces them.
    """
    folder = private_folder(settings.receipts_folder)
    name = f"{receipt.number:06d}-{receipt.kind}"
    content = json.dumps(receipt.to_json(), indent=2, sort_keys=True)
    _replace(folder / f"{name}.json", f"{content}\n")
    return _replace(folder / f"{name}.txt", "\n".join([*describe_receipt(receipt), ""]))


def _replace(file: Path, text: str) -> Path:
    beginning = private_file(file.with_name(f"{file.name}.new"))
    beginning.write_text(text, encoding="utf-8")
    return beginning.replace(file)


def describe_receipt(receipt: Receipt) -> Iterator[str]:
    """Yield the lines of the plain text."""
    yield operator.text("Receipt {number}: {kind} was forgotten.", number=receipt.number, kind=_kind(receipt))
    yield operator.text(
        "Requested by {by} at {at}.", by=receipt.requested_by, at=f"{receipt.requested_at:%Y-%m-%d %H:%M} UTC"
    )
    yield operator.text("Finished at {at}.", at=f"{receipt.finished_at:%Y-%m-%d %H:%M} UTC")
    yield operator.text("Digest of the ID: {digest}", digest=receipt.subject_digest)
    for store in receipt.stores:
        yield ""
        yield operator.text("Store: {store}", store=store["store"])
        for what, count in store["removed"].items():
            yield operator.text("  {what}: {count}", what=what, count=count)
        for path, before in store["before"].items():
            after = store["after"].get(path) or operator.text("removed")
            yield operator.text("  {path}: {before} before, {after} after", path=path, before=before, after=after)
    yield ""
    yield operator.text("Not reached:")
    for key in receipt.not_reached:
        yield f"  {operator.text(NOT_REACHED[key])}"


def _kind(receipt: Receipt) -> str:
    return operator.text(KINDS[receipt.kind])
