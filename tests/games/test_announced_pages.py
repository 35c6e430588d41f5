"""The desk pages of announcements: what a clerk sees, and the sentences for what goes wrong."""

from __future__ import annotations

import base64

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import translation

from accounts import drills
from audit import approvals
from games import announced, prize_modes
from games.models import AnnouncedEntry, IssuerAnnouncement
from lottery_portal.lib.db import database_time
from tests import make_announced, people

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_clerk_takes_an_announcement_in_and_sees_what_it_says(tmp_path, capsys):
    """F062, F067: look first, then store; wrong files in sentences; two people decide."""
    issuer = make_announced.registered()
    draw = make_announced.confirmed(make_announced.sealed(make_announced.on_sale()))
    official, compliance = people.member("draw_official"), people.member("compliance")
    desk, other = people.in_english(official.user), people.in_english(compliance.user)
    page = reverse("games:desk_announced", args=[draw.code])
    take_in = reverse("games:desk_announced_import", args=[draw.code])
    body = make_announced.body(draw, prizes={3: 3_001_00})

    empty = desk.get(page)
    assert "Nothing is announced yet." in people.text(empty)
    wrong = desk.post(take_in, {"file": SimpleUploadedFile("a.pdf", b"%PDF")})
    assert (wrong.status_code, "Nothing was stored" in people.text(wrong)) == (400, True)

    raw = issuer.file(body)
    seen = desk.post(take_in, {"file": SimpleUploadedFile("ssq.json", raw)})

    said = people.text(seen)
    assert seen.status_code == 200
    assert "Nothing is stored yet." in said
    assert issuer.key_id in said
    assert "3,001.00" in said
    assert "Differs" in said
    assert not IssuerAnnouncement.objects.exists()

    content = base64.b64encode(raw).decode()
    stored = desk.post(take_in, {"content": content, "name": "ssq.json"}, follow=True)
    assert "It differs from the rules." in people.text(stored)
    again = desk.post(take_in, {"content": content, "name": "ssq.json"})
    assert (again.status_code, "stored already" in people.text(again)) == (409, True)
    assert IssuerAnnouncement.objects.get().file_name == "ssq.json"

    decide = reverse("games:desk_announced_decide", args=[draw.code])
    short = other.post(decide, {"reason": "ok"})
    assert (short.status_code, "say in a sentence" in people.text(short)) == (400, True)
    asked = other.post(decide, {"reason": "The issuer confirmed it in writing."}, follow=True)
    assert "another person approves" in people.text(asked)
    assert people.in_english(people.member("cashier").user).get(take_in).status_code == 403
    on_desk = desk.get(reverse("games:desk_draw", args=[draw.code]))
    assert "typed by hand" in people.text(on_desk)

    (tmp_path / "a.json").write_bytes(raw)
    with translation.override("en"), pytest.raises(CommandError, match="stored already"):
        call_command("import_announcement", draw.code, str(tmp_path / "a.json"))
    (tmp_path / "b.json").write_bytes(issuer.file(make_announced.body(draw)))
    call_command("import_announcement", draw.code, str(tmp_path / "b.json"))
    assert "Nothing is stored." in capsys.readouterr().out
    call_command(
        "import_announcement", draw.code, str(tmp_path / "b.json"), "--store",
        "--official", drills.officials(now=database_time())[0].username,
    )  # fmt: skip
    assert announced.counting(draw).edition == 2


def test_two_officials_type_it_on_the_page():
    """F062: blind, every figure; what is left empty is not told."""
    draw = make_announced.sealed(make_announced.on_sale())
    one, two = people.member("draw_official"), people.member("draw_official")
    address = reverse("games:desk_announced_type", args=[draw.code])
    typed = {
        **{f"red_{place}": place for place in range(1, 7)},
        "blue_1": 7, "special_on": "off", "sales_fen": "400,000,000.00", "prize_1": "5,000,000",
        "winners_1": "3", "has_read": "on",
    }  # fmt: skip

    bad = people.in_english(one.user).post(address, {**typed, "prize_1": "five"})
    assert bad.status_code == 400
    for member in (one, two):
        client = people.in_english(member.user)
        assert client.get(address).status_code == 200
        answer = client.post(address, typed, follow=True)
        assert answer.status_code == 200

    assert AnnouncedEntry.objects.count() == 2
    told = announced.told_by(IssuerAnnouncement.objects.get())
    assert (told.sales_fen, told.tiers[0].prize_fen, told.tiers[1].prize_fen) == (
        400_000_000_00, 5_000_000_00, None,
    )  # fmt: skip
    assert "Typed by hand" in people.text(
        people.in_english(one.user).get(reverse("games:desk_announced", args=[draw.code]))
    )


def test_who_sets_the_prizes_is_asked_for_on_its_page():
    """F022: compliance asks, ten days ahead; everybody on the staff sees it."""
    client = people.in_english(people.member("compliance").user)
    new = reverse("games:desk_prize_mode_new")
    asked = {"game": "ssq", "mode": "ANNOUNCED", "starts_on": "2031-01-01", "document": "彩字 1 号"}

    early = client.post(new, {**asked, "starts_on": "2026-01-01"})
    done = client.post(new, asked, follow=True)

    assert early.status_code == 409
    assert "another person approves" in people.text(done)
    official = people.in_english(people.member("draw_official").user)
    seen = official.get(reverse("games:desk_prize_modes"))
    assert "Own pool" in people.text(seen)
    (request,) = approvals.under_way(prize_modes.KIND)
    for page in (people.text(done), people.text(seen)):
        assert "Asked for, not yet decided" in page
        assert "彩字 1 号" in page
        assert f"/desk/approvals/{request.code}/" in page
    assert official.post(new, asked).status_code == 403
