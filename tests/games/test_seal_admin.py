"""Signatures, publications, deliveries and time-stamps of seals in the admin: to look at only."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from games.seal_models import SealDelivery, SealPublication, SealSignature
from lottery_portal import jobs
from tests import people
from tests.games.test_seals import MAIL, _published

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = ("sealsignature", "sealpublication", "sealdelivery", "sealtimestamp")


@pytest.fixture(autouse=True)
def _own_place(settings, tmp_path):
    settings.STATE_DIR = tmp_path


def _list(table: str) -> str:
    return reverse(f"admin:games_{table}_changelist")


def _change(row) -> str:
    return reverse(f"admin:games_{row._meta.model_name}_change", args=[row.pk])


def test_what_stands_under_a_seal_is_listed_while_the_ban_holds():
    """F057, N03: the rows are there, and nothing that was sold is asked of the database."""
    statement = _published()
    jobs.run_pending(kinds=MAIL)
    auditor = people.behind(people.member("auditor").user)
    signature = SealSignature.objects.get(role="INDEPENDENT")
    rows = [signature, SealPublication.objects.get(), SealDelivery.objects.get()]

    with CaptureQueriesContext(connection) as asked:
        lists = {name: auditor.get(_list(name)) for name in TABLES}
        forms = [auditor.get(_change(row)) for row in rows]

    assert {name: page.status_code for name, page in lists.items()} == dict.fromkeys(TABLES, 200)
    for name in TABLES[:3]:
        assert statement.draw.code in lists[name].content.decode()
    assert SealDelivery.objects.get().address in lists["sealdelivery"].content.decode()
    assert [page.status_code for page in forms] == [200, 200, 200]
    assert signature.signature in forms[0].content.decode()
    assert statement.draw.state == "SEALED"
    assert [one["sql"] for one in asked if '"sales_' in one["sql"]] == []


@pytest.mark.parametrize("table", TABLES)
def test_nobody_adds_to_what_stands_under_a_seal(table):
    """D15: there is no form, for no post."""
    somebody = people.behind(people.member("administrator").user)

    assert somebody.post(reverse(f"admin:games_{table}_add"), {}).status_code == 403


def test_addresses_of_supervisors_are_for_those_who_oversee():
    """F223: a cashier has no business with them; the seal itself is for all staff."""
    cashier = people.behind(people.member("cashier").user)

    assert cashier.get(_list("sealdelivery")).status_code == 403
    assert cashier.get(_list("sealsignature")).status_code == 200
