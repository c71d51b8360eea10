"""Carries webhooks to the router: on time, a bounded number at once, with each carrier's own insistence."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import aiohttp
from yarl import URL

_AT_ONCE = 64
_WAIT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Post:
    """One webhook, sent exactly as given: URL already encoded, body already bytes."""

    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"


@dataclass(eq=False, slots=True)
class Errand:
    """Webhooks to be carried.

    Args:
        build: Makes the posts anew at each try, so that timestamps and signatures are fresh.
        told: Is told of every answer: an HTTP status, None where there was none.
        retries: Seconds to wait before each further try; as many tries as there are waits.
        done: Is given the last status of the first try.
    """

    build: Callable[[], Sequence[Post]]
    told: Callable[[int | None], None]
    retries: Sequence[float] = ()
    done: asyncio.Future[int | None] | None = None
    tries: int = 0
    left: set[int] | None = None


class Courier:
    """A timetable, and a few runners who post what is due.

    Args:
        pace: Simulated seconds that pass in a real one; above 1 drills go faster.
    """

    def __init__(self, pace: float = 1.0) -> None:
        self._pace = pace
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._errands: asyncio.Queue[Errand] = asyncio.Queue()
        self._sooner = asyncio.Event()
        self._idle = asyncio.Event()
        self._open = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Start to keep time and to run."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_AT_ONCE),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=_WAIT_SECONDS),
            trust_env=False,
        )
        self._tasks = [asyncio.create_task(self._keep_time())]
        self._tasks += [asyncio.create_task(self._run(self._session)) for _ in range(_AT_ONCE)]

    async def stop(self) -> None:
        """Stop; what is still under way is dropped. A fault of a dialect's own surfaces here."""
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._session:
            await self._session.close()
        for end in ended:
            if isinstance(end, Exception):
                raise end

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something after so many simulated seconds."""
        self._begin()
        due = asyncio.get_running_loop().time() + seconds / self._pace
        heapq.heappush(self._due, (due, next(self._order), act))
        if self._due[0][0] == due:
            self._sooner.set()

    def post(self, errand: Errand) -> None:
        """Carry webhooks as soon as a runner is free."""
        self._begin()
        self._errands.put_nowait(errand)

    async def idle(self, seconds: float) -> None:
        """Wait until nothing is due and nothing is under way, retries included.

        Raises:
            TimeoutError: It was not so within `seconds` real seconds.
        """
        async with asyncio.timeout(seconds):
            while self._open:
                self._idle.clear()
                await self._idle.wait()
                for task in self._tasks:
                    if task.done():
                        task.result()

    def _begin(self) -> None:
        self._open += 1

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self._idle.set()
            raise
        self._open -= 1
        if not self._open:
            self._idle.set()

    async def _keep_time(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._sooner.clear()
            while self._due and self._due[0][0] <= loop.time():
                act = heapq.heappop(self._due)[2]
                with self._counted():
                    act()
            wait = self._due[0][0] - loop.time() if self._due else None
            try:
                async with asyncio.timeout(wait):
                    await self._sooner.wait()
            except TimeoutError:
                continue

    async def _run(self, session: aiohttp.ClientSession) -> None:
        while True:
            errand = await self._errands.get()
            with self._counted():
                await self._carry(session, errand)

    async def _carry(self, session: aiohttp.ClientSession, errand: Errand) -> None:
        posts = errand.build()
        errand.left = set(range(len(posts))) if errand.left is None else errand.left
        status: int | None = None
        for index in sorted(errand.left):
            status = await _post(session, posts[index])
            errand.told(status)
            if status is not None and 200 <= status < 300:  # noqa: PLR2004 - what HTTP calls success
                errand.left.discard(index)
        if errand.done and not errand.done.done():
            errand.done.set_result(status)
        if errand.left and errand.tries < len(errand.retries):
            wait = errand.retries[errand.tries]
            errand.tries += 1
            self.later(wait, lambda: self.post(errand))


class TurnedCourier(Courier):
    """A courier whose timetable is turned by hand, for who sets the time himself."""

    def __init__(self, now: float) -> None:
        """Begin at this time, in seconds."""
        super().__init__()
        self._now = now

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something once the time was turned on by so many seconds."""
        heapq.heappush(self._due, (self._now + seconds, next(self._order), act))

    def turn(self, now: float) -> int:
        """Go on to this time, in seconds, and do what was due by then; answer how much it was."""
        done = 0
        while self._due and self._due[0][0] <= now:
            self._now, _, act = heapq.heappop(self._due)
            act()
            done += 1
        self._now = now
        return done

    async def _keep_time(self) -> None:
        """Nobody waits for what is turned by hand."""


async def _post(session: aiohttp.ClientSession, post: Post) -> int | None:
    try:
        async with session.request(
            post.method,
            URL(post.url, encoded=True),
            data=post.body or None,
            headers=post.headers,
            allow_redirects=False,
        ) as answer:
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
