"""Chinese unless this browser or this user chose otherwise."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import people

pytestmark = pytest.mark.django_db
LOGIN = "/login/"


def test_the_browser_is_not_asked():
    page = Client().get(LOGIN, headers={"Accept-Language": "en-GB,en"})

    assert page.headers["Content-Language"] == "zh-hans"
    assert 'lang="zh-Hans"' in page.content.decode()


def test_the_cookie_is():
    client = Client()
    client.cookies["language"] = "en"

    assert client.get(LOGIN).headers["Content-Language"] == "en"
    client.cookies["language"] = "tlh"
    assert client.get(LOGIN).headers["Content-Language"] == "zh-hans"


def test_the_choice_follows_the_user_to_his_next_browser():
    player = people.player(login="13900000001")
    people.behind(player.user).post("/language/", {"language": "en"})
    player.user.refresh_from_db()
    assert player.user.language == "en"

    elsewhere = Client()
    elsewhere.post(LOGIN, {"login": "13900000001", "password": people.PASSWORD})

    assert elsewhere.cookies["language"].value == "en"
