"""Every URL × every role, compared with the reviewed table (F223)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse  # noqa: TID251 - a type
from django.test import Client, RequestFactory
from django.urls import ResolverMatch, URLPattern, URLResolver, get_resolver, path, resolve
from django.urls.converters import IntConverter, UUIDConverter
from django.utils.module_loading import import_string

from accounts import permission, staff, who
from accounts.models import User
from tests import people
from tests.accounts.reached import REACHED

pytestmark = pytest.mark.django_db
TABLE: dict[str, list[str]] = tomllib.loads(
    (Path(settings.BASE_DIR) / "lottery_portal" / "permissions.toml").read_text(encoding="utf-8")
)
BEHIND_PERMISSION = [
    name for name in settings.MIDDLEWARE if "axes" not in name and "whitenoise" not in name
] + ["tests.accounts.reached.Reached"]
SHORT_403 = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"403.html": "closed"})]},
    }
]


def sample(pattern: URLPattern) -> str | None:
    """A path that this pattern matches, or None when only a regular expression knows."""
    route = str(pattern.pattern)
    if route.startswith("^") or "(?P" in route:
        return None
    for name, converter in pattern.pattern.converters.items():
        value = "1" if isinstance(converter, IntConverter) else "sample"
        if isinstance(converter, UUIDConverter):
            value = "00000000-0000-7000-8000-000000000000"
        for written in (f"<{type(converter).__name__}:{name}>", f"<{name}>"):
            route = route.replace(written, value)
        start = route.find(f":{name}>")
        if start >= 0:
            opening = route.rfind("<", 0, start)
            route = route[:opening] + value + route[start + len(name) + 2 :]
    return route


def addresses(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Name and sample path of everything that can be opened."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, prefix + str(pattern.pattern))
        elif (route := sample(pattern)) is not None:
            found = resolve(f"/{prefix}{route}")
            yield found.view_name, f"/{prefix}{route}"


@cache
def every_address() -> list[tuple[str, str]]:
    return sorted(set(addresses(get_resolver().url_patterns)))


@cache
def match_of(address: str) -> ResolverMatch:
    """What the address leads to; a dozen visitors ask for each."""
    return resolve(address)


def declared(name: str) -> list[str] | None:
    """What the file says, read without the help of the code that enforces it."""
    if name in TABLE:
        return TABLE[name]
    for line, roles in TABLE.items():
        if line.endswith("_*") and name.startswith(line[:-1]):
            return roles
    return None


def expected(role: str, name: str) -> bool:
    roles = declared(name) or []
    if "public" in roles:
        return True
    is_staff = role in who.STAFF_ROLES and role != "outlet_operator"
    return role in roles or (is_staff and "staff" in roles)


@dataclass
class Visitor:
    """Somebody with an open session, in front of the middlewares that the settings name."""

    user: Any
    session: Any
    judges: list[Any]

    @classmethod
    def behind(cls, user: User, *, factor: bool = True) -> Visitor:
        return cls(user, people.behind(user, factor=factor).session, judges())

    @classmethod
    def unknown(cls) -> Visitor:
        return cls(AnonymousUser(), Client().session, judges())

    def opens(self, address: str) -> bool:
        """Whether every middleware lets a request for this address through to its view."""
        request = RequestFactory().get(address)
        request.user, request.session = self.user, self.session
        request.resolver_match = match = match_of(address)
        answers = (judge(request, match.func, match.args, match.kwargs) for judge in self.judges)
        return all(answer is None for answer in answers)


def judges() -> list[Any]:
    """What each middleware of the settings says before a view runs."""
    stands = [import_string(name)(_no_answer) for name in settings.MIDDLEWARE]
    return [one.process_view for one in stands if hasattr(one, "process_view")]


def visitors() -> dict[str, Visitor]:
    made = {
        "anonymous": Visitor.unknown(),
        "player": Visitor.behind(people.player().user),
    }
    for role in who.STAFF_ROLES:
        made[role] = Visitor.behind(people.member(role).user)
    return made


def _no_answer(_request: Any, **_found: Any) -> HttpResponse:
    raise AssertionError("nothing gets through")


def test_every_url_stands_in_the_table():
    """F223: an undeclared URL fails the build."""
    missing = [name for name, _path in every_address() if declared(name) is None]

    assert missing == []


def test_every_line_of_the_table_names_roles_we_know():
    """F223"""
    known = {"public", "anonymous", "player", "staff", *who.STAFF_ROLES}

    assert {role for roles in TABLE.values() for role in roles} <= known
    assert [line for line in TABLE if "*" in line and not line.startswith("admin:")] == []


def test_every_role_opens_exactly_what_the_table_gives_it(settings):
    """F223: each role × each view."""
    settings.UNDECLARED_URLS_RAISE = False
    settings.TEMPLATES = SHORT_403  # thousands of refusals need no pretty page
    found = every_address()
    wrong = [
        (role, name, "closed" if expected(role, name) else "open")
        for role, visitor in visitors().items()
        for name, address in found
        if visitor.opens(address) != expected(role, name)
    ]

    assert wrong == []


def test_an_outlet_operator_opens_his_terminal_and_his_keys_and_nothing_of_the_desk(settings):
    """F223: "staff" never means him, unless he holds another post as well."""
    settings.UNDECLARED_URLS_RAISE = False
    settings.TEMPLATES = SHORT_403
    addresses = dict(every_address())
    public = {name for name in addresses if "public" in (declared(name) or [])}
    member = people.member("outlet_operator")
    operator = Visitor.behind(member.user)
    his = {name for name, address in addresses.items() if operator.opens(address)} - public

    keys = {name for name in his if name.startswith(("mfa_", "account_"))}
    assert {name for name in TABLE if "outlet_operator" in TABLE[name]} & his == his
    assert {"partners:terminal", "accounts:security", "accounts:password"} <= his - keys
    assert {name for name in his if "desk" in name or name.startswith(("admin:", "audit:"))} == {
        "finance:desk_cash_desks", "finance:desk_cash_desk", "finance:desk_certificate",
    }  # fmt: skip  # the cash of his outlet, and papers of what he paid
    assert permission.open_to(member.user, people.NOW) & {"audit:desk", "admin:index"} == set()

    staff.appoint_at_genesis(member, "support", now=people.NOW)
    both = Visitor.behind(User.objects.get(pk=member.user.pk))
    assert both.opens("/desk/")
    assert both.opens("/terminal/")


@pytest.mark.thorough
def test_over_http_the_same_doors_are_open(settings, full):
    """F223: the whole stack, for one role; a quarter of the addresses but in a full run."""
    settings.MIDDLEWARE = BEHIND_PERMISSION
    settings.UNDECLARED_URLS_RAISE = False
    settings.TEMPLATES = SHORT_403
    client = people.behind(people.member("support").user)

    for name, address in every_address()[:: 1 if full else 4]:
        reached = client.get(address).status_code == REACHED
        assert reached == expected("support", name), name


@pytest.mark.thorough
def test_staff_without_a_second_factor_open_nothing_of_it(settings):
    """F224: whatever the posts, only the way to the second factor is open."""
    settings.UNDECLARED_URLS_RAISE = False
    visitor = Visitor.behind(people.member("administrator").user, factor=False)

    opened = {name for name, address in every_address() if visitor.opens(address)}

    assert opened <= permission.TO_ENROL


def test_an_undeclared_url_is_closed_and_tests_are_told_its_name(rf, settings):
    """F223"""
    request = rf.get("/")
    request.resolver_match = resolve("/")
    request.resolver_match.view_name = "somewhere:new"
    request.user = people.member("administrator").user
    stands = permission.PermissionMiddleware(_no_answer)

    with pytest.raises(permission.Undeclared, match="somewhere:new"):
        stands.process_view(request, None, (), {})

    settings.UNDECLARED_URLS_RAISE = False
    client = people.behind(request.user)
    request.user, request.session = User.objects.get(pk=request.user.pk), client.session
    answer = stands.process_view(request, None, (), {})
    assert answer is not None
    assert answer.status_code == 403


def test_pages_lead_to_the_log_in_and_the_api_answers_401():
    """F223"""
    page, api = Client().get("/me/?a=1"), Client().get("/api/v1/me/")

    assert page.status_code == 302
    assert page.headers["Location"] == "/login/?next=%2Fme%2F%3Fa%3D1"
    assert api.status_code == 401
    assert api.json()["code"] == "not_logged_in"


def test_a_closed_page_says_so_in_words_and_the_api_by_code():
    """F223"""
    client = people.behind(people.member("cashier").user)

    page, api = client.get("/desk/players/"), client.get("/api/v1/me/")

    assert page.status_code == api.status_code == 403
    assert "403.html" in [template.name for template in page.templates]
    assert api.json()["code"] == "forbidden"


def test_a_post_that_ended_opens_nothing_more():
    """F223"""

    member = people.member("support")
    client = people.behind(member.user)
    assert client.get("/desk/players/").status_code == 200

    posting = member.person.postings.get()
    posting.valid_until = people.NOW.replace(hour=5)
    posting.save(update_fields=["valid_until"])

    assert client.get("/desk/players/").status_code == 403


def test_the_admin_shows_a_table_only_to_the_roles_of_its_line():
    """F223"""
    for role in ("support", "cashier"):
        user = people.member(role).user
        assert user.has_perm("accounts.view_player") is (role == "support")
        assert not user.has_perm("accounts.change_player")
        assert not user.has_perm("accounts.add_player")
        assert not user.has_perm("accounts.delete_player")


def test_without_the_middleware_the_comparison_fails(settings):
    """F223: the proof proves something."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Permission" not in name]

    assert Visitor.unknown().opens("/me/")
    assert not expected("anonymous", "accounts:me")


def test_sample_paths_are_found_for_every_kind_of_converter():
    patterns = [path("a/<int:pk>/", _no_answer), path("b/<str:code>/x/", _no_answer)]

    assert [sample(pattern) for pattern in patterns] == ["a/1/", "b/sample/x/"]
