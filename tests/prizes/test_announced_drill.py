"""Announced prizes practised on shadow draws: an issuer made up, his files and his paper (F062)."""

from __future__ import annotations

import base64
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from audit import approvals, keys
from games import announced, announced_table, issuer_file, rules
from games.models import Draw, Game
from lottery_portal.lib.db import database_time
from prizes import announced_drill, drill
from tests import people
from tests.samples import one_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.thorough
def test_a_clerk_practises_announced_prizes_on_a_drill(settings: LazySettings, tmp_path: Path):
    """F062, F250: the file with a difference waits for two people; the drill after it ends all."""
    settings.DEMO = True
    said = StringIO()

    call_command("drill", "--announced", "--tickets", "3", "--to", str(tmp_path), stdout=said)

    draw = Draw.objects.select_related("game", "rule").get(game__code=drill.GAME)
    assert (draw.state, draw.mode) == (Draw.State.SEALED, Draw.Mode.ANNOUNCED)
    page = reverse("games:desk_announced", args=[draw.code])
    assert page in said.getvalue()
    right, wrong = ((tmp_path / f"{draw.code}{end}.json").read_bytes() for end in ("", "-differs"))
    now = database_time()
    assert announced.look(draw=draw, raw=right, now=now).comparison.differences == []
    (difference,) = announced.look(draw=draw, raw=wrong, now=now).comparison.differences
    assert difference["announced_fen"] - difference["ours_fen"] == 1_00

    # At the desk, with the people of the house: taken in, stood for by two, decided by two.
    one, two = people.member("draw_official").user, people.member("draw_official").user
    desk = people.behind(one)
    take_in = reverse("games:desk_announced_import", args=[draw.code])
    seen = desk.post(take_in, {"file": SimpleUploadedFile("issuer.json", wrong)})
    assert seen.status_code == 200
    stored = desk.post(take_in, {"content": base64.b64encode(wrong).decode(), "name": "i.json"})
    assert stored.status_code == 302
    for official in (one, two):
        people.behind(official).post(reverse("games:desk_announced_numbers", args=[draw.code]))
    draw.refresh_from_db()
    assert (draw.state, announced.lacks(draw)) == (Draw.State.CONFIRMED, announced.DECISION)
    desk.post(
        reverse("games:desk_announced_decide", args=[draw.code]),
        {"reason": "发行机构来函确认，按公告兑付。"},
    )
    (asked,) = approvals.under_way(announced.KIND)
    approvals.decide(code=asked.code, checker=people.member("approver").user, approve=True, now=now)
    assert announced.lacks(draw) == ""

    call_command("drill", "--announced", "--tickets", "1", "--to", str(tmp_path), stdout=said)
    left = Draw.objects.get(game__code=drill.GAME, state=Draw.State.SEALED)
    paper = (tmp_path / f"{left.code}-paper.txt").read_text()
    told = issuer_file.read(
        issuer_file.unwrap((tmp_path / f"{left.code}.json").read_bytes()).body,
        rules.by_code(left.rule.code),
    )
    assert f"一等奖 中奖注数：{told.tiers[0].winners:,}" in paper
    call_command("drill", "--tickets", "1", stdout=said)  # nothing was taken in: it is now

    assert f"cut off: {draw.code}" in said.getvalue()
    states = Draw.objects.filter(game__code=drill.GAME).order_by("pk").values_list("mode", "state")
    assert list(states) == [
        ("ANNOUNCED", "PUBLISHED"), ("ANNOUNCED", "PUBLISHED"), ("OWN", "PUBLISHED"),
    ]  # fmt: skip


def test_nobody_signs_for_an_issuer_but_in_a_demonstration(settings: LazySettings, tmp_path: Path):
    """F062: his private half is no secret; where real money is, his key never counts."""
    settings.DEMO = False

    with pytest.raises(CommandError):
        call_command("drill", "--announced", "--to", str(tmp_path), stdout=StringIO())

    assert not keys.has_key(keys.Role.ISSUER_CWL)
    assert not Draw.objects.filter(game__code=drill.GAME).exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", one_in(3, sorted(rules.GAMES)))
def test_what_is_announced_is_right_by_the_rules_of_every_game(code: str, settings: LazySettings):
    """F021, F062: no amount differs but the one that was changed."""
    settings.DEMO = True
    game = Game.objects.get(code=f"{code}-drill")
    now = database_time()
    draw = Draw(
        code="x", game=game, issue="2026001", rule=game.rule_sheets.get(), draws_at=now,
        is_shadow=True,
    )  # fmt: skip
    version = rules.by_code(draw.rule.code)

    said = announced_drill.announce(draw=draw, numbers=drill.random_result(version))

    for raw, differences in ((said.right, 0), (said.wrong, 1)):
        told = issuer_file.read(issuer_file.unwrap(raw).body, version)
        compared = announced_table.compare(version, told, own_sales_fen=0)
        assert len(compared.differences) == differences
        assert compared.is_whole == (len(version.pools) == 1)
