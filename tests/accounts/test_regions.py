"""The region of a person: two digits of his citizen id, kept when he is written down (F222)."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction

from accounts import regions
from accounts.models import PersonRegion
from audit.models import TrailRecord
from tests import people
from tests.owner import as_owner, guards_up


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_verified_player_has_a_region_and_old_persons_get_theirs_once():
    """F222, S1·七1: kept at the check; for who was there before, by the command; never changed."""
    one, other = people.player(), people.player()
    assert regions.of(one.person) == "11"
    assert regions.of(None) == ""
    with as_owner() as hand:
        hand.execute("ALTER TABLE accounts_personregion DISABLE TRIGGER USER")
        hand.execute("DELETE FROM accounts_personregion")
        guards_up(hand)

    said = [StringIO(), StringIO()]
    for out in said:
        call_command("record_regions", stdout=out)

    assert [out.getvalue() for out in said] == ["Regions recorded: 2\n", "Regions recorded: 0\n"]
    assert regions.of(one.person) == regions.of(other.person) == "11"
    (line,) = TrailRecord.objects.filter(action="accounts.regions_recorded")
    assert json.loads(line.body) == {"persons": 2, "digits": 2}
    rows = PersonRegion.objects.all()
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(region="44")
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.delete()


@pytest.mark.parametrize(
    ("number", "region"),
    [("440106199001011234", "44"), ("810000199001011234", "81"), ("开发官1", ""), ("990000", "")],
)
def test_a_number_names_a_province_or_nothing(number, region):
    """F222"""
    assert regions.of_number(number) == region
