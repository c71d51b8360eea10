"""What the duties of evidence go by, out of the settings."""

from __future__ import annotations

from pathlib import Path

from providers import Wire
from router.evidence.leaves import Seals
from router.evidence.sinks import Sink, sink
from router.settings import Settings
from router.settings.evidence import Evidence
from router.sweep.proving import Proving
from router.vault import Vault


def seals(settings: Settings, vault: Vault) -> Seals:
    """What sealing needs to know of the house."""
    numbers = {name: number.number for name, number in settings.numbers.items()}
    return Seals(vault, numbers, {name: account.provider for name, account in settings.accounts.items()})


def proving(settings: Settings, vault: Vault, wire: Wire) -> Proving:
    """Whom roots are told, how often, and how long what came in is kept."""
    said, stamps = settings.evidence, settings.evidence.stamps_from
    return Proving(
        seals=seals(settings, vault),
        sinks=_sinks(said, wire, settings.data / "roots"),
        roots_every=said.roots_every,
        stamps_from=None if stamps is None else stamps.get_secret_value(),
        keep=said.keep,
        keep_flagged=said.keep_flagged,
    )


def _sinks(said: Evidence, wire: Wire, folder: Path) -> list[Sink]:
    through = said.mail_through.get_secret_value()
    urls = [url.get_secret_value() for url in said.roots_to]
    return [sink(url, wire=wire, folder=folder, mail_through=through) for url in urls]
