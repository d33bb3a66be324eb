"""A district read from a folder of Clever objects, one JSON object a line. The folder is never written to."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from roster_pipeline.errors import CannotStart
from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.district import LISTS, SandboxDistrict

SHAPES: dict[str, dict[str, type]] = {
    "districts": {"id": str},
    "schools": {"id": str},
    "users": {"id": str, "roles": dict},
    "sections": {"id": str, "students": list},
    "terms": {"id": str},
    "courses": {"id": str},
}
"""What the sandbox itself reads of an object; everything else is served as it is."""


class GivenDistrictRefused(CannotStart):
    """The folder does not hold one district as the sandbox needs it."""


def load_district(folder: Path, shown: datetime | None = None) -> SandboxDistrict:
    """The district whose v3 objects lie, unwrapped, in `schools.jsonl`, `users.jsonl`, `sections.jsonl`,
    `terms.jsonl` and `courses.jsonl`. `districts.jsonl` is optional: the objects name their district.

    Args:
        shown: the time on day 0, which changes from then on carry; None: the sandbox's epoch.

    Raises:
        GivenDistrictRefused: a file is missing or unreadable, a line is no such object, an id comes twice, or
        the
            objects are of no district or of several. The message names file and line, never a record's
            content.
    """
    objects = {name: _read(folder / f"{name}.jsonl") for name in LISTS[1:]}
    return SandboxDistrict(_district_record(folder, objects), objects, shown=shown)


def _district_record(folder: Path, objects: dict[str, list[Object]]) -> Object:
    path = folder / "districts.jsonl"
    records = _read(path) if path.exists() else []
    if len(records) > 1:
        raise GivenDistrictRefused(f"{path} holds {len(records)} districts; keep the one to serve.")
    named = {item["district"] for items in objects.values() for item in items if item.get("district")}
    named |= {record["id"] for record in records}
    if len(named) != 1:
        raise GivenDistrictRefused(f"The objects in {folder} name {len(named)} districts; they must all name the same.")
    return records[0] if records else {"id": named.pop(), "name": folder.resolve().name, "state": "success"}


def _read(path: Path) -> list[Object]:
    items = list(_lines(path))
    if len({item["id"] for item in items}) < len(items):
        raise GivenDistrictRefused(f"{path} holds an id twice; keep one object for each.")
    return items


def _lines(path: Path) -> Iterator[Object]:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise GivenDistrictRefused(
            f"Cannot read {path} ({error.strerror}); put the district's objects there."
        ) from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield _object(line, f"{path}, line {number}", SHAPES[path.stem])


def _object(line: bytes, place: str, shape: dict[str, type]) -> Object:
    try:
        item = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.DecodeError:
        raise GivenDistrictRefused(f"{place} is no JSON object; write one unwrapped object a line.") from None
    for field, kind in shape.items():
        if not isinstance(item.get(field), kind):
            raise GivenDistrictRefused(f"{place} has no {field!r} as Clever writes it; give the v3 object.")
    return item
