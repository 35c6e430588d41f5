"""Every night what players are owed stands under one root, and each finds himself in it (N08)."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import alarms, keys
from finance import ledger, payouts, wallets
from finance.ledger import Move
from finance.models import Account, SolvencyProof, Statement
from finance.solvency import nightfile, nightly, sumtree
from finance.solvency.nightfile import Owed
from finance.solvency.sumtree import Node
from lottery_portal.lib import dates
from lottery_portal.lib.db import database_time
from lottery_portal.lib.money import yuan
from tests import make_money as make
from tests import people
from tests.owner import as_owner

committed = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
FEN = st.integers(0, 10**12)


@pytest.fixture(autouse=True)
def state_dir(tmp_path, settings):
    settings.STATE_DIR = tmp_path


def leaves_of(amounts):
    names = [bytes([at >> 8, at & 255]) * 16 for at in range(len(amounts))]
    return [
        Owed(name, purses, prizes) for name, (purses, prizes) in zip(names, amounts, strict=True)
    ]


@settings(max_examples=200, deadline=None)
@given(amounts=st.lists(st.tuples(FEN, FEN), min_size=1, max_size=40))
def test_every_path_leads_to_the_root_and_the_total(tmp_path_factory, amounts):
    """N08: in trees of any size, from every leaf, with the file as the only memory."""
    owed = leaves_of(amounts)
    written = nightfile.write(tmp_path_factory.mktemp("n"), night="2026-11-22", owed=owed)

    assert written.root.fen == sum(map(sum, amounts))
    for at, one in enumerate(owed):
        place = nightfile.find(written.path, name=one.name, size=len(owed))
        assert place is not None
        assert (place.owed, place.index) == (one, at)
        start = leaf_of(one)
        found = sumtree.leads_to(start, index=at, size=len(owed), path=place.path)
        assert found == written.root
        wrong = Node(start.hash, start.fen + 1)
        assert sumtree.leads_to(wrong, index=at, size=len(owed), path=place.path) != written.root
    assert nightfile.find(written.path, name=b"\xff" * 32, size=len(owed)) is None


def leaf_of(one, night="2026-11-22"):
    return sumtree.leaf(
        night=night, name=one.name, purses_fen=one.purses_fen, prizes_fen=one.prizes_fen
    )


@pytest.mark.parametrize(("purses", "prizes"), [(-1, 0), (0, -1), (-5, 10), (2**53, 0)])
def test_a_leaf_below_zero_is_impossible(purses, prizes):
    """N08"""
    with pytest.raises(ValueError, match="below zero"):
        sumtree.leaf(night="2026-11-22", name=b"n" * 32, purses_fen=purses, prizes_fen=prizes)


def test_a_side_of_a_node_cannot_hide_a_negative_one():
    """N08: sums of both sides are bound into the node, and none may be below zero."""
    one, other = Node(b"a" * 32, 100), Node(b"b" * 32, -60)
    with pytest.raises(ValueError, match="below zero"):
        sumtree.node(one, other)
    assert sumtree.leads_to(one, index=0, size=2, path=[other]) is None
    swapped = sumtree.node(Node(b"a" * 32, 30), Node(b"b" * 32, 70))
    assert swapped.hash != sumtree.node(Node(b"a" * 32, 40), Node(b"b" * 32, 60)).hash


@pytest.mark.parametrize("place", range(4))
def test_a_forged_sum_is_found_by_everybody_below_it(place):
    """N08: over one sum too small a root is published; no path leads anybody below there to it."""
    levels = [[leaf_of(one) for one in leaves_of([(n * 100_00, n) for n in range(1, 9)])]]
    while len(levels[-1]) > 1:
        levels.append(sumtree.above(levels[-1]))
    honest = levels[1][place]
    forged = [*levels[1]]
    forged[place] = Node(honest.hash, honest.fen - 100)
    above = [levels[0], forged]
    while len(above[-1]) > 1:
        above.append(sumtree.above(above[-1]))
    (root,) = above[-1]
    assert root.fen == levels[-1][0].fen - 100

    for at, start in enumerate(levels[0]):
        path, index = [], at
        for level in above[:-1]:
            path.append(level[index ^ 1])
            index //= 2
        found = sumtree.leads_to(start, index=at, size=8, path=path)
        assert (found == root) == (at // 2 != place)


def test_a_path_of_another_length_leads_nowhere():
    start = Node(b"a" * 32, 1)
    assert sumtree.leads_to(start, index=0, size=3, path=[]) is None
    assert sumtree.leads_to(start, index=0, size=1, path=[start]) is None
    assert sumtree.leads_to(start, index=3, size=3, path=[]) is None


@pytest.fixture
def owed():
    """Three players: one with a hold, one who won, one with nothing; a prize still to be paid."""
    alice, bob, carol = make.player(), make.player("王海"), make.player("李雪")
    make.put(alice, 500_00)
    make.withdraw(alice, 120_00, make.bank_account(alice))
    make.put(bob, 80_00)
    with as_owner() as owner:  # they were players yesterday
        owner.execute("ALTER TABLE finance_account DISABLE TRIGGER USER")
        owner.execute("UPDATE finance_account SET opened_at = opened_at - interval '1 day'")
        owner.execute("ALTER TABLE finance_account ENABLE TRIGGER USER")
        owner.execute("ALTER TABLE finance_account ENABLE ALWAYS TRIGGER finance_account_stays")
        owner.execute("ALTER TABLE finance_account ENABLE ALWAYS TRIGGER audit_log_row")
    return alice, bob, carol


@committed
def test_the_night_is_published_once_and_everybody_finds_himself(owed):
    """N08"""
    alice, bob, carol = owed
    now = database_time()

    proof = nightly.publish(now=now)

    assert proof is not None
    assert nightly.publish(now=proof.taken_at) is None
    assert (proof.leaves, proof.purses_fen, proof.prizes_fen) == (3, 580_00, 0)
    others_fen = json.loads(proof.statement)["others_fen"]  # pools and funds the house opened with
    assert proof.assets_fen == 580_00 + others_fen
    assert nightly.file_is_whole(proof)
    for player, fen in ((alice, 500_00), (bob, 80_00), (carol, 0)):
        mine = nightly.of(player, now=now)
        assert mine["purses_fen"] == fen == nightly.as_booked(player, proof.taken_at)
        assert nightly.holds(mine)
        assert not nightly.holds({**mine, "purses_fen": fen + 1})
        assert not nightly.holds({**mine, "player": "0" * 17})
    said = json.loads(proof.statement)
    assert (said["total_fen"], said["players"], said["root"]) == (580_00, 3, proof.root)
    assert {
        "account": "clearing:sandbox", "books_fen": 580_00, "bank_fen": None, "bank_on": None,
    } in said["accounts"]  # fmt: skip
    keys.check(  # raises where it is not the house's own
        key=proof.key_id,
        signature=base64.b64decode(proof.signature),
        message=proof.statement.encode(),
        at=now,
    )


@committed
def test_who_is_left_out_finds_out(owed):
    """N08: a house that leaves one balance out owes less on paper, and that player notices."""
    alice, bob, _carol = owed
    now = database_time()
    honest = nightly._take(database_time().date(), now)
    name = sumtree.name(
        night=str(honest.night),
        player=alice.code,
        salt=nightly._salt(honest.secret, alice.code),
    )
    short = replace(honest, owed=tuple(one for one in honest.owed if one.name != name))
    written = nightfile.write(nightly.folder(), night=str(short.night), owed=short.owed)
    proof = nightly._publish(short, written, now)

    assert proof.total_fen == 80_00
    assert nightly.holds(nightly.of(bob, now=now))
    with pytest.raises(nightly.LeftOut):
        nightly.of(alice, now=now)
    assert [one.kind for one in alarms.open_now()] == [nightly.LEFT_OUT]
    page = people.behind(alice.user).get("/wallet/solvency/")
    assert page.status_code == 200
    assert "data-solvency=" not in page.content.decode()


@committed
def test_who_is_entered_with_less_sees_it_beside_his_own_statement(owed):
    """N08"""
    alice, _bob, _carol = owed
    now = database_time()
    honest = nightly._take(database_time().date(), now)
    less = tuple(
        Owed(one.name, 400_00, 0) if one.purses_fen == 500_00 else one for one in honest.owed
    )
    written = nightfile.write(nightly.folder(), night=str(honest.night), owed=less)
    nightly._publish(replace(honest, owed=less), written, now)
    client = people.behind(alice.user)
    client.cookies["language"] = "en"

    page = client.get("/wallet/solvency/").content.decode()

    assert nightly.holds(nightly.of(alice, now=now))
    assert "The proof and your statement differ." in page
    assert "500.00" in page


@committed
def test_nothing_is_published_when_balances_are_not_those_of_the_books(owed):
    """N08: what is added up must be what the books say by another way."""
    alice, _bob, _carol = owed
    with as_owner() as owner:
        owner.execute(
            "UPDATE finance_account SET balance = balance - 1 WHERE code = %s",
            [wallets.wallet_of(alice)],
        )

    with pytest.raises(nightly.SolvencyIncomplete):
        nightly.publish(now=database_time())

    assert not SolvencyProof.objects.exists()
    assert [one.kind for one in alarms.open_now()] == [nightly.INCOMPLETE]


@committed
def test_a_balance_below_zero_is_never_published_though_the_sum_be_right(owed):
    """N08: what one owes cannot make less what another is owed."""
    alice, bob, _carol = owed
    with as_owner() as owner:
        owner.execute("ALTER TABLE finance_account DROP CONSTRAINT wallet_not_overdrawn")
        for player, fen in ((alice, -510_00), (bob, 510_00)):
            owner.execute(
                "UPDATE finance_account SET balance = balance + %s WHERE code = %s",
                [fen, wallets.wallet_of(player)],
            )

    with pytest.raises(nightly.SolvencyIncomplete):
        nightly.publish(now=database_time())

    assert not SolvencyProof.objects.exists()
    (alarm,) = alarms.open_now()
    assert (alarm.kind, alarm.facts["below_zero"]) == (nightly.INCOMPLETE, 1)


@committed
def test_what_the_bank_says_stands_beside_the_total(owed):
    """N08: the last statement of each account before that night, signed with the rest."""
    now = database_time()
    night = dates.in_shanghai(now).date()
    account = Account.objects.get(code="clearing:sandbox")
    for days, fen in ((3, 111_00), (1, 579_99), (0, 999_00)):
        Statement.objects.create(
            account=account, form="SANDBOX", file_name=f"{days}.csv", digest=f"{days:064d}",
            first_on=night - timedelta(days=days), last_on=night - timedelta(days=days),
            opening=fen, closing=fen, lines_count=0, taken_at=now,
        )  # fmt: skip

    proof = nightly.publish(now=now)

    assert proof is not None
    (said,) = [one for one in json.loads(proof.statement)["accounts"] if one["bank_on"]]
    assert said == {
        "account": "clearing:sandbox",
        "books_fen": 580_00,
        "bank_fen": 579_99,
        "bank_on": f"{night - timedelta(days=1)}",
    }
    page = Client().get("/solvency/").content.decode()
    assert "579.99" in page
    assert "999.00" not in page


@committed
def test_one_fen_too_little_raises_an_alarm_and_stops_payouts(owed):
    """N08, F130: owed to players and not covered by what lies in the accounts."""
    alice, _bob, _carol = owed
    make.open_accounts(("expense:gift", "EXPENSE"))
    with transaction.atomic():
        ledger.post(
            reference="bonus:t",
            kind="BONUS",
            moves=[Move("expense:gift", f"bonus:{alice.code}", 1)],
        )

    proof = nightly.publish(now=database_time())

    assert proof is not None
    facts = json.loads(proof.statement)
    assert facts["total_fen"] + facts["others_fen"] - facts["assets_fen"] == 1
    assert [one.kind for one in alarms.open_now()] == [nightly.SHORT]
    (stop,) = payouts.open_stops()
    assert stop.cause == "solvency"
    with translation.override("en"):
        said = dict(payouts.words_of(stop.cause, stop.facts))
    assert said["Owed to others"] == f"{yuan(facts['others_fen'])} yuan"


@committed
def test_a_proof_is_evidence(owed):
    """What was published is never changed, by nobody."""
    proof = nightly.publish(now=database_time())
    assert proof is not None

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        SolvencyProof.objects.filter(pk=proof.pk).update(total_fen=1)
    with as_owner() as owner, pytest.raises(Exception, match="never change"):
        owner.execute("UPDATE finance_solvencyproof SET total_fen = 1, purses_fen = 1")


@committed
def test_the_public_page_names_totals_and_nobody(owed):
    """N08: for everybody, without a login; no player is named, no single balance shown."""
    alice, _bob, _carol = owed
    proof = nightly.publish(now=database_time())
    assert proof is not None
    page = Client().get("/solvency/").content.decode()
    said = Client().get(f"/solvency/{proof.night}.json").json()

    assert "580.00" in page
    assert alice.code not in page
    assert said["statement"] == proof.statement
    assert Client().get("/solvency/2020-01-01.json").status_code == 404
    assert Client().get("/solvency/yesterday.json").status_code == 404
    secret = bytes(proof.secret).hex()
    assert secret not in page
    assert secret not in json.dumps(said)


@committed
def test_each_player_gets_his_own_proof_and_no_other(owed):
    """N08: as JSON and as one page that needs nothing else."""
    alice, bob, _carol = owed
    nightly.publish(now=database_time())
    mine = people.behind(alice.user).get("/wallet/solvency/proof.json").json()
    page = people.behind(bob.user).get("/wallet/solvency/proof.html")

    assert (mine["player"], mine["purses_fen"]) == (alice.code, 500_00)
    assert nightly.holds(mine)
    text = page.content.decode()
    assert bob.code in text
    assert alice.code not in text
    assert "http" not in text.split("<script>")[-1]
    assert "default-src 'none'" in text


@committed
def test_before_the_first_night_the_page_says_so(owed):
    alice, _bob, _carol = owed
    client = people.behind(alice.user)
    client.cookies["language"] = "en"

    page = client.get("/wallet/solvency/")

    assert page.status_code == 200
    assert "There is no proof yet." in page.content.decode()
    assert client.get("/wallet/solvency/proof.json").status_code == 404


@committed
def test_old_files_go_and_their_roots_stay(owed):
    """A statement is for ever, a tree for a week."""
    now = database_time()
    for night in range(nightly.NIGHTS_KEPT + 2):
        nightly.publish(now=now + timedelta(days=night))

    assert SolvencyProof.objects.count() == nightly.NIGHTS_KEPT + 2
    assert len(list(nightly.folder().glob("*.tree"))) == nightly.NIGHTS_KEPT
