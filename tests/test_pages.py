"""Pages that belong to no room."""

import pytest
from django.test import Client

from tests import make

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


def test_the_first_page_does_not_ask_more_the_more_results_there_are(
    client, django_assert_max_num_queries
):
    make.draw()
    client.get("/")

    with django_assert_max_num_queries(12):
        client.get("/")
