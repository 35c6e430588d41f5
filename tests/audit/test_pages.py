"""The desk: what waits, four eyes, the trail, exports, policy parameters."""

from __future__ import annotations

import ast
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from audit import approvals, policies, report_file, reports, trail
from audit.models import ReportRun
from lottery_portal import jobs
from lottery_portal.lib import codes
from lottery_portal.lib.dates import in_shanghai
from lottery_portal.lib.db import database_time
from tests.people import behind

from .colleagues import NOW, actions, ask, employ, note_kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker():
    return employ("hejing", "cashier")


@pytest.fixture
def checker():
    return employ("luping", "approver")


@pytest.fixture
def auditor():
    return employ("gubai", "auditor")


@pytest.fixture(autouse=True)
def _kind():
    with note_kind():
        yield


def _english(member, **said):
    client = behind(member.user, **said)
    client.cookies["language"] = "en"
    return client


def _page(client, name, *args, **query):
    response = client.get(reverse(f"audit:{name}", args=args), query)
    return response, response.content.decode()


def _press(client, request, button, **said):
    fields = {"digest": request.digest, "decision": button, **said}
    return client.post(reverse("audit:approval", args=[request.code]), fields)


def test_the_desk_shows_what_waits_for_this_person(maker, checker):
    request = ask(maker)

    _response, text = _page(_english(checker), "desk")
    assert "Requests to decide" in text
    assert reverse("audit:approvals") in text

    _response, text = _page(_english(maker), "desk")
    assert "Nothing waits for you." in text
    assert request.code not in text


def test_the_list_says_which_requests_are_for_me(maker, checker):
    request = ask(maker)

    _response, text = _page(_english(checker), "approvals")
    assert reverse("audit:approval", args=[request.code]) in text
    assert "For you</span>" in text

    _response, text = _page(_english(maker), "approvals")
    assert "For you</span>" not in text
    _response, text = _page(_english(maker), "approvals", show="mine")
    assert "No request waits here." in text


def test_a_request_shows_the_text_in_full_its_digest_and_who_may_decide(maker, checker):
    request = ask(maker, {"note": "你好", "list": [1, 2]})

    _response, text = _page(_english(checker), "approval", request.code)

    assert "&quot;note&quot;: &quot;你好&quot;" in text
    assert request.digest[:8] in text
    assert "Hejing" in text
    assert "Luping (you)" in text
    assert "I have read the content in full." in text


def test_the_maker_sees_who_decides_and_no_buttons(maker):
    request = ask(maker)

    _response, text = _page(_english(maker), "approval", request.code)

    assert "You made this request. Another person decides: Approver, Compliance officer." in text
    assert 'name="decision"' not in text


def test_a_post_that_may_not_decide_sees_who_may(maker):
    request = ask(maker)

    _response, text = _page(_english(employ("suning", "draw_official")), "approval", request.code)

    assert "Your post does not decide this. These do: Approver, Compliance officer." in text
    assert 'name="decision"' not in text


def test_signing_performs_the_deed(maker, checker):
    request = ask(maker)
    client = _english(checker)

    response = _press(client, request, "approve", statement_1="on")

    assert response.status_code == 302
    assert approvals.find(request.code).state == "PERFORMED"
    assert "tests.noted" in actions()
    _response, text = _page(client, "approval", request.code)
    assert "Signed and done" in text
    assert 'name="decision"' not in text


@pytest.mark.parametrize(
    ("button", "said", "answer"),
    [
        ("approve", {}, (400, "Tick this")),
        ("refuse", {"reason": " "}, (400, "Please say why you refuse.")),
        ("other", {"statement_1": "on"}, (409, "Choose one of the two buttons.")),
    ],
)
def test_a_decision_that_is_not_complete_decides_nothing(maker, checker, button, said, answer):
    request = ask(maker)

    response = _press(_english(checker), request, button, **said)

    assert response.status_code == answer[0]
    assert answer[1] in response.content.decode()
    assert approvals.find(request.code).state == "OPEN"


def test_sending_back_needs_only_the_reason(maker, checker):
    request = ask(maker)

    _press(_english(checker), request, "refuse", reason="Wrong account")

    assert approvals.find(request.code).state == "REFUSED"
    _response, text = _page(_english(maker), "approval", request.code)
    assert "Wrong account" in text


def test_a_page_that_showed_something_else_signs_nothing(maker, checker):
    request = ask(maker)

    response = _press(_english(checker), request, "approve", statement_1="on", digest="0" * 64)

    assert response.status_code == 409
    assert "This is not the content you were shown" in response.content.decode()
    assert approvals.find(request.code).state == "OPEN"


def test_a_deed_that_is_refused_says_why_on_the_page(maker, checker):
    request = ask(maker, {"refuses": True})

    response = _press(_english(checker), request, "approve", statement_1="on")

    assert response.status_code == 409
    assert "The note was refused." in response.content.decode()
    assert approvals.find(request.code).state == "OPEN"


def test_signing_asks_for_the_second_factor_when_it_is_old(maker, checker):
    """F224."""
    request = ask(maker)
    client = _english(checker, minutes_ago=6)

    _response, text = _page(client, "approval", request.code)
    assert "Confirm that it is you" in text
    assert 'name="decision"' not in text

    response = _press(client, request, "approve", statement_1="on")
    assert response.status_code == 302
    assert response["Location"].startswith("/confirm/")
    assert approvals.find(request.code).state == "OPEN"


def test_the_maker_cannot_press_a_button_that_is_not_there(maker):
    request = ask(maker)

    _press(_english(maker), request, "approve", statement_1="on")

    assert approvals.find(request.code).state == "OPEN"
    assert "tests.noted" not in actions()


def test_an_unknown_request_is_not_found(checker):
    assert _page(_english(checker), "approval", "NONE")[0].status_code == 404


def _note(actor, number):
    with transaction.atomic():
        return trail.record(
            action="audit.policy_set",
            actor=actor.user,
            object_type="policy",
            object_code=f"tests.{number}",
            body={"scope": "", "value": number},
        )


def test_the_trail_is_read_by_titles_and_leafed_by_number(auditor):
    """F210."""
    numbers = [_note(auditor, number) for number in range(55)]
    client = _english(auditor)

    _response, text = _page(client, "trail", action="audit.policy_set", actor=auditor.user.username)
    assert text.count(">Policy parameter set</a>") == 50
    assert "Gubai" in text
    assert f"before={numbers[5]}" in text

    _response, text = _page(
        client, "trail", action="audit.policy_set", actor=auditor.user.username, before=numbers[5]
    )
    assert text.count(">Policy parameter set</a>") == 5
    assert "Older" not in text


def test_the_trail_filters_by_day(auditor):
    _note(auditor, 1)
    today = in_shanghai(database_time()).date()
    client = _english(auditor)

    def shown(**query):
        return _page(client, "trail", action="audit.policy_set", object_code="tests.1", **query)[1]

    assert "Policy parameter set</a>" in shown(since=today, until=today)
    assert "No entry matches" in shown(since=today + timedelta(days=1))
    assert "No entry matches" in shown(until=today - timedelta(days=1))


def test_a_record_shows_everything_it_says(auditor):
    number = _note(auditor, 7)

    _response, text = _page(_english(auditor), "trail_record", number)

    assert "Policy parameter set" in text
    assert "&quot;value&quot;: 7" in text
    assert "Auditor" in text
    assert trail.read(trail.Filters()).get(pk=number).db_user in text


@pytest.mark.parametrize("post", ["cashier", "approver", "support"])
def test_posts_without_the_role_do_not_read_the_trail(post):
    """F223."""
    client = _english(employ("somebody", post))

    assert _page(client, "trail")[0].status_code == 403
    assert _page(client, "trail_record", 1)[0].status_code == 403


def _order(client, **said):
    days = {"since": "2026-01-01", "until": "2026-01-31", **said}
    return client.post(f"{reverse('audit:exports')}?report=audit.trail", days)


@pytest.mark.django_db(transaction=True)
def test_an_export_is_ordered_seen_growing_and_downloaded(auditor):
    """F214, F216."""
    client = _english(auditor)

    assert _order(client).status_code == 302
    row = ReportRun.objects.get()
    _response, text = _page(client, "exports")
    assert "Queued" in text
    assert f'data-poll="{reverse("audit:export_progress")}?page=1"' in text

    jobs.run_pending(kinds=frozenset({"audit.make_report"}))
    row.refresh_from_db()
    _response, text = _page(client, "export_progress")
    assert 'data-done="true"' in text
    assert row.digest[:8] in text

    response, _text = _page(client, "exports")
    response = client.get(reverse("audit:export_file", args=[row.code]))
    assert response["Content-Disposition"] == f'attachment; filename="{row.file_name}"'
    assert b"".join(response.streaming_content) == report_file.place_of(row.code).read_bytes()
    said = trail.read(trail.Filters(action="audit.export_downloaded")).get()
    assert (said.actor, said.object_code) == (auditor.user.username, row.code)


def test_an_export_of_no_days_is_refused_with_a_sentence(auditor):
    response = _order(_english(auditor), until="2025-12-31")

    assert response.status_code == 400
    assert "The last day lies before the first." in response.content.decode()
    assert not ReportRun.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_damaged_file_is_not_given_out(auditor):
    client = _english(auditor)
    _order(client)
    jobs.run_pending(kinds=frozenset({"audit.make_report"}))
    row = ReportRun.objects.get()
    report_file.place_of(row.code).write_bytes(b"something else")

    response = client.get(reverse("audit:export_file", args=[row.code]))

    assert response.status_code == 410
    assert "This file cannot be given out" in response.content.decode()
    assert trail.read(trail.Filters(action="audit.export_damaged")).count() == 1


@pytest.mark.django_db(transaction=True)
def test_files_are_for_the_roles_of_their_report(auditor):
    """F223."""
    _order(_english(auditor))
    jobs.run_pending(kinds=frozenset({"audit.make_report"}))
    code = ReportRun.objects.get().code
    support = _english(employ("suning", "support"))

    assert support.get(reverse("audit:export_file", args=[code])).status_code == 404
    _response, text = _page(support, "exports")
    assert "Your post opens no report." in text
    assert code not in text


def test_the_filters_of_the_trail_go_into_its_export(auditor):
    _response, text = _page(_english(auditor), "trail", object_code="N1")
    assert "report=audit.trail&amp;object_code=N1" in text

    _response, text = _page(_english(auditor), "exports", report="audit.trail", object_code="N1")
    assert 'value="N1"' in text


def test_the_trail_is_searched_by_what_a_person_has_at_hand(auditor, maker):
    """F210: a number as it is printed, a name at work in any case, the account itself."""
    number = codes.new_code()
    with transaction.atomic():
        for code, actor in ((number, maker.user), ("N2", None)):
            trail.record(action="tests.noted", actor=actor, object_type="note", object_code=code)
    client = _english(auditor)

    for asked in (
        {"object_code": codes.shown(number).lower()},
        {"object_code": number},
        {"actor": maker.display_name.upper()},
        {"actor": maker.user.get_username()},
    ):
        _response, text = _page(client, "trail", **asked)
        assert number in text, asked
        assert '<span class="ref">N2</span>' not in text, asked


def test_amounts_of_a_record_are_read_in_yuan(auditor):
    facts = {"amount_fen": 1_234_56, "legs": [{"fee_fen": 7_00}]}
    with transaction.atomic():
        row = trail.record(
            action="tests.noted", actor=None, object_type="note", object_code="N3", body=facts
        )

    _response, text = _page(_english(auditor), "trail_record", row)

    assert "1,234.56" in text
    assert "7.00" in text


def test_the_export_of_the_trail_offers_deeds_by_name(auditor):
    _response, text = _page(_english(auditor), "exports", report="audit.trail")

    assert '<select name="action"' in text
    assert '<select name="object_type"' in text


@pytest.mark.parametrize(
    ("post", "places", "not_theirs"),
    [
        ("auditor", {"finance:desk_deposits", "finance:desk_ledger", "audit:trail"}, set()),
        ("treasurer", {"finance:desk_deposits", "finance:desk_ledger"}, {"audit:trail"}),
        ("support", set(), {"finance:desk_deposits", "finance:desk_ledger", "audit:trail"}),
    ],
)
def test_the_bar_leads_to_every_place_of_a_post_and_to_no_other(post, places, not_theirs):
    everybodys = {"games:desk_switches", "games:desk_licences", "audit:policies"}
    _response, text = _page(_english(employ("somebody", post)), "desk")
    bar = text[text.index('class="desk-places"') : text.index("<main")]

    for name in places | everybodys:
        assert f'href="{reverse(name)}"' in bar, name
    for name in not_theirs:
        assert f'href="{reverse(name)}"' not in bar, name


def test_a_new_figure_is_asked_for_on_its_page_and_decided_by_another(checker):
    with transaction.atomic():
        policies.set_genesis(key="tests.cap_fen", value=100_00, reason="First", now=NOW)
    treasurer = _english(employ("shenyan", "treasurer"))
    address = reverse("audit:policy", args=["tests.cap_fen"])

    response = treasurer.post(address, {"value": "25000", "valid_from": "", "reason": "Decision 7"})

    code = response["Location"].rstrip("/").rsplit("/", 1)[1]
    request = approvals.find(code)
    _press(_english(checker), request, "approve", statement_1="on", statement_2="on")
    assert policies.read("tests.cap_fen", at=database_time()) == 250_00
    _response, text = _page(_english(checker), "policy", "tests.cap_fen")
    assert "250.00 yuan" in text
    assert "100.00 yuan" in text
    assert reverse("audit:approval", args=[code]) in text


@pytest.mark.parametrize(
    ("value", "code", "sentence"),
    [
        ("1.5", 400, "Write a whole number"),
        ("many", 400, "Write a whole number"),
        ('"x"', 409, "needs a value"),
    ],
)
def test_a_figure_of_the_wrong_kind_is_not_asked_for(value, code, sentence):
    with transaction.atomic():
        policies.set_genesis(key="tests.cap_fen", value=100_00, reason="First", now=NOW)
    client = _english(employ("shenyan", "treasurer"))

    response = client.post(
        reverse("audit:policy", args=["tests.cap_fen"]), {"value": value, "reason": "Decision 7"}
    )

    assert response.status_code == code
    assert sentence in response.content.decode()
    assert not trail.read(trail.Filters(action="audit.approval_requested")).exists()


def test_posts_that_change_no_figures_see_them_without_a_form(checker):
    _response, text = _page(_english(checker), "policies")
    assert "approvals.checkers_needed" in text

    _response, text = _page(_english(checker), "policy", "approvals.checkers_needed")
    assert 'name="value"' not in text


def test_staff_pages_ask_a_bounded_number_of_questions(
    maker, checker, auditor, django_assert_max_num_queries
):
    for number in range(12):
        ask(maker, {"note": str(number)})
    reader, signer = _english(auditor), _english(checker)

    for client, name in (
        (signer, "desk"),
        (signer, "approvals"),
        (reader, "trail"),
        (reader, "exports"),
    ):
        with django_assert_max_num_queries(25):
            assert client.get(reverse(f"audit:{name}")).status_code == 200


@pytest.mark.thorough
def test_every_deed_in_the_code_has_a_title(settings):
    """The trail's readers see words, never a code."""
    missing: set[str] = set()
    for path in settings.BASE_DIR.glob("*/**/*.py"):
        if path.relative_to(settings.BASE_DIR).parts[0] in {"tests", ".venv", ".portal"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "record":
                continue
            for keyword in node.keywords:
                for part in ast.walk(keyword.value) if keyword.arg == "action" else ():
                    if isinstance(part, ast.Constant) and "." in str(part.value):
                        missing |= {str(part.value)} - set(trail.titles())
    assert {name for name in missing if not name.endswith("_")} == set()


def test_reports_are_offered_by_role(auditor):
    names = [report.name for report in reports.open_to(frozenset({"auditor"}))]
    assert "audit.trail" in names
    assert not reports.open_to(frozenset({"nobody"}))
