"""Alice, Bob and the staff: made through the doors, and put behind a test client."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from django.db import transaction
from django.test import Client

from accounts import (
    confidentiality,
    demo,
    identity,
    legal_texts,
    registration,
    second_factor,
    staff,
)
from accounts.models import (
    ConfidentialityAgreement,
    LegalText,
    Player,
    Post,
    StaffMember,
    User,
)

PASSWORD = "ten thousand tickets"
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
_number = itertools.count(1)


def right_now() -> datetime:
    """What the clock says; for what the database compares with its own."""
    return datetime.now(UTC)


def prepared(now: datetime = NOW) -> None:
    """Posts and legal texts, where genesis has not written them."""
    with transaction.atomic():
        if not Post.objects.exists():
            staff.write_posts()
        if not LegalText.objects.exists():
            legal_texts.write_ours(now=now - timedelta(days=365))
        if not ConfidentialityAgreement.objects.exists():
            confidentiality.write_first(now=now - timedelta(days=365))


def latest() -> tuple[tuple[str, int], ...]:
    """The texts in force, as a page sends them back."""
    return tuple(legal_texts.latest(right_now()).items())


def phone() -> str:
    """A mainland mobile number that nobody else in this test has."""
    return f"139{next(_number):08d}"


def citizen_id(birth: date = date(1990, 1, 1)) -> str:
    """A well-formed citizen id that nobody else in this test has."""
    return demo.citizen_id(birth, next(_number) % 1000)


def player(*, login: str = "", verified: bool = True, name: str = "陈小雨") -> Player:
    """A registered player; verified, and told how money is kept, unless told otherwise."""
    prepared()
    made = registration.register(
        login=login or phone(),
        password=PASSWORD,
        accepted=latest(),
        is_adult=True,
        now=right_now(),
        ip="192.0.2.1",
    )
    if verified:
        identity.verify(player=made, name=name, citizen_id=citizen_id(), now=right_now())
        version = legal_texts.undisclosed(made.user, right_now()) or 0
        legal_texts.acknowledge(made.user, version, now=right_now(), ip="192.0.2.1")
    return made


def member(post: str | None = None, *, name: str = "", id_number: str = "") -> StaffMember:
    """A member of staff, with a post or (None) without."""
    prepared()
    number = next(_number)
    made = staff.employ(
        staff_name=name or f"staff{number}",
        display_name=f"Staff {number}",
        who_is=staff.Identity(
            name="林晓", citizen_id=id_number or citizen_id(), birth=date(1990, 1, 1)
        ),
        password=PASSWORD,
        actor=None,
        now=NOW,
    )
    if post is not None:
        staff.appoint_at_genesis(made, post, now=NOW)
    return made


def signed(made: StaffMember) -> StaffMember:
    """The same member of staff, who has signed on confidentiality."""
    text = confidentiality.in_force(language="zh-hans", now=right_now())
    confidentiality.sign(
        user=made.user,
        language=text.language,
        version=text.version,
        digest_read=confidentiality.digest(text),
        now=right_now(),
    )
    return made


def behind(user: User, *, factor: bool = True, minutes_ago: float = 0) -> Client:
    """A client logged in as `user`, staff with a second factor, as if through the page."""
    client = Client()
    client.force_login(user, backend="accounts.login.LoginNameBackend")
    if user.is_staff and factor and not second_factor.is_enrolled(user):
        demo.enrol(user)
    session = client.session
    at = time.time() - minutes_ago * 60
    session["since"] = session["seen"] = at
    records = [{"method": "password", "at": at}]
    if user.is_staff and factor:
        records.append({"method": "mfa", "at": at, "type": "totp"})
    session[AUTHENTICATION_METHODS_SESSION_KEY] = records
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    session.save()
    return client


def in_english(user: User) -> Client:
    """As `behind`, for who reads the pages in English."""
    client = behind(user)
    client.cookies["language"] = "en"
    return client


def text(answer: Any) -> str:
    """The page as it was sent."""
    return str(answer.content, "utf-8")
