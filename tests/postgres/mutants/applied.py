"""A pytest plugin: the tests run on the mutant that PARAVENT_SQL_MUTANT names."""

from __future__ import annotations

import dataclasses
import os
from importlib import import_module
from importlib.resources.abc import Traversable

import pytest

from router.postgres import migrate
from tests.postgres.mutants.made import Mutant, mutants, text_of

NAMED_BY = "PARAVENT_SQL_MUTANT"


def pytest_configure() -> None:
    name = os.environ[NAMED_BY]
    found = [each for each in mutants() if each.name == name]
    if not found:
        raise pytest.UsageError(f"there is no mutant {name!r}")
    apply(found[0])


def apply(mutant: Mutant) -> None:
    """Change it in this process: a statement at once, a migration for every database that is made."""
    if not mutant.place.endswith(".sql"):
        module, _, name = mutant.place.partition(":")
        setattr(import_module(f"router.postgres.{module}"), name, mutant.of(text_of(mutant.place)))
        return
    history = migrate.history

    def changed(folder: Traversable | None = None) -> list[migrate.Migration]:
        return [
            dataclasses.replace(step, sql=mutant.of(step.sql)) if step.name == mutant.place else step
            for step in history(folder)
        ]

    migrate.history = changed
