"""How `./portal test` spreads tests, and what `./portal bench` knows."""

import os

import pytest

from lottery_portal.embedded import commands, places

SHARED = ["-n", "3", "--dist", "loadgroup", "--no-loadscope-reorder"]


@pytest.mark.parametrize(
    ("arguments", "spread"),
    [
        ([], SHARED),
        (["--deep"], SHARED),
        (["-m", "race"], SHARED),
        (["-k", "wallet", "-q"], SHARED),
        (["tests/portal"], SHARED),
        (["-n", "4"], []),
        (["-n0"], []),
        (["--numprocesses=1"], []),
        (["-p", "no:xdist"], []),
        (["tests/portal/test_arguments.py"], []),
        (["tests/portal/test_arguments.py::test_one"], []),
        (["--pdb"], []),
    ],
)
def test_tests_are_shared_unless_one_file_is_named(arguments, spread, monkeypatch):
    monkeypatch.chdir(places.CHECKOUT)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)

    assert commands.spread(arguments) == spread


@pytest.mark.parametrize(("processors", "processes"), [(None, "2"), (1, "2"), (4, "5"), (64, "6")])
def test_one_process_more_than_processors_shares_the_tests(processors, processes, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: processors)

    assert commands.spread([])[:2] == ["-n", processes]


def test_benchmarks_are_modules_and_packages_that_run(tmp_path):
    (tmp_path / "purchase").mkdir()
    (tmp_path / "purchase" / "__main__.py").touch()
    (tmp_path / "close.py").write_text('if __name__ == "__main__":\n    main()\n')
    (tmp_path / "rows.py").write_text("ROWS = 3\n")  # what others need, and nobody runs
    (tmp_path / "__init__.py").touch()
    (tmp_path / "data").mkdir()

    assert commands.benchmarks(tmp_path) == ["close", "purchase"]


def test_an_unknown_benchmark_is_a_sentence(portal):
    refused = portal("bench", "no_such_benchmark")

    assert refused.returncode == 1
    assert "There is no benchmark 'no_such_benchmark'" in refused.stderr


def test_a_named_browser_wins(tmp_path):
    browser = tmp_path / "chromium"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)

    assert commands.find_browser({"PATH": str(tmp_path)}) == str(browser)
    shell = tmp_path / "chromium-headless-shell"
    shell.write_text("#!/bin/sh\n")
    shell.chmod(0o755)
    assert commands.find_browser({"PATH": str(tmp_path)}) == str(shell)
    named = {"PATH": str(tmp_path), "PORTAL_TEST_CHROMIUM": "/opt/browser"}
    assert commands.find_browser(named) == "/opt/browser"
