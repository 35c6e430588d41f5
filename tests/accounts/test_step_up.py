"""Confirming once more: within five minutes, by the right means, with a new session key."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from accounts import demo, step_up
from accounts.models import Message
from tests import people

pytestmark = pytest.mark.django_db
PAGE = "/me/security/password/"


def test_a_fresh_log_in_is_a_confirmation_and_an_old_one_is_not():
    """F224"""
    user = people.player().user

    assert people.behind(user).get(PAGE).status_code == 200
    answer = people.behind(user, minutes_ago=6).get(PAGE)

    assert (
        answer.headers["Location"]
        == f"{reverse('account_reauthenticate')}?next=%2Fme%2Fsecurity%2Fpassword%2F"
    )


def test_a_player_confirms_with_his_password_and_gets_a_new_session_key():
    client = people.behind(people.player().user, minutes_ago=6)
    address = reverse("account_reauthenticate")
    before = client.session.session_key

    assert client.post(address, {"password": "wrong", "next": PAGE}).status_code == 200
    assert client.get(PAGE).status_code == 302
    answer = client.post(address, {"password": people.PASSWORD, "next": PAGE})

    assert answer.headers["Location"] == PAGE
    assert client.session.session_key != before
    assert client.get(PAGE).status_code == 200


def test_staff_confirm_with_the_second_factor_only():
    """F224"""
    member = people.member("support")
    client = people.behind(member.user, minutes_ago=6)
    session = client.session
    session["seen"] = time.time()
    session.save()

    answer = client.get(PAGE)
    assert answer.headers["Location"].startswith(reverse("mfa_reauthenticate"))
    client.post(reverse("account_reauthenticate"), {"password": people.PASSWORD, "next": PAGE})
    assert client.get(PAGE).status_code == 302

    code = demo.totp_code(demo.totp_secret(member.user_id))
    client.post(reverse("mfa_reauthenticate"), {"code": code, "next": PAGE})

    assert client.get(PAGE).status_code == 200


def test_a_password_alone_is_no_confirmation_of_staff():
    """F224"""
    member = people.member("support")
    client = people.behind(member.user, minutes_ago=6)
    session = client.session
    session["seen"] = time.time()
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        *session[AUTHENTICATION_METHODS_SESSION_KEY],
        {"method": "password", "at": time.time(), "reauthenticated": True},
    ]
    session.save()

    assert client.get(PAGE).status_code == 302


def test_what_was_posted_is_not_kept_while_confirming():
    """F016"""
    client = people.behind(people.player().user, minutes_ago=6)

    answer = client.post(PAGE, {"current": "very secret", "password": "much more secret"})

    assert answer.status_code == 302
    assert "secret" not in str(dict(client.session.items()))


def test_changing_the_password_ends_other_sessions_and_tells_the_owner():
    user = people.player(login="13900000001").user
    here, elsewhere = people.behind(user), people.behind(user)

    answer = here.post(PAGE, {"current": people.PASSWORD, "password": "a much better password"})

    assert answer.headers["Location"] == reverse("accounts:security")
    assert here.get("/me/").status_code == 200
    assert elsewhere.get("/me/").status_code == 302
    assert Message.objects.get(user=user).kind == "accounts.security_changed"


def test_changing_the_password_ends_the_token_too():
    """F016: who stole the old password keeps nothing that it opened."""
    user = people.player(login="13900000001").user
    given = {"login": "13900000001", "password": people.PASSWORD}
    token = Client().post("/api/v1/tokens/", given, content_type="application/json").json()["token"]
    opens = {"Authorization": f"Token {token}"}
    assert Client().get("/api/v1/me/", headers=opens).status_code == 200

    people.behind(user).post(
        PAGE, {"current": people.PASSWORD, "password": "a much better password"}
    )

    assert Client().get("/api/v1/me/", headers=opens).status_code == 401


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [("wrong", "a much better password", "current"), (people.PASSWORD, "123", "password")],
)
def test_a_refused_change_leaves_the_old_password(current, new, field):
    user = people.player().user
    answer = people.behind(user).post(PAGE, {"current": current, "password": new})

    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    user.refresh_from_db()
    assert user.check_password(people.PASSWORD)


def test_the_page_says_what_the_confirmation_is_for():
    """F224: by our own words for the address that follows, whatever else stands in it."""
    client = people.behind(people.player().user, minutes_ago=6)
    client.cookies["language"] = "en"
    asked = client.get(PAGE).headers["Location"]
    said = "Then you go on to: <b>Change the password</b>"

    assert said in client.get(asked).content.decode()
    wrong = client.post(asked, {"password": "wrong", "next": PAGE})
    assert said in wrong.content.decode()
    for address in ("//evil.example/<b>x</b>", "/no/such/page/", "http://[", "/me/", ""):
        page = client.get(reverse("account_reauthenticate"), {"next": address}).content.decode()
        assert "Then you go on to" not in page


def test_staff_read_it_beside_the_code():
    client = people.behind(people.member("support").user, minutes_ago=6)
    client.cookies["language"] = "en"
    session = client.session
    session["seen"] = time.time()
    session.save()

    asked = client.get(PAGE).headers["Location"]

    assert asked.startswith(reverse("mfa_reauthenticate"))
    assert "Then you go on to: <b>Change the password</b>" in client.get(asked).content.decode()


def test_every_page_that_asks_for_a_confirmation_has_words_for_it():
    """F224: and no words stand for a page that is not there."""
    every = dict(named(get_resolver().url_patterns, ""))
    asking = {name for name, view in every.items() if asks(view)}

    assert len(asking) > 20
    assert asking - step_up._PURPOSES.keys() == set()
    assert step_up._PURPOSES.keys() - every.keys() == set()


def named(patterns: Iterable[Any], space: str) -> Iterator[tuple[str, Any]]:
    """Every address by the name that it is reversed by, with its view."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from named(pattern.url_patterns, inner)
        elif pattern.name:
            yield f"{space}{pattern.name}", pattern.callback


def asks(view: Any) -> bool:
    """Whether `step_up.required` stands somewhere around the view."""
    while view is not None:
        code = getattr(view, "__code__", None)
        if code is not None and code.co_qualname == "required.<locals>.checked":
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def test_the_way_back_after_a_post_is_the_page_it_came_from(rf):
    request = rf.post("/desk/x/approve/", headers={"Referer": "http://testserver/desk/x/?a=1"})
    foreign = rf.post("/desk/x/approve/", headers={"Referer": "https://elsewhere.example/"})

    assert step_up._way_back(request) == "/desk/x/?a=1"
    assert step_up._way_back(foreign) == "/desk/x/approve/"
