"""`GET /oauth/tokens`: the districts that the application is connected to, with their tokens.

What the tokens open is in `clever_api`.
"""

from base64 import b64encode
from collections.abc import Sequence
from secrets import compare_digest

from starlette.requests import Request
from starlette.responses import Response

from roster_pipeline.sandbox.api.answers import json_answer, refusal
from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.clever_values import EPOCH, clever_time
from roster_pipeline.sandbox.data.district import SandboxDistrict

SCOPES = ["read:sis", "read:district_admins", "read:school_admins", "read:user_id"]


class Connections:
    """Answers for one application, known by its client id and secret."""

    def __init__(self, districts: Sequence[SandboxDistrict], client_id: str, client_secret: str) -> None:
        self._districts = districts
        self._basic = "Basic " + b64encode(f"{client_id}:{client_secret}".encode()).decode()

    async def answer(self, request: Request) -> Response:
        """The list of connections, or of one; 401 without the application's credentials."""
        if not compare_digest(request.headers.get("authorization", "").encode(), self._basic.encode()):
            return refusal(401, "Invalid client credentials")
        if request.query_params.get("owner_type") != "district":
            return refusal(400, "Invalid owner_type")
        wanted = request.query_params.get("district")
        shown = [each for each in self._districts if each.connected and wanted in (None, each.id)]
        own = f"{request.url.path}?{request.url.query}"
        return json_answer({"data": [_entry(each) for each in shown], "links": [{"rel": "self", "uri": own}]})


def _entry(district: SandboxDistrict) -> Object:
    """Unlike the lists of the Data API, an entry is not wrapped."""
    return {
        "id": district.id[::-1],
        "created": clever_time(EPOCH),
        "owner": {"type": "district", "id": district.id},
        "access_token": district.token,
        "scopes": SCOPES,
    }
