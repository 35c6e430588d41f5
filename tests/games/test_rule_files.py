"""A new rule is a file: read strictly, signed, loaded by two, announced ten days ahead."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.template import Context, Template
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from audit import approvals
from games import calendar, draws, rule_files, rule_sheets, rule_words, rules, words
from games.models import Draw, Game, RuleFile, RuleNotice, RuleSheet
from games.rules import reading, sound
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time, violated
from lottery_portal.lib.errors import Refused
from tests import make, make_rules, people
from tests.browser import english_in
from tests.owner import as_owner, guards_up

NEXT = "ssq-2027.2"
ALL = [version for game in rules.GAMES.values() for version in game.versions]


@pytest.mark.parametrize("version", ALL, ids=lambda version: version.code)
def test_every_version_is_read_back_from_its_sheet(version):
    """F021: canonical JSON in, the same value out, names included; and it is sound."""
    read = reading.read(rules.rule_sheet(version), names={}, like=version)

    assert (
        replace(read, last_issue=version.last_issue, announced_besides=version.announced_besides)
        == version
    )
    assert rules.rule_sheet_digest(read) == rules.rule_sheet_digest(version)
    assert sound.unsound(version) == ""


def test_sources_are_said_in_the_language_of_the_reader():
    """F021: in English only the printed names of papers are Chinese."""
    rows = [row for version in ALL for part in rule_words.sheet(version) for row in part.rows]
    sources = [row.source for row in rows if row.source]

    with override("en"):
        told = {part for one in sources for part in one.said.split("; ")}
    with override("zh-hans"):
        assert [one.said for one in sources] == [one.text for one in sources]

    assert "worked out from the published draws" in told
    chinese = {part for part in told if not part.isascii()}
    assert all("《" in part or "〔" in part for part in chinese), chinese


def changed(path: str, value: Any) -> dict[str, Any]:
    """The document of the invented 双色球 with another value at this path."""
    document = copy.deepcopy(make_rules.ssq())
    *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    part: Any = document
    for step in way:
        part = part[step]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "code", "told"),
    [
        ("sheet/version/bonus", 1, "rule_sheet_word_unknown", "bonus"),
        ("sheet/version/tiers/2/paid_in", "RMB", "rule_sheet_word_unknown", "paid_in"),
        ("sheet/version/plays/0/pattern", "spiral", "rule_sheet_word_unknown", "spiral"),
        ("sheet/version/deficit_paid_by", "treasury", "rule_sheet_word_unknown", "treasury"),
        ("sheet/version/game", "powerball", "rule_sheet_word_unknown", "powerball"),
        ("sheet/format", "rule-sheet/2", "rule_sheet_not_read", "rule-sheet/1"),
        ("format", "rule-file/2", "rule_sheet_not_read", "rule-file/1"),
        ("sheet/version/minimum", None, "rule_sheet_word_missing", "minimum"),
        ("paper", None, "rule_sheet_word_missing", "paper"),
        ("paper", " ", "rule_sheet_value_wrong", "paper"),
        ("sheet/version/price_fen", "200", "rule_sheet_value_wrong", "version.price_fen"),
        ("sheet/version/price_fen", True, "rule_sheet_value_wrong", "version.price_fen"),
        ("sheet/version/price_fen", -200, "rule_sheet_value_wrong", "version.price_fen"),
        ("sheet/version/schedule/closes", "8pm", "rule_sheet_value_wrong", "schedule.closes"),
        ("sheet/version/tiers", {}, "rule_sheet_value_wrong", "version.tiers"),
        ("names", {}, "rule_sheet_name_missing", "tiers/8"),
        ("names/tiers~9", {"en": "x", "zh-hans": "x"}, "rule_sheet_word_unknown", "tiers/9"),
        ("names/tiers~8", {"en": "Pair prize"}, "rule_sheet_word_missing", "zh-hans"),
        ("articles/tiers~8", None, "rule_article_missing", "tiers/8"),
        ("articles/dividend", "第一条", "rule_sheet_word_unknown", "dividend"),
        ("sheet/version/tiers/7/matches", [[2, 1]], "rule_sheet_unsound", "one tier only"),
        ("sheet/version/tiers/7/matches", [[2]], "rule_sheet_unsound", "every measure"),
        ("sheet/version/tiers/7/plays", ["plain"], "rule_sheet_unsound", "not there"),
        ("sheet/version/allocation/prize", 4_000, "rule_sheet_unsound", "the whole"),
        ("sheet/version/claim_days", 90, "rule_sheet_unsound", "60 days"),
        ("sheet/version/multiplier_most", 100, "rule_sheet_unsound", "99 times"),
        ("sheet/version/schedule/weekdays", [7, 2], "rule_sheet_unsound", "in order"),
        ("sheet/version/schedule/closes", "21:30", "rule_sheet_unsound", "before the draw"),
        ("sheet/version/first_issue", "27001", "rule_sheet_unsound", "7 digits"),
        ("sheet/version/code", "dlt-2027.1", "rule_sheet_unsound", "begin with the game"),
        ("sheet/version/zones/0/word", 2, "rule_sheet_unsound", "lies"),
        ("sheet/version/zones/0/per_word", 0, "rule_sheet_unsound", ""),
        ("sheet/version/tiers/0/published_as", "a_very_long_mark", "rule_sheet_unsound", "mark"),
        ("sheet/version/pools/0/code", "Jackpot", "rule_sheet_unsound", "20 letters"),
        ("sheet/version/bet_types/0/ranges/0/numbers_most", 36, "rule_sheet_unsound", "no line"),
        ("sheet/version/floating/splits/0/parts/0/share", 1, "rule_sheet_unsound", "the whole"),
        ("sheet/version/tiers/6/special_only", False, "", ""),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_by_name(path, value, code, told):
    """F021: a key, a word, a kind of value, a missing name: nothing is guessed, nothing skipped."""
    document = changed(path, value) if "~" not in path else changed_name(path, value)

    if not code:
        assert rule_files.read(make_rules.written(document)).version.code == "ssq-2027.1"
        return
    with pytest.raises(Refused) as refused, override("en"):
        rule_files.read(make_rules.written(document))
    assert refused.value.code == code
    with override("en"):
        assert told in str(refused.value)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("sheet/version/allocation/prize", 4_000, "allocation_not_whole"),
        ("sheet/version/zones/0/per_word", 0, "beyond_words"),
        ("sheet/version/tiers/7/matches", [[2, 1]], "match_twice"),
        ("sheet/version/tiers/7/on_top", {"share": 5_000, "tier": 99}, "on_top_has_amount"),
        ("sheet/version/claim_days", 90, "not_sold"),
    ],
)
def test_a_contradiction_has_a_code_and_the_language_of_the_reader(path, value, reason):
    """F021: whoever wrote the file reads a sentence at the desk, not a programmer's English."""
    raw = make_rules.written(changed(path, value))

    with override("zh-hans"), pytest.raises(reading.SheetUnsound) as refused:
        rule_files.read(raw)

    assert refused.value.as_json()["reason"] == reason
    with override("zh-hans"):
        assert english_in(str(refused.value)) == []


def changed_name(path: str, value: Any) -> dict[str, Any]:
    """The same for a key that has a slash in it, spelt here as a tilde."""
    document = copy.deepcopy(make_rules.ssq())
    name, key = path.replace("~", "/").split("/", 1)
    if value is None:
        del document[name][key]
    else:
        document[name][key] = value
    return document


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"\xff", b"{}", b'{"format":"rule-file/1","format":"rule-file/1"}', b"[" * 10_000,
     b'{"format":1.5}', b" " * 300_000,
     make_rules.written({**make_rules.ssq(), "paper": "half"}).replace(b"half", b"\\ud800")],
)  # fmt: skip
def test_what_is_no_rule_file_is_refused(raw):
    """F021: not JSON, a key twice, a fraction, too large."""
    with pytest.raises(reading.SheetNotRead):
        rule_files.read(raw)


def test_an_article_is_named_for_every_figure():
    """F021: what stands in no article is asked for by its place."""
    document = make_rules.ssq()
    document["articles"] = {
        place: text for place, text in document["articles"].items() if place != "claim"
    }

    with pytest.raises(rule_files.ArticleMissing) as refused:
        rule_files.read(make_rules.written(document))

    assert refused.value.figures["place"] == "claim"


def test_names_and_articles_are_texts_that_people_read():
    """F021: a sign of per cent is one, and nothing hides in a text or turns it round."""
    document = make_rules.ssq()
    document["names"]["tiers/8"] = {"en": "5% more", "zh-hans": "加奖5%（满100%）"}
    tier = rule_files.read(make_rules.written(document)).version.tiers[-1]
    with override("zh-hans"):
        assert str(tier.label) == "加奖5%（满100%）"
    for text in ("第\u202e五条", "a\x07", "a\nb", "\u200b"):
        for changed in ({"paper": text}, {"articles": {**document["articles"], "claim": text}}):
            with pytest.raises(reading.SheetValueWrong):
                rule_files.read(make_rules.written({**document, **changed}))


def test_names_are_read_in_both_languages():
    """F021: a new prize has its name in English and in Chinese, from the file alone."""
    version = rule_files.read(make_rules.written(make_rules.ssq())).version

    with override("en"):
        assert [str(tier.label) for tier in version.tiers[-2:]] == ["Lucky prize", "Pair prize"]
    with override("zh-hans"):
        assert str(version.tiers[-1].label) == "对奖"


@pytest.mark.django_db(transaction=True)
def test_a_file_counts_by_the_signature_of_who_may_say_rules():
    """F021: exactly these bytes, by a key that is registered; handed in once."""
    compliance, ssq = people.member("compliance").user, Game.objects.get(code="ssq")
    raw = make_rules.written(make_rules.ssq())

    def bring(signature: bytes, game: Game = ssq, raw: bytes = raw) -> RuleFile:
        return rule_files.bring(
            game=game, raw=raw, signature=signature, actor=compliance, now=database_time()
        )

    with pytest.raises(rule_files.RuleSignatureWrong):
        bring(make_rules.signed(raw))  # by a key that nobody registered
    make_rules.trusted()
    for wrong in (b"", b"x" * 64, make_rules.signed(raw + b" "), b"no base64"):
        with pytest.raises(rule_files.RuleSignatureWrong):
            bring(wrong)
    with pytest.raises(rule_files.RuleOfAnotherGame):
        bring(make_rules.signed(raw), Game.objects.get(code="dlt"))
    taken = make_rules.document("ssq-2026.1", code="ssq-2018.1", first_issue="2027001")
    with pytest.raises(rule_files.RuleCodeTaken):
        bring(make_rules.signed(make_rules.written(taken)), raw=make_rules.written(taken))
    assert not RuleFile.objects.exists()

    file = bring(make_rules.signed(raw))

    assert (file.code, file.paper, file.signer) == (
        "ssq-2027.1",
        make_rules.PAPER,
        "财政部（测试）",
    )
    assert file.document.encode() == raw
    with pytest.raises(rule_files.RuleFileKnown):
        bring(make_rules.signed(raw))
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleFile.objects.update(code="x")


def planned() -> list[Draw]:
    """The draws of 双色球 that are planned, the next first."""
    calendar.plan_ahead(now=database_time())
    return list(Draw.objects.filter(game__code="ssq", state="SCHEDULED").order_by("issue"))


def in_days(days: int) -> tuple[Draw, Draw]:
    """The first planned draw that opens in `days` days or later, and the one before it."""
    found = planned()
    day = in_shanghai(database_time()).date() + timedelta(days=days)
    at = next(i for i, one in enumerate(found) if in_shanghai(one.opens_at).date() >= day)
    return found[at], found[at - 1]


@pytest.mark.django_db(transaction=True)
def test_a_rule_file_is_loaded_ten_natural_days_ahead_and_touches_no_sold_ticket():
    """F021, F022, D5: asked for by one, approved by another, announced; what is sold stays."""
    make_rules.trusted()
    alice, on_sale = make.alice(), make.draw()
    make.purchase(alice, on_sale)
    (first, before) = in_days(10)

    sheet = make_rules.loaded("ssq", make_rules.ssq(first.issue))

    notice = RuleNotice.objects.get(rule=sheet)
    assert notice.text == make_rules.NOTICE
    assert notice.starts_on == in_shanghai(first.opens_at).date()
    assert (notice.starts_on - in_shanghai(notice.published_at).date()).days >= 10
    assert Draw.objects.get(pk=first.pk).rule_id == sheet.pk
    assert Draw.objects.get(pk=before.pk).rule_id == before.rule_id
    ssq = Game.objects.get(code="ssq")
    ticket = on_sale.rule
    assert ticket.code == "ssq-2026.1"
    assert rule_sheets.current(ssq, now=database_time()).code == "ssq-2026.1"
    assert (
        rule_sheets.version_of(Draw.objects.select_related("rule").get(pk=first.pk))
        .tiers[-1]
        .fixed_fen
        == 2_00
    )
    with pytest.raises(rule_sheets.RuleVersionLoaded):
        rule_sheets.request(
            game=ssq, version="ssq-2027.1", file=sheet.file, notice="x",
            maker=people.member("compliance").user, now=database_time(),
        )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_numbers_are_shown_by_the_rule_that_came_as_a_file():
    """F021, F142: from its first draw on; the rule of a drill says nothing of real draws."""
    make_rules.trusted()
    (first, before) = in_days(10)
    make_rules.loaded("ssq-drill", make_rules.ssq("2027001"))

    def shown(issue: str) -> str:
        return words.rules_of("ssq", issue).code

    assert {shown(one.issue) for one in (before, first)} == {"ssq-2026.1"}
    make_rules.loaded("ssq", make_rules.document("ssq-2026.1", code=NEXT, first_issue=first.issue))

    assert (shown(before.issue), shown(first.issue)) == ("ssq-2026.1", NEXT)
    page = Context({"numbers": [[1, 2, 3, 4, 5, 6], [7]], "issues": [before.issue, first.issue]})
    rows = "{% load drawn %}{% for one in issues %}{% drawn_text numbers 'ssq' one %};{% endfor %}"
    with CaptureQueriesContext(connection) as asked:
        text = Template(rows).render(page)
    assert text == "01 02 03 04 05 06 + 07;" * 2
    assert len(asked) == 1  # of all rows of a page


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_a_rule_without_a_special_rule_ends_it():
    """F021: a draw that follows it could not be settled with what the draw before had turned on."""
    make_rules.trusted()
    (first, before) = in_days(10)
    with as_owner() as hand:
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        hand.execute("UPDATE games_draw SET special_on = true WHERE code LIKE 'ssq-2%'")
        guards_up(hand)
    document = make_rules.document("ssq-2026.1", code=NEXT, first_issue=first.issue)
    version = document["sheet"]["version"]
    version["special"], version["tiers"] = None, version["tiers"][:6]
    splits = version["floating"]["splits"]
    version["floating"]["splits"] = [split for split in splits if not split["special"]]
    document["articles"] = {
        place: text
        for place, text in document["articles"].items()
        if not place.startswith(("tiers/7", "floating/1"))
    }

    sheet = make_rules.loaded("ssq", document)
    calendar.plan_ahead(now=database_time() + timedelta(days=30))

    assert set(Draw.objects.filter(rule=sheet).values_list("special_on", flat=True)) == {False}
    assert Draw.objects.get(pk=before.pk).special_on
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Draw.objects.filter(pk=first.pk).update(special_on=True)
    assert violated(refused.value) == "draw_special_of_its_rule"
    with transaction.atomic():
        assert draws.set_special(game=before.game, after_issue=before.issue, is_on=True) == 0


@pytest.mark.django_db(transaction=True)
def test_a_notice_shorter_than_ten_days_is_refused_when_asked_and_when_approved():
    """F022: start date < notice + 10 days is refused; nothing of it stays."""
    make_rules.trusted()
    compliance = people.member("compliance").user
    (first, before) = in_days(10)
    late = make_rules.brought("ssq", make_rules.ssq(before.issue))
    fine = make_rules.brought("ssq", make_rules.ssq(first.issue))

    def ask(file: RuleFile, notice: str = make_rules.NOTICE) -> approvals.Request:
        return rule_sheets.request(
            game=file.game, version=file.code, file=file, notice=notice, maker=compliance,
            now=database_time(),
        )  # fmt: skip

    with pytest.raises(rule_sheets.RuleNoticeTooShort) as refused:
        ask(late)
    assert refused.value.figures["starts_on"] == in_shanghai(before.opens_at).date().isoformat()
    with pytest.raises(rule_sheets.RuleNoticeMissing):
        ask(fine, " ")
    asked = ask(fine)
    near = (in_shanghai(database_time()).date() + timedelta(days=9)).isoformat()
    far = make_rules.brought("ssq", make_rules.ssq("2027050"))
    for payload, refusal in (
        ({**asked.payload, "starts_on": near}, "rule_notice_ten_days"),
        ({**asked.payload, "starts_on": ""}, "rule_notice_ten_days"),
        ({**ask(far).payload, "starts_on": ""}, "rule_has_notice"),
    ):
        forged = approvals.request(
            kind=rule_sheets.KIND, payload=payload, maker=compliance, now=database_time()
        )
        with pytest.raises((Refused, IntegrityError)) as stopped:
            make_rules.agreed(forged)
        found: Any = stopped.value
        said = violated(found) if isinstance(found, IntegrityError) else found.code
        assert said == refusal
    with as_owner() as hand:  # the days went by while the request waited
        hand.execute("ALTER TABLE games_draw DISABLE TRIGGER USER")
        hand.execute(
            "UPDATE games_draw SET opens_at = opens_at - interval '10 days',"
            " closes_at = closes_at - interval '10 days', draws_at = draws_at - interval '10 days'"
            " WHERE state = 'SCHEDULED'"
        )
        guards_up(hand)
    with pytest.raises(rule_sheets.RuleNoticeTooShort):
        make_rules.agreed(asked)

    assert not RuleSheet.objects.filter(code="ssq-2027.1").exists()
    assert not RuleNotice.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_what_python_would_let_pass():
    """F022: no early notice, no rule without one, none that two did not agree on, no early sale."""
    make_rules.trusted()
    (first, before) = in_days(10)
    loaded = make_rules.loaded("ssq", make_rules.ssq(first.issue))
    rule = rules.by_code("ssq-2018.1")
    fields = {
        "game": loaded.game,
        "code": rule.code,
        "sheet": rules.rule_sheet(rule).decode(),
        "digest": rules.rule_sheet_digest(rule),
        "line_price": 200,
        "first_issue": rule.first_issue,
        "loaded_at": database_time(),
    }
    for approval, name in (
        ("GENESIS", "rule_by_agreement"),
        (loaded.approval_code, "rule_by_agreement"),
    ):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            RuleSheet.objects.create(approval_code=approval, **fields)
        assert violated(refused.value) == name
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Draw.objects.filter(pk=first.pk).update(opens_at=before.opens_at - timedelta(days=1))
    assert violated(refused.value) in {"draw_rule_was_announced", "draw_times_by_notice"}
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Draw.objects.filter(pk=first.pk).update(state="OPEN")
    assert violated(refused.value) == "draw_rule_was_announced"
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Draw.objects.create(
            code="ssq-2099999", game=loaded.game, issue="2099999", rule=loaded,
            opens_at=before.opens_at - timedelta(days=1), closes_at=before.closes_at,
            draws_at=before.draws_at, planned_at=database_time(),
        )  # fmt: skip
    assert violated(refused.value) == "draw_rule_was_announced"
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        RuleNotice.objects.create(
            rule=before.rule, starts_on=before.opens_at, text="x", published_at=database_time()
        )
    assert violated(refused.value) == "rule_notice_by_agreement"
    with pytest.raises(DatabaseError), transaction.atomic():
        RuleNotice.objects.update(starts_on="2001-01-01")
    other = RuleFile.objects.get()
    other.pk, other.document = None, other.document + " "
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        other.save(force_insert=True)
    assert violated(refused.value) == "rule_file_is_its_digest"
    with as_owner() as hand:
        for table in ("games_rulefile", "games_rulenotice"):
            for deed in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):  # noqa: S608 - our own names
                with pytest.raises(psycopg.Error, match="never change"):
                    hand.execute(deed)


def ways(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value of a document, whole parts included."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path] * bool(path) + [one for key, part in inner for one in ways(part, (*path, key))]


@pytest.mark.parametrize("make_one", [make_rules.ssq, make_rules.digits], ids=["ssq", "3D"])
def test_whatever_stands_in_a_file_the_answer_is_a_rule_or_a_refusal(make_one, deep):
    """F021: each value in turn is something else; nothing but a refusal comes of it."""
    document = make_one()
    found = ways(document)
    step = 1 if deep else max(len(found) // 30, 1)
    refused = 0
    for at, way in enumerate(found[::step]):
        others: tuple[Any, ...] = (None, 0, 10**18, "x", [], {}, [[0]])
        for other in others[at % 2 :: 2]:
            changed = copy.deepcopy(document)
            part = changed
            for one in way[:-1]:
                part = part[one]
            part[way[-1]] = other
            try:
                rule_files.read(make_rules.written(changed))
            except Refused:
                refused += 1
    assert refused > 40
