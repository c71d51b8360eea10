"""Every parser and verifier against bytes that nobody meant: `python -m tests.faults.fuzz --cases 1000000`.

No case may raise anything but what the contract names, and none may be believed that was changed on the way.
The same seed makes the same cases.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from uuid import NAMESPACE_URL

from providers import Ability, Hook, Response
from providers.contract import gsm7
from providers.contract.conformance.subject import Subject, error_of
from providers.contract.wire import WebhookError
from router.plugins import load as load_plugins
from router.settings import SettingsError, load
from router.spool.line import open_line, seal_line
from router.stage import signpost
from router.stage.cast import cast
from router.vault import Vault, VaultError
from tests.postgres.scene import text
from tests.providers.test_ovh import TestOvh
from tests.providers.test_twilio import TestTwilio
from tests.providers.vonage.test_conformance import TestMessages, TestSmsApiForm

Luck = random.Random
Target = Callable[[Luck], None]
_ODD = (b"\0", b"\xff\xfe", b"%00", b"%ud800", b"\\ud800", b"1e999", b"-1", b"NaN", b"[" * 2_000, b"{}", b"&")
_PLUGINS = load_plugins(())
_VAULT = Vault([b"k" * 32])


class Wrong(AssertionError):
    """What must never happen."""


def mutated(luck: Luck, data: bytes) -> bytes:
    """The same bytes, changed in one to four places."""
    out = bytearray(data)
    for _ in range(luck.randint(1, 4)):
        place, length = luck.randint(0, len(out)), luck.choice((1, 1, 2, 8, 40))
        match luck.randrange(6):
            case 0:
                out[place : place + length] = b""
            case 1:
                out[place:place] = luck.randbytes(length)
            case 2:
                out[place : place + length] = luck.choice(_ODD)
            case 3:
                out[place:place] = out[: luck.randint(0, 200)]
            case 4 if out:
                out[place % len(out)] ^= 1 << luck.randrange(8)
            case _:
                out[place : place + length] = luck.randbytes(length)
    return bytes(out)


def words(luck: Luck, most: int = 40) -> str:
    """Any characters, lone surrogates and controls among them."""
    ranges = ((0, 0x20), (0x20, 0x7F), (0xA0, 0x2FF), (0x2000, 0x20FF), (0xD800, 0xDFFF), (0x1F300, 0x1FAFF))
    return "".join(chr(luck.randint(*luck.choice(ranges))) for _ in range(luck.randint(0, most)))


def _spelled(luck: Luck, said: str) -> str:
    return mutated(luck, said.encode("utf-8", "replace")).decode("latin-1")


def _hooks(subject: Subject) -> Target:
    """A webhook that was changed is refused, or says what it said before."""
    hooks, provider = subject._hooks(), subject._provider()
    signs = Ability.SIGNED_WEBHOOKS in provider.abilities
    said = [read(provider, hook) for hook, read in hooks]

    def case(luck: Luck) -> None:
        place = luck.randrange(len(hooks))
        hook, read = hooks[place]
        changed = _changed(luck, hook)
        error = error_of(read, provider, changed)
        if error is not None:
            if not isinstance(error, WebhookError):
                raise Wrong(f"{type(error).__name__} out of a webhook") from error
            return
        found = read(provider, changed)
        if signs and found and list(found) != list(said[place]) and not _run_together(subject, hook, changed):
            raise Wrong("a forgery was believed")

    return case


def _run_together(subject: Subject, hook: Hook, changed: Hook) -> bool:
    """Twilio signs names and values run together: where a name ends and its value begins is not signed."""
    if not isinstance(subject, TestTwilio) or hook.url != changed.url:
        return False
    signed, also = ("".join(name + value for name, value in sorted(set(h.form()))) for h in (hook, changed))
    return signed == also


def _changed(luck: Luck, hook: Hook) -> Hook:
    match luck.randrange(5):
        case 0:
            return replace(hook, url=_spelled(luck, hook.url))
        case 1 if hook.headers:
            name = luck.choice(list(hook.headers))
            return replace(hook, headers={**hook.headers, name: _spelled(luck, hook.headers[name])})
        case 2:
            return replace(
                hook, method=luck.choice(("GET", "PUT", "", "POST")), body=mutated(luck, hook.body)
            )
        case _:
            return replace(hook, body=mutated(luck, hook.body))


def _proved(subject: Subject) -> Target:
    """Nonsense that a carrier signed is read, or refused in words."""
    provider = subject._provider()

    def case(luck: Luck) -> None:
        said = tuple(words(luck) for _ in range(3))
        if all(map(subject.carries, said)):
            error = error_of(provider.inbound, subject.inbound_hook(*said))
            if error is not None and not isinstance(error, WebhookError):
                raise Wrong(f"{type(error).__name__} out of a signed webhook") from error

    return case


def _answers(subject: Subject) -> Target:
    """Whatever a carrier answers is an outcome."""
    recorded = [each for each in subject.recorded if each.answers]

    def case(luck: Luck) -> None:
        one = luck.choice(recorded)
        answers = list(one.answers)
        place = luck.randrange(len(answers))
        spoilt = Response(
            luck.choice((answers[place].status, 200, 202, 302, 400, 401, 404, 429, 500)),
            answers[place].headers,
            mutated(luck, answers[place].body),
        )
        subject._check_exchange(one.ask, *answers[:place], spoilt, *answers[place + 1 :])

    return case


def _settings(folder: Path) -> Target:
    written, environ = signpost.SETTINGS.read_bytes(), dict(cast().environment)
    file = folder / "paravent.toml"

    def case(luck: Luck) -> None:
        file.write_bytes(mutated(luck, written))
        variables = {f"PARAVENT_{luck.choice(('RATES', 'NUMBERS', 'LISTEN', 'BUDGET__LIMIT'))}": "[1"}
        try:
            load(file, environ | (variables if luck.random() < 0.3 else {}), plugins=_PLUGINS)
        except SettingsError as error:
            if any(secret in str(error) for secret in environ.values()):
                raise Wrong("a mistake shows a secret") from None

    return case


def _spool(luck: Luck) -> None:
    kept = text(f"text {luck.randrange(5)}")
    found = open_line(mutated(luck, seal_line(kept, _VAULT, "one")[:-1]), _VAULT, "one")
    if found not in (None, kept):
        raise Wrong("a changed line was believed")


def _vault(luck: Luck) -> None:
    try:
        if _VAULT.open(mutated(luck, _VAULT.seal(b"Salut", b"about")), b"about") != b"Salut":
            raise Wrong("changed bytes opened")
    except VaultError:
        pass
    try:
        _VAULT.open_letter(NAMESPACE_URL, luck.randbytes(luck.randrange(60)))
    except VaultError:
        return
    raise Wrong("random bytes are a letter")


def _parts(luck: Luck) -> None:
    said = words(luck, 400)
    if gsm7.count(said).parts < 0:
        raise Wrong("fewer parts than none")


def targets(folder: Path) -> Mapping[str, Target]:
    """What is fuzzed, by name."""
    subjects: dict[str, Subject] = {
        "twilio": TestTwilio(),
        "vonage messages": TestMessages(),
        "vonage sms": TestSmsApiForm(),
        "ovh": TestOvh(),
    }
    kinds = {"webhooks": _hooks, "signed nonsense": _proved, "answers": _answers}
    found = {f"{name}: {kind}": make(one) for name, one in subjects.items() for kind, make in kinds.items()}
    return {**found, "settings": _settings(folder), "spool": _spool, "vault": _vault, "parts": _parts}


def fuzz(target: Target, seed: str, cases: int) -> None:
    """Run cases of one target; what goes wrong names its seed."""
    for case in range(cases):
        try:
            target(Luck(f"{seed} {case}"))
        except Exception as error:
            raise Wrong(f"case {case} of seed {seed!r}: {type(error).__name__}: {error}") from error


def main() -> None:
    """Fuzz everything, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="Of all targets together.")
    parser.add_argument("--seed", default="2017")
    given = parser.parse_args()
    wrong: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        all_targets = targets(Path(folder))
        each = -(-given.cases // len(all_targets))
        for name, target in all_targets.items():
            began = time.monotonic()
            try:
                fuzz(target, given.seed, each)
            except Wrong as error:
                wrong[name] += 1
                print(f"{name}: {error}")
            print(f"{name}: {each} cases in {time.monotonic() - began:.1f} s", flush=True)
    print(f"{each * len(all_targets)} cases, seed {given.seed}: {wrong.total()} targets went wrong")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
