"""People of drills: officials whose word counts in shadow draws only, and who never log in (F250).

Their post carries a role that opens no page; the database takes it at shadow draws only.
"""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext_noop

from audit import trail
from lottery_portal.lib.codes import new_code
from lottery_portal.lib.db import door
from lottery_portal.lib.encryption import blind_index

from . import identity
from .models import Person, Post, Posting, StaffMember, User

POST = "drill_official"
APPROVAL = "DRILL"
_BORN = date(1970, 1, 1)


@door
def officials(*, now: datetime) -> list[User]:
    """The two officials of drills, made at the first drill."""
    post, _is_new = Post.objects.get_or_create(
        code=POST, defaults={"title": gettext_noop("Official of drills"), "roles": [POST]}
    )
    return [_official(number, post, now=now) for number in (1, 2)]


def _official(number: int, post: Post, *, now: datetime) -> User:
    invented = f"DRILL-{number}"
    known = Person.objects.filter(citizen_id_index=blind_index("citizen_id", invented)).first()
    if known is not None:
        return StaffMember.objects.select_related("user").get(person=known).user
    person = identity.record_person(name=invented, citizen_id=invented, birth=_BORN, now=now)
    user = User(username=new_code(), is_staff=True, is_active=False, created_at=now)
    user.set_unusable_password()
    user.save(force_insert=True)
    StaffMember.objects.create(user=user, person=person, display_name=invented, since=now)
    Posting.objects.create(person=person, post=post, valid_from=now, approval_code=APPROVAL)
    trail.record(
        action="accounts.drill_official_made",
        actor=None,
        object_type="staff",
        object_code=user.username,
        body={"number": number},
    )
    return user
