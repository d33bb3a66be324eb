"""Replay the recorded answers of Clever."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from roster_pipeline_tests.support.fake_clever import FakeClever

RECORDED = Path(__file__).parents[3] / "shared/data/clever-v3-recorded/responses.jsonl"


def recorded() -> dict[str, bytes]:
    """Return the recorded answers by address. The address lacks the size of the page."""
    answers = {}
    for line in RECORDED.read_text().splitlines():
        answer = json.loads(line)
        if answer["status"] == 200:
            answers.setdefault(answer["uri"].removesuffix("?"), json.dumps(answer["body"]).encode())
    return answers


def replayed() -> FakeClever:
    """Return a fake Clever with the recorded answers. Pages that were not recorded are empty and last."""
    if not RECORDED.exists():
        pytest.skip("the recorded pages are not beside this project")
    answers = recorded()

    def answer(request):
        query = {key: value for key, value in request.url.params.items() if key == "starting_after"}
        uri = str(httpx.URL(request.url.path, params=query))
        return httpx.Response(200, content=answers.get(uri, b'{"data":[],"links":[]}'))

    return FakeClever(answer, described=json.loads(answers["/v3.0/districts"])["data"][0]["data"])
