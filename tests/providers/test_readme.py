"""The plugin author's page: its example is complete, and every promise of the suite can fail."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ConfigDict

import providers
from providers import Ability, Accepted, Balance, CutOff, CutReason, Forged, Receipt, Request, Status
from providers.contract.conformance import Conformance

PAGE = (Path(providers.__file__).parent / "README.md").read_text()
BLOCKS = dict(re.findall(r"```(?:python|toml)\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, type[Any]]:
    """The example's provider and its suite, as modules of a stranger would be."""
    for name in ("acme", "test_acme"):
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(BLOCKS[f"{name}.py"], f"{name}.py", "exec"), module.__dict__)
    return sys.modules["acme"].Acme, sys.modules["test_acme"].TestAcme


TESTS = [name for name in dir(Conformance) if name.startswith("test_")]


@pytest.mark.parametrize("test", TESTS)
def test_the_example_keeps_every_promise(test: str, example: tuple[Any, type[Any]]) -> None:
    getattr(example[1](), test)()


def test_the_example_is_packaged_as_plugins_are() -> None:
    package = tomllib.loads(BLOCKS["pyproject.toml"])
    assert package["project"]["entry-points"]["paravent.providers"] == {"acme": "acme:Acme"}


def test_every_ability_is_explained() -> None:
    assert all(f"| `{ability.name}` |" in PAGE for ability in Ability)


def hook_fields(hook: Any, names: Any) -> Any:
    try:
        said = json.loads(hook.body)
    except (ValueError, RecursionError):
        said = {}
    if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in names):
        raise providers.Malformed("fields")
    return said


def forgets_the_proof(acme: Any, suite: Any) -> None:
    def proven(self: Any, hook: Any, *names: str) -> Any:
        return hook_fields(hook, names)

    acme._proven = proven


def takes_a_missing_proof(acme: Any, suite: Any) -> None:
    proven = acme._proven

    def lenient(self: Any, hook: Any, *names: str) -> Any:
        return proven(self, hook, *names) if hook.headers else hook_fields(hook, names)

    acme._proven = lenient


def lets_a_key_error_out(acme: Any, suite: Any) -> None:
    def proven(self: Any, hook: Any, *names: str) -> Any:
        if "x-acme-signature" not in hook.headers:
            raise Forged("signature")
        return {name: hook_fields(hook, ())[name] for name in names}

    acme._proven = proven


def says_what_was_sent(acme: Any, suite: Any) -> None:
    proven = acme._proven

    def chatty(self: Any, hook: Any, *names: str) -> Any:
        try:
            return proven(self, hook, *names)
        except providers.WebhookError as error:
            raise type(error)(hook.body.decode(errors="replace")) from None

    acme._proven = chatty


def new_id_each_time(acme: Any, suite: Any) -> None:
    inbound, ids = acme.inbound, iter(range(10**9))
    acme.inbound = lambda self, hook: [replace(t, provider_id=str(next(ids))) for t in inbound(self, hook)]


def strips_texts(acme: Any, suite: Any) -> None:
    inbound = acme.inbound
    acme.inbound = lambda self, hook: [replace(t, text=t.text.strip()) for t in inbound(self, hook)]


def fails_on_unknown_status(acme: Any, suite: Any) -> None:
    receipt = acme.receipt

    def strict(self: Any, hook: Any) -> Any:
        said = self._proven(hook, "status")["status"]
        lost = [] if said in suite.statuses else [Status.FAILED]
        return [replace(r, status=s) for r in receipt(self, hook) for s in (lost or [r.status])]

    acme.receipt = strict


def loses_the_reference(acme: Any, suite: Any) -> None:
    acme.receipt = lambda self, hook: [
        Receipt(provider_id="another", reference=None, status=suite.statuses[self._proven(hook)["status"]])
    ]


def around_send(
    change: Callable[[Any, Request], Any], read: Callable[[Any], Any] = lambda found: found
) -> Any:
    """Break a send: `change` the request, or `read` the result otherwise."""

    def breaking(acme: Any, suite: Any) -> None:
        send = acme.send

        def broken(self: Any, text: Any, now: Any) -> Any:
            exchange = send(self, text, now)
            response = yield change(text, next(exchange))
            try:
                exchange.send(response)
            except StopIteration as end:
                return read((response, end.value))

        acme.send = broken

    return breaking


def as_it_is(text: Any, request: Request) -> Request:
    return request


def retries_server_errors(found: Any) -> Any:
    response, outcome = found
    return CutOff(CutReason.SUSPENDED, "down") if response.status >= 500 else outcome


def believes_any_success(found: Any) -> Any:
    response, outcome = found
    return Accepted(provider_id="m1") if response.ok else outcome


def never_in_funds(found: Any) -> Any:
    response, outcome = found
    return CutOff(CutReason.SUSPENDED, "no_money") if response.status == 402 else outcome


def sends_twice(acme: Any, suite: Any) -> None:
    send = acme.send

    def twice(self: Any, text: Any, now: Any) -> Any:
        yield from send(self, text, now)
        return (yield from send(self, text, now))

    acme.send = twice


def claims_to_look_up(acme: Any, suite: Any) -> None:
    acme.abilities |= {Ability.LOOK_UP}


def looks_up_in_secret(acme: Any, suite: Any) -> None:
    acme.look_up = lambda self, doubt, now: iter(())


def has_nothing_recorded(acme: Any, suite: Any) -> None:
    suite.recorded = suite.recorded[:1]


def speaks_another_contract(acme: Any, suite: Any) -> None:
    acme.contract = 2


def shows_its_settings(acme: Any, suite: Any) -> None:
    acme.__repr__ = lambda self: f"Acme({self._headers})"


def takes_unknown_settings(acme: Any, suite: Any) -> None:
    class Lax(acme.Settings):  # type: ignore[misc] # the example is untyped
        model_config = ConfigDict(extra="ignore", hide_input_in_errors=False)

    acme.Settings = Lax


def asks_for_ever(acme: Any, suite: Any) -> None:
    def balance(self: Any, now: Any) -> Any:
        while True:
            response = yield Request("GET", f"{self._base}/balance", self._headers)
            if "euros" in response.fields():
                return Balance(amount=12.5, unit="EUR")

    acme.balance = balance


def stumbles_over_long_texts(acme: Any, suite: Any) -> None:
    inbound = acme.inbound

    def short(self: Any, hook: Any) -> Any:
        (text,) = inbound(self, hook)
        return [text] if len(text.text) < 1_000 else text.too_long

    acme.inbound = short


CONTROLS = {
    "test_a_forged_webhook_is_refused": [forgets_the_proof, takes_a_missing_proof],
    "test_junk_is_refused_in_words_and_leaks_nothing": [lets_a_key_error_out, says_what_was_sent],
    "test_a_replayed_webhook_is_the_same_text": [new_id_each_time],
    "test_text_comes_in_unharmed": [strips_texts],
    "test_an_unknown_status_is_harmless": [fails_on_unknown_status],
    "test_every_status_is_read_and_leads_back_to_its_text": [loses_the_reference],
    "test_a_server_error_is_in_doubt": [around_send(as_it_is, retries_server_errors)],
    "test_an_unreadable_success_is_in_doubt": [around_send(as_it_is, believes_any_success)],
    "test_every_recorded_answer_is_read_as_expected": [around_send(as_it_is, never_in_funds)],
    "test_one_post_carries_the_text_and_nothing_else_does": [
        around_send(lambda text, request: replace(request, method="PUT")),
        around_send(lambda text, request: replace(request, carries_text=False)),
        around_send(lambda text, request: replace(request, url=f"{request.url}?to={text.to} &")),
        around_send(lambda text, request: replace(request, headers={"X-To": "a\r\nHost: thief"})),
    ],
    "test_text_goes_out_unharmed": [
        around_send(lambda text, request: replace(request, body=request.body.replace(b" ", b""))),
        sends_twice,
    ],
    "test_abilities_are_declared_and_never_faked": [claims_to_look_up, looks_up_in_secret],
    "test_recordings_cover_the_contract_and_name_their_source": [has_nothing_recorded],
    "test_it_speaks_this_contract": [speaks_another_contract],
    "test_nothing_private_shows_in_a_repr": [shows_its_settings],
    "test_wrong_settings_are_named_without_their_values": [takes_unknown_settings],
    "test_no_answer_makes_it_raise_or_leak": [asks_for_ever],
    "test_nonsense_with_a_good_proof_is_read_or_refused_in_words": [stumbles_over_long_texts],
}


@pytest.mark.parametrize(
    ("test", "breaking"), [(test, breaking) for test, all_of in CONTROLS.items() for breaking in all_of]
)
def test_a_provider_that_breaks_a_promise_is_caught_by_its_test(
    test: str, breaking: Callable[[Any, Any], None], example: tuple[Any, type[Any]]
) -> None:
    acme, suite = example
    breaking(acme, suite)
    with pytest.raises(AssertionError):
        getattr(suite(), test)()


def test_every_promise_has_its_control() -> None:
    assert sorted(CONTROLS) == TESTS
