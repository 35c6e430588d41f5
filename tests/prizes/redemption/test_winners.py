"""What the winner sees and does himself: his prizes, a claim from afar, his voucher (F089-F091)."""

from __future__ import annotations

import io
import re

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts import messages
from audit.models import TrailRecord
from finance import bank_accounts, ledger, wallets
from lottery_portal.lib import uploads
from lottery_portal.lib.db import database_time
from lottery_portal.lib.ids import uuid7
from prizes import publication
from prizes.claim_models import Claim, ClaimPaper, ClaimStep, PrizeEnd
from prizes.redemption import claim_refusals as no
from prizes.redemption import claims, papers, refusal, remote, vouchers, winners
from prizes.voucher_models import Voucher, VoucherPaper
from tests import make_claims as make
from tests import make_money as money
from tests import people
from tests.finance import pdf_text
from tests.make_claims import Won
from tests.owner import as_owner
from tests.people import text

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

State = Claim.State


def photo(kind: str = "JPEG", colour: str = "teal") -> bytes:
    """A picture of nothing."""
    content = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(content, kind)
    return content.getvalue()


def page_of(won: Won, player) -> str:
    return reverse("prizes:prize", args=[won.prize(player).ticket.code])


def opened_by_hand(client, where: str) -> Claim:
    """A claim from afar, through the page."""
    shown = text(client.get(f"{where}claim/"))
    hidden = dict(re.findall(r'name="(agreed|request_key)" value="([^"]+)"', shown))
    answer = client.post(
        f"{where}claim/", {**hidden, "way": "REMOTE", "pay_to": "WALLET", "has_agreed": "on"}
    )
    assert answer["Location"] == f"{where}papers/"
    return Claim.objects.get()


def sent(client, where: str, kind: str, content: bytes, name: str = "a.jpg"):
    return client.post(
        f"{where}papers/", {"kind": kind, "paper": SimpleUploadedFile(name, content)}
    )


def test_a_prize_is_claimed_from_afar_page_by_page(won):
    """F089, F090, F091, N11: opened with consent, papers by content, signed word for word, paid to
    the balance; every step stored, and a voucher that is original once."""
    client, where = people.in_english(won.bob.user), page_of(won, won.bob)
    told = messages.KINDS[publication.WON].address
    ticket = won.prize(won.bob).ticket.code
    assert told({"route": "CENTRE", "ticket": ticket}) == where
    assert told({"route": "WALLET", "ticket": ticket}) == f"/tickets/{ticket}/"
    assert 'href="/prizes/"' in text(client.get("/me/"))
    mine = text(client.get("/prizes/"))
    assert "Waiting for you" in mine
    assert where in mine
    shown = text(client.get(where))
    for part in (
        "30,000.00", "6,000.00", "24,000.00", "At an authorised outlet", "30,000.00 yuan",
        "more than 10,000.00 yuan, so 20% of the whole sum are tax: 6,000.00 yuan",
        "23:59:59", "natural days", "It waits for you to claim it.", f"{where}claim/",
    ):  # fmt: skip
        assert part in shown
    assert "Claim this prize" in text(client.get(f"/tickets/{won.prize(won.bob).ticket.code}/"))

    refused = client.post(
        f"{where}claim/", {"way": "REMOTE", "pay_to": "WALLET", "request_key": str(uuid7())}
    )
    assert refused.status_code == 400
    assert "Please read and agree" in text(refused)
    assert not Claim.objects.exists()
    claim = opened_by_hand(client, where)
    first = claim.steps.get()
    assert first.body["wish"] == {"method": "WALLET", "payee": ""}
    assert len(first.body["consent"]) == 64
    proof = claim.papers.get(kind=papers.TICKET)
    assert papers.content_of(proof).startswith(b'{"line":')
    assert opened_again(client, where) == f"{where}"

    _papers_by_content(client, where, claim)
    officer = won.staff["claims_officer"]
    claim = claims.check(
        code=claim.code, actor=officer, evidence={"identity": "ID_CARD"}, now=database_time()
    )
    assert "An officer settles the figures" in text(client.get(where))
    claim = claims.complete(
        code=claim.code, actor=officer, now=database_time(), **remote.wish_of(claim)
    )
    _signed_word_for_word(client, where, claim)
    claim = make.decided(won, make.asked(won, claim), "approver1")
    before = ledger.balance(wallets.winnings_of(won.bob))
    claim = make.paid(won, claim)
    assert ledger.balance(wallets.winnings_of(won.bob)) - before == 24_000_00
    over = text(client.get(where))
    assert "This prize is paid. There is nothing more to do." in over
    assert f"Prize voucher {timezone.localdate().year} no. 000001" in over
    assert "Download the original" in over
    _voucher_is_original_once(client, where, claim)
    assert "What you got" in over
    ticket_page = text(client.get(f"/tickets/{ticket}/"))
    assert "Your prize of 30,000.00 yuan is paid." in ticket_page
    assert "are in the balance" not in ticket_page
    assert f"{where}claim/" not in over
    assert client.get(f"{where}sign/")["Location"] == where
    assert [step.to_state for step in claim.steps.order_by("number")][:4] == [
        "OPENED", "CHECKED", "COMPLETE", "SIGNED",
    ]  # fmt: skip


def opened_again(client, where: str) -> str:
    """Whoever opens the form again while a claim is under way is led back."""
    address: str = client.get(f"{where}claim/")["Location"]
    return address


def _papers_by_content(client, where: str, claim: Claim) -> None:
    lacks = "Papers are missing: Photo or scan of your identity paper; Photo of you with"
    assert lacks in text(client.get(where))
    for content, status, said in (
        (b"GIF89a" + b"\0" * 99, 415, "none of them, whatever its name"),
        (b"\xff\xd8\xff" + b"\0" * uploads.CEILING, 413, "larger than 5 MB"),
        (b"\xff\xd8\xff nothing", 400, "damaged"),
    ):
        refused = sent(client, where, "IDENTITY", content)
        assert (refused.status_code, said in text(refused)) == (status, True)
    assert sent(client, where, "TICKET", photo()).status_code == 400  # not asked for here
    assert claim.papers.count() == 1
    assert sent(client, where, "IDENTITY", photo()).status_code == 302
    assert "Photo of you with the identity paper" in text(client.get(f"{where}papers/"))
    assert sent(client, where, "PERSON", photo("PNG"), "b.exe").status_code == 302
    assert sent(client, where, "PERSON", photo("PNG")).status_code == 302  # the same one
    kept = claim.papers.exclude(kind=papers.TICKET).order_by("pk")
    assert [(one.kind, one.media_type) for one in kept] == [
        ("IDENTITY", "image/jpeg"), ("PERSON", "image/png"),
    ]  # fmt: skip
    assert papers.content_of(kept[1]).startswith(b"\x89PNG")
    assert b"PNG" not in bytes(kept[1].content)
    assert "An officer is looking at your papers" in text(client.get(where))


def _signed_word_for_word(client, where: str, claim: Claim) -> None:
    assert "Please read and sign" in text(client.get(where))
    shown = text(client.get(f"{where}sign/"))
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', shown)
    assert digest is not None
    assert "Paid out: 24,000.00 yuan" in shown
    wrong = client.post(f"{where}sign/", {"digest": "0" * 64, "language": "en", "has_read": "on"})
    assert (wrong.status_code, Claim.objects.get().state) == (409, State.COMPLETE)
    unread = client.post(f"{where}sign/", {"digest": digest[1], "language": "en"})
    assert (unread.status_code, Claim.objects.get().state) == (400, State.COMPLETE)
    late = people.behind(claim.owner.user, minutes_ago=6)
    assert "?next=" in late.get(f"{where}sign/")["Location"]
    signed = client.post(f"{where}sign/", {"digest": digest[1], "language": "en", "has_read": "on"})
    assert signed["Location"] == where
    step = ClaimStep.objects.get(claim=claim, to_state="SIGNED")
    assert (step.body["confirmation"], step.body["language"]) == (digest[1], "en")
    paper = client.get(f"{where}confirmation.pdf")
    (page,) = pdf_text.read(paper.content)
    assert "Paid out: 24,000.00 yuan" in page
    assert digest[1][:8] in page


def _voucher_is_original_once(client, where: str, claim: Claim) -> None:
    assert client.get(f"{where}voucher.pdf").status_code == 405
    first, second = (client.post(f"{where}voucher.pdf") for _time in range(2))
    (one,), (two,) = pdf_text.read(first.content), pdf_text.read(second.content)
    for part in ("30,000.00", "6,000.00", "24,000.00", claim.code[:4], "000001"):
        assert part in one
        assert part in two
    assert "01 02 03 04 05 30 + 07" in one
    assert vouchers.digest_of(Voucher.objects.get()) in one
    assert "[U+" not in one + two
    assert first.content != second.content
    assert list(VoucherPaper.objects.order_by("pk").values_list("part", "number")) == [
        ("WINNER", 1), ("WINNER", 2),
    ]  # fmt: skip
    assert TrailRecord.objects.filter(action="prizes.voucher_taken").count() == 2


def test_nobody_sees_the_prize_of_another(won):
    """F223: for everybody else there is no such page; and the list is empty with a sentence."""
    claim = make.approved(won, make.opened(won, won.prize(won.bob)))
    make.paid(won, claim)
    stranger, where = people.in_english(won.carol.user), page_of(won, won.bob)

    assert stranger.get(where).status_code == 404  # and the others: test_whose_objects
    nobody = people.in_english(people.player().user)
    assert "No prizes yet" in text(nobody.get("/prizes/"))
    assert "No prizes yet" not in text(stranger.get("/prizes/"))
    mine = text(people.in_english(won.bob.user).get("/prizes/"))
    assert "Paid or over" in mine
    with pytest.raises(no.NotTheOwner):
        vouchers.take(voucher=Voucher.objects.get(), part="CENTRE", actor=won.bob.user)
    with pytest.raises(no.NotTheOwner):
        vouchers.take(voucher=Voucher.objects.get(), part="WINNER", actor=won.carol.user)


PAPER = (
    "INSERT INTO prizes_voucherpaper (voucher_id, part, number, digest, taken_by_id, taken_at)"
    " VALUES (%s, %s, %s, repeat('0', 64), %s, now())"
)


def refused_by_the_owners_hand(said: str, figures: list[object]) -> str:
    """The fact that refuses a statement of the owner of the database."""
    with pytest.raises(psycopg.errors.CheckViolation) as caught, as_owner() as hand:
        hand.execute(said, figures)
    return str(caught.value.diag.constraint_name)


def test_vouchers_are_numbered_with_the_payment_and_without_a_gap(won):
    """F091: a payment that comes to nothing takes no number; nobody writes one by hand."""
    first = make.approved(won, make.opened(won, won.prize(won.bob)))
    second = make.approved(won, make.opened(won, won.prize(won.carol)))
    make.paid(won, first)
    # The end of a prize without its money: refused when all is written, and the number is free.
    end = (
        "INSERT INTO prizes_prizeend (prize_id, kind, claim_id, amount, tax, net, entry_reference,"
        " ended_at) VALUES (%s, 'PAID', %s, %s, 0, %s, 'claim:none', now())"
    )
    fen = second.prize.amount
    fact = refused_by_the_owners_hand(end, [second.prize_id, second.pk, fen, fen])
    assert fact == "prize_ends_in_the_books"
    with pytest.raises(no.NotAtThisStep):
        make.paid(won, first)
    make.paid(won, second)

    assert list(Voucher.objects.order_by("pk").values_list("number", flat=True)) == [1, 2]
    assert Voucher.objects.count() == PrizeEnd.objects.count()
    one = Voucher.objects.order_by("pk")[0]
    by_hand = (
        "INSERT INTO prizes_voucher (end_id, year, number, written_at) VALUES (%s, %s, 4, now())"
    )
    assert refused_by_the_owners_hand(by_hand, [one.end_id, one.year]) == "voucher_without_a_gap"
    bob, carol = won.bob.user_id, won.carol.user_id
    for figures, fact in (
        ([one.pk, "WINNER", 2, bob], "voucher_paper_is_the_next"),
        ([one.pk, "CENTRE", 1, bob], "voucher_of_its_winner"),
        ([one.pk, "WINNER", 1, carol], "voucher_of_its_winner"),
    ):
        assert refused_by_the_owners_hand(PAPER, figures) == fact
    for said in (
        "DELETE FROM prizes_voucher",
        "DELETE FROM prizes_voucherpaper",
        "UPDATE prizes_voucher SET number = 3",
        "INSERT INTO prizes_voucher (end_id, year, number, written_at) VALUES (1, 2026, 3, now())",
    ):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(said)
    with pytest.raises(Exception, match="never"), as_owner() as hand:
        hand.execute("UPDATE prizes_voucher SET number = 7")
    _register(won, one)


def _register(won: Won, voucher: Voucher) -> None:
    clerk, claim = people.in_english(won.staff["claims_clerk"]), voucher.end.claim
    assert claim is not None
    shown = text(clerk.get("/desk/prizes/vouchers/"))
    assert f"Prize voucher {voucher.year} no. 000002" in shown
    where = f"/desk/prizes/vouchers/{claim.code}.pdf"
    paper = clerk.post(where, {"part": "CENTRE"})
    assert paper["Content-Type"] == "application/pdf"
    assert clerk.post(where, {"part": "OTHER"}).status_code == 404
    confirmed = clerk.get(f"/desk/prizes/confirmations/{claim.code}.pdf")
    assert pdf_text.read(confirmed.content)
    auditor = people.in_english(people.member("auditor").user)
    shown = text(auditor.get("/desk/prizes/vouchers/"))
    assert "000002" in shown
    assert where not in shown
    assert auditor.post(where, {"part": "CENTRE"}).status_code == 403


@pytest.mark.thorough
def test_the_winner_chooses_anew_how_he_is_paid(won, fake_bank):
    """F090: balance or an own checked account; what was signed before is signed anew."""
    client, where = people.in_english(won.bob.user), page_of(won, won.bob)
    account = money.bank_account(won.bob, now=database_time())
    claim = make.completed(won, make.checked(won, make.opened(won, won.prize(won.bob))))
    assert account.bank_name in text(client.get(f"{where}payment/"))

    chosen = client.post(f"{where}payment/", {"pay_to": account.code})
    claim.refresh_from_db()
    assert (chosen["Location"], claim.method, claim.payee) == (
        f"{where}sign/", "TRANSFER", account.code,
    )  # fmt: skip
    assert account.bank_name in text(client.get(f"{where}sign/"))
    make.signed(claim)
    assert "sign anew" in text(client.get(f"{where}payment/"))
    client.post(f"{where}payment/", {"pay_to": "WALLET"})
    claim.refresh_from_db()
    assert (claim.state, claim.method, claim.payee) == ("COMPLETE", "WALLET", "")
    other = money.bank_account(won.carol, now=database_time())
    foreign = client.post(f"{where}payment/", {"pay_to": other.code})
    assert foreign.status_code == 400
    with pytest.raises(bank_accounts.BankAccountUnknown):
        remote.choose(
            code=claim.code, method="TRANSFER", payee=other.code, actor=won.bob.user,
            now=database_time(),
        )  # fmt: skip
    with pytest.raises(no.PayeeWrong):
        remote.choose(
            code=claim.code, method="CASH", payee="till-1", actor=won.bob.user, now=database_time()
        )
    with pytest.raises(no.NotTheOwner):
        remote.choose(
            code=claim.code, method="WALLET", payee="", actor=won.carol.user, now=database_time()
        )
    claim.refresh_from_db()
    assert (claim.state, claim.method) == ("COMPLETE", "WALLET")


@pytest.mark.thorough
def test_a_refused_winner_objects_on_his_page(won):
    """F283: clause and reason are shown; the objection is heard; not twice."""
    client, where = people.in_english(won.bob.user), page_of(won, won.bob)
    claim = make.ready_to_ask(won, make.opened(won, won.prize(won.bob)))
    refusal.ask(
        code=claim.code, clause="S1 2.1", evidence="IDENTITY 3f2a", reason="Another person.",
        maker=won.staff["claims_officer"], now=database_time(),
    )  # fmt: skip
    make.decided(won, claim, "approver1", kind=refusal.KIND)
    shown = text(client.get(where))
    assert "Clause S1 2.1. Another person." in shown
    assert "Object to the refusal" in shown
    assert client.post(f"{where}objection/", {"words": ""}).status_code == 400

    assert client.post(f"{where}objection/", {"words": "It is me."})["Location"] == where

    shown = text(client.get(where))
    assert "Your objection is being heard" in shown
    assert "It is me." in shown
    assert client.get(f"{where}objection/")["Location"] == where
    refusal.dismiss(
        code=claim.code, actor=won.staff["compliance"], reason="It is not.", now=database_time()
    )
    assert "Objection not upheld" in text(client.get(where))
    assert opened_by_page_again(client, where).state == State.OPENED


def opened_by_page_again(client, where: str) -> Claim:
    answer = client.post(
        f"{where}claim/", {"way": "CENTRE", "pay_to": "WALLET", "request_key": str(uuid7())}
    )
    assert answer["Location"] == where
    assert "Please come to the prize centre" in text(client.get(where))
    return Claim.objects.order_by("-pk")[0]


def test_what_is_deducted_is_worked_out_from_the_sum_of_the_draw(won):
    """F098: two prizes of one draw are added up; below the exempt amount nothing is withheld."""
    now = database_time()
    small = winners.deductions(winners.find(won.carol, won.prize(won.carol).ticket.code), now=now)
    assert (small.tax, small.percent, small.is_final) == (0, "20%", False)
    assert small.net == small.amount == 3_000_00
    assert small.together == 3_005_00
    both = winners.deductions(winners.find(won.alice, won.prize(won.alice).ticket.code), now=now)
    assert len(both.parts) == 2
    assert both.together == both.amount + 3_000_00
    assert both.tax == both.amount * 20 // 100
    shown = text(people.in_english(won.alice.user).get(page_of(won, won.alice)))
    assert "You won 2 prizes in this draw. They are added up:" in shown
    assert "Yours is above it." in shown


def test_papers_are_handed_in_by_the_winner_while_they_are_wanted(won):
    """F089: not by another, not in another kind, not after they were settled, not without end."""
    now = database_time()
    claim = make.opened(won, won.prize(won.bob), "REMOTE")
    deed = {"code": claim.code, "kind": "IDENTITY", "actor": won.bob.user, "now": now}

    with pytest.raises(no.NotTheOwner):
        remote.hand_in(**{**deed, "actor": won.carol.user}, file=io.BytesIO(photo()))
    with pytest.raises(remote.PaperNotHere):
        remote.hand_in(**{**deed, "kind": "OTHER"}, file=io.BytesIO(photo()))
    with pytest.raises(uploads.FileMissing):
        remote.hand_in(**deed, file=io.BytesIO())
    assert not ClaimPaper.objects.exists()
    for number in range(remote.MOST_PAPERS):
        remote.hand_in(**deed, file=io.BytesIO(photo("PNG", f"#0000{number:02x}")))
    with pytest.raises(remote.TooManyPapers):
        remote.hand_in(**deed, file=io.BytesIO(photo("PNG", "red")))
    claim = make.completed(won, make.checked(won, claim))
    with pytest.raises(no.NotAtThisStep):
        remote.hand_in(**deed, file=io.BytesIO(photo()))
    other = make.opened(won, won.prize(won.carol))
    with pytest.raises(remote.PaperNotHere):
        remote.hand_in(
            **{**deed, "code": other.code, "actor": won.carol.user}, file=io.BytesIO(photo())
        )
    assert claim.papers.filter(kind="IDENTITY").count() == remote.MOST_PAPERS
