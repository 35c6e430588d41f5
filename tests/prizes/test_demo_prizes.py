"""Prizes to practise claiming with: in demonstrations, and nowhere else (F250)."""

from __future__ import annotations

import pytest

from games.models import Draw
from lottery_portal.lib.db import database_time
from prizes import demo_prizes
from prizes.models import Prize
from sales.models import Ticket

pytestmark = pytest.mark.django_db


def test_prizes_to_practise_with_are_made_in_demonstrations_alone(settings):
    """F250: without DEMO nothing is sold and nothing is won; nor where nobody is there to play."""
    settings.DEMO = False
    with pytest.raises(demo_prizes.OnlyInDemonstrations):
        demo_prizes.begin(now=database_time())
    with pytest.raises(demo_prizes.OnlyInDemonstrations):
        demo_prizes.finish(draw=Draw())
    settings.DEMO = True
    with pytest.raises(demo_prizes.NoDrawToPractise):
        demo_prizes.begin(now=database_time())
    assert not Ticket.objects.exists()
    assert not Prize.objects.exists()
