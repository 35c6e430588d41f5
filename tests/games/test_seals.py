"""Seals in public: who may sign, what is published when, pages, API, mail to supervisors."""

from __future__ import annotations

import base64
import json
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from accounts import drills
from audit import alarms, keys, policies
from games import calendar, draws, mailing, results, seal_mail, seals
from games.models import Draw, ResultEntry, SealStatement
from games.seal_models import SealDelivery, SealPublication, SealSignature
from lottery_portal import jobs
from lottery_portal.lib.db import database_time, violated
from sales import closing, sealing
from tests import make, make_draws, owner, people
from tests.audit.colleagues import employ

pytestmark = pytest.mark.django_db(transaction=True)
MAIL = frozenset({"games.send_seal"})


@pytest.fixture(autouse=True)
def _own_place(settings, tmp_path):
    settings.STATE_DIR = tmp_path


def _sealed_only(*, real=False):
    """A draw that was sealed and not yet countersigned; its drawing is a moment past."""
    draw = _real_draw() if real else make_draws.sold([make.single()])
    now = database_time()
    if not real:
        calendar.bring_forward(draw=draw)
        closing.close(draw=draw, now=now)
    sealing.seal(draw=draws.find(draw.code), now=now)
    return draws.find(draw.code)


def _real_draw() -> Draw:
    """A draw of the real books with one ticket, closed; times moved by the owner's hand."""
    draw = make.draw()
    make.purchase(make.alice(), draw)
    with owner.as_owner() as hand:
        hand.execute(
            "UPDATE games_draw SET opens_at = clock_timestamp() - interval '1 day',"
            " closes_at = clock_timestamp() - interval '1 second',"
            " draws_at = clock_timestamp() + interval '1 hour' WHERE id = %s",
            [draw.pk],
        )
    closing.close(draw=draws.find(draw.code), now=database_time())
    return draws.find(draw.code)


def _published(*, real=True):
    draw = _sealed_only(real=real)
    make_draws.publicly_sealed(draw)
    return SealStatement.objects.select_related("draw__game", "publication").get(draw=draw)


def test_no_result_before_the_seal_is_published():
    """F057: sealed and signed by one is not enough; without the trigger the entry would stand."""
    draw = _sealed_only()
    make.wait_until(draw.draws_at)
    official, _second = drills.officials(now=database_time())

    with pytest.raises(results.SealNotPublished):
        results.enter(draw=draw, official=official, numbers=make_draws.NUMBERS, now=database_time())

    assert not ResultEntry.objects.exists()
    assert draws.find(draw.code).state == "SEALED"
    with owner.as_owner() as hand:
        hand.execute(
            "ALTER TABLE games_resultentry DISABLE TRIGGER games_resultentry_after_published_seal"
        )
    results.enter(draw=draw, official=official, numbers=make_draws.NUMBERS, now=database_time())
    assert draws.find(draw.code).state == "DRAWN"


def test_a_result_follows_a_published_seal():
    """F057, F056: the way of every draw."""
    draw = make_draws.drawn(make_draws.sealed(make_draws.sold([make.single()])))

    assert draw.state == "CONFIRMED"
    assert draw.seal.publication.published_at < draw.result.confirmed_at


def test_a_seal_with_one_signature_is_not_published():
    """F057: without the trigger it would be."""
    draw = _sealed_only()
    statement = SealStatement.objects.get(draw=draw)

    with pytest.raises(seals.SignaturesMissing):
        seals.publish(statement=statement, now=database_time())

    assert not SealPublication.objects.exists()
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_sealpublication DISABLE TRIGGER USER")
    assert seals.publish(statement=statement, now=database_time()).pk


def _signed_with(key: Ed25519PrivateKey, statement: SealStatement) -> str:
    return base64.b64encode(key.sign(statement.statement.encode())).decode()


def _register(public: bytes, role: str) -> str:
    """A further key in force, put there by the owner's hand."""
    name = keys.key_id(role, public)
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE audit_signingkey DISABLE TRIGGER USER")
        hand.execute(
            "INSERT INTO audit_signingkey (key_id, role, algorithm, public_key, valid_from,"
            " approval_code) VALUES (%s, %s, 'Ed25519', %s, now() - interval '1 day', 'TEST')",
            [name, role, base64.b64encode(public).decode()],
        )
    return name


def _countersign(statement, key_id, signature):
    return seals.record_countersignature(
        statement=statement, key=key_id, algorithm=keys.ED25519, signature=signature
    )


def test_a_key_that_nobody_registered_does_not_sign():
    """F057."""
    statement = SealStatement.objects.get(draw=_sealed_only())
    stranger = Ed25519PrivateKey.generate()
    name = keys.key_id("INDEPENDENT", stranger.public_key().public_bytes_raw())

    with pytest.raises(keys.KeyUnknown):
        _countersign(statement, name, _signed_with(stranger, statement))

    assert SealSignature.objects.count() == 1


def _revoked() -> str:
    name = _register(Ed25519PrivateKey.generate().public_key().public_bytes_raw(), "INDEPENDENT")
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE audit_signingkey DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE audit_signingkey SET revoked_at = clock_timestamp() WHERE key_id = %s",
            [name],
        )
    return name


def test_the_database_itself_refuses_a_key_that_may_not_sign():
    """F057: whatever Python says. Without its trigger each of these rows would stand."""
    statement = SealStatement.objects.get(draw=_sealed_only())
    operations = keys.own("OPERATIONS")
    registered = "seal_signed_by_a_registered_key"
    broken = {
        "revoked": (_revoked(), registered),
        "same": (_register(operations.public, "INDEPENDENT"), "seal_signed_by_two_keys"),
        "role": (operations.key_id, registered),
        "unregistered": ("independent-00000000", registered),
    }

    def insert(name):
        SealSignature.objects.create(
            statement=statement, role="INDEPENDENT", key_id=name, algorithm=keys.ED25519,
            signature="x", signed_at=database_time(),
        )  # fmt: skip

    for case, (name, constraint) in broken.items():
        with pytest.raises(DatabaseError, match="key") as refused, transaction.atomic():
            insert(name)
        assert violated(refused.value) == constraint, case
        assert SealSignature.objects.count() == 1
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_sealsignature DISABLE TRIGGER games_seal_signed_by_a_key")
    for name, _constraint in broken.values():
        with transaction.atomic():
            insert(name)
            assert SealSignature.objects.count() == 2
            transaction.set_rollback(True)


def test_a_signature_over_something_else_is_refused():
    """F057."""
    statement = SealStatement.objects.get(draw=_sealed_only())
    witness = Ed25519PrivateKey.generate()
    name = _register(witness.public_key().public_bytes_raw(), "INDEPENDENT")
    forged = base64.b64encode(witness.sign(b"another statement")).decode()

    with pytest.raises(keys.SignatureWrong):
        _countersign(statement, name, forged)

    assert SealSignature.objects.count() == 1


def test_a_published_seal_is_on_its_page_in_its_files_and_in_the_api(client):
    """N01, F057: what a player needs is there without a log-in, and fits together without us."""
    statement = _published()

    _is_on_its_page(client, statement)
    _files_are_the_bytes_that_were_signed(client, statement)
    _the_api_gives_it(client, statement)


def _is_on_its_page(client: Client, statement: SealStatement) -> None:
    """Statement, signatures, root and the way to check."""
    address = reverse("games:seal", args=[statement.draw.code])

    page = client.get(address, headers={"accept-language": "en"})

    assert page.status_code == 200
    text = page.content.decode()
    for said in (statement.root[:8], *(row.key_id for row in statement.signatures.all())):
        assert said in text
    assert len(page.context["signatures"]) == 2
    assert page.context["sealed_file_url"] == ""
    assert statement.root[:8] in client.get(reverse("games:seals")).content.decode()
    listed = client.get(reverse("games:result", args=["ssq", statement.draw.issue]))
    assert address in listed.content.decode()


def _files_are_the_bytes_that_were_signed(client: Client, statement: SealStatement) -> None:
    def fetched(name):
        answer = client.get(reverse("games:seal_file", args=[statement.draw.code, name]))
        assert answer["Content-Disposition"].startswith("attachment")
        return answer.content

    signed, keyring = json.loads(fetched("signatures.json")), json.loads(fetched("keys.json"))
    known = {key["key_id"]: key for key in keyring["keys"]}
    assert fetched("statement.json") == statement.statement.encode()
    assert [one["role"] for one in signed["signatures"]] == ["OPERATIONS", "INDEPENDENT"]
    for one in signed["signatures"]:
        assert keys.is_signed(
            algorithm=one["algorithm"],
            public=base64.b64decode(known[one["key_id"]]["public_key"]),
            signature=base64.b64decode(one["signature"]),
            message=fetched("statement.json"),
        )
    address = reverse("games:seal_file", args=[statement.draw.code, "statement.json"])
    assert client.get(address.replace("statement.json", "secret.json")).status_code == 404


def _the_api_gives_it(client: Client, statement: SealStatement) -> None:
    said = client.get(reverse("api:seal", args=[statement.draw.code])).json()

    assert said["statement"] == statement.statement
    assert said["root"] == statement.root
    assert [one["role"] for one in said["signatures"]] == ["OPERATIONS", "INDEPENDENT"]
    assert {key["key_id"] for key in said["keys"]} == {one["key_id"] for one in said["signatures"]}


def test_a_seal_is_not_public_before_it_is_published(client):
    """F057: page, list, files and API know nothing of it."""
    draw = _sealed_only(real=True)

    assert client.get(reverse("games:seal", args=[draw.code])).status_code == 404
    assert client.get(reverse("games:seal_file", args=[draw.code, "keys.json"])).status_code == 404
    assert client.get(reverse("api:seal", args=[draw.code])).status_code == 404
    assert client.get(reverse("api:draw", args=[draw.code])).json()["seal"] is None
    assert list(client.get(reverse("games:seals")).context["seals"]) == []


def test_every_supervisor_gets_the_statement_once():
    """N03: one recorded delivery an address, with the exact bytes attached."""
    statement = _published()
    addresses = policies.read(seals.SUPERVISORS_POLICY, at=database_time())

    jobs.run_pending(kinds=MAIL)
    jobs.run_pending(kinds=MAIL)

    deliveries = SealDelivery.objects.all()
    assert [(one.address, one.state, one.attempts) for one in deliveries] == [
        (address, "DELIVERED", 1) for address in addresses
    ]
    (sent,) = mail.outbox
    assert sent.to == addresses
    assert statement.root in sent.body
    attached = {name: content for name, content, _kind in sent.attachments}
    assert attached[f"{statement.draw.code}-statement.json"] == statement.statement.encode()


def test_a_mail_server_that_is_away_holds_up_nothing(monkeypatch):
    """N03: the publication stands; the delivery waits, counts its attempts, and goes out later."""
    statement = _published()
    delivery = SealDelivery.objects.get()

    def away(_self, _messages):
        raise SMTPServerDisconnected

    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", away)
        with pytest.raises(SMTPServerDisconnected):
            seal_mail.deliver(delivery_id=delivery.pk, now=database_time())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("WAITING", 1)
    assert statement.publication.published_at

    seal_mail.deliver(delivery_id=delivery.pk, now=database_time())

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.detail) == ("DELIVERED", 2, "")


def test_a_mailbox_that_refuses_is_recorded(monkeypatch):
    """N03."""
    _published()
    delivery = SealDelivery.objects.get()

    def refused(_self, _messages):
        raise SMTPRecipientsRefused({})

    monkeypatch.setattr(EmailBackend, "send_messages", refused)
    seal_mail.deliver(delivery_id=delivery.pk, now=database_time())

    delivery.refresh_from_db()
    assert (delivery.state, delivery.detail) == ("FAILED", "refused")


def _failed(monkeypatch) -> SealDelivery:
    """A delivery that a mailbox refused."""
    delivery = SealDelivery.objects.get()

    def refused(_self, _messages):
        raise SMTPRecipientsRefused({})

    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", refused)
        jobs.run_pending(kinds=MAIL)
    delivery.refresh_from_db()
    assert delivery.state == "FAILED"
    return delivery


def test_a_mail_that_failed_for_good_is_an_alarm_until_it_is_sent_again(monkeypatch):
    """N03: asked for by a person, it goes out once more, and the alarm settles."""
    statement = _published()
    delivery = _failed(monkeypatch)
    (alarm,) = alarms.open_now()
    assert (alarm.kind, alarm.object_code) == ("games.seal_mail_failed", statement.draw.code)
    official = employ("official", "draw_official").user

    again = seal_mail.send_again(draw=statement.draw, actor=official, now=database_time())
    jobs.run_pending(kinds=MAIL)

    assert again == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("DELIVERED", 2)
    assert [one.to for one in mail.outbox] == [[delivery.address]]
    assert alarms.open_now() == []
    with pytest.raises(seal_mail.NothingFailed):
        seal_mail.send_again(draw=statement.draw, actor=official, now=database_time())


@pytest.mark.thorough
def test_what_breaks_the_mail_counts_as_an_attempt_whatever_it_was(monkeypatch):
    """N03: after twenty attempts in vain it has failed, and nobody has to find that out himself."""
    statement = _published()
    delivery = SealDelivery.objects.get()

    def broken(_self, _messages):
        raise LookupError

    monkeypatch.setattr(EmailBackend, "send_messages", broken)
    for _attempt in range(mailing.MOST_ATTEMPTS):
        assert alarms.open_now() == []
        with pytest.raises(LookupError):
            seal_mail.deliver(delivery_id=delivery.pk, now=database_time())

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.detail) == ("FAILED", 20, "LookupError")
    assert [one.object_code for one in alarms.open_now()] == [statement.draw.code]


@pytest.mark.thorough
def test_the_desk_of_the_draw_shows_the_mail_and_sends_it_again(monkeypatch):
    """N03: who may seal again may send again; others see how it fares."""
    statement = _published()
    delivery = _failed(monkeypatch)
    desk = reverse("games:desk_draw", args=[statement.draw.code])
    again = reverse("games:desk_mail_again", args=[statement.draw.code])
    looks = people.behind(employ("looks", "auditor").user)
    page = looks.get(desk).content.decode()
    assert delivery.address in page
    assert again not in page
    assert looks.post(again).status_code == 403
    official = people.behind(employ("official", "draw_official").user)
    assert again in official.get(desk).content.decode()

    assert official.post(again).status_code == 302

    delivery.refresh_from_db()
    assert delivery.state == "WAITING"
    assert again not in official.get(desk).content.decode()


def test_a_delivery_stands_as_it_went():
    """N03: its address and end are not rewritten, by the owner neither."""
    _published()
    jobs.run_pending(kinds=MAIL)

    with owner.as_owner() as hand:
        for deed in (
            "UPDATE games_sealdelivery SET state = 'WAITING'",
            "UPDATE games_sealdelivery SET address = 'x@example.com'",
            "DELETE FROM games_sealdelivery",
        ):
            with pytest.raises(Exception, match="stands as it went"):
                hand.execute(deed)


def test_a_drill_is_mailed_to_nobody():
    """N03, F020: supervisors hear of real draws only."""
    _published(real=False)

    assert not SealDelivery.objects.exists()


@pytest.mark.thorough
def test_each_seal_page_leads_along_the_chain(client):
    """N01: the root before, and the seal that names this one."""
    first = _published()
    second = _published()

    page = client.get(reverse("games:seal", args=[first.draw.code]))
    other = client.get(reverse("games:seal", args=[second.draw.code]))

    assert second.previous_root == first.root
    assert page.context["after"]["root"] == second.root
    assert page.context["before"] is None
    assert other.context["before"]["root"] == first.root
