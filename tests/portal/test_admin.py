"""The admin: behind our log-in, read-only, with a content policy of its own."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from accounts import permission
from audit import approvals
from lottery_portal.lib import codes
from tests.audit.colleagues import ask, employ, note_kind
from tests.people import behind, player, right_now
from tests.samples import one_in

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


@pytest.mark.parametrize("post", one_in(3, ["auditor", "administrator", "compliance", "approver"]))
def test_every_table_that_a_post_may_open_opens(post, full):
    """A third of the tables but in a full run."""
    member = employ("somebody", post)
    client = _english(member)
    every = sorted(
        f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        for model in admin.site._registry
    )
    names = set(every[:: 1 if full else 3])

    opened = {name for name in names if client.get(reverse(name)).status_code == 200}

    assert opened == {name for name in names if permission.may(member.user, name)}
    assert opened


def test_there_is_no_form_to_add_a_policy():
    client = _english(employ("dingyifan", "administrator"))

    assert client.get(reverse("admin:audit_policyparameter_add")).status_code == 403
    assert client.post(reverse("admin:audit_policyparameter_add"), {}).status_code == 403


def test_lists_name_staff_and_number_players():
    """Nobody has to look a bare account code up: staff by name at work, players by number."""
    maker, signer = employ("hejing", "cashier"), employ("luping", "approver")
    buyer = player()
    with note_kind():
        approvals.decide(code=ask(maker).code, checker=signer.user, approve=True, now=right_now())
        client = _english(employ("fangrui", "auditor"))

        pages = {
            name: client.get(reverse(f"admin:{name}_changelist")).content.decode()
            for name in (
                "audit_approvalrequest", "audit_approvaldecision", "audit_trailrecord",
                "accounts_consent",
            )
        }  # fmt: skip

    assert "Hejing" in pages["audit_approvalrequest"]
    assert "Luping" in pages["audit_approvaldecision"]
    assert "Hejing" in pages["audit_trailrecord"]
    assert codes.shown(buyer.code) in pages["accounts_consent"]
    for name in ("audit_approvalrequest", "audit_approvaldecision"):
        assert maker.user.username not in pages[name]
        assert signer.user.username not in pages[name]
    assert buyer.user.username not in pages["accounts_consent"]


def test_a_list_asks_for_its_names_once(django_assert_max_num_queries):
    maker = employ("hejing", "cashier")
    with note_kind():
        for _number in range(12):
            ask(maker)
        client = _english(employ("fangrui", "auditor"))

        with django_assert_max_num_queries(20):
            page = client.get(reverse("admin:audit_approvalrequest_changelist"))

    assert page.content.decode().count("Hejing") == 12


def test_every_column_of_every_list_has_a_chinese_head():
    """D18: also what Django would call by the name of the field."""
    english = {}
    with translation.override("zh-hans"):
        for model, page in admin.site._registry.items():
            shown = [*page.list_display, *(page.fields or [f.name for f in model._meta.fields])]
            heads = {
                name: str(label_for_field(name, model, page)) for name in shown if name != "id"
            }
            left = {name: head for name, head in heads.items() if head.isascii()}
            if left:
                english[model._meta.label] = left

    assert english == {}
