"""The Data and Events API, v3.0 and v3.1: from a request to its answer.

Tokens are handed out in `connections`; the sandbox's own routes are in `control`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from roster_pipeline.sandbox.api.answers import json_answer, no_such_route, one_answer, page_answer, refusal
from roster_pipeline.sandbox.api.collection import Collection, Object
from roster_pipeline.sandbox.api.feed_query import event_ids
from roster_pipeline.sandbox.api.pagination import MAXIMUM_LIMIT, Page, page_links, read_page
from roster_pipeline.sandbox.api.rate_limit import RateLimit
from roster_pipeline.sandbox.api.relations import read_role, related, single, users_of_role
from roster_pipeline.sandbox.api.versions import VERSIONS
from roster_pipeline.sandbox.data.district import LISTS, SandboxDistrict


class CleverApi:
    """Answers `GET /v3.x/...` for the districts it is given."""

    def __init__(self, districts: Sequence[SandboxDistrict], clock: Callable[[], float]) -> None:
        self._districts = districts
        self._limit = RateLimit(clock)

    async def answer(self, request: Request) -> Response:
        """One answer, with the rate limit's headers; 401 where the token is no connected district's."""
        district = self._district_of(request.headers.get("authorization", ""))
        if district is None:
            return refusal(401, "Unrecognized token string")
        allowance = self._limit.spend(district.token)
        answer = _answer(district, request) if allowance.passes else Response(status_code=429)
        answer.headers.update(allowance.headers)
        return answer

    def _district_of(self, authorization: str) -> SandboxDistrict | None:
        """Looked up anew each time, because tokens can be rotated and districts disconnected."""
        kind, _, token = authorization.partition(" ")
        connected = [each for each in self._districts if each.connected and each.token == token]
        return connected[0] if connected and kind.lower() == "bearer" else None


@dataclass(frozen=True)
class _Question:
    """A request below `/v3.x/` of one district's client; `steps` is the path after the version."""

    district: SandboxDistrict
    version: str
    steps: tuple[str, ...]
    path: str
    query: QueryParams

    def items(self, resource: str) -> Collection:
        return self.district.events if resource == "events" else self.district.resources[resource]

    def record(self, resource: str, key: str) -> Object:
        """One object, or the refusal that there is none."""
        if key not in self.items(resource):
            raise HTTPException(404, "Resource not found")
        return self.items(resource)[key]


def _answer(district: SandboxDistrict, request: Request) -> Response:
    path = request.url.path
    version, *steps = path.strip("/").split("/")
    if version not in VERSIONS or not steps or steps[0] not in (*LISTS, "events"):
        return no_such_route(path)
    question = _Question(district, version, tuple(steps), path, request.query_params)
    try:
        if len(steps) == 1:
            return _list(question)
        return _one(question) if len(steps) == 2 else _below(question)
    except HTTPException as refused:
        return refusal(refused.status_code, refused.detail)


def _list(question: _Question) -> Response:
    (resource,) = question.steps
    if resource == "districts":
        ids = question.items(resource).ids()
        return _page(question, resource, Page(ids, has_previous=False, has_next=False))
    return _part(question, resource, _wanted_ids(question, resource))


def _one(question: _Question) -> Response:
    resource, key = question.steps
    question.record(resource, key)
    return one_answer(question.version, resource, question.items(resource), key)


def _below(question: _Question) -> Response:
    """The answer to `/{list}/{id}/{relation}`: the one record named there, or the list of what belongs."""
    resource, key, *rest = question.steps
    item, relation = question.record(resource, key), "/".join(rest)
    if one := single(resource, relation):
        target, field = one
        named = question.record(target, item.get(field, ""))["id"]
        return one_answer(question.version, target, question.items(target), named)
    many = related(question.district, resource, item, relation, question.query)
    return _part(question, *many) if many else no_such_route(question.path)


def _wanted_ids(question: _Question, resource: str) -> list[str]:
    if resource == "events":
        return event_ids(question.district, question.query)
    if resource == "users":
        return users_of_role(question.district, read_role(question.query))
    return question.items(resource).ids()


def _part(question: _Question, resource: str, ids: list[str]) -> Response:
    """The page of the list that the query asks for, or how long the list is."""
    most = question.district.events_a_page if resource == "events" else MAXIMUM_LIMIT
    page = read_page(ids, question.query, most)
    if question.query.get("count") == "true":
        own = page_links(question.path, question.query, Page((), has_previous=False, has_next=False))
        return json_answer({"count": len(ids), "links": own})
    return _page(question, resource, page)


def _page(question: _Question, resource: str, page: Page) -> Response:
    items = question.items(resource)
    return page_answer(question.version, resource, items, page, question.path, question.query)
