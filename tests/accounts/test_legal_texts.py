"""Terms in versions: nobody goes on without the current ones."""

from __future__ import annotations

import shutil

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts import genesis, legal_texts
from accounts.models import Consent, LegalText
from audit.models import TrailRecord
from lottery_portal.lib.encryption import blind_index
from tests import people

pytestmark = pytest.mark.django_db
WORDS = {
    language: legal_texts.Words(title=f"Terms {language}", body="Everything is new.")
    for language in ("zh-hans", "en")
}


def publish(kind: str = "TERMS") -> int:
    return legal_texts.publish(
        kind, WORDS, actor=people.member("compliance").user, now=people.right_now()
    )


def test_a_new_version_blocks_every_page_until_it_is_accepted():
    """F005"""
    player = people.player()
    client = people.behind(player.user)
    assert client.get("/me/").status_code == 200

    assert publish() == 2

    for address in ("/me/", "/me/messages/", "/"):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("accounts:consent"))
    assert client.get("/api/v1/me/").json()["code"] == "consent_required"
    assert client.get(reverse("accounts:text", args=["terms"])).status_code == 200

    answer = client.post(reverse("accounts:consent"), {"TERMS-2": "on", "next": "/me/"})

    assert answer.headers["Location"] == "/me/"
    assert client.get("/me/").status_code == 200
    consent = Consent.objects.get(user=player.user, kind="TERMS", version=2)
    assert abs((people.right_now() - consent.accepted_at).total_seconds()) < 60
    assert bytes(consent.ip_digest) == blind_index("ip", "127.0.0.1")


def test_the_next_log_in_meets_the_new_version():
    """F005"""
    people.player(login="13900000001")
    publish()
    client = Client()

    client.post(reverse("accounts:login"), {"login": "13900000001", "password": people.PASSWORD})

    assert client.get("/me/").headers["Location"].startswith(reverse("accounts:consent"))


def test_a_box_left_empty_accepts_nothing():
    """F005"""
    player = people.player()
    client = people.behind(player.user)
    version = publish("PRIVACY")

    answer = client.post(reverse("accounts:consent"), {})

    assert answer.status_code == 400
    assert not Consent.objects.filter(user=player.user, kind="PRIVACY", version=version).exists()


def test_only_the_versions_in_force_can_be_accepted():
    player = people.player()
    publish()

    for accepted in ([("TERMS", 1)], [("TERMS", 2)], [("TERMS", 2), ("PRIVACY", 9)], []):
        with pytest.raises(legal_texts.NotTheLatest):
            legal_texts.accept(player.user, accepted, now=people.right_now(), ip="192.0.2.1")

    assert legal_texts.lacking(player.user, people.right_now()) == {"TERMS": 2}


def test_older_versions_stay_readable_in_both_languages():
    people.prepared()
    publish()
    address = reverse("accounts:text", args=["terms"])

    assert "Everything is new." in Client().get(address).content.decode()
    old = Client().get(address, {"version": "1"}).content.decode()
    assert "不赊不贷" in old
    english = Client()
    english.cookies["language"] = "en"
    assert "No credit." in english.get(address, {"version": "1"}).content.decode()
    assert Client().get(address, {"version": "7"}).status_code == 404


def test_genesis_writes_every_text_in_both_languages_once():
    people.prepared()
    people.prepared()

    rows = LegalText.objects.values_list("kind", "version", "language")
    assert sorted(rows) == [
        ("FUNDS", 1, "en"),
        ("FUNDS", 1, "zh-hans"),
        ("PRIVACY", 2, "en"),
        ("PRIVACY", 2, "zh-hans"),
        ("TERMS", 1, "en"),
        ("TERMS", 1, "zh-hans"),
    ]


def test_a_house_that_began_with_an_older_notice_gets_the_newer_one_and_players_accept_it(
    tmp_path, monkeypatch
):
    """F005, F100: genesis writes it once, beside the older, with a line in the trail; until he has
    accepted it a player goes nowhere. What an operator published himself is never replaced."""
    player = people.player()
    client = people.behind(player.user)
    for file in legal_texts.OUR_TEXTS.iterdir():
        shutil.copy(file, tmp_path)
        if file.name.startswith("privacy-2"):
            shutil.copy(file, tmp_path / file.name.replace("privacy-2", "privacy-3"))
    monkeypatch.setattr(legal_texts, "OUR_TEXTS", tmp_path)  # the next release

    for _twice in range(2):
        genesis.load(now=people.right_now())

    published = TrailRecord.objects.filter(action="accounts.legal_text_published")
    assert [row.object_code for row in published] == ["PRIVACY-3"]
    assert legal_texts.lacking(player.user, people.right_now()) == {"PRIVACY": 3}
    assert client.get("/me/")["Location"].startswith(reverse("accounts:consent"))
    shown = people.text(client.get(reverse("accounts:consent")))
    for kept in ("前两位", "手持证件的照片", "五名及以上", "60 个月", "员工每次查看", "撤回同意"):
        assert kept in shown
    client.post(reverse("accounts:consent"), {"PRIVACY-3": "on"})
    assert client.get("/me/").status_code == 200
    assert publish("PRIVACY") == 4
    assert legal_texts.latest(people.right_now())["PRIVACY"] == 4


@pytest.mark.parametrize("language", legal_texts.LANGUAGES)
def test_every_version_of_ours_is_there_in_every_language_with_the_same_sections(language):
    for kind in LegalText.Kind.values:
        for version in range(1, legal_texts.newest_of_ours(kind) + 1):
            here, other = legal_texts.ours(kind, version), legal_texts.LANGUAGES[0]
            sections = here[language].body.count("\n\n")
            assert sections == here[other].body.count("\n\n")


def test_staff_are_not_asked_for_the_players_terms():
    client = people.behind(people.member("support").user)
    publish()

    assert client.get("/desk/players/").status_code == 200


@pytest.mark.parametrize(
    ("language", "untrue"),
    [
        ("zh-hans", ["规则与奖级", "自己的浏览器", "提高限额", "自我禁止"]),
        ("en", ["Rules and prizes", "your own browser", "24 hours", "exclude yourself"]),
    ],
)
def test_the_first_terms_name_the_operator_and_promise_only_what_the_house_does(language, untrue):
    """F005"""
    text = legal_texts.ours("TERMS", 1)[language].body

    assert settings.OPERATOR in text
    assert "{operator}" not in text
    for words in untrue:
        assert words not in text
