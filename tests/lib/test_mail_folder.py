"""Without a mail server a mail is a file and one line; its body never runs over the terminal."""

from __future__ import annotations

import base64
import email
import json
import logging
import stat
from email.policy import default
from typing import Any

import pytest
from django.core.mail import EmailMessage

from lottery_portal import settings as house

BACKEND = "lottery_portal.lib.mail_folder.MailFolder"
STATEMENT = json.dumps({"format": "seal-statement/1", "root": "0" * 64}).encode()


class Listener(logging.Handler):
    """Hears what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@pytest.fixture
def sent(settings, tmp_path, capfd):
    """A mail with a file, sent as the embedded mode does; what came to the terminal meanwhile."""
    settings.EMAIL_BACKEND, settings.STATE_DIR = BACKEND, tmp_path
    listener = Listener()
    logger = logging.getLogger("lottery_portal.lib.mail_folder")
    logger.addHandler(listener)
    mail = EmailMessage("[明彩] 封存声明", "请查收。", "noreply@localhost", ["a@b.example"])
    mail.attach("statement.json", STATEMENT, "application/json")
    try:
        assert mail.send() == 1
    finally:
        logger.removeHandler(listener)
    return listener.heard, "".join(capfd.readouterr())


def test_a_mail_is_kept_as_a_file_that_mail_programs_open(sent, tmp_path):
    (place,) = (tmp_path / "mail").iterdir()
    kept = email.message_from_bytes(place.read_bytes(), policy=default)

    assert place.suffix == ".eml"
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert (kept["to"], kept["subject"]) == ("a@b.example", "[明彩] 封存声明")
    body = kept.get_body()
    assert body is not None
    assert body.get_content().strip() == "请查收。"
    (file,) = kept.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("statement.json", STATEMENT)


def test_the_terminal_is_told_one_line_and_no_address(sent, tmp_path):
    said, printed = sent
    (place,) = (tmp_path / "mail").iterdir()

    assert said == [f"Mail kept in {place}: [明彩] 封存声明"]
    assert base64.b64encode(STATEMENT)[:40].decode() not in printed
    assert "a@b.example" not in printed


def test_a_worker_that_only_warns_tells_it_too():
    """Celery sets the level of the root and takes its handlers away."""
    loggers: Any = house.LOGGING["loggers"]
    own = loggers["lottery_portal.lib.mail_folder"]

    assert own == {"handlers": ["console"], "level": "INFO", "propagate": False}


def test_the_embedded_mode_keeps_mails_and_production_sends_them():
    wanted = BACKEND if house.EMBEDDED else "django.core.mail.backends.smtp.EmailBackend"

    assert wanted == house.EMAIL_BACKEND
