"""Speaking to Clever: tokens by district id, patience, politeness. What the lists hold is in `records.py`."""

from __future__ import annotations

import codecs
import random as chance
import ssl
import time
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Self

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from roster_pipeline.errors import DistrictNotShown, SourceBroken, SourceUnreachable
from roster_pipeline.extract.answers import TRIES, TransientError, judge, waits
from roster_pipeline.extract.envelope import DistrictAnswer, TokenList, read_answer
from roster_pipeline.extract.paging import next_page
from roster_pipeline.extract.rate import RateWindow
from roster_pipeline.model.feed import District

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from roster_pipeline.extract.envelope import TokenEntry

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""Seconds. 60 is between two pieces of an answer, not for all of it: pages of 10 MB and more are normal."""
LONGEST_ANSWER = 300.0
"""Seconds that all of an answer may take: one that trickles for ever would keep its district's lock for ever."""
LARGEST_ANSWER = 512 * 2**20
"""Bytes of an answer, unpacked."""
IDS_SHOWN = 20
CONNECTIONS = "Clever's list of connections"


@dataclass(frozen=True)
class CleverAccess:
    """Where Clever is and who we are there.

    Attributes:
        api_url: host of the lists, without the version.
        auth_url: host of `/oauth/tokens`.
        api_version: `v3.1` or `v3.0`.
        client_secret: never shown in repr.
    """

    api_url: str
    auth_url: str
    api_version: str
    client_id: str
    client_secret: str = field(repr=False)

    @property
    def lists(self) -> httpx.URL:
        """The address below which every list is."""
        return httpx.URL(f"{self.api_url.rstrip('/')}/{self.api_version}/")

    @property
    def tokens(self) -> httpx.URL:
        return httpx.URL(f"{self.auth_url.rstrip('/')}/oauth/tokens", params={"owner_type": "district"})


class _Bearer(httpx.Auth):
    """The token as a header, kept out of every repr."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header
        yield request


@dataclass(frozen=True)
class DistrictConnection:
    """One district's lists, through the token that Clever gave for it in this run."""

    client: CleverClient
    district_id: str
    token: str = field(repr=False)

    def get(self, url: httpx.URL) -> bytes:
        """The body of one answer.

        Raises:
            SourceUnreachable: nothing but transient faults, try after try.
            SourceRefused: Clever said no.
            SourceBroken: a status that no list has.
        """
        return self.client.ask(url, _Bearer(self.token), self.district_id)

    def district(self) -> District:
        """The district as Clever describes it now.

        Raises:
            SourceUnusable: as `get`; SourceBroken too if the answer is about another district.
        """
        what = f"District {self.district_id}"
        body = self.get(self.client.access.lists.join(f"districts/{self.district_id}"))
        answer = read_answer(body, DistrictAnswer, what).data
        if answer.id != self.district_id:
            raise SourceBroken(f"{what}: Clever answered with another district; nothing was read.")
        return answer.described()


class CleverClient:
    """A context manager that holds the open connections. Safe to use from several threads.

    Args:
        access: hosts and credentials.
        transport: replaces the network, in tests.
        sleep, clock, random: seconds to wait, unix seconds now, a number of [0, 1) for jitter.
    """

    def __init__(
        self,
        access: CleverAccess,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        random: Callable[[], float] = chance.random,
    ) -> None:
        self.access = access
        self._http = httpx.Client(transport=transport, timeout=TIMEOUT, verify=_trusted())
        self._sleep, self._clock, self._random = sleep, clock, random
        self._windows: dict[str, RateWindow] = {}
        self._connections: dict[str, DistrictConnection] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def shared_districts(self) -> tuple[str, ...]:
        """The ids of the districts that this connection shows, in ascending order.

        Raises:
            SourceUnusable: Clever did not give the list.
        """
        return tuple(self.connections())

    def connections(self) -> dict[str, DistrictConnection]:
        """A connection for each district that Clever shows, by id in ascending order; the list has the tokens.

        Raises:
            SourceUnusable: Clever did not give the list.
        """
        tokens = self._tokens(self.access.tokens)
        return {each: DistrictConnection(self, each, tokens[each]) for each in sorted(tokens)}

    def connection(self, district_id: str) -> DistrictConnection:
        """The district's connection, looked up once a client; tokens rotate, so no client outlives a run.

        Raises:
            DistrictNotShown: Clever shows this connection no such district; the message lists those it shows.
            SourceUnusable: Clever did not give the token.
        """
        if district_id not in self._connections:
            self._connections[district_id] = self._look_up(district_id)
        return self._connections[district_id]

    def _look_up(self, district_id: str) -> DistrictConnection:
        token = self._tokens(self.access.tokens.copy_set_param("district", district_id)).get(district_id)
        if token is not None:
            return DistrictConnection(self, district_id, token)
        shown = self.connections()
        if district_id not in shown:
            raise DistrictNotShown(_unknown(district_id, tuple(shown)), tuple(shown))
        return shown[district_id]

    def district(self, district_id: str) -> District:
        """The district as Clever describes it now; raises as `connection` and `DistrictConnection.get`."""
        return self.connection(district_id).district()

    def _tokens(self, url: httpx.URL | None) -> dict[str, str]:
        """The newest token of each district. Whether this list is paged is unknown (clever-api.md §14.4)."""
        credentials = httpx.BasicAuth(self.access.client_id, self.access.client_secret)
        entries: list[TokenEntry] = []
        while url is not None:
            answer = read_answer(self.ask(url, credentials, None), TokenList, CONNECTIONS)
            entries += answer.data
            url = next_page(url, answer.links, CONNECTIONS)
        entries.sort(key=lambda entry: entry.created or "")
        return {e.owner.id: e.access_token for e in entries if e.owner.type == "district" and e.access_token}

    def ask(self, url: httpx.URL, who: httpx.Auth, district_id: str | None) -> bytes:
        """One answer's body, with retries, within its token's rate; raises as `DistrictConnection.get`."""
        what = f"District {district_id}, {url.path}" if district_id else CONNECTIONS
        window = self._windows.setdefault(district_id or "", RateWindow(self._sleep, self._clock))
        retrying = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=waits(self._clock, self._random),
            retry=retry_if_exception_type(TransientError),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, url, who, window, what)
        except TransientError as fault:
            raise SourceUnreachable(
                f"{what}: no good answer in {TRIES} tries, at last {fault}; see status.clever.com, run again."
            ) from None

    def _once(self, url: httpx.URL, who: httpx.Auth, window: RateWindow, what: str) -> bytes:
        window.take()
        try:
            with self._http.stream("GET", url, auth=who) as answer:
                judge(answer, what)
                return _read(answer, what).removeprefix(codecs.BOM_UTF8)
        except (httpx.TransportError, httpx.DecodingError) as fault:
            # The name of the fault only: its text may repeat what was sent.
            raise TransientError(type(fault).__name__) from None


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once a process: reading them takes as long as many an answer."""
    return httpx.create_ssl_context()


def _read(answer: httpx.Response, what: str) -> bytes:
    """The body to its end, if it has one.

    Raises:
        TransientError: it takes longer than an answer may.
        SourceBroken: it is larger than any page.
    """
    pieces, size, until = [], 0, time.monotonic() + LONGEST_ANSWER
    for piece in answer.iter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise SourceBroken(f"{what}: an answer of more than {LARGEST_ANSWER:,} bytes; check the Clever address.")
        if time.monotonic() > until:
            raise TransientError(f"an answer that took over {LONGEST_ANSWER:.0f} seconds")
    return b"".join(pieces)


def _unknown(district_id: str, shown: tuple[str, ...]) -> str:
    listed = ", ".join(shown[:IDS_SHOWN]) + (", …" if len(shown) > IDS_SHOWN else "")
    return (
        f"District {district_id} is not among the {len(shown)} districts that this Clever connection shows"
        f"{': ' + listed if shown else ''}."
    )
