"""Define the measured cases of this project and the lower bound. Each function is one case with its own process."""

import http.client
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import zstandard

from roster_pipeline.extract.client import CleverAccess, CleverClient
from roster_pipeline.extract.lists import READERS, read_feed
from roster_pipeline.land import land, open_warehouse
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline_tests.benchmarks.measure import report
from roster_pipeline_tests.benchmarks.replay import read_recording

if TYPE_CHECKING:
    from roster_pipeline.settings import Settings

CLIENT = "sandbox"


def extract_and_land(url: str, recording: str, work: str) -> None:
    """Measure from the first request to raw tables in a closed file."""
    district_id = read_recording(Path(recording)).district_id
    started = perf_counter()
    with _clever(url) as clever, open_warehouse(Path(work) / "districts", district_id) as con:
        feed = read_feed(clever, district_id, Path(work) / "landing")
        extracted = perf_counter() - started
        land(con, feed, 1)
    report(perf_counter() - started, extract=extracted, rows={read.resource.name: read.rows for read in feed.lists})


def kept_records(url: str, recording: str, work: str) -> None:
    """Write the kept records as plain NDJSON, which the lower bound loads. Nothing is measured."""
    district_id = read_recording(Path(recording)).district_id
    with _clever(url) as clever:
        feed = read_feed(clever, district_id, Path(work))
    for read in feed.lists:
        with zstandard.open(read.file, "rb") as source, (Path(work) / f"{read.resource.name}.ndjson").open("wb") as out:
            while block := source.read(1 << 20):
                out.write(block)
    report(0.0)


def floor(url: str, recording: str, kept: str, work: str, reader: str) -> None:
    """Measure the lower bound: read the same bytes over HTTP with as many readers, then load the kept records."""
    recorded = read_recording(Path(recording))
    drain = {"httpx": _drain_with_httpx, "http.client": _drain_with_http_client}[reader]
    started = perf_counter()
    size = drain(url, list(recorded.pages.values()))
    drained = perf_counter() - started
    with open_warehouse(Path(work) / "districts", recorded.district_id) as con:
        con.begin()
        for resource in RESOURCES:
            file = Path(kept) / f"{resource.name}.ndjson"
            con.execute(f"create table {resource.name} as from read_ndjson('{file}', columns = {resource.fields})")
        con.commit()
    assert size == recorded.bytes_of_pages
    report(perf_counter() - started, http=drained)


def sync(recording: str) -> None:
    """Run one whole sync as the command does, in the ROSTER_* environment: published, with a snapshot."""
    import roster_pipeline.definitions  # noqa: F401 - loading Dagster is no part of a sync
    from roster_pipeline.cli.sync import run_districts
    from roster_pipeline.defs.launch import dagster_instance
    from roster_pipeline.settings import read_settings

    settings, district_id = read_settings(), read_recording(Path(recording)).district_id
    _connect(settings, district_id)
    started = perf_counter()
    (outcome,) = run_districts(settings, [district_id], mode="full")
    seconds = perf_counter() - started
    assert outcome.state == "published", f"{outcome.state}: {outcome.failure}"
    with dagster_instance(settings) as instance:
        steps = instance.get_run_step_stats(outcome.run_id)
    report(
        seconds,
        stages={step.step_key: step.end_time - step.start_time for step in steps},
        rows_written=_journalled(settings, outcome.run_id),
    )


def _connect(settings: "Settings", district_id: str) -> None:
    from roster_pipeline.product.database import open_product, transaction
    from roster_pipeline.product.organizations import connect_district

    with transaction(open_product(settings)) as pg:
        connect_district(pg, district_id, name="Benchmark", tier="secure_sync")


def _journalled(settings: "Settings", run_id: str) -> int:
    """Return the number of rows that a run wrote to the product, from the journal."""
    import sqlalchemy as sa

    from roster_pipeline.product.database import open_product, transaction
    from roster_pipeline.product.tables import changes, syncs

    with transaction(open_product(settings)) as pg:
        of_run = sa.select(syncs.c.id).where(syncs.c.dagster_run_id == run_id)
        written = sa.select(sa.func.count()).select_from(changes).where(changes.c.sync_id.in_(of_run))
        return pg.execute(written).scalar_one()


def _clever(url: str) -> CleverClient:
    return CleverClient(CleverAccess(url, url, "v3.1", CLIENT, CLIENT))


def _drain_with_httpx(url: str, lists: Sequence[Sequence[str]]) -> int:
    with httpx.Client(base_url=url, timeout=60) as client, ThreadPoolExecutor(READERS) as pool:
        return sum(pool.map(lambda uris: sum(len(client.get(uri).content) for uri in uris), lists))


def _drain_with_http_client(url: str, lists: Sequence[Sequence[str]]) -> int:
    def drain(uris: Sequence[str]) -> int:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        size = 0
        for uri in uris:
            connection.request("GET", uri)
            size += len(connection.getresponse().read())
        connection.close()
        return size

    with ThreadPoolExecutor(READERS) as pool:
        return sum(pool.map(drain, lists))


CASES: dict[str, Callable[..., None]] = {case.__name__: case for case in (extract_and_land, kept_records, floor, sync)}

if __name__ == "__main__":
    CASES[sys.argv[1]](**json.loads(sys.argv[2]))
