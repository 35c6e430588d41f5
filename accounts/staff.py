"""Members of staff and the posts they hold. A role is never given to an account, only to a post."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from audit import approvals, trail
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door, inside_transaction, violated
from lottery_portal.lib.encryption import blind_index
from lottery_portal.lib.errors import Refused

from . import drills, identity, login_names, registration
from .models import LoginName, Person, Post, Posting, StaffMember, User

GENESIS, DRILL = "GENESIS", "DRILL"
KIND = "accounts.posting"
POSTS = (
    ("draw_official", gettext_noop("Draw official")),
    ("cashier", gettext_noop("Cashier")),
    ("treasurer", gettext_noop("Treasurer")),
    ("approver", gettext_noop("Approver")),
    ("risk", gettext_noop("Risk officer")),
    ("support", gettext_noop("Support agent")),
    ("compliance", gettext_noop("Compliance officer")),
    ("auditor", gettext_noop("Auditor")),
    ("regulator", gettext_noop("Regulator")),
    ("administrator", gettext_noop("Administrator")),
    ("claims_clerk", gettext_noop("Claims clerk")),
    ("claims_officer", gettext_noop("Claims officer")),
    ("outlet_operator", gettext_noop("Outlet operator")),
)


class StaffNameTaken(Refused):
    """Somebody has that staff name."""

    code = "staff_name_taken"
    message = _("The staff name %(name)s is taken.")


class PostHeld(Refused):
    """The person already holds the post."""

    code = "post_held"
    message = _("This person already holds that post.")


class PostNotHeld(Refused):
    """The person does not hold the post."""

    code = "post_not_held"
    message = _("This person does not hold that post.")


class GenesisIsOver(Refused):
    """Posts are already given by approval; genesis cannot give more."""

    code = "genesis_over"
    message = _("The first posts have been given. Further ones need an approval.")


@dataclass(frozen=True)
class Identity:
    """Who a new member of staff is, as written in his papers."""

    name: str
    citizen_id: str
    birth: date


@inside_transaction
def write_posts() -> None:
    """Genesis: one post for every role."""
    Post.objects.bulk_create(
        [Post(code=code, title=title, roles=[code]) for code, title in POSTS],
        ignore_conflicts=True,
    )


@door
def employ(
    *,
    staff_name: str,
    display_name: str,
    who_is: Identity,
    password: str,
    actor: User | None,
    now: datetime,
) -> StaffMember:
    """Make a staff account without any post. At his first log-in he sets up a second factor."""
    named = login_names.staff(staff_name)
    registration.check_password_strength(password)
    if LoginName.objects.filter(index=named.index).exists():
        raise StaffNameTaken(name=named.value)
    index = blind_index("citizen_id", who_is.citizen_id)
    person = Person.objects.filter(citizen_id_index=index).first() or identity.record_person(
        name=who_is.name, citizen_id=who_is.citizen_id, birth=who_is.birth, now=now
    )
    user = User(username=new_code(), is_staff=True, created_at=now)
    user.set_password(password)
    user.save(force_insert=True)
    LoginName.objects.create(
        user=user, kind=named.kind, index=named.index, value=named.value, added_at=now
    )
    member = StaffMember.objects.create(
        user=user, person=person, display_name=display_name, since=now
    )
    trail.record(
        action="accounts.staff_employed",
        actor=actor,
        object_type="staff",
        object_code=user.username,
        body={"display_name": display_name},
    )
    return member


def request_appointment(
    *,
    person: Person,
    post: str,
    maker: User,
    now: datetime,
    valid_until: datetime | None = None,
) -> approvals.Request:
    """Ask for a post to be given; another person approves it, and only then is it held."""
    if Posting.objects.filter(person=person, post__code=post, valid_until__isnull=True).exists():
        raise PostHeld
    payload = {
        "deed": "appoint",
        "person": str(person.row_uuid),
        "post": Post.objects.get(code=post).code,
        "until": valid_until.isoformat() if valid_until else None,
    }
    return approvals.request(kind=KIND, payload=payload, maker=maker, now=now)


def request_end(*, person: Person, post: str, maker: User, now: datetime) -> approvals.Request:
    """Ask for a post to be taken back at once."""
    if not Posting.objects.filter(
        person=person, post__code=post, valid_until__isnull=True
    ).exists():
        raise PostNotHeld
    payload = {"deed": "end", "person": str(person.row_uuid), "post": post, "until": None}
    return approvals.request(kind=KIND, payload=payload, maker=maker, now=now)


@inside_transaction
def perform(
    *, payload: Mapping[str, Any], approval_code: str, actor: User | None, now: datetime
) -> None:
    """Give or take the post of an approved request."""
    person = Person.objects.get(row_uuid=payload["person"])
    post = Post.objects.get(code=payload["post"])
    if payload["deed"] == "appoint":
        until = datetime.fromisoformat(payload["until"]) if payload["until"] else None
        _appoint(person, post, now=now, until=until, approval_code=approval_code)
    elif not (
        Posting.objects.filter(person=person, post=post, valid_until__isnull=True).update(
            valid_until=max(now, _begun(person, post) + timedelta(microseconds=1))
        )
    ):
        raise PostNotHeld
    trail.record(
        action=f"accounts.posting_{payload['deed']}",
        actor=actor,
        object_type="person",
        object_code=str(person.row_uuid),
        body={"post": post.code, "approval": approval_code, "until": payload["until"]},
    )


@door
def appoint_at_genesis(member: StaffMember, post: str, *, now: datetime) -> Posting:
    """Give one of the first posts; refused once a post was given by approval."""
    given = Posting.objects.exclude(approval_code__in=[GENESIS, drills.APPROVAL])
    if given.exists():
        raise GenesisIsOver
    posting = _appoint(
        member.person, Post.objects.get(code=post), now=now, until=None, approval_code=GENESIS
    )
    trail.record(
        action="accounts.posting_appoint",
        actor=None,
        object_type="person",
        object_code=str(member.person.row_uuid),
        body={"post": post, "approval": GENESIS, "until": None},
    )
    return posting


def _begun(person: Person, post: Post) -> datetime:
    posting = Posting.objects.filter(person=person, post=post, valid_until__isnull=True).first()
    if posting is None:
        raise PostNotHeld
    return posting.valid_from


def _appoint(
    person: Person, post: Post, *, now: datetime, until: datetime | None, approval_code: str
) -> Posting:
    try:
        return Posting.objects.create(
            person=person,
            post=post,
            valid_from=now,
            valid_until=until,
            approval_code=approval_code,
        )
    except IntegrityError as exc:
        if violated(exc) == "posting_open_once_per_post":
            raise PostHeld from exc
        raise
