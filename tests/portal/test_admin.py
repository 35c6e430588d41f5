"""The admin: behind our log-in, read-only, with a content policy of its own."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.audit.colleagues import ask, employ, note_kind
from tests.people import behind

pytestmark = pytest.mark.django_db

HEADER = "Content-Security-Policy"


def _english(member, **said):
    client = behind(member.user, **said)
    client.cookies["language"] = "en"
    return client


def _directives(response):
    parts = (part.strip().split(" ", 1) for part in response[HEADER].split(";"))
    return {name: value for name, value in parts}  # noqa: C416 - says what the pair is


def test_the_first_page_shows_what_waits_and_the_way_to_the_desk():
    with note_kind():
        ask(employ("hejing", "cashier"))

        response = _english(employ("luping", "approver")).get(reverse("admin:index"))

    text = response.content.decode()
    assert response.status_code == 200
    assert "Requests to decide" in text
    assert f'href="{reverse("audit:approvals")}"' in text
    assert f'href="{reverse("audit:desk")}"' in text
    assert "Luping" in text


def test_only_the_admin_may_evaluate_and_style_inline():
    client = _english(employ("dingyifan", "administrator"))

    desk = _directives(client.get(reverse("audit:desk")))
    records = _directives(client.get(reverse("admin:index")))

    assert (desk["script-src"], desk["style-src"]) == ("'self'", "'self'")
    assert (records["script-src"], records["style-src"]) == (
        "'self' 'unsafe-eval'",
        "'self' 'unsafe-inline'",
    )
    assert {k: v for k, v in records.items() if k not in {"script-src", "style-src"}} == {
        k: v for k, v in desk.items() if k not in {"script-src", "style-src"}
    }


def test_the_admin_is_entered_through_our_log_in():
    response = Client().get(reverse("admin:index"))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("accounts:login"))


def test_staff_without_a_second_factor_do_not_see_the_admin():
    """F224."""
    client = behind(employ("dingyifan", "administrator").user, factor=False)

    assert client.get(reverse("admin:index")).status_code == 302


def test_every_table_in_the_admin_is_read_only():
    """D15."""
    user = employ("dingyifan", "administrator").user

    request = RequestFactory().get(reverse("admin:index"))
    request.user = user
    for model, page in admin.site._registry.items():
        rights = (
            page.has_add_permission(request),
            page.has_change_permission(request),
            page.has_delete_permission(request),
        )
        assert rights == (False, False, False), model


@pytest.mark.parametrize("post", ["administrator", "auditor", "compliance", "approver"])
def test_every_table_that_a_post_may_open_opens(post):
    client = _english(employ("somebody", post))
    opened = 0

    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        response = client.get(reverse(name))
        assert response.status_code in {200, 403}, name
        opened += response.status_code == 200

    assert opened > 0


def test_there_is_no_form_to_add_a_policy():
    client = _english(employ("dingyifan", "administrator"))

    assert client.get(reverse("admin:audit_policyparameter_add")).status_code == 403
    assert client.post(reverse("admin:audit_policyparameter_add"), {}).status_code == 403
