"""Devices and passkeys: encrypted secrets, pages of ours, and staff never without one."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from accounts import demo, second_factor
from tests import people

pytestmark = pytest.mark.django_db


def test_the_secret_lies_encrypted():
    """F016"""
    user = people.player().user
    secret = demo.enrol(user)

    stored = Authenticator.objects.get(user=user).data["secret"]

    assert secret not in stored
    assert stored.startswith("v1.")
    assert demo.totp_secret(user.pk) == secret


def test_a_player_sets_up_the_app_and_gives_it_up():
    user = people.player().user
    client = people.behind(user)
    client.post(
        reverse("account_reauthenticate"), {"password": people.PASSWORD, "next": "/me/security/"}
    )
    page = client.get(reverse("mfa_activate_totp"))
    text = page.content.decode()
    assert "<svg" in text
    assert "<script" not in text.partition("</head>")[2]

    code = demo.totp_code(page.context["form"].secret)
    answer = client.post(reverse("mfa_activate_totp"), {"code": code})
    assert answer.headers["Location"] == reverse("mfa_view_recovery_codes")
    assert len(client.get(answer.headers["Location"]).context["unused_codes"]) == 10
    assert second_factor.is_enrolled(user)

    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=user).exists()


def test_a_wrong_code_sets_nothing_up():
    user = people.player().user
    client = people.behind(user)
    client.post(
        reverse("account_reauthenticate"), {"password": people.PASSWORD, "next": "/me/security/"}
    )
    client.get(reverse("mfa_activate_totp"))

    client.post(reverse("mfa_activate_totp"), {"code": "12345"})

    assert not second_factor.is_enrolled(user)


def test_staff_keep_their_last_factor():
    """F224"""
    member = people.member("support")
    client = people.behind(member.user)
    code = demo.totp_code(demo.totp_secret(member.user_id))
    client.post(reverse("mfa_reauthenticate"), {"code": code, "next": "/me/security/"})

    page = client.post(reverse("mfa_deactivate_totp"))

    assert page.status_code == 200
    assert second_factor.is_enrolled(member.user)


def test_recovery_codes_alone_are_no_second_factor():
    """F224"""
    user = people.member("support").user
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.RECOVERY_CODES, data={"seed": "", "used_mask": 0}
    )

    assert not second_factor.is_enrolled(user)


@pytest.mark.parametrize(
    "name",
    ["accounts:security", "mfa_add_webauthn", "mfa_generate_recovery_codes", "mfa_index"],
)
def test_the_pages_of_the_keys_open_without_inline_script(name):
    user = people.player().user
    demo.enrol(user)
    client = people.behind(user)
    code = demo.totp_code(demo.totp_secret(user.pk))
    client.post(reverse("mfa_reauthenticate"), {"code": code, "next": "/me/security/"})

    page = client.get(reverse(name))

    assert page.status_code == 200
    for script in page.content.decode().split("<script")[1:]:
        assert "src=" in script.partition(">")[0] or "application/json" in script.partition(">")[0]


def test_passkeys_are_bound_to_our_host(settings):
    settings.PUBLIC_URL = "https://play.example.com"

    entity = second_factor.HouseMFAAdapter().get_public_key_credential_rp_entity()

    assert entity["id"] == "play.example.com"
