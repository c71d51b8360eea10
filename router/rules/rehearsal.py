"""What would have become of texts under other settings: every rule again, text by text, and nothing is sent.

House rule: it is played with values alone. Carriers are taken to be well, answers to leave at once and to
cost what the price list says; all else is decided by the rules that decide in earnest.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from math import inf

from router.rules.answer import SAVING, History, Purpose, Reason, Reply, Silence, Text, decide
from router.rules.budget import TOTAL, due_share, window
from router.rules.campaign import SPAN, Bucket, Campaign, Mode, bucket_end, fold
from router.rules.caps import again_at
from router.rules.consent import Consent
from router.rules.holding import Stance, judged, worthless_at
from router.rules.memory import Memory, seen
from router.rules.nights import Added, Heard, Outcome, Terms

_STEP = timedelta(minutes=1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def rehearse(texts: Iterable[Heard], top_ups: Sequence[Added], terms: Terms) -> Outcome:
    """Play these texts, in order, under these terms, and go on until nothing that waits can be answered.

    Args:
        texts: Every stored text of some nights, in the order in which they came.
        top_ups: Money that was added meanwhile.
        terms: The settings that are tried.
    """
    night = _Night(terms, top_ups)
    for end, group in groupby(texts, key=lambda heard: bucket_end(heard.text.received_at)):
        night.pass_until(end - SPAN)
        night.spend(end, list(group))
    night.pass_until(night.now + terms.policy.replies.expiry)
    night.outcome.waiting = len(night.queue) + len(night.put_off) + len(night.kept) + len(night.grave)
    return night.outcome


@dataclass(slots=True)
class _Waits:
    """A text that waits."""

    heard: Heard
    since: datetime
    was_held: bool = False
    was_capped: bool = False


@dataclass(slots=True)
class _Night:
    terms: Terms
    top_ups: Sequence[Added]
    outcome: Outcome = field(default_factory=Outcome)
    now: datetime = _BEGINNING
    queue: list[_Waits] = field(default_factory=list)
    put_off: list[tuple[datetime, _Waits]] = field(default_factory=list)
    kept: deque[_Waits] = field(default_factory=deque)
    grave: list[_Waits] = field(default_factory=list)
    _campaign: Campaign = field(default_factory=Campaign)
    _memory: Memory = field(default_factory=Memory)
    _stance: Stance = field(default_factory=Stance)
    _known: dict[bytes, History] = field(default_factory=dict)
    _used: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    _counted: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    _least: float = 0.0
    _looked: datetime = _BEGINNING

    def pass_until(self, at: datetime) -> None:
        """Time passes without a text: what waits is answered as money and calm come back."""
        if not self.outcome.texts:
            self.now = self._looked = at
        while self.now < at:
            if not (self.queue or self.put_off or self.kept or self.grave):
                self.now = at
                return
            self.now = min(at, self.now + _STEP)
            self._go_on()

    def spend(self, end: datetime, bucket: Sequence[Heard]) -> None:
        """One bucket of texts, ending then; what it teaches counts from the next on."""
        for heard in bucket:
            self.now = heard.text.received_at
            self.outcome.texts += 1
            self.outcome.texters.add(heard.texter)
            self._come(_Waits(heard, self.now))
        counted = [
            seen(one.text.body, one.score, one.text.sender, one.texter, one.text.number) for one in bucket
        ]
        here = Bucket(at=end, texts=len(bucket), flagged=sum(one.flagged for one in counted))
        self._campaign, change = fold(self._campaign, here, self.terms.raids)
        mode = self._campaign.mode
        self._memory = self._memory.after(counted, mode, change)
        line, grave = (
            self._memory.line(mode, share) for share in (self.terms.raids.held, self.terms.raids.grave)
        )
        table = None if mode is Mode.CALM else self._memory.table()
        self._stance = Stance(mode, self._memory.version, line, grave, table)
        self.outcome.raids += [change] if change else []
        self.now = end
        self._go_on()

    def _come(self, waits: _Waits) -> None:
        text, texter = waits.heard.text, waits.heard.texter
        decision = decide(text, self._known.get(texter, History()), self.terms.policy, self.now)
        if decision.consent is not None:
            left = self.now if decision.consent is Consent.OPT_OUT else None
            self._known[texter] = replace(self._known.get(texter, History()), opted_out_at=left)
        if isinstance(decision, Silence):
            self._silent(waits, decision.reason)
            return
        place = judged(text.body, decision.purpose, self._stance)
        if place is not None and place.held:
            self.outcome.held += 1
            self.outcome.grave += place.grave
            (self.grave if place.grave else self.kept).append(replace(waits, since=self.now, was_held=True))
        elif not self._answer(waits, decision):
            self.queue.append(waits)

    def _answer(self, waits: _Waits, reply: Reply) -> bool:
        """Answer, or put off by a cap; False where no purse pays for it."""
        text, texter = waits.heard.text, waits.heard.texter
        account, price = self._through(text, reply)
        if account is None:
            return False
        slots = self.terms.policy.caps.over(text.number, text.sender, self.now)
        if any(self._counted[slot.cap, slot.starts_at] >= slot.answers for slot in slots):
            self.outcome.capped += not waits.was_capped
            self.put_off.append((again_at(slots, text.expires_at), replace(waits, was_capped=True)))
            return True
        for slot in slots:
            self._counted[slot.cap, slot.starts_at] += 1
        for purse in (account, TOTAL):
            self._used[purse, self._start(purse)] += price
        self.outcome.spent[account] += price
        self.outcome.answered.add(texter)
        self.outcome.let_go += waits.was_held
        self.outcome.waits.append((self.now - text.received_at).total_seconds())
        self._known[texter] = self._granted(self._known.get(texter, History()), reply.purpose)
        return True

    def _granted(self, known: History, purpose: Purpose) -> History:
        if purpose is Purpose.STOP_CONFIRMATION:
            return replace(known, stop_confirmed=True)
        allowed = self.now + self.terms.policy.replies.period
        return replace(known, next_allowed_at=allowed, answered=known.answered + 1)

    def _through(self, text: Text, reply: Reply) -> tuple[str | None, int]:
        for account in self.terms.plans[text.number]:
            price = self.terms.price(account, text.sender, reply.text)
            self._least = min(self._least or inf, price or inf)
            if price is not None and price <= min(self._room(account), self._room(TOTAL)):
                return account, price
        return None, 0

    def _room(self, name: str) -> float:
        purse, start = self.terms.purses[name], self._start(name)
        if purse.micros is None:
            return inf
        here = window(purse.period, self.now, self.terms.zone)
        added = sum(
            top.micros
            for top in self.top_ups
            if top.purse == name
            and here.start <= top.at <= self.now
            and (here.end is None or top.at < here.end)
        )
        share = due_share(here, self.now) if purse.spread else 1.0
        return (purse.micros + added) * share - self._used[name, start]

    def _start(self, purse: str) -> datetime:
        return window(self.terms.purses[purse].period, self.now, self.terms.zone).start

    def _go_on(self) -> None:
        """What waits, as far as the money goes: the newest first, and in calm the held, the oldest first."""
        due = [waits for at, waits in self.put_off if at <= self.now]
        self.put_off = [(at, waits) for at, waits in self.put_off if at > self.now]
        self.queue += due
        if self.queue and self._pays():
            waiting, self.queue = self.queue, []
            for waits in sorted(waiting, key=self._order):
                if self._pays():
                    self._come(waits)
                else:
                    self.queue.append(waits)
        while self.kept and self._campaign.mode is Mode.CALM and not self.queue and self._pays():
            waits = self.kept.popleft()
            text = waits.heard.text
            later = replace(text, expires_at=text.expires_at + (self.now - waits.since))
            self._come(replace(waits, heard=replace(waits.heard, text=later)))
        if self.now - self._looked >= _STEP:
            self._looked = self.now
            self.queue = [waits for waits in self.queue if not self._worthless(waits)]
            self._forgo()

    def _forgo(self) -> None:
        """The gravest of the held wait for an operator, and nobody acts in a rehearsal: they expire."""
        calm = self._campaign.since
        if calm is None or self._campaign.mode is Mode.RAID:
            return
        waiting, self.grave = self.grave, []
        for waits in waiting:
            if self.now < worthless_at(waits.heard.text.expires_at, waits.since, calm):
                self.grave.append(waits)
            else:
                self._silent(waits, Reason.EXPIRED)

    def _order(self, waits: _Waits) -> tuple[bool, float]:
        known = self._known.get(waits.heard.texter, History())
        return known.answered > 0, -waits.heard.text.received_at.timestamp()

    def _pays(self) -> bool:
        """Whether there is money for the cheapest answer that was asked for so far."""
        most = max((self._room(name) for name in self._accounts()), default=0.0)
        return min(most, self._room(TOTAL)) >= self._least

    def _accounts(self) -> set[str]:
        return {account for plan in self.terms.plans.values() for account in plan}

    def _worthless(self, waits: _Waits) -> bool:
        if self.now < waits.heard.text.expires_at:
            return False
        self._silent(waits, Reason.EXPIRED)
        return True

    def _silent(self, waits: _Waits, reason: Reason) -> None:
        text = waits.heard.text
        if reason is Reason.EXPIRED and waits.was_capped:
            reason = Reason.CAPPED
        self.outcome.silences[reason] += 1
        if reason in SAVING:
            words = next(iter(self.terms.policy.replies.texts.values()))
            price = self.terms.price(self.terms.plans[text.number][0], text.sender, words)
            self.outcome.saved += price or 0
