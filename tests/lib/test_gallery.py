"""Every page of the gallery, in both languages: it renders, and a strict CSP would let it live."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import RequestFactory
from django.utils import translation

from lottery_portal import gallery, gallery_samples

pytestmark = pytest.mark.django_db  # rules that came as files have words on ticket pages

PAGES = ["", *gallery_samples.PAGES]


def shown(page: str, language: str) -> str:
    with translation.override(language):
        return gallery.gallery(RequestFactory().get("/"), page).content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_nothing_that_the_policy_forbids(page, language):
    html = shown(page, language)

    assert not re.search(r"\sstyle=", html)
    assert not re.search(r"<style|\son[a-z]+=\"", html)
    programs = [tag for tag in re.findall(r"<script[^>]*>", html) if "application/json" not in tag]
    assert all("src=" in tag for tag in programs)
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize("page", PAGES)
def test_no_template_text_is_left_over(page):
    html = shown(page, "en")

    assert "{%" not in html
    assert "{{" not in html
    assert "None" not in re.sub(r"<[^>]+>", " ", html)


@pytest.mark.parametrize("page", PAGES)
def test_ids_are_unique_and_labels_meet_their_fields(page):
    html = shown(page, "en")
    ids = re.findall(r'\sid="([^"]+)"', html)

    assert len(ids) == len(set(ids))
    assert set(re.findall(r'\sfor="([^"]+)"', html)) <= set(ids)


def test_every_sign_used_is_in_the_sprite():
    sprite = Path(finders.find("img/icons.svg") or "").read_text()
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used = {
        sign for page in PAGES for sign in re.findall(r"icons\.svg#([\w-]+)", shown(page, "en"))
    }

    assert used <= known
