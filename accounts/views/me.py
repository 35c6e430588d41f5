"""The player's own pages: me, identity check, messages, language."""

from __future__ import annotations

from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import identity, login_names, messages, who
from accounts.forms import VerifyForm
from accounts.models import Delivery, LoginName, User
from lottery_portal.lib.errors import Refused, refuse

from .entrance import posted, way_on

MESSAGES_A_PAGE = 20


def user_of(request: HttpRequest) -> User:
    """The user behind a request that the permission table let in."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - narrows for the type checker
    return user


@never_cache
def me(request: HttpRequest) -> HttpResponse:
    """The place "me"."""
    user = user_of(request)
    player = who.player(user)
    rows = LoginName.objects.filter(user=user).order_by("pk")
    names = [login_names.of(row).masked for row in rows]
    page = {
        "nav": "me",
        "holder": str(player.person.name) if player.person else "",
        "login": names[0] if names else "",
        "logins": names,
        "is_verified": player.is_verified,
        "unread": messages.unread(user),
    }
    return render(request, "accounts/me.html", page)


@never_cache
@sensitive_post_parameters("name", "citizen_id")
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Identity check."""
    player = who.player(user_of(request))
    if player.is_verified:
        person = player.person
        known = {
            "holder": str(person.name) if person else "",
            "citizen_id": str(person.citizen_id) if person else "",
            "verified_at": player.verified_at,
        }
        return render(request, "accounts/verify.html", known)
    form = VerifyForm(posted(request))
    status = 400 if form.is_bound else 200
    if form.is_valid():
        try:
            identity.verify(
                player=player,
                name=form.cleaned_data["name"],
                citizen_id=form.cleaned_data["citizen_id"],
                now=timezone.now(),
            )
        except Refused as refusal:
            status = refuse(form, refusal)
        else:
            notes.success(request, _("Your identity is confirmed."))
            return redirect(way_on(request, reverse("accounts:verify")))
    page = {"form": form, "next": way_on(request)}
    return render(request, "accounts/verify.html", page, status=status)


@never_cache
def inbox(request: HttpRequest) -> HttpResponse:
    """The message centre."""
    user = user_of(request)
    page = Paginator(messages.inbox(user), MESSAGES_A_PAGE).get_page(request.GET.get("page"))
    language = get_language() or user.language
    shown = []
    for message in page:
        written = messages.write(message, language)
        shown.append(
            {
                "title": written.title,
                "text": written.text,
                "at": message.sent_at,
                "is_read": message.read_at is not None,
                "url": reverse("accounts:message", args=[message.code]),
            }
        )
    context = {"inbox": shown, "page": page, "unread": messages.unread(user)}
    return render(request, "accounts/messages.html", context)


@never_cache
def message(request: HttpRequest, code: str) -> HttpResponse:
    """One message; opening it marks it as read."""
    user = user_of(request)
    found = get_object_or_404(messages.inbox(user), code=code)
    messages.mark_read(found, now=timezone.now())
    written = messages.write(found, get_language() or user.language)
    return render(request, "accounts/message.html", {"message": found, "written": written})


@require_POST
def messages_read(request: HttpRequest) -> HttpResponse:
    """Mark all as read."""
    messages.mark_all_read(user_of(request), now=timezone.now())
    return redirect("accounts:messages")


@never_cache
@require_http_methods(["GET", "POST"])
def message_choices(request: HttpRequest) -> HttpResponse:
    """Which messages also come by e-mail or SMS."""
    user = user_of(request)
    if request.method == "POST":
        now, wanted = timezone.now(), set(request.POST.getlist("wanted"))
        for kind, channel, is_on in messages.choices(user):
            is_wanted = f"{kind.name}:{channel}" in wanted
            if is_wanted != is_on:
                messages.choose(
                    user=user, kind=kind.name, channel=channel, is_wanted=is_wanted, now=now
                )
        notes.success(request, _("Your choice is kept."))
        return redirect("accounts:message_choices")
    labels = {
        str(Delivery.Channel.EMAIL): _("%(title)s, by e-mail"),
        str(Delivery.Channel.SMS): _("%(title)s, by SMS"),
    }
    rows = [
        {
            "value": f"{kind.name}:{channel}",
            "label": labels[channel] % {"title": kind.title},
            "is_on": is_on,
        }
        for kind, channel, is_on in messages.choices(user)
    ]
    legal = [kind.title for kind in messages.KINDS.values() if kind.is_legal]
    return render(
        request,
        "accounts/message_choices.html",
        {"rows": rows, "legal": _("; ").join(map(str, legal))},
    )
