"""A database that does not answer: a page that says so, not a mistake of ours."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def without_database() -> Iterator[None]:
    """Nobody listens where the database was."""
    port = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = "1"
    yield
    connection.close()
    connection.settings_dict["PORT"] = port


@pytest.mark.usefixtures("without_database")
def test_while_the_database_is_away_a_page_says_so_and_that_money_is_safe():
    """F011: who just paid reads what to do, in both languages; browsers, when to ask again."""
    page = Client(raise_request_exception=False).get("/")

    text = page.content.decode()
    assert (page.status_code, page["Retry-After"]) == (503, "30")
    assert "您的彩票和余额是安全的" in text
    assert "Your tickets and your balance are safe" in text
    assert 'href="/tickets/"' in text


@pytest.mark.usefixtures("without_database")
def test_while_the_database_is_away_programs_get_a_code():
    answer = Client(raise_request_exception=False).get("/api/v1/games/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert answer.json()["code"] == "not_available"
