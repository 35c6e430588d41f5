"""The room in JSON: who am I, tokens."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token

from accounts import demo
from tests import people

pytestmark = pytest.mark.django_db
LOGIN = "13900000001"


def ask_token(**changes: str):
    given = {"login": LOGIN, "password": people.PASSWORD, **changes}
    return Client().post("/api/v1/tokens/", json.dumps(given), content_type="application/json")


def me(token: str):
    return Client().get("/api/v1/me/", headers={"Authorization": f"Token {token}"})


def test_a_token_opens_the_account_and_shows_it_masked():
    player = people.player(login=LOGIN)

    answer = ask_token()
    assert answer.status_code == 201
    shown = me(answer.json()["token"])

    assert shown.status_code == 200
    assert shown.json() == {
        "code": player.code,
        "state": "ACTIVE",
        "is_verified": True,
        "name": "陈**",
        "logins": ["139****0001"],
        "language": "zh-hans",
        "unread_messages": 0,
    }


def test_a_stolen_table_of_tokens_opens_nothing():
    """F016"""
    people.player(login=LOGIN)
    token = ask_token().json()["token"]

    stored = Token.objects.get().key

    assert token != stored
    assert me(stored).status_code == 401


def test_wrong_name_and_wrong_password_are_one_answer():
    """F008"""
    people.player(login=LOGIN)

    one, other = ask_token(password="wrong"), ask_token(login="13911111111", password="wrong")

    assert one.status_code == other.status_code == 401
    assert one.content == other.content
    assert one.json()["code"] == "login_failed"


def test_three_failures_lock_here_too_and_together_with_the_page():
    """F008"""
    people.player(login=LOGIN)
    ask_token(password="wrong")
    Client().post("/login/", {"login": LOGIN, "password": "wrong"})
    ask_token(password="wrong")

    answer = ask_token()

    assert answer.status_code == 429
    assert answer.json()["code"] == "login_locked"
    assert not Token.objects.exists()


def test_an_account_with_a_second_factor_needs_its_code():
    player = people.player(login=LOGIN)
    secret = demo.enrol(player.user)

    assert ask_token().json()["code"] == "second_factor_required"
    assert ask_token(code="000000").status_code == 401
    assert ask_token(code=demo.totp_code(secret)).status_code == 201


def test_staff_get_no_tokens():
    """F224"""
    people.member("support", name="kefu")

    answer = ask_token(login="kefu")

    assert answer.status_code == 403
    assert answer.json()["code"] == "staff_use_the_desk"
    assert not Token.objects.exists()


def test_a_new_token_ends_the_old_one_and_deleting_ends_it_too():
    people.player(login=LOGIN)
    first = ask_token().json()["token"]
    second = ask_token().json()["token"]
    assert me(first).status_code == 401
    assert me(second).status_code == 200

    answer = Client().delete("/api/v1/tokens/", headers={"Authorization": f"Token {second}"})

    assert answer.status_code == 204
    assert me(second).status_code == 401


def test_a_token_ends_after_thirty_days():
    people.player(login=LOGIN)
    token = ask_token().json()["token"]
    Token.objects.update(created=people.right_now() - timedelta(days=30, seconds=1))

    assert me(token).status_code == 401


@pytest.mark.parametrize("given", [{}, {"login": "x"}, {"login": 1, "password": []}])
def test_a_malformed_request_is_answered_with_its_fields(given):
    answer = Client().post("/api/v1/tokens/", json.dumps(given), content_type="application/json")

    assert answer.status_code == 400
    assert "fields" in answer.json()
