"""A forgotten password: every name is answered alike, and only the owner's code sets a new one."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings as house
from django.test import Client
from django.urls import reverse

from accounts import password_reset, verification
from accounts.models import LoginName, Message, User
from audit.models import TrailRecord
from lottery_portal import jobs
from lottery_portal.jobs.models import Job
from lottery_portal.lib.encryption import blind_index
from tests import people

pytestmark = pytest.mark.django_db
LOGIN, NEW = "13900000001", "another fine password"


@pytest.fixture(autouse=True)
def _texts(db):
    people.prepared()


def asked(login: str = LOGIN) -> Client:
    client = Client()
    assert client.post(reverse("accounts:reset"), {"login": login}).status_code == 302
    return client


def submit(client: Client, code: str, password: str = NEW):
    return client.post(reverse("accounts:reset_code"), {"code": code, "password": password})


def code_of(client: Client) -> str:
    return password_reset.ERRAND.waiting(client.session, now=people.right_now()).code


def wrong(client: Client) -> str:
    return "000001" if code_of(client) == "000000" else "000000"


def log_in(password: str, client: Client | None = None):
    given = {"login": LOGIN, "password": password}
    return (client or Client()).post(reverse("accounts:login"), given)


def body(answer) -> str:
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode())
    return re.sub("000[123]", "000#", text)


def opens(user: User, password: str) -> bool:
    return User.objects.get(pk=user.pk).check_password(password)


def test_the_code_sets_a_new_password_and_everything_the_old_one_opened_ends():
    """F008, F016: whoever stole the old password keeps nothing."""
    user = people.player(login=LOGIN).user
    elsewhere = Client()
    assert log_in(people.PASSWORD, elsewhere).status_code == 302
    assert elsewhere.get("/me/").status_code == 200
    given = {"login": LOGIN, "password": people.PASSWORD}
    made = Client().post("/api/v1/tokens/", given, content_type="application/json").json()
    header = {"Authorization": f"Token {made['token']}"}
    client = asked()

    answer = submit(client, code_of(client))

    assert answer.headers["Location"] == reverse("accounts:login")
    assert elsewhere.get("/me/").status_code == 302
    assert Client().get("/api/v1/me/", headers=header).status_code == 401
    assert log_in(people.PASSWORD).status_code == 401
    assert log_in(NEW).status_code == 302
    told = Message.objects.get(user=user, kind="accounts.security_changed")
    assert told.params["what"] == "password_reset"
    assert TrailRecord.objects.filter(action="accounts.password_reset").count() == 1


def test_a_locked_name_opens_with_the_new_password():
    """F008: three failures are no dead end."""
    people.player(login=LOGIN)
    last = [log_in(f"wrong {number}") for number in range(3)][-1]
    assert last.status_code == 429
    assert reverse("accounts:reset") in last.content.decode()
    client = asked()

    submit(client, code_of(client))

    assert not AccessAttempt.objects.exists()
    assert log_in(NEW).status_code == 302


def _staff_with_mail() -> User:
    user = people.member("support").user
    LoginName.objects.create(
        user=user,
        kind=LoginName.Kind.PHONE,
        index=blind_index("login", "PHONE|+8613900000003"),
        value="+8613900000003",
        added_at=people.right_now(),
    )
    return user


def test_unknown_known_and_staff_names_are_answered_with_the_same_bytes(settings):
    """F008"""
    settings.DEMO = False
    people.player(login=LOGIN)
    _staff_with_mail()
    waiting = Job.objects.count()
    pages = []
    for login in (LOGIN, "13900000002", "13900000003"):
        client = Client()
        first = client.post(reverse("accounts:reset"), {"login": login})
        page = client.get(first.headers["Location"])
        refused = submit(client, wrong(client))
        weak = submit(client, "000000", "short")
        pages.append([first.status_code, first.headers["Location"], body(page)])
        pages[-1] += [refused.status_code, body(refused), weak.status_code, body(weak)]

    assert pages[0] == pages[1] == pages[2]
    assert Job.objects.count() == waiting + 3


def test_only_the_owner_gets_a_code_and_everybody_else_a_note():
    people.player(login=LOGIN)
    for login in (LOGIN, "13900000002"):
        asked(login)
    jobs.run_pending()

    lines = (house.STATE_DIR / "sms.jsonl").read_text(encoding="utf-8").splitlines()[-2:]

    texts = [line.rpartition('"text"')[2] for line in lines]
    assert re.search(r"\d{6}", texts[0])
    assert not re.search(r"\d{6}", texts[1])


def test_staff_passwords_are_not_set_here():
    user = _staff_with_mail()
    before = User.objects.get(pk=user.pk).password
    client = asked("13900000003")

    assert code_of(client) == ""
    for guess in ("", "000000"):
        assert submit(client, guess).status_code == 400

    assert User.objects.get(pk=user.pk).password == before
    answer = Client().post(reverse("accounts:reset"), {"login": user.username})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["login"]


def test_a_wrong_code_changes_nothing_and_the_fifth_is_the_last():
    user = people.player(login=LOGIN).user
    client = asked()
    right, other = code_of(client), wrong(client)

    for _ in range(5):
        assert submit(client, other).status_code == 400

    assert submit(client, right).status_code == 400
    assert opens(user, people.PASSWORD)
    assert not Message.objects.filter(kind="accounts.security_changed").exists()


def test_a_code_opens_once_and_only_for_ten_minutes():
    user = people.player(login=LOGIN).user
    client = asked()
    right = code_of(client)
    late = people.right_now() + timedelta(minutes=10)
    with pytest.raises(verification.CodeSpent):
        password_reset.finish(dict(client.session), code=right, password=NEW, now=late)
    assert opens(user, people.PASSWORD)

    assert submit(client, right).status_code == 302

    assert submit(client, right, "a third fine password").status_code == 400
    assert opens(user, NEW)


def test_guesses_sent_at_the_same_moment_count_each():
    """Copies of one session, as parallel requests hold them, share the five tries."""
    people.player(login=LOGIN)
    client = asked()
    right, other, now = code_of(client), wrong(client), people.right_now()
    copies = [dict(client.session) for _ in range(6)]

    for copy in copies[:5]:
        with pytest.raises(verification.CodeWrong):
            password_reset.finish(copy, code=other, password=NEW, now=now)

    with pytest.raises(verification.CodeSpent):
        password_reset.finish(copies[5], code=right, password=NEW, now=now)


def test_a_weak_password_is_refused_and_costs_no_try():
    user = people.player(login=LOGIN).user
    client = asked()
    right = code_of(client)

    for _ in range(6):
        answer = submit(client, right, "1234567890123")
        assert list(answer.context["form"].errors) == ["password"]
    assert opens(user, people.PASSWORD)

    assert submit(client, right).status_code == 302


def test_codes_are_not_sent_without_end():
    people.player(login=LOGIN)
    for _ in range(5):
        asked()

    assert Client().post(reverse("accounts:reset"), {"login": LOGIN}).status_code == 429


def test_a_code_for_registration_sets_no_password():
    people.player(login=LOGIN)
    client = Client()
    given = {"login": "13900000009", "password": people.PASSWORD, "is_adult": "on"}
    client.post(reverse("accounts:register"), {**given, "terms": "on", "privacy": "on"})

    assert client.get(reverse("accounts:reset_code")).status_code == 400


def test_in_the_demonstration_the_page_shows_what_the_phone_would():
    people.player(login=LOGIN)
    client = asked()

    assert code_of(client) in client.get(reverse("accounts:reset_code")).content.decode()
