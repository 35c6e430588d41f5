"""Looking at the rows of this room. Personal data stays masked here; see `views.desk` for more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from audit import approvals, people, trail
from audit.admin import RecordedAdmin
from lottery_portal.lib import codes
from lottery_portal.lib.admin import ReadOnlyAdmin

from . import login_names, messages
from .models import (
    ChannelChoice,
    Consent,
    Delivery,
    IdentityCheck,
    LegalText,
    LoginName,
    Message,
    Player,
    PlayerStateChange,
    Post,
    Posting,
    StaffMember,
    User,
)


class LoginNames(admin.TabularInline):  # type: ignore[type-arg]  # generic at type level only
    """The login names of a user, masked."""

    model = LoginName
    fields = ("kind", "masked", "added_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    @admin.display(description=gettext_lazy("login name"))
    def masked(self, row: LoginName) -> str:
        """So much of it as may be shown."""
        return login_names.of(row).masked

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, _obj: Any = None) -> bool:
        return request.user.has_perm("accounts.view_user")


@admin.register(User)
class UserAdmin(RecordedAdmin):
    """Who logs in."""

    record_type = "user"
    record_code = "username"
    list_display = ("username", "is_staff", "is_active", "language", "created_at", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("username",)
    fields = ("username", "is_staff", "is_active", "language", "created_at", "last_login")
    inlines = (LoginNames,)
    ordering = ("-pk",)


@admin.register(Player)
class PlayerAdmin(RecordedAdmin):
    """Players, masked."""

    record_type = "player"
    list_display = ("shown_code", "holder", "state", "is_shadow", "verified_at", "registered_at")
    list_filter = ("state", "is_shadow")
    search_fields = ("code",)
    fields = (
        "shown_code",
        "holder",
        "citizen_id",
        "state",
        "is_shadow",
        "verified_at",
        "registered_at",
    )
    list_select_related = ("person",)
    ordering = ("-pk",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        return super().get_search_results(request, queryset, codes.typed(search_term))

    @admin.display(description=gettext_lazy("player number"), ordering="code")
    def shown_code(self, row: Player) -> str:
        """The number in groups of four."""
        return codes.shown(row.code)

    @admin.display(description=gettext_lazy("name"))
    def holder(self, row: Player) -> str:
        """The masked name."""
        return str(row.person.name) if row.person else "—"

    @admin.display(description=gettext_lazy("citizen id"))
    def citizen_id(self, row: Player) -> str:
        """The masked number."""
        return str(row.person.citizen_id) if row.person else "—"


@admin.register(StaffMember)
class StaffMemberAdmin(RecordedAdmin):
    """Members of staff."""

    record_type = "staff"
    record_code = "user__username"
    list_display = ("display_name", "since")
    search_fields = ("display_name",)
    fields = ("display_name", "user", "since")
    ordering = ("display_name",)


@admin.register(Post)
class PostAdmin(ReadOnlyAdmin):
    """Posts and their roles."""

    list_display = ("code", "shown_title", "role_titles")
    fields = ("code", "shown_title", "role_titles")
    ordering = ("pk",)

    @admin.display(description=gettext_lazy("title"))
    def shown_title(self, row: Post) -> str:
        """The title in the reader's language."""
        return _(row.title)

    @admin.display(description=gettext_lazy("roles"))
    def role_titles(self, row: Post) -> str:
        """What the roles are called."""
        return people.role_titles(row.roles)


@admin.register(Posting)
class PostingAdmin(ReadOnlyAdmin):
    """Who holds which post, and by which approval."""

    list_display = ("holder", "post_title", "begins", "valid_until", "approval")
    list_filter = ("post",)
    fields = ("holder", "post_title", "begins", "valid_until", "approval")
    list_select_related = ("person", "post")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("person__staff_members")

    @admin.display(description=gettext_lazy("member of staff"))
    def holder(self, row: Posting) -> str:
        """The name at work."""
        return "、".join(member.display_name for member in row.person.staff_members.all())

    @admin.display(description=gettext_lazy("post"), ordering="post")
    def post_title(self, row: Posting) -> str:
        """The title of the post."""
        return _(row.post.title)

    @admin.display(description=pgettext_lazy("of a posting", "from"), ordering="valid_from")
    def begins(self, row: Posting) -> datetime:
        """When it begins."""
        return row.valid_from

    @admin.display(description=gettext_lazy("approval"), ordering="approval_code")
    def approval(self, row: Posting) -> str:
        """By whose word."""
        return approvals.named(row.approval_code)


# Raw change forms of libraries would walk around our doors: log-in keys, tokens, groups.
for model in [*admin.site._registry]:  # noqa: SLF001 - there is no public list
    if model._meta.app_label in {"account", "auth", "authtoken", "mfa"}:  # noqa: SLF001 - Django's way
        admin.site.unregister(model)


class WithPeople(ReadOnlyAdmin):
    """A list whose rows name a user or a player: staff by name at work, players by number."""

    @admin.display(description=gettext_lazy("user"), ordering="user")
    def holder(self, row: Any) -> str:
        """Whose it is."""
        return _called(row.user)

    @admin.display(description=gettext_lazy("who"), ordering="actor")
    def who(self, row: Any) -> str:
        """Who did it."""
        return _called(row.actor) if row.actor else trail.actor_name(trail.SYSTEM, {})

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def about(self, row: Any) -> str:
        """The kind of message in words."""
        kind = messages.KINDS.get(row.kind)
        return str(kind.title) if kind else row.kind

    @admin.display(description=gettext_lazy("player number"), ordering="player")
    def player_number(self, row: Any) -> str:
        """The number in groups of four."""
        return codes.shown(row.player.code)


def _called(user: User) -> str:
    if hasattr(user, "staff_member"):
        return user.staff_member.display_name
    return codes.shown(user.player.code if hasattr(user, "player") else user.username)


PEOPLE = {
    "holder": ("user__staff_member", "user__player"),
    "who": ("actor__staff_member", "actor__player"),
    "player_number": ("player",),
}


def _plain(model: type[Model], *shown: str, sieve: tuple[str, ...] = ()) -> None:
    """A list of rows with these columns, newest first."""
    page = type(
        f"{model.__name__}Admin",
        (WithPeople,),
        {
            "list_display": shown,
            "fields": shown,
            "list_filter": sieve,
            "list_select_related": [way for name in shown for way in PEOPLE.get(name, ())],
            "ordering": ("-pk",),
        },
    )
    admin.site.register(model, page)


_plain(PlayerStateChange, "player_number", "from_state", "to_state", "who", "reason", "changed_at")
_plain(
    IdentityCheck,
    "player_number",
    "provider",
    "outcome",
    "reason",
    "checked_at",
    sieve=("outcome",),
)
_plain(LegalText, "kind", "version", "language", "title", "published_at", sieve=("kind",))
_plain(Consent, "holder", "kind", "version", "accepted_at", sieve=("kind",))
_plain(Message, "holder", "about", "sent_at", "read_at", sieve=("kind",))
_plain(Delivery, "message", "channel", "state", "detail", "changed_at", sieve=("channel", "state"))
_plain(ChannelChoice, "holder", "about", "channel", "is_wanted", "chosen_at")
