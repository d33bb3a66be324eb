"""Write the landing files of many sandbox districts at once, decoded as a sync decodes Clever's answers."""

from collections import defaultdict
from dataclasses import replace

import zstandard

from roster_pipeline.extract.decode import PageDecoder
from roster_pipeline.extract.event import decode_event
from roster_pipeline.extract.event_compaction import EventCompaction
from roster_pipeline.model.feed import Cursor, EventBatch, ListFile
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline.sandbox.api.relations import list_users_of_role

VERSION = "v3.1"


def read_lists(districts, folder):
    """Return the landing file of each list, with the records of all districts."""
    return tuple(_read_list(districts, resource, folder / f"{resource.name}.ndjson.zst") for resource in RESOURCES)


def _read_list(districts, resource, file):
    pages = []
    for district in districts:
        items = district.resources[resource.path]
        ids = list_users_of_role(district, resource.role) if resource.role else items.ids()
        records = b",".join(b'{"data":%b}' % items.encoded(key, VERSION) for key in ids)
        pages.append(PageDecoder(resource, district.id).decode(b'{"data":[%b],"links":[]}' % records, resource.name))
    file.write_bytes(zstandard.compress(b"".join(page.lines for page in pages)))
    rejections = tuple(rejection for page in pages for rejection in page.rejections)
    return ListFile(resource, file, len(pages), sum(page.rows for page in pages), rejections)


def read_events(districts, since, folder):
    """Return the events of all districts as one batch.

    Args:
        since: the number of events to leave out, by district.
    """
    files, deleted, count = defaultdict(list), defaultdict(tuple), 0
    for number, district in enumerate(districts):
        keys = district.events.ids()[since[district.id] :]
        if number and not keys:
            continue
        compaction = EventCompaction(district.id)
        for key in keys:
            compaction.add(decode_event(b'{"data":%b}' % district.events.encoded(key, VERSION)))
        for name, ids in compaction.deleted().items():
            deleted[name] += ids
        for read in compaction.write(folder, 1):
            with zstandard.open(read.file) as lines:
                files[read.resource.name].append((read, lines.read()))
        count += len(keys)
    lists = tuple(_join(files[resource.name]) for resource in RESOURCES)
    return EventBatch(Cursor(), count, lists, dict(deleted), {})


def _join(parts):
    """Return one landing file with the records of several."""
    first = parts[0][0]
    first.file.write_bytes(zstandard.compress(b"".join(lines for _, lines in parts)))
    rejections = tuple(rejection for read, _ in parts for rejection in read.rejections)
    return replace(first, rows=sum(read.rows for read, _ in parts), rejections=rejections)
