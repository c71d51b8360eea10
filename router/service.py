"""One process of the router, put together: settings in, a running worker, its sweep and its door out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from socket import socket
from uuid import uuid4

from providers import Ability, Price
from router.departures import Departures
from router.gates import Gates
from router.metrics import Metrics
from router.office import Account, Number, Office, Purses
from router.postgres.accounts import Accounts, Facts
from router.postgres.allowance import Allowance
from router.postgres.desk import Desk
from router.postgres.inbox import Inbox
from router.postgres.ledger import Ledger
from router.postgres.pool import DatabaseAwayError, Pool
from router.postgres.purses import Purses as PurseRows
from router.postgres.standing import ROUTER
from router.rules import abuse, budget, meaning
from router.rules.story import Story
from router.settings import Settings
from router.settings.door import terms
from router.settings.proof import proving, seals
from router.spool import Spool
from router.sweep import Ears, Sweep
from router.sweep import Terms as SweepTerms
from router.vault import Vault, VaultError
from router.vitals import Vitals
from router.watch import Watch
from router.web import Lately, app, serve
from router.web.terms import Phone
from router.wire import AioWire
from router.worker import Worker

_PATIENCE = 5.0


def wall_clock() -> datetime:
    """Business time outside drills."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Service:
    """What runs in one process."""

    settings: Settings
    pool: Pool
    office: Office
    inbox: Inbox
    watch: Watch
    worker: Worker
    sweep: Sweep
    spool: Spool
    wire: AioWire


@asynccontextmanager
async def running(
    settings: Settings,
    dsn: str,
    *,
    now: Callable[[], datetime] = wall_clock,
    tell: Callable[[Story], Awaitable[None]] | None = None,
    ears: Ears | None = None,
) -> AsyncIterator[Service]:
    """Run a worker, its watch and its sweep until the block ends; then stop gracefully.

    Args:
        settings: As loaded.
        dsn: The database, migrated.
        now: Business time.
        tell: Told every story.
        ears: Hear what the sweep brings about.
    """
    async with Pool(dsn, application=ROUTER) as pool:
        service = _compose(settings, pool, now, tell, ears or Ears())
        await _look_round(service)
        tasks = [asyncio.create_task(service.watch.run()), asyncio.create_task(service.worker.run())]
        try:
            async with service.sweep:
                yield service
        finally:
            await service.worker.stop(settings.workers.call_deadline.total_seconds() + 5)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await service.watch.drain()
            await service.office.desk.drain()
            service.spool.close()
            await service.wire.close()


async def _look_round(service: Service) -> None:
    """Know who carries, and whether a raid is on, before the first text is claimed.

    Where that cannot be known in time the door opens all the same, over the spool.
    """
    with suppress(DatabaseAwayError, TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await service.watch.refresh()
            with suppress(VaultError):  # what a raid is judged by was sealed by keys that are gone
                await service.sweep.raid.know()


@asynccontextmanager
async def house(
    settings: Settings,
    dsn: str,
    door: socket,
    *,
    now: Callable[[], datetime] = wall_clock,
    phone: Phone | None = None,
    hear: Callable[[Story], None] = lambda _story: None,
    processes: int = 1,
) -> AsyncIterator[Service]:
    """Run a whole process: `running`, its metrics, and its door open on a listening socket.

    Args:
        settings: As loaded.
        dsn: The database, migrated.
        door: Bound where the door is to be; it stays the caller's.
        now: Business time.
        phone: The demo's telephone.
        hear: Told every story, beside the metrics.
        processes: How many are to run on this door, this one included.
    """
    metrics = Metrics(settings.accounts, _numbers(settings).values(), settings.currency)
    lately = Lately()

    async def tell(story: Story) -> None:
        metrics.fold(story)
        lately.fold(story)
        hear(story)

    async with running(settings, dsn, now=now, tell=tell, ears=_ears(metrics)) as service:
        application = app(
            service.office,
            service.worker,
            metrics,
            service.pool,
            terms(settings),
            service.spool,
            lately=lately,
            phone=phone,
            receipts_waiting=service.sweep.receipts_waiting,
            seals=seals(settings, service.office.vault),
        )
        runner = await serve(application, sock=door)
        try:
            async with Vitals(metrics.machine, service.pool, service.office.desk, processes):
                yield service
        finally:
            await runner.cleanup()


def _ears(metrics: Metrics) -> Ears:
    return Ears(
        silenced=metrics.silenced,
        held=metrics.held,
        delivered=metrics.delivered,
        put_away=metrics.put_away,
        received=partial(metrics.received, fresh=True),
        receipt=metrics.receipt,
    )


def _compose(
    settings: Settings,
    pool: Pool,
    now: Callable[[], datetime],
    tell: Callable[[Story], Awaitable[None]] | None,
    ears: Ears,
) -> Service:
    owner, lease = uuid4(), settings.workers.lease
    purses = Purses.of(settings.purses, settings.zone)
    accounts, allowance = Accounts(pool), Allowance(pool, _calls(settings))
    inbox = Inbox(owner, lease)
    wire = AioWire(deadline=settings.workers.call_deadline.total_seconds())
    office = Office(
        owner=owner,
        accounts=_accounts(settings),
        numbers=_numbers(settings),
        policy=settings.answering,
        purses=purses,
        currency=settings.currency,
        rates=settings.rates,
        desk=Desk(pool, inbox, Ledger(owner, lease), now),
        vault=Vault.in_folder(settings.data, settings.evidence.offline_key),
        wire=wire,
        departures=Departures(
            settings.providers,
            wire,
            now,
            places={name: account.max_in_flight for name, account in settings.accounts.items()},
            wait=allowance.wait,
        ),
        now=now,
        lease=lease,
        call_deadline=settings.workers.call_deadline,
        facts=Facts(read_at=wall_clock()),
        scorer=meaning.score if settings.abuse.encoder else abuse.score,
        raids=settings.raids,
    )

    async def prepare() -> None:
        windows = {name: purses.window(name, now()) for name in settings.purses}
        await PurseRows(pool).sync(settings.purses, windows)

    watch = Watch(office, accounts, settings.health, prepare)
    office.heed = watch.heed
    gates, tell = Gates(office, settings.workers.slope), tell or _nobody
    places = 2 * sum(account.max_in_flight for account in settings.accounts.values())
    worker = Worker(office, gates, inbox, pool.line(), tell, places=places, batch=settings.workers.batch)
    spool = Spool(settings.spool, office.vault)
    sweep = Sweep(
        office=office,
        watch=watch,
        worker=worker,
        inbox=inbox,
        pool=pool,
        allowance=allowance,
        terms=_sweep_terms(settings),
        ears=ears,
        spool=spool,
        proving=proving(settings, office.vault, wire),
    )
    return Service(settings, pool, office, inbox, watch, worker, sweep, spool, wire)


def _sweep_terms(settings: Settings) -> SweepTerms:
    notify = settings.operator.notify_url
    return SweepTerms(
        write_off=settings.workers.write_off,
        poll_every=settings.workers.poll_every,
        prove_within=settings.workers.prove_within,
        spread=frozenset(name for name, purse in settings.purses.items() if purse.spread),
        notify_url=None if notify is None else notify.get_secret_value(),
    )


def _calls(settings: Settings) -> dict[str, int | None]:
    said = {name: account.calls_per_minute for name, account in settings.accounts.items()}
    return {name: None if calls == "unlimited" else calls for name, calls in said.items()}


async def _nobody(_story: Story) -> None:
    """Listens to no story."""


def hook_url(settings: Settings, account: str) -> str:
    """Where a provider posts, up to ``/inbound`` or ``/receipt``; a secret, if the provider signs nothing."""
    token = settings.accounts[account].hook_token
    signs = Ability.SIGNED_WEBHOOKS in settings.providers[account].abilities
    path = account if signs or token is None else f"{account}/{token.get_secret_value()}"
    return f"{settings.base_url}/hooks/{path}"


def _accounts(settings: Settings) -> dict[str, Account]:
    return {
        name: Account(
            name=name,
            provider=settings.providers[name],
            prices=account.prices,
            max_in_flight=account.max_in_flight,
            max_in_doubt=settings.workers.max_in_doubt,
            receipt_url=f"{hook_url(settings, name)}/receipt",
            receive_price=_converted(account.receive_price, settings),
        )
        for name, account in settings.accounts.items()
    }


def _converted(price: Price | None, settings: Settings) -> budget.Money | None:
    if price is None:
        return None
    return budget.convert(price, settings.currency, settings.rates, budget.Rounding.HALF_EVEN)


def _numbers(settings: Settings) -> dict[str, Number]:
    return {
        name: Number(
            name=name,
            e164=number.number,
            account=number.account,
            plan=number.plan,
            lane=settings.lanes[name],
            delay=settings.delay(name),
        )
        for name, number in settings.numbers.items()
    }
