"""The sandbox's own routes below `/sandbox/`, outside Clever's contract: a day goes by, faults are set.

What a day changes is in `school_day`, what a fault does in `faults`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from roster_pipeline.sandbox.api.answers import json_answer, refusal
from roster_pipeline.sandbox.api.faults import Fault, FaultUnknown
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.school_day import school_day


class Control:
    """Answers the sandbox's own routes.

    They need no token: they listen on loopback and change invented people.
    """

    def __init__(
        self,
        districts: Sequence[SandboxDistrict],
        set_faults: Callable[[Iterable[Fault]], None],
        today: Callable[[], datetime] | None = None,
    ) -> None:
        """Without `today`, each day is one later than the one before; else none is later than that."""
        self._districts = districts
        self._set_faults = set_faults
        self._today = today

    async def day(self, request: Request) -> Response:
        """`POST /sandbox/day[?district=ID]`: one more school day; answers how much changed, by district."""
        wanted = request.query_params.get("district")
        chosen = [each for each in self._districts if wanted in (None, each.id)]
        if not chosen:
            return refusal(404, "Resource not found")
        latest = self._today and self._today()
        changes = {each.id: school_day(each, each.day + 1, each.seed, latest) for each in chosen}
        return json_answer({"data": {key: msgspec.to_builtins(counts) for key, counts in changes.items()}})

    async def faults(self, request: Request) -> Response:
        """`POST /sandbox/faults` with a JSON list of `Fault` objects: these from now on, and no others."""
        try:
            self._set_faults(msgspec.json.decode(await request.body(), type=list[Fault]))
        except (msgspec.DecodeError, FaultUnknown) as error:
            return refusal(400, str(error))
        return json_answer({"data": "ok"})
