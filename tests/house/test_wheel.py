"""The wheel, installed outside the checkout: it carries what it needs, and it runs."""

from __future__ import annotations

import json
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.installed import Environment, wheel
from tests.house.tree import TOP, files

pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our wheel."""
    return wheel(TOP, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def environment(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with our wheel in it."""
    made = Environment.make(tmp_path_factory.mktemp("environment"))
    made.install(built)
    return made


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder outside the checkout, which a database's own user can pass through."""
    with tempfile.TemporaryDirectory(prefix="paravent-wheel-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_the_wheel_carries_every_file_of_its_rooms(built: Path) -> None:
    inside = set(zipfile.ZipFile(built).namelist())
    rooms = ("router", "providers", "migrations")
    ours = {
        path.relative_to(TOP).as_posix()
        for room in rooms
        for path in (TOP / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert ours - inside == set()
    assert {name.split("/")[0] for name in inside if ".d" not in name.split("/")[0]} == set(rooms)
    assert any(name.endswith("share/paravent/paravent.example.toml") for name in inside)


def test_nothing_of_the_checkout_is_used(environment: Environment, outside: Path) -> None:
    code = (
        "import router, providers, migrations as m; print(*router.__path__, *providers.__path__, *m.__path__)"
    )
    done = environment.run("python", "-c", code, cwd=outside)
    assert done.returncode == 0, done.stderr
    assert [Path(path).is_relative_to(environment.folder) for path in done.stdout.split()] == [True] * 3


def test_the_example_of_the_settings_is_found_beside_it(environment: Environment) -> None:
    installed = environment.folder / "share" / "paravent" / "paravent.example.toml"
    assert installed.read_bytes() == (TOP / "deploy" / "paravent.example.toml").read_bytes()


def test_its_migrations_are_those_of_the_checkout(environment: Environment, outside: Path) -> None:
    code = (
        "from importlib import resources; print(*(p.name for p in resources.files('migrations').iterdir()))"
    )
    done = environment.run("python", "-c", code, cwd=outside)
    expected = [path.name for path in files(".sql", rooms=("migrations",))]
    assert sorted(name for name in done.stdout.split() if name.endswith(".sql")) == expected
    assert expected


def test_it_helps_and_lists_its_providers(environment: Environment, outside: Path) -> None:
    assert environment.run("paravent", "--help", cwd=outside).returncode == 0
    done = environment.run("paravent", "providers", "--json", cwd=outside)
    assert done.returncode == 0, done.stderr
    found = {each["name"]: each["state"] for each in json.loads(done.stdout)["providers"]}
    assert found == dict.fromkeys(("twilio", "vonage", "ovh"), "may run")


def test_its_demo_answers_a_text(environment: Environment, outside: Path) -> None:
    home = {"PARAVENT_DATA": str(outside / "data"), "PYTHONUNBUFFERED": "1"}
    demo = subprocess.Popen(
        [str(environment.folder / "bin" / "paravent"), "demo", "--port", "0", "--for", "90"],
        cwd=outside,
        env=environment.variables(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert demo.stdout is not None
    try:
        assert any("Ctrl-C ends it" in line or "It ends by itself" in line for line in demo.stdout)
        said = environment.run(
            "paravent", "text", "+33199000001", "Salut c'est Kevin", "--json", cwd=outside, variables=home
        )
        assert said.returncode == 0, said.stdout + said.stderr
        assert json.loads(said.stdout)["account"] == "twilio"
    finally:
        demo.terminate()
        assert demo.wait(30) in {0, 130}, demo.stdout.read()
        demo.stdout.close()
