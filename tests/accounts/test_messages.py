"""Messages: once, in the reader's language, by the channels he wants; legal notices always."""

from __future__ import annotations

import json
import re
from smtplib import SMTPRecipientsRefused

import pytest
from django.conf import settings
from django.core import mail
from django.db import IntegrityError, transaction
from django.template import Engine
from django.urls import reverse

from accounts import language, messages
from accounts.models import Delivery, Message, Player
from lottery_portal import jobs
from lottery_portal.lib.db import violated
from tests import people

pytestmark = pytest.mark.django_db
WON = messages.Kind(
    name="tests.won",
    title="Won",
    template="accounts/mail/security_changed.txt",
    channels=messages.EVERYWHERE,
    address=lambda params: f"/tickets/{params['ticket']}/",
)


@pytest.fixture(autouse=True)
def _kind(monkeypatch):
    monkeypatch.setitem(messages.KINDS, WON.name, WON)


def send(user, kind: str = WON.name, key: str = "won:1") -> Message:
    with transaction.atomic():
        return messages.send(
            user=user, kind=kind, params={"ticket": "T1"}, natural_key=key, now=people.right_now()
        )


def states(message: Message) -> dict[str, str]:
    return dict(message.deliveries.values_list("channel", "state"))


def test_a_message_is_in_the_inbox_at_once_and_outside_soon():
    """F053: the delivery log."""
    user = people.player(login="alice@example.com").user

    message = send(user)
    assert states(message) == {"INBOX": "DELIVERED", "EMAIL": "WAITING"}
    jobs.run_pending()

    assert states(message) == {"INBOX": "DELIVERED", "EMAIL": "DELIVERED"}
    (sent,) = mail.outbox
    assert sent.to == ["alice@example.com"]
    assert sent.subject == "[明彩] Won"
    assert sent.body


def test_a_phone_gets_an_sms():
    """F053"""
    user = people.player(login="13900000001").user
    message = send(user)
    jobs.run_pending()

    last = (settings.STATE_DIR / "sms.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    assert json.loads(last)["to"] == "+8613900000001"
    assert states(message) == {"INBOX": "DELIVERED", "SMS": "DELIVERED"}


def test_no_text_for_a_telephone_names_an_amount_or_an_account():
    """F053: others may see it; what it is about is read after logging in."""
    by_sms = [kind for kind in messages.KINDS.values() if Delivery.Channel.SMS in kind.channels]
    sources = {
        kind.name: Engine.get_default().get_template(kind.sms or kind.template) for kind in by_sms
    }

    telling = [
        name
        for name, found in sources.items()
        if re.search(r"money|yuan|_fen|bank\b.*}}", str(found.source))
    ]

    assert telling == []
    assert len(by_sms) > 8


def test_who_opted_out_still_finds_the_message_inside():
    """F053"""
    user = people.player(login="alice@example.com").user
    messages.choose(
        user=user, kind=WON.name, channel="EMAIL", is_wanted=False, now=people.right_now()
    )

    message = send(user)
    jobs.run_pending()

    assert states(message) == {"INBOX": "DELIVERED", "EMAIL": "OPTED_OUT"}
    assert mail.outbox == []


def test_legal_notices_come_whatever_was_chosen():
    """F053"""
    user = people.player(login="alice@example.com").user
    messages.choose(
        user=user, kind="accounts.locked", channel="EMAIL", is_wanted=False, now=people.right_now()
    )

    send(user, kind="accounts.locked")
    jobs.run_pending()

    assert len(mail.outbox) == 1
    assert "accounts.locked" not in {kind.name for kind, _channel, _on in messages.choices(user)}


def test_the_same_news_is_told_once():
    user = people.player(login="alice@example.com").user

    assert send(user) == send(user)
    jobs.run_pending()

    assert Message.objects.count() == 1
    assert len(mail.outbox) == 1


def test_a_message_is_part_of_the_deed_it_tells_of():
    with pytest.raises(RuntimeError, match="transaction"):
        messages.send(
            user=people.player().user,
            kind=WON.name,
            params={},
            natural_key="x",
            now=people.right_now(),
        )


def test_delivering_twice_sends_once():
    user = people.player(login="alice@example.com").user
    send(user)
    jobs.run_pending()
    delivery = Delivery.objects.get(channel="EMAIL")

    messages.deliver(delivery_id=delivery.pk, now=people.right_now())

    assert len(mail.outbox) == 1


def test_a_refused_address_is_noted_as_failed(monkeypatch):
    class Refusing:
        def __init__(self, *_args, **_kwargs): ...
        def send_messages(self, found):
            raise SMTPRecipientsRefused({found[0].to[0]: (550, b"unknown")})

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend", Refusing)
    user = people.player(login="alice@example.com").user
    message = send(user)
    jobs.run_pending()

    assert states(message)["EMAIL"] == "FAILED"


def test_the_message_centre_shows_and_marks_as_read():
    player = people.player()
    message = send(player.user)
    client = people.behind(player.user)
    page = client.get(reverse("accounts:messages")).content.decode()
    assert "Won" in page
    assert messages.unread(player.user) == 1

    opened = client.get(reverse("accounts:message", args=[message.code])).content.decode()

    assert "/tickets/T1/" in opened
    assert messages.unread(player.user) == 0


def test_nobody_reads_the_messages_of_another():
    message = send(people.player().user)
    client = people.behind(people.player().user)

    assert client.get(reverse("accounts:message", args=[message.code])).status_code == 404
    message.refresh_from_db()
    assert message.read_at is None


def test_choices_are_kept_by_the_page():
    player = people.player()
    client = people.behind(player.user)
    address = reverse("accounts:message_choices")

    client.post(address, {"wanted": []})
    assert (WON, "SMS", False) in messages.choices(player.user)

    client.post(address, {"wanted": [f"{WON.name}:SMS"]})
    assert (WON, "SMS", True) in messages.choices(player.user)
    assert client.get(address).status_code == 200


@pytest.mark.parametrize(("login", "channel"), [("13900000001", "SMS"), ("a@b.example", "EMAIL")])
def test_only_the_channels_that_reach_the_player_are_offered(login, channel):
    user = people.player(login=login).user

    assert {where for _kind, where, _on in messages.choices(user)} == {channel}
    page = people.behind(user).get(reverse("accounts:message_choices"))
    assert all(row["value"].endswith(f":{channel}") for row in page.context["rows"])


def test_words_follow_the_reader():
    user = people.player().user
    message = send(user)

    assert messages.write(message, "en").text.startswith("Password, passkeys or second factors")
    language.choose(user, "en")
    user.refresh_from_db()
    assert user.language == "en"


NEWS = messages.Kind(
    name="marketing.tests",
    title="News",
    template="accounts/mail/security_changed.txt",
    channels=messages.EVERYWHERE,
)


@pytest.fixture
def _news(monkeypatch):
    monkeypatch.setitem(messages.KINDS, NEWS.name, NEWS)


def advertise(user, key: str = "news:1") -> Message | None:
    with transaction.atomic():
        return messages.advertise(
            user=user, kind=NEWS.name, params={}, natural_key=key, now=people.right_now()
        )


def wants(user, channel: str, *, is_wanted: bool = True) -> None:
    messages.choose(
        user=user, kind=NEWS.name, channel=channel, is_wanted=is_wanted, now=people.right_now()
    )


@pytest.mark.usefixtures("_news")
def test_nobody_is_advertised_to_who_did_not_ask_for_it():
    """F053: off until it is switched on, by each way for itself; it can be switched off again."""
    user = people.player(login="alice@example.com").user
    assert (NEWS, "EMAIL", False) in messages.choices(user)

    assert advertise(user) is None
    wants(user, "EMAIL")
    told = advertise(user)

    assert told is not None
    assert states(told) == {"INBOX": "DELIVERED", "EMAIL": "WAITING"}
    wants(user, "EMAIL", is_wanted=False)
    jobs.run_pending()
    assert states(told) == {"INBOX": "DELIVERED", "EMAIL": "OPTED_OUT"}
    assert mail.outbox == []
    assert advertise(user, "news:2") is None
    assert Message.objects.filter(user=user).count() == 1


@pytest.mark.usefixtures("_news")
def test_who_may_not_play_is_not_advertised_to():
    """F053: whatever he asked for before he excluded himself."""
    player = people.player(login="bob@example.com")
    wants(player.user, "EMAIL")
    Player.objects.filter(pk=player.pk).update(state=Player.State.EXCLUDED)

    assert advertise(player.user) is None
    assert not Message.objects.filter(user=player.user).exists()


@pytest.mark.usefixtures("_news")
def test_the_database_refuses_advertising_without_consent():
    """F053: whoever writes the rows."""
    user = people.player(login="eve@example.com").user
    row = {"user": user, "kind": NEWS.name, "params": {}, "sent_at": people.right_now()}

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Message.objects.create(natural_key="a", **row)
    assert violated(caught.value) == "message_advertises_by_consent"

    wants(user, "SMS")
    message = Message.objects.create(natural_key="b", **row)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Delivery.objects.create(
            message=message, channel="EMAIL", state="WAITING", changed_at=people.right_now()
        )
    assert violated(caught.value) == "delivery_advertises_by_consent"


@pytest.mark.usefixtures("_news")
def test_advertising_and_news_do_not_change_places():
    """F053: no door for one lets the other through."""
    user = people.player(login="mallory@example.com").user

    with pytest.raises(ValueError, match="advertise"):
        send(user, kind=NEWS.name)
    with pytest.raises(ValueError, match="no advertising"), transaction.atomic():
        messages.advertise(
            user=user, kind=WON.name, params={}, natural_key="x", now=people.right_now()
        )
    with pytest.raises(RuntimeError, match="No law"):
        messages.register(
            messages.Kind(name="marketing.law", title="x", template="x", is_legal=True)
        )
