"""The settings as values: one model a section, each setting documented, each secret hidden."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, SecretStr

from providers import Provider
from router.rules import answer, senders, wording
from router.rules.budget import TOTAL, OnePrice, Prices, Purse, Rates
from router.rules.campaign import Raids
from router.rules.caps import Cap, Caps
from router.rules.estimate import Reviewing
from router.rules.failover import Route, lane
from router.rules.health import Policy as Health
from router.rules.meaning import Scoring
from router.rules.span import Span
from router.settings import spelling
from router.settings.evidence import Evidence
from router.settings.workers import Workers

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Account(BaseModel):
    """Section ``[accounts.NAME]``: one account at one provider."""

    model_config = _STRICT

    provider: str = Field(description="An installed provider; `paravent providers` lists them.")
    settings: Any = Field(default_factory=dict, repr=False, description="What that provider asks for.")
    prices: Prices = Field(
        min_length=1, description='Price of one part by country, such as FR = "0.0725 EUR".'
    )
    receive_price: OnePrice | None = Field(
        default=None, description="What receiving a text costs; left out: nothing."
    )
    budget: Purse = Field(description="The account's own purse.")
    max_in_flight: int = Field(
        default=64, ge=1, le=10_000, description="Sends in flight at once, of the whole fleet."
    )
    calls_per_minute: Annotated[int | Literal["unlimited"], BeforeValidator(spelling.calls)] = Field(
        default="unlimited", description="Calls of any kind a minute, of the whole fleet."
    )
    hook_token: Annotated[spelling.Token, AfterValidator(spelling.in_a_path)] | None = Field(
        default=None, description="Secret part of the webhook path, for a provider that signs nothing."
    )


class Number(BaseModel):
    """Section ``[numbers.NAME]``: one published number, and who answers for it."""

    model_config = _STRICT

    number: Annotated[str, AfterValidator(spelling.number)] = Field(
        repr=False, description="As published, E.164."
    )
    account: str = Field(description="The account its texts come in through.")
    reply_from: Route = Field(description="The account and the sender that answer.")
    fallback: tuple[Route, ...] = Field(
        description="Who answers while `reply_from` cannot, in order; [] for nobody."
    )
    language: str | None = Field(
        default=None, description="The language of its answers; left out, it is guessed from the text."
    )
    delay: tuple[Span, Span] | None = Field(
        default=None, description="Its own delay; left out, that of [replies]."
    )

    @property
    def plan(self) -> tuple[Route, ...]:
        """Every route of this number, the preferred one first."""
        return (self.reply_from, *self.fallback)


class Operator(BaseModel):
    """Section ``[operator]``: whom to tell, and how the operator proves to be one."""

    model_config = _STRICT

    token: spelling.Token | None = Field(default=None, description="Opens the operator API and the console.")
    notify_url: Annotated[SecretStr, AfterValidator(spelling.url)] | None = Field(
        default=None, description="Told by POST when an account is left or comes back."
    )


class Public(BaseModel):
    """Section ``[public]``: a page for everybody, with nothing of anybody."""

    model_config = _STRICT

    enabled: bool = Field(default=False, description="Serve `/public` and `/public.json`, without a token.")
    title: str | None = Field(
        default=None, min_length=1, max_length=80, description="Its heading; left out: a plain one."
    )
    donation_url: Annotated[str, AfterValidator(spelling.donation_url)] | None = Field(
        default=None, description="Where to give; left out: no link."
    )


class Settings(BaseModel):
    """All of `paravent.toml`."""

    model_config = _STRICT

    currency: Annotated[str, AfterValidator(spelling.currency)] = Field(
        default="EUR", description="The ledger's currency, ISO 4217."
    )
    timezone: Annotated[str, AfterValidator(spelling.zone)] = Field(
        default="Europe/Paris", description="Whose midnights, Mondays and firsts begin a purse's window."
    )
    database: Annotated[SecretStr, AfterValidator(spelling.database)] = Field(
        default=SecretStr("embedded"), description='"embedded", or the postgresql:// URL of your own server.'
    )
    data: Path = Field(
        default=Path("paravent-data"), description="Folder of the embedded database, keys and spool."
    )
    postgres_programs: Path | None = Field(
        default=None,
        description="Folder of the embedded database's programs; left out: the wheel's or the system's.",
    )
    public_url: Annotated[str, AfterValidator(spelling.public_url)] | None = Field(
        default=None, description="Where providers reach this door; left out: http:// and `listen`."
    )
    listen: Annotated[str, AfterValidator(spelling.listen)] = Field(
        default="127.0.0.1:8080", description="Where the door opens."
    )
    plugins: frozenset[str] = Field(default=frozenset(), description="Installed plugins that may run.")
    answer_countries: Annotated[frozenset[str], AfterValidator(spelling.countries)] = Field(
        default=frozenset({"FR"}), description="Countries whose numbers are answered, ISO 3166."
    )
    refused_prefixes: tuple[Annotated[str, AfterValidator(spelling.prefix)], ...] = Field(
        default=("+338",), description="Beginnings of numbers that cost extra, never answered."
    )
    rates: Rates = Field(
        default_factory=dict, description="Ledger currency per unit of another, or per credit."
    )
    budget: Purse = Field(description="The purse that all accounts share.")
    accounts: Mapping[str, Account] = Field(min_length=1, description="Who can carry texts.")
    numbers: Mapping[str, Number] = Field(min_length=1, description="The published numbers.")
    replies: answer.Replies = Field(repr=False, description="What is answered and how often.")
    caps: Mapping[str, Cap] = Field(
        default_factory=dict, description="Most answers to a country, to a range, or from a number."
    )
    raids: Raids = Field(default=Raids(), description="When a raid is seen, and how many it may hold.")
    health: Health = Field(default=Health(), description="When an account is left and tried again.")
    abuse: Scoring = Field(default=Scoring(), description="How texts are scored.")
    review: Reviewing = Field(default=Reviewing(), description="The texts that people look at.")
    operator: Operator = Field(default=Operator(), description="Whom to tell, and who may order.")
    public: Public = Field(default=Public(), description="A page for everybody.")
    workers: Workers = Field(default=Workers(), description="How long each step may take.")
    evidence: Evidence = Field(default=Evidence(), description="What came in, so that it can be proved.")

    _providers: dict[str, Provider] = PrivateAttr(default_factory=dict)

    @property
    def providers(self) -> Mapping[str, Provider]:
        """The provider of each account, by the account's name."""
        return self._providers

    @property
    def spool(self) -> Path:
        """Where texts wait while the database is away."""
        return self.data / "spool"

    @property
    def drills(self) -> Path:
        """Where pages of drills are kept, so that the console shows them."""
        return self.data / "drills"

    @property
    def zone(self) -> ZoneInfo:
        """`timezone`, ready for use."""
        return ZoneInfo(self.timezone)

    @property
    def embedded(self) -> bool:
        """Whether the database is our own."""
        return self.database.get_secret_value() == "embedded"

    @property
    def door(self) -> tuple[str, int]:
        """Host and port of `listen`."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def base_url(self) -> str:
        """`public_url`, or the door's own address."""
        return self.public_url or f"http://{self.listen}"

    @property
    def purses(self) -> Mapping[str, Purse]:
        """Every purse by name: the accounts' and ``total``."""
        return {TOTAL: self.budget, **{name: account.budget for name, account in self.accounts.items()}}

    @property
    def lanes(self) -> Mapping[str, str]:
        """The lane of each number: numbers with the same plan share one."""
        return {name: lane(number.plan) for name, number in self.numbers.items()}

    @property
    def answering(self) -> answer.Policy:
        """What `decide` goes by."""
        own = {number.number for number in self.numbers.values()}
        own |= {route.sender for number in self.numbers.values() for route in number.plan}
        return answer.Policy(
            replies=self.replies,
            senders=senders.Policy(
                answer_countries=self.answer_countries,
                refused_prefixes=self.refused_prefixes,
                own_numbers=frozenset(own),
            ),
            languages={name: n.language for name, n in self.numbers.items() if n.language is not None},
            caps=Caps(self.caps, self.zone),
        )

    def delay(self, number: str) -> tuple[timedelta, timedelta]:
        """Shortest and longest wait before a number answers."""
        return self.numbers[number].delay or self.replies.delay

    def lints(self) -> Mapping[tuple[answer.Purpose, str], wording.Lint]:
        """Every reply text measured, by purpose and language."""
        prices = {name: account.prices for name, account in self.accounts.items()}
        texts = {answer.Purpose.ANSWER: self.replies.texts}
        texts[answer.Purpose.STOP_CONFIRMATION] = self.replies.stop_confirmation
        return {
            (purpose, language): wording.lint(text, self.replies.max_parts, prices, self.currency, self.rates)
            for purpose, spelled in texts.items()
            for language, text in spelled.items()
        }


def is_loopback(listen: str) -> bool:
    """Whether only this machine can reach what listens there."""
    host = listen.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
