"""The SMS gateway behind its interface: one promise, by file and by Aliyun's service (F053)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs

import pytest

from accounts import messages, sms
from tests.finance.fake_server import Asked, serving

SIGNED = "zJDF+Lrzhj/ThnlvIToysFRq6t4="  # as the documents print it
KEYS = {
    "access_key_id": "testid",
    "access_key_secret": "testsecret",
    "sign_name": "明彩",
    "template": "SMS_100000001",
}
Said = tuple[int, str]


@pytest.fixture
def gateway(settings) -> Iterator[Callable[[Said], list[dict[str, str]]]]:
    """Aliyun as its documents describe it, with one answer; the requests it got."""
    got: list[dict[str, str]] = []
    answer: list[Said] = [(200, '{"Code": "OK", "BizId": "1"}')]

    def serve(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        fields = {name: value[0] for name, value in parse_qs(asked.body.decode()).items()}
        signature = fields.pop("Signature")
        assert asked.method == "POST"
        assert signature == sms.signature_of(fields, secret="testsecret")
        got.append(fields)
        status, body = answer[0]
        return status, {"Content-Type": "application/json"}, body.encode()

    def answering(said: Said) -> list[dict[str, str]]:
        answer[0] = said
        return got

    with serving(serve) as address:
        settings.SMS_GATEWAY = {**KEYS, "gateway": address}
        yield answering


def test_the_signature_is_that_of_the_documents():
    """The example of Aliyun's documents, signed with its example key."""
    asked = {
        "AccessKeyId": "testId",
        "Action": "SendSms",
        "Format": "XML",
        "OutId": "123",
        "PhoneNumbers": "15300000001",
        "RegionId": "cn-hangzhou",
        "SignName": "阿里云短信测试专用",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
        "SignatureVersion": "1.0",
        "TemplateCode": "SMS_71390007",
        "TemplateParam": '{"customer":"test"}',
        "Timestamp": "2017-07-12T02:42:19Z",
        "Version": "2017-05-25",
    }

    assert sms.signature_of(asked, secret="testSecret", method="GET") == SIGNED


def by_file(settings, tmp_path) -> Callable[[], list[tuple[str, str]]]:
    settings.STATE_DIR = tmp_path
    return lambda: [
        (line["to"], line["text"])
        for line in map(json.loads, (tmp_path / "sms.jsonl").read_text().splitlines())
    ]


def test_both_ways_take_a_text_for_a_number(settings, tmp_path, gateway):
    """F053: what was handed over is what arrives; Aliyun puts its own signature before it."""
    kept, got = by_file(settings, tmp_path), gateway((200, '{"Code": "OK"}'))

    for sender in (sms.OutboxFile(), sms.AliyunSms()):
        sender.send(number="13800000001", text="【明彩】第 2026110 期，您中奖 5.00 元。")

    assert kept() == [("13800000001", "【明彩】第 2026110 期，您中奖 5.00 元。")]
    (fields,) = got
    assert fields["PhoneNumbers"] == "13800000001"
    assert fields["SignName"] == "明彩"
    assert json.loads(fields["TemplateParam"]) == {"text": "第 2026110 期，您中奖 5.00 元。"}


def test_a_number_that_is_never_reached_is_refused_for_good(gateway):
    """F053"""
    gateway((200, '{"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "..."}'))

    with pytest.raises(sms.NumberRefused):
        sms.AliyunSms().send(number="1", text="x")


@pytest.mark.parametrize(
    "said",
    [
        (200, '{"Code": "isv.BUSINESS_LIMIT_CONTROL"}'),
        (400, '{"Code": "SignatureDoesNotMatch"}'),
        (200, "<html>"),
        (502, ""),
        (200, "[]"),
    ],
)
def test_passing_trouble_is_tried_again(gateway, said):
    """F053: an `OSError` puts the job back."""
    gateway(said)

    with pytest.raises(OSError, match="gateway"):
        sms.AliyunSms().send(number="13800000001", text="x")


def test_a_gateway_that_is_not_there_is_passing_trouble(settings):
    """F053"""
    settings.SMS_GATEWAY = {**KEYS, "gateway": "http://127.0.0.1:9"}

    with pytest.raises(OSError):  # noqa: PT011 - the words are the system's
        sms.AliyunSms().send(number="13800000001", text="x")


def test_without_a_contract_nothing_is_pretended():
    with pytest.raises(ConnectionError, match="SMS_SENDER"):
        sms.NoGateway().send(number="13800000001", text="x")


def test_the_settings_name_the_sender(settings):
    settings.SMS_SENDER = "accounts.sms.AliyunSms"
    messages.sms_sender.cache_clear()

    assert isinstance(messages.sms_sender(), sms.AliyunSms)

    messages.sms_sender.cache_clear()
