"""Opening an account: what is asked, what is refused, and what nobody learns."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts import registration, verification
from accounts.models import Consent, LoginName, Player, User
from lottery_portal import jobs
from lottery_portal.lib.encryption import blind_index
from tests import people
from tests.at_once import at_once

FORM = {
    "login": "13900000001",
    "password": people.PASSWORD,
    "is_adult": "on",
    "terms": "on",
    "privacy": "on",
}


@pytest.fixture(autouse=True)
def _texts(db):
    people.prepared()


def begin(client: Client, **changes: str):
    return client.post(reverse("accounts:register"), {**FORM, **changes})


def code_for(client: Client) -> str:
    page = client.get(reverse("accounts:register_code")).content.decode()
    text = page[page.index('id="demo-message"') :]
    return next(
        word for word in text.replace("，", " ").replace("。", " ").split() if _is_code(word)
    )


def _is_code(word: str) -> bool:
    digits = word.strip("：:.<>/pb")
    return len(digits) == 6 and digits.isdecimal()


def submit_code(client: Client, code: str):
    return client.post(reverse("accounts:register_code"), {"code": code})


def code_in_session(client: Client) -> str:
    return verification.waiting(client.session, now=people.right_now()).code


def test_the_form_lists_what_is_required():
    """F001"""
    page = Client().get(reverse("accounts:register")).content.decode()

    for name in FORM:
        field = page[page.index(f'name="{name}"') - 20 :]
        assert "required" in field[: field.index(">") + 1]


@pytest.mark.parametrize("missing", list(FORM))
def test_leaving_out_a_required_field_is_answered_with_its_name(missing):
    """F001, F003 (the age statement)"""
    client = Client()
    given = {name: value for name, value in FORM.items() if name != missing}

    answer = client.post(reverse("accounts:register"), given)

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [missing]
    assert f'id="id_{missing}_error"' in answer.content.decode()
    assert not User.objects.filter(is_staff=False).exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"login": "12345"}, "login"),
        ({"login": "nobody@"}, "login"),
        ({"login": "+4479111"}, "login"),
        ({"login": "02161234567"}, "login"),
        ({"password": "short"}, "password"),
        ({"password": "1234567890123"}, "password"),
        ({"password": "password123"}, "password"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(changes, field):
    answer = begin(Client(), **changes)

    assert answer.status_code == 400
    assert field in answer.context["form"].errors


@pytest.mark.parametrize("password", ["short", "1234567890123", "password123"])
def test_the_chinese_page_says_in_chinese_why_a_password_is_weak(password):
    page = begin(Client(), password=password)

    for said in page.context["form"].errors["password"]:
        assert not re.search("[A-Za-z]", said), said
    assert page.context["form"].errors["password"]


def test_an_account_opens_with_the_code_that_was_sent():
    """F001, F005 (version, time and address of the consent are kept)"""
    client = Client()
    answer = begin(client)
    assert answer.headers["Location"] == reverse("accounts:register_code")

    answer = submit_code(client, code_in_session(client))

    assert answer.headers["Location"] == reverse("accounts:verify")
    page = client.get(answer.headers["Location"])
    assert [note.level_tag for note in page.context["messages"]] == ["success"]
    assert f'<a href="{reverse("home")}">' in page.content.decode()
    player = Player.objects.get()
    assert not player.is_verified
    assert client.session["_auth_user_id"] == str(player.user_id)
    consents = Consent.objects.filter(user=player.user).order_by("kind")
    assert [(row.kind, row.version) for row in consents] == [("PRIVACY", 2), ("TERMS", 1)]
    assert all(bytes(row.ip_digest) == blind_index("ip", "127.0.0.1") for row in consents)


def test_in_the_demonstration_the_page_shows_what_the_phone_would():
    client = Client()
    begin(client)

    assert code_for(client).strip("：:.<>/pb") == code_in_session(client)


def test_a_wrong_code_opens_nothing_and_the_fifth_is_the_last():
    client = Client()
    begin(client)
    right = code_in_session(client)
    wrong = f"{(int(right) + 1) % 10**6:06d}"

    for _ in range(5):
        assert submit_code(client, wrong).status_code == 400

    assert submit_code(client, right).status_code == 400
    assert not Player.objects.exists()


def test_a_taken_name_is_answered_like_a_free_one(settings):
    """F001: who has an account here is told to its owner only."""
    settings.DEMO = False
    people.player(login="13900000001", verified=False)
    free, taken = Client(), Client()

    pages = []
    for client, login in ((free, "13900000002"), (taken, "13900000001")):
        answer = begin(client, login=login)
        page = client.get(answer.headers["Location"])
        wrong = submit_code(client, "000000" if code_in_session(client) != "000000" else "000001")
        pages.append(
            [answer.status_code, answer.headers["Location"], page.status_code, wrong.status_code]
        )
        pages[-1] += [_without_tokens(page), _without_tokens(wrong)]

    assert pages[0] == pages[1]
    assert Player.objects.count() == 1
    assert code_in_session(taken) == ""


def _without_tokens(answer) -> str:
    text = answer.content.decode().replace("0001", "000#").replace("0002", "000#")
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text)


def test_the_owner_of_a_taken_name_gets_a_note_and_a_free_one_a_code():
    people.player(login="13900000001", verified=False)
    for login in ("13900000001", "13900000002"):
        begin(Client(), login=login)
    jobs.run_pending()

    lines = (settings.STATE_DIR / "sms.jsonl").read_text(encoding="utf-8").splitlines()[-2:]

    assert "+8613900000001" in lines[0]
    assert "+8613900000002" in lines[1]
    assert not any(character.isdecimal() for character in lines[0].rpartition('"text"')[2])


def test_codes_are_not_sent_without_end():
    client = Client()
    for _ in range(5):
        assert begin(client).status_code == 302

    assert begin(client).status_code == 429


def test_the_door_refuses_a_taken_name_and_leaves_nothing():
    people.player(login="Bob@Example.com", verified=False)

    with pytest.raises(registration.LoginTaken):
        people.player(login="bob@example.com ", verified=False)

    assert Player.objects.count() == User.objects.filter(is_staff=False).count() == 1


def test_one_number_is_one_name_however_it_is_written():
    people.player(login="13900000001", verified=False)

    for written in ("+86 139 0000 0001", "１３９０００００００１", "139-0000-0001"):
        with pytest.raises(registration.LoginTaken):
            people.player(login=written, verified=False)


def test_numbers_of_other_countries_are_taken_in_international_form():
    people.player(login="+44 7911 123456", verified=False)

    assert LoginName.objects.get().value.reveal() == "+447911123456"


def test_other_rooms_do_their_part_in_the_same_transaction(monkeypatch):
    def fail(_player: Player) -> None:
        raise RuntimeError("no wallet")

    monkeypatch.setattr(registration, "on_registered", [fail])

    with pytest.raises(RuntimeError):
        people.player(verified=False)

    assert not Player.objects.exists()
    assert not LoginName.objects.exists()


def test_a_shadow_account_is_verified_without_a_person_and_never_logs_in():
    """F020"""
    shadow = registration.open_shadow_account(now=people.right_now())

    assert shadow.is_shadow
    assert shadow.is_verified
    assert shadow.person is None
    assert not shadow.user.is_active
    assert not shadow.user.has_usable_password()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_one_name_opens_one_account_however_many_ask_at_once():
    people.prepared()

    def ask() -> Player:
        return people.player(login="13900000001", verified=False)

    results = at_once([ask] * 6)

    assert sum(isinstance(result, Player) for result in results) == 1
    assert sum(isinstance(result, registration.LoginTaken) for result in results) == 5
    assert Player.objects.count() == 1
