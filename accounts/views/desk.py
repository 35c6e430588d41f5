"""Staff pages: find a player, see what is masked for a reason, ask for posts to be given."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import confidentiality, identity, login_names, reveal, staff, step_up, who
from accounts.forms import AppointForm, FindPlayerForm, RevealForm
from accounts.models import LoginName, Player, Post, StaffMember, User
from audit import access
from lottery_portal.lib import codes
from lottery_portal.lib.errors import Refused, refuse

from .entrance import posted
from .me import user_of


@never_cache
def players(request: HttpRequest) -> HttpResponse:
    """Find a player by number, phone or e-mail; there is no list to leaf through."""
    form = FindPlayerForm(request.GET or None)
    asked = form.cleaned_data["q"].strip() if form.is_valid() else ""
    if asked:
        found = Player.objects.filter(code=codes.typed(asked)).first()
        if found is None:
            index = login_names.typed(asked).index
            found = Player.objects.filter(user__login_names__index=index).first()
        if found is not None:
            return redirect("accounts:desk_player", code=found.code)
    page = {"form": form, "asked": asked, "nav": "players"}
    return render(request, "desk/players.html", page, status=404 if asked else 200)


@never_cache
def player(request: HttpRequest, code: str) -> HttpResponse:
    """One player, masked; whoever opens it stands in the trail (F211)."""
    found = _player(code)
    access.record_read(
        actor=user_of(request),
        object_type="player",
        object_code=found.code,
        where=request.path,
    )
    page = {
        **_masked(found),
        "form": RevealForm(),
        **_may_look(user_of(request), timezone.now()),
        "nav": "players",
    }
    return render(request, "desk/player.html", page)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def reveal_player(request: HttpRequest, code: str) -> HttpResponse:
    """Personal data in the clear, once, after the reason is on record."""
    found, now = _player(code), timezone.now()
    form = RevealForm(posted(request))
    status = 400 if form.is_bound else 200
    shown = None
    if form.is_valid():
        try:
            shown = reveal.player(
                found,
                fields=frozenset(form.cleaned_data["fields_wanted"]),
                reason=form.cleaned_data["reason"],
                actor=user_of(request),
                now=now,
            )
            status = 200
        except Refused as refusal:
            status = refuse(form, refusal)
    page = {
        **_masked(found),
        "form": form,
        "shown": shown,
        "reader": who.staff(user_of(request)).display_name,
        "at": now,
        **_may_look(user_of(request), now),
        "nav": "players",
    }
    return render(request, "desk/player.html", page, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@step_up.required
def staff_list(request: HttpRequest) -> HttpResponse:
    """Who holds which post; ask for one to be given or taken back."""
    user, now = user_of(request), timezone.now()
    members = list(StaffMember.objects.select_related("person", "user").order_by("display_name"))
    posts = [(post.code, _(post.title)) for post in Post.objects.order_by("pk")]
    form = AppointForm(
        posted(request),
        members=[(member.user.username, member.display_name) for member in members],
        posts=posts,
    )
    status = 400 if form.is_bound else 200
    if form.is_valid():
        member = StaffMember.objects.get(user__username=form.cleaned_data["member"])
        ask = staff.request_end if form.cleaned_data["deed"] == "end" else staff.request_appointment
        try:
            ask(person=member.person, post=form.cleaned_data["post"], maker=user, now=now)
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Asked for. Another person has to approve it."))
            return redirect("accounts:desk_staff")
    held: dict[int, list[str]] = defaultdict(list)
    for posting in who.postings_held(now):
        held[posting.person_id].append(_(posting.post.title))
    rows = [
        {
            "name": member.display_name,
            "since": member.since,
            "posts": held[member.person_id],
        }
        for member in members
    ]
    may_ask = "administrator" in who.roles(user, now)
    page = {"rows": rows, "form": form if may_ask else None, "nav": "staff"}
    return render(request, "desk/staff.html", page, status=status)


def _may_look(user: User, now: datetime) -> dict[str, bool]:
    """Whether his post lets him see what is masked, and whether he must sign before he does."""
    may_reveal = bool(who.roles(user, now) & reveal.ROLES)
    return {
        "may_reveal": may_reveal,
        "must_sign": may_reveal and not confidentiality.has_signed(user, now),
    }


def _player(code: str) -> Player:
    return get_object_or_404(Player.objects.select_related("user", "person"), code=code)


def _masked(found: Player) -> dict[str, object]:
    person = found.person
    rows = LoginName.objects.filter(user=found.user).order_by("pk")
    return {
        "player": None,  # the shop's header is not shown at the desk
        "target": found,
        "name": str(person.name) if person else "",
        "citizen_id": str(person.citizen_id) if person else "",
        "logins": [login_names.of(row).masked for row in rows],
        "checks": [
            {"row": check, "reason": identity.reason_in_words(check.reason)}
            for check in found.identity_checks.order_by("-pk")[:20]
        ],
        "changes": found.state_changes.order_by("-pk")[:20],
    }
