"""docker-compose.yml against the settings: every service, variable and command is real."""

import ast
import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

from lottery_portal.embedded import environment, postgres, supervisor

CHECKOUT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("web", "worker", "beat", "dispatcher", "sequencer", "migrate")
RUNNING = ("web", "worker", "beat", "dispatcher", "sequencer")
# Read by others than settings.py: billiard, and the launcher's roles that are handed on.
NOT_SETTINGS = {"REMAP_SIGTERM", "DATABASE_OWNER_ROLE", "DATABASE_APP_ROLE"}
SECRETS = {*environment.DEMANDED, *environment.SERVERS} - {"SANDBOX_BANK_KEY"}


def words(service):
    command = SERVICES[service]["command"]
    return command if isinstance(command, list) else command.split()


def test_every_process_of_the_launcher_is_a_service():
    launched = supervisor.children(python=Path("python"), host="x", port=1, beat_file=Path("x"))

    assert {child.name for child in launched} == set(RUNNING)
    assert set(SERVICES) == {*OURS, "postgres", "valkey", "nginx", "witness"}


@pytest.mark.parametrize("service", OURS)
def test_every_variable_of_a_service_is_read_and_every_needed_one_is_there(service, settings):
    given = set(SERVICES[service]["environment"]) - NOT_SETTINGS

    assert given <= set(settings.ENVIRONMENT)
    wanted = set(settings.ENVIRONMENT)
    assert given == (wanted if service == "migrate" else wanted - {"OWNER_DATABASE_URL"})


def test_only_the_migration_may_act_as_the_owner():
    for service in (*RUNNING, "valkey", "nginx", "witness"):
        told = yaml.safe_dump(SERVICES[service])
        assert "OWNER_PASSWORD" not in told
        assert "POSTGRES_PASSWORD" not in told


def test_settings_read_nothing_that_they_do_not_name(settings):
    tree = ast.parse((CHECKOUT / "lottery_portal" / "settings.py").read_text())
    read = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = ast.unparse(node.func)
            if name in {"needed", "key", "os.environ.get", "os.getenv"}:
                read.add(node.args[0].value)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            read |= {node.slice.value} if isinstance(node.slice, ast.Constant) else set()

    assert read == set(settings.ENVIRONMENT)


def test_no_secret_has_a_default():
    text = (CHECKOUT / "docker-compose.yml").read_text()

    for name in SECRETS:
        uses = re.findall(r"\$\{" + name + r"([^}]*)\}", text)
        assert uses, name
        assert all(use.startswith(":?") for use in uses), name


def test_every_variable_that_compose_asks_for_is_explained():
    text = (CHECKOUT / "docker-compose.yml").read_text()
    readme = (CHECKOUT / "README.md").read_text()

    for name in set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text)):
        assert f"`{name}`" in readme, name


@pytest.mark.parametrize("service", RUNNING)
def test_every_command_exists(service):
    command = words(service)

    if command[0] == "gunicorn":
        assert importlib.util.find_spec(command[1]) is not None
    elif command[0] == "celery":
        assert importlib.util.find_spec(command[command.index("-A") + 1]) is not None
        assert {"worker", "beat"} & set(command)
    else:
        assert command[:2] == ["python", "manage.py"]
        assert command[2] in get_commands()


def test_the_migration_runs_commands_that_exist():
    script = words("migrate")[-1]
    named = re.findall(r"python manage\.py (\w+)", script)

    assert named == ["migrate", "genesis", "collectstatic"]
    assert set(named) <= set(get_commands())


def test_a_service_runs_what_the_launcher_runs():
    launched = {
        child.name: child.command
        for child in supervisor.children(
            python=Path("python"), host="::", port=8000, beat_file=Path("/beat")
        )
    }

    def options(command):
        joined = " ".join(command)
        return {word for word in re.split(r"[ =]", joined) if not word.startswith("/")}

    for name in ("worker", "beat", "dispatcher", "sequencer"):
        assert options(words(name)) <= options(launched[name]) | {"--pidfile", ""}
    ours = {"--worker-tmp-dir", "20", "0.0.0.0:8000"}
    assert options(words("web")) - ours <= options(launched["web"])


def test_the_witness_is_another_account_and_is_told_no_secret():
    """N13: who runs the portal cannot sign for the witness."""
    witness = SERVICES["witness"]

    assert witness["user"] != SERVICES["web"]["user"]
    assert list(witness["environment"]) == ["WITNESS_LOG_KEY"]  # a public key, no seed
    assert witness["volumes"] == ["witness:/srv/witness"]
    assert not any("witness:" in str(SERVICES[name].get("volumes")) for name in OURS)
    assert words("witness")[:3] == ["python", "-m", "audit.witness"]
    assert COMPOSE["x-environment"]["WITNESS_URL"].endswith("http://witness:8100}")


def test_the_database_is_set_like_the_embedded_one():
    command = words("postgres")
    given = dict(word.split("=", 1) for word in command if "=" in word)
    here = {"listen_addresses", "unix_socket_directories", "max_wal_size"}

    assert SERVICES["postgres"]["image"] == "postgres:18"
    for name, value in postgres.SETTINGS.items():
        if name not in here:
            assert given[name] == value


def test_valkey_keeps_what_it_is_given():
    conf = (CHECKOUT / "docker" / "valkey" / "valkey.conf").read_text().splitlines()

    assert {"appendonly yes", "maxmemory-policy noeviction"} <= set(conf)
    assert "requirepass $$VALKEY_PASSWORD" in words("valkey")[-1]


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"postgres"}))
def test_containers_write_nothing_but_their_volumes_and_are_not_root(service):
    told = SERVICES[service]

    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert "unprivileged" in told["image"] or not told["user"].startswith(("0", "root"))


def test_every_volume_network_and_mounted_file_exists():
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("./"):
                assert (CHECKOUT / source).exists(), source
            elif not source.startswith("$"):
                assert source in COMPOSE["volumes"]
        assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
        for other in service.get("depends_on", {}):
            assert other in SERVICES
        script = service.get("healthcheck", {}).get("test", [])
        for word in script:
            if word.startswith("docker/"):
                assert (CHECKOUT / word).exists()


def test_the_image_installs_the_hashed_production_lock_and_is_not_root():
    text = (CHECKOUT / "Dockerfile").read_text()

    assert "--require-hashes -r /requirements.txt" in text
    assert "COPY requirements/base.txt /requirements.txt" in text
    assert text.rindex("USER portal") > text.rindex("RUN ")
    assert "manage.py compile_catalogues" in text
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"].startswith(">=3.11")


def test_the_roles_of_production_are_the_roles_of_the_launcher():
    script = (CHECKOUT / "docker" / "postgres" / "roles.sh").read_text()

    for rights in (postgres.DATABASE_RIGHTS, postgres.SCHEMA_RIGHTS):
        for line in rights.strip().splitlines():
            assert line.replace(':"database"', "lottery") in script
    assert "CREATEDB" not in script.replace("NOCREATEDB", "")
