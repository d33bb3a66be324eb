"""Load a district from a folder of Clever objects, one JSON object a line, or of OneRoster files.

The folder is never changed.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from roster_pipeline.errors import CannotStart
from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.district import LISTS, SandboxDistrict
from roster_pipeline.sandbox.data.oneroster import is_oneroster, read_oneroster

REQUIRED_FIELDS: dict[str, dict[str, type]] = {
    "districts": {"id": str},
    "schools": {"id": str},
    "users": {"id": str, "roles": dict},
    "sections": {"id": str, "students": list},
    "terms": {"id": str},
    "courses": {"id": str},
}
"""The fields that the sandbox reads, with their types. It serves all other fields unchanged."""


class GivenDistrictRefused(CannotStart):
    """The folder does not hold exactly one district that the sandbox can serve."""


def load_district(folder: Path, shown: datetime | None = None) -> SandboxDistrict:
    """Load a district.

    The folder holds v3 objects without envelopes, in `schools.jsonl`, `users.jsonl`, `sections.jsonl`, `terms.jsonl`
    and `courses.jsonl`. The file `districts.jsonl` is optional, because the objects name their district. Or the folder
    holds what `roster-pipeline export oneroster` wrote.

    Args:
        folder: the folder.
        shown: the time of day 0, which later changes count from; None: the epoch of the sandbox.

    Raises:
        GivenDistrictRefused: a file is missing or unreadable, a line is no valid object, an id occurs twice, or the
            objects do not name exactly one district. The message names the file and the line, and no content.
        OneRosterRefused: the OneRoster files are not complete.
    """
    if is_oneroster(folder):
        lists = read_oneroster(folder)
        (record,) = lists.pop("districts")
        return SandboxDistrict(record, lists, shown=shown)
    objects = {name: _read(folder / f"{name}.jsonl") for name in LISTS[1:]}
    return SandboxDistrict(_district_record(folder, objects), objects, shown=shown)


def _district_record(folder: Path, objects: dict[str, list[Object]]) -> Object:
    """Return the object of the district itself."""
    path = folder / "districts.jsonl"
    records = _read(path) if path.exists() else []
    if len(records) > 1:
        raise GivenDistrictRefused(f"{path} holds {len(records)} districts. Keep only the one to serve.")
    district_ids = {item["district"] for items in objects.values() for item in items if item.get("district")}
    district_ids |= {record["id"] for record in records}
    if len(district_ids) != 1:
        raise GivenDistrictRefused(f"The objects in {folder} name {len(district_ids)} districts. All must name one.")
    return records[0] if records else {"id": district_ids.pop(), "name": folder.resolve().name, "state": "success"}


def _read(path: Path) -> list[Object]:
    """Read the objects of a file, whose ids must be unique."""
    items = list(_lines(path))
    if len({item["id"] for item in items}) < len(items):
        raise GivenDistrictRefused(f"{path} holds an id twice. Keep one object for each id.")
    return items


def _lines(path: Path) -> Iterator[Object]:
    """Yield the object of each line of a file."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise GivenDistrictRefused(
            f"Cannot read {path} ({error.strerror}). Put the objects of the district there."
        ) from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield _object(line, f"{path}, line {number}", REQUIRED_FIELDS[path.stem])


def _object(line: bytes, place: str, shape: dict[str, type]) -> Object:
    """Decode one line, and check the fields that the sandbox reads."""
    try:
        item = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError:
        raise GivenDistrictRefused(f"{place} is no JSON object. Write one bare object a line.") from None
    for field, kind in shape.items():
        if not isinstance(item.get(field), kind):
            raise GivenDistrictRefused(f"{place} has no {field!r} of the right type. Write the v3 object.")
    return item
