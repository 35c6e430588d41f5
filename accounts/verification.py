"""The code that shows that a phone or mailbox belongs to whoever asks for something.

A free name gets a code; a taken one gets a note for its owner instead. The page says the same in
both cases and takes the same time, so nobody learns who plays here. What was asked waits encrypted
in the session of this browser, for ten minutes and five tries. A forgotten password is the same
errand the other way round (`password_reset`).
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable, MutableMapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lottery_portal import jobs
from lottery_portal.lib.encryption import blind_index, decrypt, encrypt
from lottery_portal.lib.errors import Refused
from lottery_portal.lib.ids import uuid7

from . import login_names, messages, registration, tries
from .models import LoginName

PURPOSE = "registration"
LIFETIME = timedelta(minutes=10)
TRIES = 5
DIGITS = 6
CODES_A_NAME, CODES_AN_ADDRESS, PER = 5, 60, timedelta(hours=1)


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


class Asked(Protocol):
    """Whatever somebody asks for whose phone or mailbox has to be shown to be his."""

    @property
    def login(self) -> login_names.Typed: ...
    @property
    def ip(self) -> str: ...
    @property
    def language(self) -> str: ...


A = TypeVar("A", bound=Asked)


@dataclass(frozen=True)
class Pending(Generic[A]):
    """Something asked for that waits for its code; an empty code fits nothing."""

    application: A
    code: str
    text: str
    until: datetime
    number: str
    tries: int = 0


@dataclass(frozen=True)
class Errand(Generic[A]):
    """What codes are sent for: who gets one, who gets a note instead, and where it waits."""

    session_key: str
    note: Callable[[login_names.Typed], str]
    read: Callable[[dict[str, Any]], A]

    def begin(self, session: MutableMapping[str, Any], asked: A, *, now: datetime) -> Pending[A]:
        """Send a code, or a note, and keep what was asked; or refuse: `TooManyCodes`."""
        _count("name", asked.login.index.hex(), CODES_A_NAME)
        _count("address", blind_index("ip", asked.ip).hex(), CODES_AN_ADDRESS)
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        with translation.override(asked.language):
            note = self.note(asked.login)
            text = note or _code_text(code)
            letter = _sealed_letter(asked.login, text)
        pending = Pending(
            application=asked,
            code="" if note else code,
            text=text,
            until=now + LIFETIME,
            number=str(uuid7()),
        )
        with transaction.atomic(durable=True):
            jobs.enqueue("accounts.send_code", key=pending.number, sealed=letter)
        self._keep(session, pending)
        return pending

    def again(self, session: MutableMapping[str, Any], *, now: datetime) -> Pending[A]:
        """Send a new code for what waits."""
        return self.begin(session, self.waiting(session, now=now).application, now=now)

    def waiting(self, session: MutableMapping[str, Any], *, now: datetime) -> Pending[A]:
        """What waits in this browser, or `CodeSpent`."""
        sealed = session.get(self.session_key)
        if sealed is None:
            raise CodeSpent
        pending = self._opened(sealed)
        if now >= pending.until or pending.tries >= TRIES:
            session.pop(self.session_key)
            raise CodeSpent
        return pending

    def confirm(self, session: MutableMapping[str, Any], code: str, *, now: datetime) -> A:
        """What was asked with this code, once; a wrong code is counted and refused."""
        pending = self.waiting(session, now=now)
        # The session alone would let guesses sent at the same moment count as one.
        if tries.count(what="code", whose=pending.number, within=PER) > TRIES:
            session.pop(self.session_key)
            raise CodeSpent
        if pending.code and hmac.compare_digest(pending.code.encode(), code.strip().encode()):
            session.pop(self.session_key)
            return pending.application
        tried = replace(pending, tries=pending.tries + 1)
        self._keep(session, tried)
        raise CodeWrong(left=TRIES - tried.tries, fields=["code"])

    def _keep(self, session: MutableMapping[str, Any], pending: Pending[A]) -> None:
        plain = json.dumps({**asdict(pending), "until": pending.until.isoformat()})
        session[self.session_key] = encrypt(plain, purpose=PURPOSE, place=self._place)

    def _opened(self, sealed: str) -> Pending[A]:
        kept = json.loads(decrypt(sealed, purpose=PURPOSE, place=self._place))
        asked = kept["application"]
        login = login_names.Typed(LoginName.Kind(asked["login"]["kind"]), asked["login"]["value"])
        return Pending(
            **{
                **kept,
                "application": self.read({**asked, "login": login}),
                "until": datetime.fromisoformat(kept["until"]),
            }
        )

    @property
    def _place(self) -> str:
        return f"django_session|{self.session_key}"


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
    if tries.count(what=f"codes of a {what}", whose=whose, within=PER) > most:
        raise TooManyCodes


def _code_text(code: str) -> str:
    return _(
        "Your code is %(code)s. It is valid for 10 minutes. If you did not ask for it, you need "
        "do nothing."
    ) % {"code": code}


def _note_to_owner(login: login_names.Typed) -> str:
    if not registration.has_account(login):
        return ""
    return _(
        "Somebody asked for a new account with this number or address. You already have an "
        "account, so nothing was changed. If it was you, please log in."
    )


def _application(kept: dict[str, Any]) -> registration.Application:
    accepted = tuple((kind, version) for kind, version in kept["accepted"])
    return registration.Application(**{**kept, "accepted": accepted})


def _sealed_letter(login: login_names.Typed, text: str) -> str:
    letter = {"kind": login.kind, "to": login.value, "title": _("Your code"), "text": text}
    return encrypt(json.dumps(letter), purpose=PURPOSE, place="jobs_job|payload")


REGISTRATION = Errand(session_key="application", note=_note_to_owner, read=_application)
begin, again = REGISTRATION.begin, REGISTRATION.again
waiting, confirm = REGISTRATION.waiting, REGISTRATION.confirm
