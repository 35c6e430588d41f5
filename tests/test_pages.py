"""Pages that belong to no room."""

import pytest
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation

from games import switches
from games.models import Announcement
from tests import make, owner, people

pytestmark = pytest.mark.django_db


def test_the_first_page_shows_what_is_on_sale_and_where_the_money_goes(client):
    """F023, F033, F038: the draw, its closing by the server's clock, and the honest chance."""
    draw = make.draw()

    page = client.get("/")

    text = page.content.decode()
    assert page.status_code == 200
    assert draw.issue in text
    assert "data-closes-at" in text
    assert "17,721,088" in text
    assert "917,243,647.00" in text
    for share in ("0.98", "0.04", "0.72", "0.26"):
        assert share in text


def test_the_first_page_offers_nothing_while_sales_are_switched_off(client):
    """F039: it says why, and leads nobody to a board that refuses him."""
    draw = make.draw()
    last = Announcement.objects.filter(game=draw.game).latest("issue")
    client.cookies["language"] = "en"
    open_page = client.get("/").content.decode()
    switches.switch(
        scope="all",
        is_off=True,
        reason="Power cut in the data centre",
        actor=people.member("administrator").user,
        now=people.right_now(),
    )

    page = client.get("/").content.decode()

    assert "quick-pick-1" in open_page
    assert f"Last draw {last.issue}, {last.drawn_on:%a} {last.drawn_on.day}" in open_page
    assert "quick-pick-1" not in page
    assert "Sales are paused" in page
    assert "Power cut in the data centre." in page


@pytest.mark.django_db(transaction=True)
def test_the_first_page_offers_nothing_without_a_licence(client):
    """F023"""
    make.draw()
    with owner.as_owner() as hand:
        hand.execute("ALTER TABLE games_licence DISABLE TRIGGER USER")
        hand.execute("DELETE FROM games_licence")
    client.cookies["language"] = "en"

    page = client.get("/").content.decode()

    assert "quick-pick-1" not in page
    assert "The licence to sell this game is not in force now." in page


def test_help_links_to_mail_and_to_the_check_of_receipts(client, settings):
    settings.SUPPORT_CONTACT = "support@mingcai.example"

    assert 'href="mailto:support@mingcai.example"' in client.get("/help/limits/").content.decode()
    assert reverse("sales:receipt_check") in client.get("/help/verify/").content.decode()
    settings.SUPPORT_CONTACT = "010-0000 0000"
    assert "mailto:" not in client.get("/help/complaints/").content.decode()


def test_the_first_page_speaks_chinese_unless_english_was_chosen(client):
    assert (
        '<html lang="zh-Hans"'
        in client.get("/", headers={"accept-language": "en"}).content.decode()
    )

    client.post("/language/", {"language": "en", "next": "/help/rules/"})

    assert '<html lang="en"' in client.get("/").content.decode()


@pytest.mark.parametrize("language", ["fr", "", "../en"])
def test_an_unknown_language_changes_nothing(client, language):
    answer = client.post("/language/", {"language": language})

    assert answer.status_code == 302
    assert "language" not in answer.cookies


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_a_choice_never_leads_out_of_the_house(client, elsewhere):
    for address in ("/language/", "/theme/"):
        assert client.post(address, {"language": "en", "next": elsewhere})["Location"] == "/"


def test_the_theme_is_kept_in_a_cookie_and_can_be_given_back_to_the_device(client):
    assert client.post("/theme/", {"theme": "dark"}).cookies["theme"].value == "dark"
    assert 'data-theme="dark"' in client.get("/").content.decode()

    client.post("/theme/", {"theme": "device"})

    assert 'data-theme="' not in client.get("/").content.decode()


@pytest.mark.parametrize("slug", ["rules", "limits", "complaints", "verify"])
def test_every_page_of_help_answers(client, slug):
    assert client.get(f"/help/{slug}/").status_code == 200


def test_a_page_of_help_that_is_not_there_says_so(client):
    assert client.get("/help/riches/").status_code == 404


def test_pages_forbid_scripts_and_styles_from_elsewhere_and_inline(client):
    """F227: the strict policy of all pages of ours."""
    policy = client.get("/")["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_forms_need_their_token():
    strict = Client(enforce_csrf_checks=True)

    assert strict.post("/language/", {"language": "en"}).status_code == 403


def test_health_needs_nobody_and_asks_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert client.get("/health/").json() == {"state": "ok"}


def test_the_first_page_asks_the_database_few_questions(client, django_assert_max_num_queries):
    make.draw()
    client.get("/")

    with django_assert_max_num_queries(12):
        page = client.get("/")

    assert page.status_code == 200


def test_a_forms_address_opened_like_a_page_says_so_and_leads_on(client):
    """F011: nobody stands before an empty screen; programs get the bare answer."""
    client.cookies["language"] = "en"

    page = client.get("/theme/")

    assert (page.status_code, page["Allow"]) == (405, "POST")
    assert "This address only takes a form" in page.content.decode()
    assert 'href="/"' in page.content.decode()
    assert client.put("/").content == b""
    assert client.delete("/api/v1/games/").status_code == 405
    assert b"<html" not in client.delete("/api/v1/games/").content


def test_a_player_reads_that_a_page_is_for_staff_and_a_stale_form_is_no_forbidden_page():
    """F223, F011: each refusal names its own reason and the way on."""
    player = people.behind(people.player().user)
    player.cookies["language"] = "en"
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["language"] = "en"

    closed = player.get("/desk/")
    stale = strict.post("/theme/", {"theme": "dark"})

    assert (closed.status_code, stale.status_code) == (403, 403)
    assert "It belongs to our staff." in closed.content.decode()
    assert "post does not include" not in closed.content.decode()
    assert "The form has expired" in stale.content.decode()
    assert "theme" not in stale.cookies


def test_the_page_of_the_interface_stands_in_the_house(client):
    """F011: its name, the way back and the languages are there; the description is English."""
    page = client.get("/api/v1/")

    text = page.content.decode()
    assert page.status_code == 200
    assert 'id="swagger-ui"' in text
    assert 'class="brand" href="/"' in text
    assert 'href="/api/v1/schema/"' in text
    assert 'action="/language/"' in text


@pytest.mark.parametrize(("tickets", "said"), [(1, "1 ticket<"), (1200, "1,200 tickets<")])
def test_one_ticket_is_no_tickets(tickets, said):
    """F033: counts of seals are said as people say them."""
    seal = {"game": "3D", "issue": "1", "root": "ab" * 32, "tickets": tickets, "url": "/"}
    seal["published_at"] = people.right_now()

    with translation.override("en"):
        page = render_to_string(
            "games/seals.html", {"seals": [seal], "page": Paginator([seal], 20).page(1)}
        )

    assert said in page
