"""The code that shows that a phone or mailbox belongs to whoever asks for an account.

A free name gets a code; a taken one gets a note for its owner instead. The page says the same in
both cases and takes the same time, so nobody learns who plays here. The checked application waits
encrypted in the session of this browser, for ten minutes and five tries.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal import jobs
from lottery_portal.lib.encryption import blind_index, decrypt, encrypt
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.ids import uuid7

from . import login_names, messages, registration
from .models import LoginName

SESSION_KEY = "application"
PURPOSE = "registration"
LIFETIME = timedelta(minutes=10)
TRIES = 5
DIGITS = 6
CODES_A_NAME, CODES_AN_ADDRESS, PER = 5, 60, 3600


class CodeWrong(Refused):
    """Not the code that was sent."""

    code, status = "code_wrong", 400
    message = gettext_lazy("This is not the code we sent. You can try %(left)s more times.")


class CodeSpent(Refused):
    """No code is waiting: too old, or tried too often."""

    code, status = "code_spent", 400
    message = gettext_lazy("The code is no longer valid. Please begin again.")


class TooManyCodes(Refused):
    """Too many codes were asked for, for this name or from this address."""

    code, status = "too_many_codes", 429
    message = gettext_lazy("Too many codes were sent. Please try again in an hour.")


@dataclass(frozen=True)
class Pending:
    """An application that waits for its code; an empty code fits nothing."""

    application: registration.Application
    code: str
    text: str
    until: datetime
    tries: int = 0


def begin(
    session: MutableMapping[str, Any], application: registration.Application, *, now: datetime
) -> Pending:
    """Send a code, or the owner's note, and keep the application; or refuse: `TooManyCodes`."""
    _count("name", application.login.index.hex(), CODES_A_NAME)
    _count("address", blind_index("ip", application.ip).hex(), CODES_AN_ADDRESS)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    is_taken = registration.has_account(application.login)
    with translation.override(application.language):
        text = _note_to_owner() if is_taken else _code_text(code)
    pending = Pending(
        application=application, code="" if is_taken else code, text=text, until=now + LIFETIME
    )
    with transaction.atomic(durable=True):
        jobs.enqueue(
            "accounts.send_code", key=str(uuid7()), sealed=_sealed_letter(application.login, text)
        )
    _keep(session, pending)
    return pending


def again(session: MutableMapping[str, Any], *, now: datetime) -> Pending:
    """Send a new code for the application that waits."""
    return begin(session, waiting(session, now=now).application, now=now)


def waiting(session: MutableMapping[str, Any], *, now: datetime) -> Pending:
    """The application that waits in this browser, or `CodeSpent`."""
    sealed = session.get(SESSION_KEY)
    if sealed is None:
        raise CodeSpent
    pending = _opened(sealed)
    if now >= pending.until or pending.tries >= TRIES:
        session.pop(SESSION_KEY)
        raise CodeSpent
    return pending


def confirm(
    session: MutableMapping[str, Any], code: str, *, now: datetime
) -> registration.Application:
    """The application whose code this is; a wrong code is counted and refused."""
    pending = waiting(session, now=now)
    if pending.code and hmac.compare_digest(pending.code.encode(), code.strip().encode()):
        session.pop(SESSION_KEY)
        return pending.application
    tries = pending.tries + 1
    _keep(session, Pending(pending.application, pending.code, pending.text, pending.until, tries))
    raise CodeWrong(left=TRIES - tries, fields=["code"])


def deliver(*, sealed: str) -> None:
    """Send a sealed letter. Called by a job; may send twice, which harms nobody."""
    letter = json.loads(decrypt(sealed, purpose=PURPOSE, place="jobs_job|payload"))
    if letter["kind"] == LoginName.Kind.EMAIL:
        messages.mail(letter["to"], title=letter["title"], text=letter["text"])
    else:
        messages.sms_sender().send(
            number=letter["to"], text=f"【{settings.BRAND}】{letter['text']}"
        )


def _count(what: str, whose: str, most: int) -> None:
    key = f"codes:{what}:{whose}"
    cache.add(key, 0, timeout=PER)
    if cache.incr(key) > most:
        raise TooManyCodes


def _code_text(code: str) -> str:
    return _(
        "Your code is %(code)s. It is valid for 10 minutes. If you did not ask for it, you need "
        "do nothing."
    ) % {"code": code}


def _note_to_owner() -> str:
    return _(
        "Somebody asked for a new account with this number or address. You already have an "
        "account, so nothing was changed. If it was you, please log in."
    )


def _sealed_letter(login: login_names.Typed, text: str) -> str:
    letter = {"kind": login.kind, "to": login.value, "title": _("Your code"), "text": text}
    return encrypt(json.dumps(letter), purpose=PURPOSE, place="jobs_job|payload")


def _keep(session: MutableMapping[str, Any], pending: Pending) -> None:
    plain = json.dumps({**asdict(pending), "until": pending.until.isoformat()})
    session[SESSION_KEY] = encrypt(plain, purpose=PURPOSE, place="django_session|application")


def _opened(sealed: str) -> Pending:
    kept = json.loads(decrypt(sealed, purpose=PURPOSE, place="django_session|application"))
    asked = kept["application"]
    login = login_names.Typed(LoginName.Kind(asked["login"]["kind"]), asked["login"]["value"])
    accepted = tuple((kind, version) for kind, version in asked["accepted"])
    return Pending(
        application=registration.Application(**{**asked, "login": login, "accepted": accepted}),
        code=kept["code"],
        text=kept["text"],
        until=datetime.fromisoformat(kept["until"]),
        tries=kept["tries"],
    )
