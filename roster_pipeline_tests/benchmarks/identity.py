"""Run the part of a sync that decides identities, for a district of people only and without a network.

`matching` and `precision` measure it.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import msgspec
import zstandard

from roster_pipeline.land import land
from roster_pipeline.model.feed import District, Feed, ListFile
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline.stage import Model, load_models, run_models
from roster_pipeline.validate.quarantine import create_quarantine, quarantine

DISTRICT = District("d15781c7" * 3, "Benchmark Valley Unified", "running", None)
WHO_IS_WHO = {("intermediate", "int_identities"), ("intermediate", "int_near_matches")}
encode = msgspec.json.Encoder().encode


def clever_user(number: int, role: str, first: str, last: str, email: str | None) -> dict[str, object]:
    """Return the fields of a user that extract keeps."""
    return {
        "id": f"{number:024x}",
        "district": DISTRICT.id,
        "email": email,
        "name": {"first": first, "last": last},
        "roles": {role: {"sis_id": str(number)}},
    }


def land_people(con: duckdb.DuckDBPyConnection, users: Iterable[dict]) -> None:
    """Land and stage these users, each with one role, as a full read would."""
    lines = defaultdict(list)
    for user in users:
        (role,) = user["roles"]
        lines[f"{role}s"].append(encode(user) + b"\n")
    with TemporaryDirectory() as folder:
        reads = []
        for resource in RESOURCES:
            file = Path(folder) / f"{resource.name}.ndjson.zst"
            file.write_bytes(zstandard.compress(b"".join(lines[resource.name]), level=1))
            reads.append(ListFile(resource, file, 1, len(lines[resource.name]), ()))
        land(con, Feed(DISTRICT, tuple(reads)), 1)
    create_quarantine(con)
    for model, _ in run_models(con, [model for model in load_models() if model.layer == "staging"]):
        quarantine(con, model.name)


def identity_models() -> list[Model]:
    """Return the models that decide identities, in order."""
    wanted, chosen = set(WHO_IS_WHO), []
    for model in reversed(load_models()):
        if model.key in wanted and model.layer != "staging":
            chosen.insert(0, model)
            wanted |= model.reads
    return chosen
