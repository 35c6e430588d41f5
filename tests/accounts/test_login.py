"""Logging in: one answer for every failure, the lock, the second factor, the end of a session."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from django.urls import reverse

from accounts import demo, login, messages, second_factor
from accounts.models import Message, User
from audit import trail
from lottery_portal.lib import dates
from tests import people

pytestmark = pytest.mark.django_db
LOGIN = "13900000001"


@pytest.fixture(autouse=True)
def _texts(db):
    people.prepared()


def try_in(client: Client, name: str = LOGIN, password: str = people.PASSWORD, **more):
    return client.post(reverse("accounts:login"), {"login": name, "password": password, **more})


def body(answer) -> str:
    """The page without what differs on every page: the CSRF tokens."""
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode())


def enter_code(client: Client, user: User):
    code = demo.totp_code(demo.totp_secret(user.pk))
    return client.post(reverse("mfa_authenticate"), {"code": code})


def test_a_player_logs_in_by_phone_or_mail_and_gets_where_he_wanted():
    player = people.player(login=LOGIN)
    client = Client()

    answer = try_in(client, "+86 139 0000 0001", next="/me/")

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/me/"
    assert client.session["_auth_user_id"] == str(player.user_id)


def test_the_way_on_never_leads_away_from_us():
    people.player(login=LOGIN)

    answer = try_in(Client(), next="https://elsewhere.example/")

    assert answer.headers["Location"] == "/"


def test_wrong_name_and_wrong_password_are_answered_with_the_same_bytes():
    """F008"""
    people.player(login=LOGIN)

    wrong_password = try_in(Client(), LOGIN, "not his password")
    wrong_name = try_in(Client(), "13911111111", "not his password")
    no_name_at_all = try_in(Client(), "nobody in particular", "not his password")

    assert wrong_password.status_code == wrong_name.status_code == 401
    assert body(wrong_password) == body(wrong_name) == body(no_name_at_all)
    of_no_matter = {"Content-Length": "", "Expires": ""}  # a token's spelling, and the second
    assert dict(wrong_password.headers) | of_no_matter == dict(wrong_name.headers) | of_no_matter


def test_an_unknown_name_costs_a_password_hash_like_a_known_one(monkeypatch):
    """F008: the clock does not tell either."""
    people.player(login=LOGIN)

    hashed = []
    plain = MD5PasswordHasher.encode

    def noting(self, password, salt):
        hashed.append(password)
        return plain(self, password, salt)

    monkeypatch.setattr(
        MD5PasswordHasher,
        "encode",
        noting,
    )

    try_in(Client(), LOGIN, "guess one")
    try_in(Client(), "13911111111", "guess two")

    assert hashed.count("guess one") == hashed.count("guess two") == 1


@pytest.mark.parametrize("name", [LOGIN, "13911111111"])
def test_the_fourth_try_finds_the_name_locked_whoever_it_is(name):
    """F008: also with the right password, also for names that do not exist."""
    people.player(login=LOGIN)
    first, second, third = (try_in(Client(), name, f"wrong {n}") for n in range(3))
    fourth = try_in(Client(), name)

    assert [first.status_code, second.status_code] == [401, 401]
    assert [third.status_code, fourth.status_code] == [429, 429]
    assert body(third) == body(fourth)
    assert "_auth_user_id" not in Client().session


def test_locked_pages_of_known_and_unknown_names_have_the_same_bytes():
    """F008"""
    people.player(login=LOGIN)
    pages = []
    failed_at = people.right_now() - timedelta(minutes=10)
    for name in (LOGIN, "13911111111"):
        for number in range(3):
            try_in(Client(), name, f"wrong {number}")
        AccessAttempt.objects.update(attempt_time=failed_at)
        pages.append(body(try_in(Client(), name, "wrong again")))

    assert pages[0] == pages[1]
    opens = dates.written(failed_at + timedelta(minutes=30), "minute")
    assert opens in pages[0]


def test_the_lock_opens_at_the_time_the_page_says():
    """F008: failures from several addresses add up; the third newest decides."""
    people.player(login=LOGIN)
    now = people.right_now()
    for minutes, address in ((25, "192.0.2.1"), (20, "192.0.2.2"), (5, "192.0.2.3")):
        try_in(Client(REMOTE_ADDR=address), LOGIN, "wrong")
        attempts = AccessAttempt.objects.filter(ip_address=address)
        attempts.update(attempt_time=now - timedelta(minutes=minutes))

    assert login.locked_until(LOGIN, now) == now + timedelta(minutes=5)
    assert login.locked_until("13911111111", now) == now


def test_however_the_name_is_written_the_failures_add_up():
    """F008"""
    people.player(login=LOGIN)
    for written in ("139 0000 0001", "+8613900000001", "139-0000-0001"):
        try_in(Client(), written, "wrong")

    assert try_in(Client(), LOGIN).status_code == 429


def test_the_lock_opens_after_half_an_hour():
    """F008"""
    people.player(login=LOGIN)
    for _ in range(4):
        try_in(Client(), LOGIN, "wrong")

    AccessAttempt.objects.update(attempt_time=people.right_now() - timedelta(minutes=29))
    assert try_in(Client(), LOGIN).status_code == 429
    AccessAttempt.objects.update(attempt_time=people.right_now() - timedelta(minutes=31))
    assert try_in(Client(), LOGIN).status_code == 302


def test_tries_during_the_lock_do_not_make_it_longer():
    people.player(login=LOGIN)
    for _ in range(3):
        try_in(Client(), LOGIN, "wrong")
    AccessAttempt.objects.update(attempt_time=people.right_now() - timedelta(minutes=29))

    assert try_in(Client(), LOGIN, "wrong").status_code == 429
    attempt = AccessAttempt.objects.get()
    assert attempt.failures_since_start == 3
    assert people.right_now() - attempt.attempt_time > timedelta(minutes=28)


def test_success_forgets_earlier_failures():
    people.player(login=LOGIN)
    for _ in range(2):
        try_in(Client(), LOGIN, "wrong")

    assert try_in(Client()).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_neither_name_nor_password_is_written_down_by_a_failure():
    """F016"""
    try_in(Client(), "13911111111", "a very secret guess")

    attempt = AccessAttempt.objects.get()
    kept = f"{attempt.username} {attempt.post_data} {attempt.get_data}"
    assert "13911111111" not in kept
    assert "secret" not in kept


def test_three_failures_lock_staff_and_tell_them():
    """F224: lock, message, trail."""
    member = people.member("cashier", name="chuna")
    answers = [try_in(Client(), "chuna", "wrong") for _ in range(5)]

    assert answers[-1].status_code == 429
    message = Message.objects.get(user=member.user)
    assert message.kind == "accounts.locked"
    assert "Forgot the password?" not in told(message)
    record = trail.read(trail.Filters(action="accounts.login_locked")).get()
    assert record.object_code == member.user.username


def test_a_locked_player_is_told_that_a_new_password_opens_the_name():
    """F008: staff are not, for theirs does not."""
    player = people.player(login=LOGIN)
    for _failure in range(3):
        try_in(Client(), LOGIN, "wrong")

    assert "Forgot the password?" in told(Message.objects.get(user=player.user))


def told(message: Message) -> str:
    """The words of a message in English."""
    return messages.write(message, "en").text


def test_the_session_gets_a_new_key_at_log_in():
    people.player(login=LOGIN)
    client = Client()
    client.get("/")
    session = client.session
    session["kept"] = 1
    session.save()
    client.cookies["session"] = before = str(session.session_key)

    try_in(client)

    assert client.session.session_key != before


def test_staff_log_in_with_password_and_code():
    """F224"""
    member = people.member("cashier", name="chuna")
    demo.enrol(member.user)
    client = Client()

    answer = try_in(client, "chuna")
    assert answer.headers["Location"] == reverse("mfa_authenticate")
    assert "_auth_user_id" not in client.session
    assert client.get("/desk/players/").status_code == 302

    answer = enter_code(client, member.user)

    assert answer.headers["Location"] == "/desk/"
    assert client.session["_auth_user_id"] == str(member.user_id)
    assert trail.read(trail.Filters(action="accounts.staff_logged_in")).count() == 1


def test_a_code_opens_once():
    """F224"""
    member = people.member("cashier", name="chuna")
    demo.enrol(member.user)
    for client, status in ((Client(), 302), (Client(), 400)):
        try_in(client, "chuna")
        assert enter_code(client, member.user).status_code == status


def test_wrong_codes_lock_as_well():
    """F224"""
    member = people.member("cashier", name="chuna")
    demo.enrol(member.user)
    client = Client()
    try_in(client, "chuna")

    for _ in range(3):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    answer = enter_code(client, member.user)

    assert answer.status_code == 400
    assert "_auth_user_id" not in client.session


def test_staff_without_a_second_factor_reach_nothing_but_the_way_to_it():
    """F224"""
    member = people.member("support", name="kefu")
    client = Client()
    assert try_in(client, "kefu").headers["Location"] == "/desk/"

    for address in ("/desk/players/", "/admin/", "/", "/me/security/password/"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Location"]) == (302, reverse("mfa_index")), (
            address
        )
    assert client.get("/api/v1/me/").status_code == 403
    assert client.get(reverse("mfa_index")).status_code == 200

    answer = client.get(reverse("mfa_activate_totp"), follow=True)
    assert answer.status_code == 200
    assert answer.resolver_match.view_name == "account_reauthenticate"
    client.post(
        reverse("account_reauthenticate"),
        {"password": people.PASSWORD, "next": reverse("mfa_activate_totp")},
    )
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    answer = client.post(reverse("mfa_activate_totp"), {"code": demo.totp_code(secret)})

    assert answer.headers["Location"] == reverse("mfa_view_recovery_codes")
    assert client.get(answer.headers["Location"]).status_code == 200
    assert second_factor.is_enrolled(member.user)
    assert client.get("/desk/players/").status_code == 200


def test_a_session_opened_before_the_factor_was_set_up_must_confirm_with_it():
    """F224"""
    member = people.member("support")
    client = people.behind(member.user, factor=False)
    demo.enrol(member.user)

    answer = client.get("/desk/players/")

    assert answer.headers["Location"].startswith(reverse("mfa_reauthenticate"))


def test_a_staff_session_ends_after_a_quarter_of_an_hour_of_rest():
    """F224"""
    client = people.behind(people.member("support").user)
    assert client.get("/desk/players/").status_code == 200
    session = client.session
    session["seen"] = time.time() - 16 * 60
    session["since"] = time.time() - 20 * 60
    session.save()

    answer = client.get("/desk/players/")

    assert answer.headers["Location"].startswith(reverse("accounts:login"))
    assert "_auth_user_id" not in client.session


def test_a_staff_session_ends_after_eight_hours_of_work():
    """F224"""
    client = people.behind(people.member("support").user)
    session = client.session
    session["since"] = time.time() - 8 * 3600 - 1
    session.save()

    assert client.get("/desk/players/").headers["Location"].startswith(reverse("accounts:login"))


def test_a_players_session_outlives_a_rest():
    client = people.behind(people.player().user, minutes_ago=60)

    assert client.get("/me/").status_code == 200


def test_logging_out_ends_the_session():
    client = people.behind(people.player().user)

    assert client.get(reverse("accounts:logout")).status_code == 405
    client.post(reverse("accounts:logout"))

    assert "_auth_user_id" not in client.session


def test_an_account_that_was_closed_to_log_in_gets_the_usual_answer():
    people.player(login=LOGIN)
    User.objects.update(is_active=False)

    assert body(try_in(Client())) == body(try_in(Client(), "13911111111"))


def test_the_last_address_written_by_our_proxy_counts(rf, settings):
    settings.EMBEDDED = False
    request = rf.get("/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})

    assert login.client_ip(request) == "198.51.100.7"
    settings.EMBEDDED = True
    assert login.client_ip(request) == "127.0.0.1"
