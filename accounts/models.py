"""People: users and how they log in, persons, players, staff, posts, consent, messages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.encryption import EncryptedField
from lottery_portal.lib.ids import uuid7


class UserManager(BaseUserManager["User"]):
    """Finds users by their opaque name; making them is the business of doors."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who logs in: a player or a member of staff, never both (D19)."""

    username = models.CharField(max_length=40, unique=True, verbose_name=_("log-in code"))
    is_staff = models.BooleanField(default=False, verbose_name=_("staff"))
    is_active = models.BooleanField(default=True, verbose_name=_("may log in"))
    language = models.CharField(max_length=10, default="zh-hans", verbose_name=_("language"))
    created_at = models.DateTimeField(verbose_name=_("made at"))

    objects = UserManager()
    USERNAME_FIELD = "username"

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.username

    def get_full_name(self) -> str:
        return self.username

    def get_short_name(self) -> str:
        return self.username

    @property
    def email(self) -> str:
        """Libraries ask for it; addresses lie encrypted in `LoginName`."""
        return ""


class LoginName(models.Model):
    """A phone number, an e-mail address or a staff name: found by blind index, kept encrypted."""

    class Kind(models.TextChoices):
        PHONE = "PHONE", _("Phone")
        EMAIL = "EMAIL", _("E-mail")
        STAFF = "STAFF", _("Staff name")

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="login_names")
    kind = models.CharField(max_length=5, choices=Kind.choices, verbose_name=_("kind"))
    index = models.BinaryField(max_length=32)
    value = EncryptedField(purpose="phone")
    added_at = models.DateTimeField(verbose_name=_("added at"))

    class Meta:
        verbose_name = _("login name")
        verbose_name_plural = _("login names")
        constraints = [
            models.UniqueConstraint(name="login_name_taken_once", fields=["index"]),
            models.CheckConstraint(
                name="login_name_kind_known", condition=Q(kind__in=["PHONE", "EMAIL", "STAFF"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.row_uuid}"


class Person(models.Model):
    """A human being, once per citizen id (F004). All that names him is encrypted (F016)."""

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    citizen_id = EncryptedField(purpose="citizen_id")
    citizen_id_index = models.BinaryField(max_length=32)
    name = EncryptedField(purpose="name")
    birth = EncryptedField(purpose="birth")
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("persons")
        constraints = [
            models.UniqueConstraint(name="person_once_per_citizen_id", fields=["citizen_id_index"])
        ]

    def __str__(self) -> str:
        return str(self.row_uuid)


class Player(models.Model):
    """A player's account. Verified when it is bound to a person; only then may it buy."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("Active")
        LIMITED = "LIMITED", _("Limited")
        EXCLUDED = "EXCLUDED", _("Excluded")
        DORMANT = "DORMANT", _("Dormant")
        CLOSED = "CLOSED", _("Closed")

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("player number")
    )
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="player")
    person = models.OneToOneField(
        Person, on_delete=models.PROTECT, null=True, related_name="player"
    )
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.ACTIVE, verbose_name=_("state")
    )
    is_shadow = models.BooleanField(default=False, verbose_name=_("shadow"))
    verified_at = models.DateTimeField(null=True, verbose_name=_("verified at"))
    registered_at = models.DateTimeField(verbose_name=_("registered at"))

    class Meta:
        verbose_name = _("player")
        verbose_name_plural = _("players")
        constraints = [
            models.CheckConstraint(
                name="player_state_known",
                condition=Q(state__in=["ACTIVE", "LIMITED", "EXCLUDED", "DORMANT", "CLOSED"]),
            ),
            models.CheckConstraint(
                name="player_verified_is_a_person",
                condition=Q(verified_at__isnull=True) | Q(person__isnull=False) | Q(is_shadow=True),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_verified(self) -> bool:
        """Whether the identity check passed."""
        return self.verified_at is not None


class PlayerStateChange(models.Model):
    """Every change of a player's state: who, why, when (F012)."""

    player = models.ForeignKey(
        Player, on_delete=models.PROTECT, related_name="state_changes", verbose_name=_("player")
    )
    from_state = models.CharField(max_length=8, verbose_name=_("from"))
    to_state = models.CharField(max_length=8, verbose_name=_("to"))
    actor = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    reason = models.CharField(max_length=200, verbose_name=_("reason"))
    changed_at = models.DateTimeField(verbose_name=_("at"))

    class Meta:
        verbose_name = _("change of state")
        verbose_name_plural = _("changes of state")
        constraints = [
            models.CheckConstraint(name="player_state_change_has_reason", condition=~Q(reason=""))
        ]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"


class IdentityCheck(models.Model):
    """One attempt to verify a player: by which provider, with what outcome."""

    class Outcome(models.TextChoices):
        PASSED = "PASSED", _("Passed")
        REFUSED = "REFUSED", _("Refused")

    player = models.ForeignKey(
        Player, on_delete=models.PROTECT, related_name="identity_checks", verbose_name=_("player")
    )
    provider = models.CharField(max_length=40, verbose_name=_("checked by"))
    outcome = models.CharField(max_length=7, choices=Outcome.choices, verbose_name=_("outcome"))
    reason = models.CharField(max_length=40, default="", blank=True, verbose_name=_("reason"))
    checked_at = models.DateTimeField(verbose_name=_("at"))

    class Meta:
        verbose_name = _("identity check")
        verbose_name_plural = _("identity checks")
        constraints = [
            models.CheckConstraint(
                name="identity_check_outcome_known", condition=Q(outcome__in=["PASSED", "REFUSED"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.outcome}"


class LegalText(models.Model):
    """Terms, privacy notice, how money is protected; a version never changes (F005, F119)."""

    class Kind(models.TextChoices):
        TERMS = "TERMS", _("Terms of use")
        PRIVACY = "PRIVACY", _("Privacy notice")
        FUNDS = "FUNDS", _("How your money is protected")

    kind = models.CharField(max_length=7, choices=Kind.choices, verbose_name=_("kind"))
    version = models.PositiveIntegerField(verbose_name=_("version"))
    language = models.CharField(max_length=10, verbose_name=_("language"))
    title = models.CharField(max_length=100, verbose_name=_("title"))
    body = models.TextField()
    published_at = models.DateTimeField(verbose_name=_("published at"))

    class Meta:
        verbose_name = _("legal text")
        verbose_name_plural = _("legal texts")
        constraints = [
            models.UniqueConstraint(
                name="legal_text_once_per_version", fields=["kind", "version", "language"]
            ),
            models.CheckConstraint(
                name="legal_text_kind_known", condition=Q(kind__in=["TERMS", "PRIVACY", "FUNDS"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class Consent(models.Model):
    """That a user accepted one version of a text, when and from where."""

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="consents", verbose_name=_("user")
    )
    kind = models.CharField(max_length=7, choices=LegalText.Kind.choices, verbose_name=_("kind"))
    version = models.PositiveIntegerField(verbose_name=_("version"))
    accepted_at = models.DateTimeField(verbose_name=_("accepted at"))
    ip_digest = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(
                name="consent_once_per_version", fields=["user", "kind", "version"]
            ),
            models.CheckConstraint(
                name="consent_kind_known", condition=Q(kind__in=["TERMS", "PRIVACY", "FUNDS"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class StaffMember(models.Model):
    """A staff account and the person behind it."""

    user = models.OneToOneField(
        User, on_delete=models.PROTECT, related_name="staff_member", verbose_name=_("user")
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="staff_members")
    display_name = models.CharField(max_length=60, verbose_name=_("name at work"))
    since = models.DateTimeField(verbose_name=_("since"))

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")

    def __str__(self) -> str:
        return self.display_name


class Post(models.Model):
    """A post and the roles it carries; every permission belongs to a post."""

    code = models.CharField(max_length=40, unique=True, verbose_name=_("code"))
    title = models.CharField(max_length=80, verbose_name=_("title"))
    roles: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=20), verbose_name=_("roles")
    )

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")

    def __str__(self) -> str:
        return self.code


class Posting(models.Model):
    """That a person holds a post for a time, `[valid_from, valid_until)`."""

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="postings", verbose_name=_("person")
    )
    post = models.ForeignKey(
        Post, on_delete=models.PROTECT, related_name="postings", verbose_name=_("post")
    )
    valid_from = models.DateTimeField(verbose_name=_("from"))
    valid_until = models.DateTimeField(null=True, verbose_name=_("until"))
    approval_code = models.CharField(max_length=20, verbose_name=_("approval"))

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [
            models.UniqueConstraint(
                name="posting_open_once_per_post",
                fields=["person", "post"],
                condition=Q(valid_until__isnull=True),
            ),
            models.CheckConstraint(
                name="posting_ends_after_it_begins",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
            ),
            models.CheckConstraint(name="posting_has_approval", condition=~Q(approval_code="")),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.post_id}"


class Message(models.Model):
    """A message to a user: kind and figures; the words come from templates in his language."""

    code = models.CharField(max_length=20, unique=True, default=new_code, verbose_name=_("code"))
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="house_messages", verbose_name=_("user")
    )
    kind = models.CharField(max_length=40, verbose_name=_("kind"))
    params: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    natural_key = models.CharField(max_length=120)
    sent_at = models.DateTimeField(verbose_name=_("sent at"))
    read_at = models.DateTimeField(null=True, verbose_name=_("read at"))

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(name="message_once_per_key", fields=["user", "natural_key"])
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


class Delivery(models.Model):
    """One attempt to bring a message to its reader by one channel (F053)."""

    class Channel(models.TextChoices):
        INBOX = "INBOX", _("Message centre")
        EMAIL = "EMAIL", _("E-mail")
        SMS = "SMS", _("SMS")

    class State(models.TextChoices):
        WAITING = "WAITING", _("Waiting")
        DELIVERED = "DELIVERED", _("Delivered")
        FAILED = "FAILED", _("Failed")
        OPTED_OUT = "OPTED_OUT", _("Not wanted")

    message = models.ForeignKey(
        Message, on_delete=models.PROTECT, related_name="deliveries", verbose_name=_("message")
    )
    channel = models.CharField(max_length=5, choices=Channel.choices, verbose_name=_("channel"))
    state = models.CharField(
        max_length=9, choices=State.choices, default=State.WAITING, verbose_name=_("state")
    )
    detail = models.CharField(max_length=200, default="", blank=True, verbose_name=_("detail"))
    changed_at = models.DateTimeField(verbose_name=_("at"))

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(
                name="delivery_once_per_channel", fields=["message", "channel"]
            ),
            models.CheckConstraint(
                name="delivery_channel_known", condition=Q(channel__in=["INBOX", "EMAIL", "SMS"])
            ),
            models.CheckConstraint(
                name="delivery_state_known",
                condition=Q(state__in=["WAITING", "DELIVERED", "FAILED", "OPTED_OUT"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state}"


class ChannelChoice(models.Model):
    """Whether a user wants messages of one kind by one channel; legal notices ignore it."""

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="channel_choices", verbose_name=_("user")
    )
    kind = models.CharField(max_length=40, verbose_name=_("kind"))
    channel = models.CharField(
        max_length=5, choices=Delivery.Channel.choices, verbose_name=_("channel")
    )
    is_wanted = models.BooleanField(verbose_name=_("wanted"))
    chosen_at = models.DateTimeField(verbose_name=_("chosen at"))

    class Meta:
        verbose_name = _("channel choice")
        verbose_name_plural = _("channel choices")
        constraints = [
            models.UniqueConstraint(name="channel_choice_once", fields=["user", "kind", "channel"])
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel}"


class CodeStep(models.Model):
    """How far in time the codes of a user's authenticator app are spent (F224)."""

    user = models.OneToOneField(
        User, on_delete=models.PROTECT, primary_key=True, related_name="+", verbose_name=_("user")
    )
    step = models.BigIntegerField(verbose_name=_("step"))

    class Meta:
        verbose_name = _("spent code")
        verbose_name_plural = _("spent codes")

    def __str__(self) -> str:
        return f"{self.user_id} {self.step}"

    @staticmethod
    def reach(*, user_id: int, step: int) -> bool:
        """True for exactly one caller per step, and only while no later one was reached."""
        CodeStep.objects.bulk_create([CodeStep(user_id=user_id, step=-1)], ignore_conflicts=True)
        return CodeStep.objects.filter(user_id=user_id, step__lt=step).update(step=step) == 1


class Tries(models.Model):
    """How often something was tried until a time; the key is a digest that names nobody."""

    key = models.BinaryField(primary_key=True, max_length=32, verbose_name=_("key"))
    count = models.IntegerField(verbose_name=_("tries"))
    until = models.DateTimeField(verbose_name=_("until"))

    class Meta:
        verbose_name = _("count of tries")
        verbose_name_plural = _("counts of tries")

    def __str__(self) -> str:
        return str(self.count)


# What a person brings along, and who may look at it: nouns of their own, in files of their own.
from .paper_models import (  # noqa: E402 - they refer to the tables above
    GuardianRecord,
    IdentityPaper,
    PaperKind,
    PaperNumber,
    Proxy,
    ProxyEnd,
    ProxyLetter,
    ProxyLetterEnd,
)
from .vault_models import (  # noqa: E402 - they refer to the tables above
    ConfidentialityAgreement,
    ConfidentialitySignature,
    PersonRegion,
    PublicityChoice,
    WinnerLook,
)

__all__ = [
    "ChannelChoice",
    "CodeStep",
    "ConfidentialityAgreement",
    "ConfidentialitySignature",
    "Consent",
    "Delivery",
    "GuardianRecord",
    "IdentityCheck",
    "IdentityPaper",
    "LegalText",
    "LoginName",
    "Message",
    "PaperKind",
    "PaperNumber",
    "Person",
    "PersonRegion",
    "Player",
    "PlayerStateChange",
    "Post",
    "Posting",
    "Proxy",
    "ProxyEnd",
    "ProxyLetter",
    "ProxyLetterEnd",
    "PublicityChoice",
    "StaffMember",
    "Tries",
    "User",
    "UserManager",
    "WinnerLook",
]
