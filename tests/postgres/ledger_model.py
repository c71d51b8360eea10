"""What the ledger should do, in plain Python: one process, no locks, nothing but the rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

LIVE = {"open", "unknown", "accepted", "written_off"}


@dataclass
class Window:
    """One window of a purse; `cap` is None where it is unlimited."""

    cap: int | None
    high: int
    reserved: int = 0
    spent: int = 0
    overrun: int = 0

    def change_cap(self, cap: int | None) -> None:
        if cap is not None:
            used = self.reserved + self.spent - self.overrun if self.cap is None else 0
            self.high = max(self.high, cap, used)
        self.cap = cap

    def fits(self, estimate: int) -> bool:
        return self.cap is None or self.cap - self.reserved - self.spent >= estimate


@dataclass
class Texter:
    """Whom one grant a period is given."""

    answered: int = 0
    next_allowed: datetime | None = None
    holder: int | None = None
    before: datetime | None = None


@dataclass
class Try:
    """One attempt."""

    reference: str
    reply: int
    estimate: int
    next_allowed: datetime
    windows: tuple[tuple[str, datetime], tuple[str, datetime]]
    state: str = "open"
    spent: int = 0
    rank: int = -1


@dataclass
class Answer:
    """One reply."""

    number: int
    texter: int
    priority: int
    state: str
    owner: int | None = None
    fence: int = 0
    requeued: bool = False
    tries: list[Try] = field(default_factory=list)

    def go(self, state: str) -> None:
        self.state = state
        if state not in {"claimed", "sending"}:
            self.owner = None


@dataclass
class Word:
    """What is said of an attempt, as `Proof` says it."""

    attempt: Try
    outcome: str
    price: int | None
    rank: int | None
    then: str


@dataclass
class Model:
    """All of it."""

    caps: dict[str, int | None]
    replies: dict[int, Answer] = field(default_factory=dict)
    texters: dict[int, Texter] = field(default_factory=dict)
    windows: dict[tuple[str, datetime], Window] = field(default_factory=dict)

    def window(self, key: tuple[str, datetime]) -> Window:
        if key not in self.windows:
            cap = self.caps[key[0]]
            self.windows[key] = Window(cap, cap or 0)
        return self.windows[key]

    def was_answered(self, texter: int) -> bool:
        """As far as the database knows: a send that is under way counts."""
        return self.texters.get(texter, Texter()).answered > 0

    def arm(
        self, tries: list[Try], order: list[tuple[int, str]], now: datetime, ceiling: int, most: int
    ) -> list[str]:
        """Best first; `order` is priority and id of each."""
        verdicts = [""] * len(tries)
        met: set[int] = set()
        for attempt in tries:
            for key in attempt.windows:
                self.window(key)
        before = {number: Texter(**vars(texter)) for number, texter in self.texters.items()}
        for place in sorted(range(len(tries)), key=order.__getitem__):
            attempt = tries[place]
            answer = self.replies[attempt.reply]
            known = before.get(answer.texter, Texter())
            account, total = (self.window(key) for key in attempt.windows)
            flying = sum(
                one.state == "open" and one.windows[0][0] == attempt.windows[0][0]
                for reply in self.replies.values()
                for one in reply.tries
            )
            if known.answered >= ceiling:
                verdict = "lifetime"
            elif known.next_allowed is not None and known.next_allowed > now:
                verdict = "cooldown"
            elif answer.texter in met:
                verdict = "busy"
            elif not total.fits(attempt.estimate):
                verdict = "total_purse"
            elif not account.fits(attempt.estimate):
                verdict = "account_purse"
            elif flying >= most:
                verdict = "in_flight"
            else:
                verdict = "armed"
                self._board(answer, attempt)
            met.add(answer.texter)
            verdicts[place] = verdict
        return verdicts

    def _board(self, answer: Answer, attempt: Try) -> None:
        for key in attempt.windows:
            self.window(key).reserved += attempt.estimate
        texter = self.texters.setdefault(answer.texter, Texter())
        texter.holder, texter.before = answer.number, texter.next_allowed
        texter.next_allowed = attempt.next_allowed
        texter.answered += 1
        answer.tries.append(attempt)
        answer.state = "sending"
        answer.fence += 1

    def settle(self, words: list[Word]) -> list[str]:
        """Words on one reply are heard in turn; in a turn, what frees money comes before what takes it."""
        found = [""] * len(words)
        places = list(range(len(words)))
        while places:
            first: dict[int, int] = {}
            for place in places:
                first.setdefault(words[place].attempt.reply, place)
            turn = list(first.values())
            nets = [(words[place].attempt, self._hear(words[place])) for place in turn]
            for attempt, (reserved, spent) in sorted(nets, key=lambda one: sum(one[1]) > 0):
                for key in attempt.windows:
                    self._book(self.window(key), reserved, spent)
            for place in turn:
                found[place] = self.replies[words[place].attempt.reply].state
            places = [place for place in places if place not in turn]
        return found

    def _book(self, window: Window, reserved: int, spent: int) -> None:
        net = reserved + spent
        slack = window.high - (window.reserved + window.spent - window.overrun)
        if window.cap is not None and net > 0:
            window.overrun += max(0, net - max(0, slack))
        window.reserved += reserved
        window.spent += spent

    def _hear(self, word: Word) -> tuple[int, int]:
        """What it does to reserved and spent."""
        attempt, outcome = word.attempt, word.outcome
        answer = self.replies[attempt.reply]
        old = word.rank is not None and word.rank <= attempt.rank and outcome != "accepted"
        disproved = (word.rank or 0) <= attempt.rank and attempt.state == "refused"
        attempt.rank = max(attempt.rank, -1 if word.rank is None else word.rank)
        if old or disproved:
            return 0, 0
        match outcome, attempt.state:
            case "accepted", _:
                return self._arrived(attempt, answer, word.price)
            case ("refused" | "unsent", "open" | "unknown") | ("unsent", "accepted" | "written_off"):
                closed = attempt.state in {"accepted", "written_off"}
                self._unsent(attempt, answer, word)
                return self._spend(attempt, word.price or 0, 0) if closed else (-attempt.estimate, 0)
            case "written_off", "unknown":
                attempt.state = "written_off"
                answer.go("abandoned")
                return self._spend(attempt, None, -attempt.estimate)
            case "unknown", "open":
                attempt.state = "unknown"
                answer.go("in_doubt")
        return 0, 0

    def _arrived(self, attempt: Try, answer: Answer, price: int | None) -> tuple[int, int]:
        match attempt.state:
            case "open" | "unknown":
                attempt.state = "accepted"
                answer.go("accepted")
                return self._spend(attempt, price, -attempt.estimate)
            case "refused":
                self._late(attempt, answer)
                return self._spend(attempt, price, 0)
            case "written_off":
                attempt.state = "accepted"
                answer.go("accepted")
        return self._spend(attempt, attempt.spent if price is None else price, 0)

    def _spend(self, attempt: Try, price: int | None, reserved: int) -> tuple[int, int]:
        due = attempt.estimate if price is None else price
        change, attempt.spent = due - attempt.spent, due
        return reserved, change

    def _late(self, attempt: Try, answer: Answer) -> None:
        if any(other.state in LIVE for other in answer.tries):
            attempt.state = "double"
            return
        attempt.state = "accepted"
        answer.go("accepted")
        texter = self.texters[answer.texter]
        texter.answered += 1
        texter.next_allowed = max(filter(None, (texter.next_allowed, attempt.next_allowed)))
        if texter.holder is not None:  # what is given back later gives no more than what was before
            texter.before = max(filter(None, (texter.before, attempt.next_allowed)))

    def _unsent(self, attempt: Try, answer: Answer, word: Word) -> None:
        sending = attempt.state == "open"
        was, attempt.state = attempt.state, "refused"
        proven, requeued = word.outcome == "unsent", answer.requeued
        answer.requeued |= proven
        doubles = sorted(
            (one for one in answer.tries if one.state == "double"), key=lambda one: one.reference
        )
        if doubles:
            doubles[0].state = "accepted"
            answer.go("accepted")
            return
        if proven:
            answer.go("failed" if requeued else "queued")
        else:
            assert was in {"open", "unknown"}
            answer.go(word.then if sending or word.then not in {"claimed", "delayed"} else "queued")
        texter = self.texters[answer.texter]
        texter.answered -= 1
        if texter.holder == answer.number:
            texter.next_allowed, texter.holder, texter.before = texter.before, None, None
