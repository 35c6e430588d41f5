"""Secrets are made once and kept to one account; servers from outside bring their own."""

import base64
import json
import os
import stat
import subprocess
import sys

import pytest

from lottery_portal.embedded import environment, places
from lottery_portal.embedded.terminal import Halt

OUTSIDE = {
    "DATABASE_URL": "postgresql://app@db/lottery",
    "OWNER_DATABASE_URL": "postgresql://owner@db/lottery",
    "REDIS_URL": "redis://cache/0",
    "SECRET_KEY": "s",
    "FIELD_KEYS": "{}",
    "INDEX_KEY": "i",
    "RECEIPT_KEY": "r",
    "SEAL_KEY": "s",
    "LOG_KEY": "l",
    "SANDBOX_BANK_KEY": "",
}


def a_place(folder):
    place = places.Places(checkout=places.CHECKOUT, state=folder / "state", venv=folder / "venv")
    place.make()
    return place


def test_secrets_are_made_once_and_closed_to_others(tmp_path):
    place = a_place(tmp_path)

    first = environment.Secrets(place.secrets)
    assert first["SECRET_KEY"]
    assert stat.S_IMODE(place.secrets.stat().st_mode) == 0o600
    before = place.secrets.read_text()
    second = environment.Secrets(place.secrets)
    assert second["SECRET_KEY"]

    assert stat.S_IMODE(place.state.stat().st_mode) == 0o700
    assert place.secrets.read_text() == before
    for name in environment.DEMANDED | environment.SERVERS:
        assert first[name] == second[name]
    assert len(set(before.splitlines())) == len(environment.DEMANDED | environment.SERVERS)


def test_secrets_have_the_shape_that_settings_ask_for(tmp_path):
    made = environment.Secrets(a_place(tmp_path).secrets)

    ring = json.loads(made["FIELD_KEYS"])
    keys = [ring["k1"], *(made[name] for name in environment.DEMANDED if name.endswith("_KEY"))]
    keys.remove(made["SECRET_KEY"])

    assert [len(base64.b64decode(key)) for key in keys] == [32] * 6
    assert len(set(keys)) == 6
    assert len(made["SECRET_KEY"]) >= 50


def test_a_secret_that_came_later_is_added_and_the_others_stay(tmp_path):
    place = a_place(tmp_path)
    kept = environment.Secrets(place.secrets)["SECRET_KEY"]
    lines = place.secrets.read_text().splitlines()
    place.secrets.write_text("\n".join(line for line in lines if not line.startswith("SEAL_KEY")))

    made = environment.Secrets(place.secrets)

    assert len(base64.b64decode(made["SEAL_KEY"])) == 32
    assert made["SECRET_KEY"] == kept


def test_a_secrets_file_that_was_opened_is_closed_again(tmp_path):
    place = a_place(tmp_path)
    kept = environment.Secrets(place.secrets)["SECRET_KEY"]
    place.secrets.chmod(0o644)

    assert environment.Secrets(place.secrets)["SECRET_KEY"] == kept

    assert stat.S_IMODE(place.secrets.stat().st_mode) == 0o600


@pytest.mark.parametrize("missing", sorted(set(OUTSIDE) - {"DATABASE_URL", "REDIS_URL"}))
def test_a_server_from_outside_comes_with_every_secret(missing):
    """No secret has a default outside the embedded mode: what is missing is named."""
    environment.demand(OUTSIDE)

    with pytest.raises(Halt, match=missing):
        environment.demand({name: value for name, value in OUTSIDE.items() if name != missing})


def test_nothing_is_demanded_when_nothing_comes_from_outside():
    environment.demand({})


def test_servers_from_outside_are_handed_on_untouched(tmp_path):
    place = a_place(tmp_path)

    env = environment.for_children(
        places=place,
        secrets_of=environment.Secrets(place.secrets),
        environ=OUTSIDE,
        ports={"witness": 3333},
    )

    assert {name: env[name] for name in OUTSIDE} == OUTSIDE
    assert env["PORTAL_MODE"] == "production"
    assert "DEMO" not in env
    assert not place.secrets.exists()


def test_the_embedded_servers_are_named_with_their_roles(tmp_path):
    place = a_place(tmp_path)
    made = environment.Secrets(place.secrets)

    env = environment.for_children(
        places=place,
        secrets_of=made,
        environ={"DATABASE_APP_ROLE": "app", "PYTHONDONTWRITEBYTECODE": "1"},
        ports={"postgres": 1111, "valkey": 2222, "witness": 3333},
        port=8001,
    )

    assert env["DATABASE_URL"] == f"postgresql://app:{made['APP_PASSWORD']}@127.0.0.1:1111/lottery"
    assert env["OWNER_DATABASE_URL"].startswith("postgresql://lottery_owner:")
    assert env["REDIS_URL"] == f"redis://:{made['VALKEY_PASSWORD']}@127.0.0.1:2222/0"
    assert env["PUBLIC_URL"] == "http://127.0.0.1:8001"
    assert (env["PORTAL_MODE"], env["DEMO"], env["DEBUG"]) == ("embedded", "1", "0")
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert made["POSTGRES_PASSWORD"] not in env.values()


def test_the_launcher_makes_every_secret_that_settings_read(settings):
    for name in environment.DEMANDED:
        assert name in settings.ENVIRONMENT


def test_a_database_without_its_secrets_is_a_sentence(portal):
    refused = portal("manage", "check", DATABASE_URL="postgresql://app@127.0.0.1:1/none")

    assert refused.returncode == 1
    assert "the environment must also hold SECRET_KEY" in refused.stderr
    assert "OWNER_DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_bank_that_gives_money_for_nothing_is_refused_outside_a_demo(tmp_path):
    """What stands behind the sandbox is nobody's money."""
    said = {}
    made = environment.Secrets(a_place(tmp_path).secrets)
    for is_demo in ("0", "1"):
        outside = {
            **os.environ,
            **{name: made[name] for name in environment.DEMANDED},
            "PORTAL_MODE": "production",
            "DEMO": is_demo,
            "DEBUG": "0",
            "PUBLIC_URL": "https://portal.example",
            "ALLOWED_HOSTS": "portal.example",
            "STATE_DIR": str(tmp_path),
            "DATABASE_URL": OUTSIDE["DATABASE_URL"],
            "REDIS_URL": OUTSIDE["REDIS_URL"],
            "WITNESS_URL": "http://127.0.0.1:1",
        }
        said[is_demo] = subprocess.run(
            [sys.executable, "-c", "import lottery_portal.settings"],
            cwd=places.CHECKOUT,
            env=outside,
            capture_output=True,
            text=True,
            check=False,
        )

    assert said["1"].returncode == 0, said["1"].stderr
    assert "SANDBOX_BANK_KEY gives money for nothing" in said["0"].stderr
