"""Many callers, one commit: turns concurrent awaits into one call."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


class Coalesce(Generic[In, Out]):
    """Gathers items while a flush is in flight, and flushes on the next turn of the loop if none is.

    A lone item never waits for a timer. Cancelling a waiter never cancels a flush: its result goes
    to `orphan`, so that nothing done for somebody who left is forgotten. A batch refused because of
    what is in it is halved until the poisoned item stands alone; its neighbours are unharmed.

    Args:
        flush: Takes items, answers one result an item, in order.
        limit: Most items in one flush.
        in_flight: Most flushes at once.
        poison: Exceptions that say that the content of the batch was refused and nothing was done.
        orphan: Takes an item and its result when its waiter was cancelled.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[In]], Awaitable[Sequence[Out]]],
        *,
        limit: int = 200,
        in_flight: int = 1,
        poison: tuple[type[Exception], ...] = (),
        orphan: Callable[[In, Out], None] | None = None,
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._in_flight = in_flight
        self._poison = poison
        self._orphan = orphan
        self._waiting: deque[tuple[In, asyncio.Future[Out]]] = deque()
        self._flushing: set[asyncio.Task[None]] = set()
        self._scheduled = False
        self.flushes = 0
        self.items = 0

    async def __call__(self, item: In) -> Out:
        """Answer the result of `item`, or raise what its flush raised."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Out] = loop.create_future()
        self._waiting.append((item, future))
        if not self._scheduled and len(self._flushing) < self._in_flight:
            self._scheduled = True
            loop.call_soon(self._depart)
        return await future

    async def drain(self) -> None:
        """Wait until nothing is gathered and nothing is in flight."""
        while self._flushing or self._waiting:
            if self._flushing:
                await asyncio.wait(set(self._flushing))
            else:
                await asyncio.sleep(0)

    def _depart(self) -> None:
        self._scheduled = False
        while self._waiting and len(self._flushing) < self._in_flight:
            batch = [self._waiting.popleft() for _ in range(min(self._limit, len(self._waiting)))]
            batch = [(item, future) for item, future in batch if not future.done()]
            if not batch:
                continue
            task = asyncio.get_running_loop().create_task(self._carry(batch))
            self._flushing.add(task)
            task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flushing.discard(task)
        if self._waiting and not self._scheduled:
            self._depart()

    async def _carry(self, batch: list[tuple[In, asyncio.Future[Out]]]) -> None:
        self.flushes += 1
        self.items += len(batch)
        try:
            results = await self._flush([item for item, _ in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"a flush of {len(batch)} was answered by {len(results)}")
        except self._poison as error:
            if len(batch) == 1:
                _fail(batch, error)
                return
            middle = len(batch) // 2
            await self._carry(batch[:middle])
            await self._carry(batch[middle:])
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever the flush raised belongs to its waiters
            _fail(batch, error)
        else:
            self._hand_out(batch, results)

    def _hand_out(self, batch: list[tuple[In, asyncio.Future[Out]]], results: Sequence[Out]) -> None:
        for (item, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
            elif self._orphan is not None:
                # by itself, so that one that raises keeps no neighbour from its answer
                asyncio.get_running_loop().call_soon(self._orphan, item, result)


def _fail(batch: list[tuple[In, asyncio.Future[Out]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
