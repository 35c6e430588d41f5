"""Mail on machines without a mail server: kept as files that mail programs open."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from .ids import uuid7

logger = logging.getLogger(__name__)

FOLDER = "mail"


class MailFolder(BaseEmailBackend):
    """Writes each mail into `mail/` of the state directory, and one line into the log."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep all of them; how many there were."""
        folder = settings.STATE_DIR / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for mail in email_messages:
            now = datetime.now(UTC)
            place = folder / f"{now:%Y-%m-%dT%H-%M-%S.%fZ}-{uuid7()}.eml"
            place.write_bytes(mail.message().as_bytes())
            # To whom stands in the file: logs hold no personal data.
            logger.info("Mail kept in %s: %s", place, mail.subject)
        return len(email_messages)
