"""Load the same lists with the REST source of dlt into DuckDB. The interpreter has dlt and not this project."""

import json
import os
import sys
from collections.abc import Callable
from itertools import pairwise
from time import perf_counter
from typing import Any

from roster_pipeline_tests.benchmarks.measure import report

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}

import dlt
import duckdb
from dlt.sources.rest_api import rest_api_source

NEXT_LINK = "links[?(@.rel=='next')].uri"
VERSIONS = f"dlt {dlt.__version__} with DuckDB {duckdb.__version__}"
EVERY_RECORD = "data[*].data"


def main(url: str, work: str, lists: list[dict[str, Any]], limit: int, file_format: str | None, lean: bool) -> None:
    """Extract, normalize and load as `pipeline.run` does, and measure each step.

    Args:
        lists: name, path, role and kept fields of each.
        file_format: of the files that dlt loads; None is its own choice.
        lean: spare dlt what this project does not do either: fields that are not kept, and tables of list items.
    """
    source = rest_api_source(
        {
            "client": {
                "base_url": f"{url}/v3.1/",
                "paginator": {"type": "json_link", "next_url_path": NEXT_LINK},
            },
            "resources": [_resource(one, limit, lean) for one in lists],
        }
    )
    if lean:
        source.max_table_nesting = 0
    pipeline = dlt.pipeline(
        "roster",
        pipelines_dir=f"{work}/pipelines",
        destination=dlt.destinations.duckdb(f"{work}/roster.duckdb"),
        dataset_name="raw",
    )
    marks = [perf_counter()]
    for step in (lambda: pipeline.extract(source, loader_file_format=file_format), pipeline.normalize, pipeline.load):
        step()
        marks.append(perf_counter())
    extract, normalize, load = (after - before for before, after in pairwise(marks))
    rows = {name: count for name, count in pipeline.last_trace.last_normalize_info.row_counts.items() if name[0] != "_"}
    report(marks[-1] - marks[0], extract=extract, normalize=normalize, load=load, rows=rows, versions=VERSIONS)


def _resource(one: dict[str, Any], limit: int, lean: bool) -> dict[str, Any]:
    role = {"role": one["role"]} if one["role"] else {}
    return {
        "name": one["name"],
        "write_disposition": "replace",
        "endpoint": {"path": one["path"], "params": {"limit": limit, **role}, "data_selector": EVERY_RECORD},
        **({"processing_steps": [{"map": _keep(frozenset(one["fields"]))}]} if lean else {}),
    }


def _keep(fields: frozenset[str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda record: {name: value for name, value in record.items() if name in fields}


if __name__ == "__main__":
    main(**json.loads(sys.argv[2]))
