"""People for demonstrations and drills, made through the same doors as real ones.

Names and numbers are invented; the numbers are well formed because the identity check asks for it.
Nothing here runs unless `DEMO` is on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.db import transaction
from stdnum.cn import ric

from . import identity, legal_texts, login_names, registration, staff
from .models import LoginName, Player, StaffMember, User

AREA = "110101"
PASSWORD = "lottery-demo-2026"  # noqa: S105 - for demo people, only where DEMO is on
STAFF = (
    ("kaijiang1", "draw_official", "林晓", date(1985, 3, 12)),
    ("kaijiang2", "draw_official", "周岚", date(1988, 7, 2)),
    ("chuna", "cashier", "何静", date(1990, 1, 25)),
    ("caiwu", "treasurer", "沈岩", date(1979, 11, 8)),
    ("fuhe", "approver", "陆平", date(1981, 5, 30)),
    ("fengkong", "risk", "唐越", date(1986, 9, 17)),
    ("kefu", "support", "苏宁远", date(1994, 4, 4)),
    ("hegui", "compliance", "秦川", date(1983, 12, 19)),
    ("shenji", "auditor", "顾白", date(1977, 6, 6)),
    ("jianguan", "regulator", "方毅", date(1975, 2, 14)),
    ("guanli", "administrator", "丁一凡", date(1989, 10, 10)),
    ("duijiang", "claims_clerk", "许雯", date(1993, 2, 21)),
    ("duijiang2", "claims_officer", "程立", date(1984, 8, 9)),
    ("wangdian1", "outlet_operator", "高敏", date(1991, 6, 3)),
    ("wangdian2", "outlet_operator", "罗宁", date(1987, 1, 15)),
    ("zhongxin1", "outlet_operator", "叶青", date(1982, 10, 27)),
    ("fuhe2", "approver", "江澜", date(1980, 9, 9)),  # the largest prizes ask for two
)
PLAYERS = (
    ("13800000001", "陈小雨", date(1992, 8, 16)),
    ("13800000002", "王海", date(1980, 4, 21)),
    ("lily@example.com", "李莉", date(1999, 12, 1)),
)
UNVERIFIED = "13800000004"
FIRST_PLAYER = 101  # the running number in the citizen id of the first of them
# Who has no account and shows a paper at the prize centre.
AGENT, GUARDIAN = ("刘洋", date(1988, 3, 3)), ("周建国", date(1986, 5, 20))
CHILD = ("周乐", date(2015, 6, 1))
FIRST_VISITOR = 201


@dataclass(frozen=True)
class StaffLogin:
    """What a demo member of staff needs to log in."""

    member: StaffMember
    staff_name: str
    password: str
    totp_secret: str


def citizen_id(birth: date, sequence: int) -> str:
    """A well-formed citizen id for an invented person."""
    stem = f"{AREA}{birth:%Y%m%d}{sequence:03d}"
    return stem + ric.calc_check_digit(stem + "0")


@dataclass(frozen=True)
class DemoLogin:
    """One line of the list that the launcher prints."""

    role: str
    login: str
    password: str
    totp_secret: str = ""


def load(*, now: datetime) -> None:
    """Staff of every role, three verified players, one who is not. A second run changes nothing."""
    for number, (staff_name, post, name, birth) in enumerate(STAFF, start=1):
        if not _exists(login_names.staff(staff_name)):
            make_staff(
                staff_name=staff_name,
                display_name=name,
                post=post,
                name=name,
                citizen_id=citizen_id(birth, number),
                password=PASSWORD,
                now=now,
            )
    for number, (login, name, birth) in enumerate(PLAYERS, start=FIRST_PLAYER):
        if not _exists(login_names.contact(login)):
            made_up = citizen_id(birth, number)
            make_player(login=login, password=PASSWORD, name=name, citizen_id=made_up, now=now)
    if not _exists(login_names.contact(UNVERIFIED)):
        make_player(login=UNVERIFIED, password=PASSWORD, now=now)


def cards() -> list[tuple[str, str, str]]:
    """Log-in, name and citizen id of the verified demo players, as their id cards say."""
    _only_in_demo()
    return [
        (login, name, citizen_id(birth, number))
        for number, (login, name, birth) in enumerate(PLAYERS, start=FIRST_PLAYER)
    ]


def visitors() -> list[tuple[str, str]]:
    """Name and citizen id of an agent, a child and its parent: people without an account."""
    _only_in_demo()
    return [
        (name, citizen_id(birth, number))
        for number, (name, birth) in enumerate((AGENT, CHILD, GUARDIAN), start=FIRST_VISITOR)
    ]


def players() -> list[Player]:
    """The verified demo players, in the order of `PLAYERS`."""
    indexes = [login_names.contact(login).index for login, _name, _birth in PLAYERS]
    found = {
        bytes(row.index): row.user.player
        for row in LoginName.objects.filter(index__in=indexes).select_related("user__player")
    }
    return [found[index] for index in indexes if index in found]


def logins() -> list[DemoLogin]:
    """Every demo log-in there is, with the secret of its TOTP device."""
    _only_in_demo()
    found = [
        DemoLogin("player", login, PASSWORD)
        for login in [*(login for login, _name, _birth in PLAYERS), UNVERIFIED]
        if _exists(login_names.contact(login))
    ]
    for staff_name, post, _name, _birth in STAFF:
        index = login_names.staff(staff_name).index
        named = LoginName.objects.filter(index=index).first()
        if named is not None:
            found.append(DemoLogin(post, staff_name, PASSWORD, totp_secret(named.user_id)))
    return found


def totp_secret(user_id: int) -> str:
    """The secret of a demo user's TOTP device, or ""."""
    _only_in_demo()
    device = Authenticator.objects.filter(user_id=user_id, type=Authenticator.Type.TOTP).first()
    return str(decrypt(device.data["secret"])) if device else ""


def totp_code(secret: str) -> str:
    """The code that a device with this secret shows now."""
    taken = list(yield_hotp_counters_from_time())  # with those of clocks that are off
    return str(format_hotp_value(hotp_value(secret, taken[len(taken) // 2])))


def _exists(login: login_names.Typed) -> bool:
    return LoginName.objects.filter(index=login.index).exists()


def make_staff(
    *,
    staff_name: str,
    display_name: str,
    post: str,
    name: str,
    citizen_id: str,
    password: str,
    now: datetime,
) -> StaffLogin:
    """A member of staff with one post (recorded as genesis) and a TOTP device."""
    _only_in_demo()
    birth = ric.get_birth_date(citizen_id)
    member = staff.employ(
        staff_name=staff_name,
        display_name=display_name,
        who_is=staff.Identity(name=name, citizen_id=citizen_id, birth=birth),
        password=password,
        actor=None,
        now=now,
    )
    staff.appoint_at_genesis(member, post, now=now)
    secret = enrol(member.user)
    return StaffLogin(member=member, staff_name=staff_name, password=password, totp_secret=secret)


def make_player(
    *,
    login: str,
    password: str,
    now: datetime,
    name: str = "",
    citizen_id: str = "",
    language: str = "zh-hans",
) -> Player:
    """A registered player; with name and citizen id also verified and told about his money."""
    _only_in_demo()
    player = registration.register(
        login=login,
        password=password,
        accepted=tuple(legal_texts.latest(now).items()),
        is_adult=True,
        now=now,
        ip="127.0.0.1",
        language=language,
    )
    if citizen_id:
        identity.verify(player=player, name=name, citizen_id=citizen_id, now=now)
        if version := legal_texts.undisclosed(player.user, now):
            legal_texts.acknowledge(player.user, version, now=now, ip="127.0.0.1")
    return player


def enrol(user: User) -> str:
    """Give a user a TOTP device; the secret, for the list of demo log-ins."""
    _only_in_demo()
    secret = str(generate_totp_secret())
    with transaction.atomic():
        TOTP.activate(user, secret)
    return secret


def _only_in_demo() -> None:
    if not settings.DEMO:
        raise RuntimeError("Demo people exist only where DEMO is on.")
