"""Papers that somebody showed, and what stands on them: identity, authority, guardianship."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from lottery_portal.lib.codes import new_code
from lottery_portal.lib.encryption import EncryptedField
from lottery_portal.lib.ids import uuid7


class PaperKind(models.TextChoices):
    """What is taken as proof of identity (F275)."""

    ID_CARD = "ID_CARD", _("Citizen id card")
    HOUSEHOLD = "HOUSEHOLD", _("Household register")
    PASSPORT = "PASSPORT", _("Passport")
    RESIDENCE = "RESIDENCE", _("Residence permit (Hong Kong, Macao, Taiwan)")
    PERMANENT = "PERMANENT", _("Permanent residence card of foreigners")


class PaperNumber(models.Model):
    """The number of a paper without a citizen id, registered by its holder, once for each kind."""

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    person = models.ForeignKey(
        "accounts.Person",
        on_delete=models.PROTECT,
        related_name="paper_numbers",
        verbose_name=_("person"),
    )
    kind = models.CharField(max_length=9, choices=PaperKind.choices, verbose_name=_("kind"))
    number = EncryptedField(purpose="paper")
    index = models.BinaryField(max_length=32)
    registered_at = models.DateTimeField(verbose_name=_("registered at"))

    class Meta:
        verbose_name = _("registered paper")
        verbose_name_plural = _("registered papers")
        constraints = [
            models.UniqueConstraint(name="paper_number_once_per_kind", fields=["person", "kind"]),
            models.UniqueConstraint(name="paper_number_of_one_person", fields=["index"]),
            models.CheckConstraint(
                name="paper_number_kind_registered",
                condition=Q(kind__in=["PASSPORT", "RESIDENCE", "PERMANENT"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.row_uuid}"


class IdentityPaper(models.Model):
    """A paper that a member of staff saw, found in order, and that belongs to this person."""

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the record")
    )
    person = models.ForeignKey(
        "accounts.Person",
        on_delete=models.PROTECT,
        related_name="identity_papers",
        verbose_name=_("person"),
    )
    kind = models.CharField(max_length=9, choices=PaperKind.choices, verbose_name=_("kind"))
    issued_by = models.CharField(max_length=3, verbose_name=_("issued by (state)"))
    number = EncryptedField(purpose="paper")
    number_index = models.BinaryField(max_length=32)
    valid_until = models.DateField(null=True, verbose_name=_("valid to the end of"))
    reference = models.CharField(
        max_length=60, default="", blank=True, verbose_name=_("on account of")
    )
    seen_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("seen by")
    )
    seen_at = models.DateTimeField(verbose_name=_("seen at"))

    class Meta:
        verbose_name = _("identity paper")
        verbose_name_plural = _("identity papers")
        constraints = [
            models.CheckConstraint(
                name="identity_paper_kind_known",
                condition=Q(
                    kind__in=["ID_CARD", "HOUSEHOLD", "PASSPORT", "RESIDENCE", "PERMANENT"]
                ),
            ),
            models.CheckConstraint(
                name="identity_paper_has_its_end",
                condition=Q(kind="ID_CARD")
                | Q(kind="HOUSEHOLD", valid_until__isnull=True)
                | Q(kind__in=["PASSPORT", "RESIDENCE", "PERMANENT"], valid_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ProxyLetter(models.Model):
    """A winner's own letter of authority, signed on his page: who acts, for what, how long (F086).

    It names the agent by his citizen id. An authority (`Proxy`) comes of it when the agent stands
    there with the papers of both, and of nobody else.
    """

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the letter")
    )
    winner = models.ForeignKey(
        "accounts.Player",
        on_delete=models.PROTECT,
        related_name="proxy_letters",
        verbose_name=_("winner"),
    )
    agent_name = EncryptedField(purpose="name")
    agent_number = EncryptedField(purpose="citizen_id")
    agent_index = models.BinaryField(max_length=32)
    object_code = models.CharField(max_length=60, verbose_name=_("what it is for"))
    valid_from = models.DateField(verbose_name=_("first day"))
    valid_until = models.DateField(verbose_name=_("last day"))
    language = models.CharField(max_length=10, verbose_name=_("language"))
    text_digest = models.CharField(max_length=64, verbose_name=_("digest of the text"))
    written_at = models.DateTimeField(verbose_name=_("written at"))

    class Meta:
        verbose_name = _("letter of authority")
        verbose_name_plural = _("letters of authority")
        constraints = [
            models.CheckConstraint(
                name="proxy_letter_has_a_period",
                condition=Q(valid_until__gte=F("valid_from")) & ~Q(object_code=""),
            ),
            models.CheckConstraint(
                name="proxy_letter_text_digest_is_one",
                condition=Q(text_digest__regex="^[0-9a-f]{64}$"),
            ),
        ]
        indexes = [models.Index(name="proxy_letter_of_object", fields=["object_code", "-id"])]

    def __str__(self) -> str:
        return self.code


class ProxyLetterEnd(models.Model):
    """That the winner took his letter back; what came of it covers nothing from then on."""

    letter = models.OneToOneField(
        ProxyLetter,
        on_delete=models.PROTECT,
        related_name="end",
        verbose_name=_("letter of authority"),
    )
    ended_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("taken back by")
    )
    ended_at = models.DateTimeField(verbose_name=_("taken back at"))

    class Meta:
        verbose_name = _("end of a letter of authority")
        verbose_name_plural = _("ends of letters of authority")

    def __str__(self) -> str:
        return str(self.letter_id)


class Proxy(models.Model):
    """A written authority: for which prizes, from which day to which, and who may act (F086)."""

    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the record")
    )
    principal = models.ForeignKey(
        "accounts.Player",
        on_delete=models.PROTECT,
        related_name="proxies",
        verbose_name=_("winner"),
    )
    agent = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, related_name="+", verbose_name=_("agent")
    )
    principal_paper = models.ForeignKey(
        IdentityPaper,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("paper of the winner"),
    )
    agent_paper = models.ForeignKey(
        IdentityPaper,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("paper of the agent"),
    )
    scope: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=60), verbose_name=_("what it is for")
    )
    valid_from = models.DateField(verbose_name=_("first day"))
    valid_until = models.DateField(verbose_name=_("last day"))
    letter_digest = models.CharField(max_length=64, verbose_name=_("digest of the letter"))
    letter = models.ForeignKey(
        ProxyLetter,
        on_delete=models.PROTECT,
        null=True,
        related_name="proxies",
        verbose_name=_("letter of authority"),
    )
    recorded_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("authority to act")
        verbose_name_plural = _("authorities to act")
        constraints = [
            models.CheckConstraint(
                name="proxy_ends_after_it_begins", condition=Q(valid_until__gte=F("valid_from"))
            ),
            models.CheckConstraint(name="proxy_has_scope", condition=Q(scope__len__gt=0)),
            models.CheckConstraint(
                name="proxy_letter_digest_is_one",
                condition=Q(letter_digest__regex="^[0-9a-f]{64}$"),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ProxyEnd(models.Model):
    """That an authority was taken back before its last day."""

    proxy = models.OneToOneField(
        Proxy, on_delete=models.PROTECT, related_name="end", verbose_name=_("authority to act")
    )
    reason = models.CharField(max_length=200, verbose_name=_("reason"))
    ended_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("taken back by")
    )
    ended_at = models.DateTimeField(verbose_name=_("taken back at"))

    class Meta:
        verbose_name = _("end of an authority")
        verbose_name_plural = _("ends of authorities")
        constraints = [models.CheckConstraint(name="proxy_end_has_reason", condition=~Q(reason=""))]

    def __str__(self) -> str:
        return str(self.proxy_id)


class GuardianRecord(models.Model):
    """Papers of a minor and his guardian (F087). No prize is paid by them: they stand by a hold."""

    class Relation(models.TextChoices):
        PARENT = "PARENT", _("Parent")
        GRANDPARENT = "GRANDPARENT", _("Grandparent")
        SIBLING = "SIBLING", _("Grown-up sibling")
        APPOINTED = "APPOINTED", _("Guardian by decision or agreement")

    class Proof(models.TextChoices):
        HOUSEHOLD = "HOUSEHOLD", _("Household register")
        BIRTH = "BIRTH", _("Birth certificate")
        COURT = "COURT", _("Court decision")
        OFFICE = (
            "OFFICE",
            _("Letter of a residents' or villagers' committee or civil affairs office"),
        )

    row_uuid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField(
        max_length=20, unique=True, default=new_code, verbose_name=_("number of the record")
    )
    object_code = models.CharField(max_length=60, verbose_name=_("prize"))
    owner = models.ForeignKey(
        "accounts.Player",
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("owner of the ticket"),
    )
    minor_name = EncryptedField(purpose="name")
    minor_number = EncryptedField(purpose="citizen_id")
    minor_index = models.BinaryField(max_length=32)
    adult_on = models.DateField(verbose_name=_("of age on"))
    guardian = models.ForeignKey(
        "accounts.Person", on_delete=models.PROTECT, related_name="+", verbose_name=_("guardian")
    )
    guardian_paper = models.ForeignKey(
        IdentityPaper,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("paper of the guardian"),
    )
    relation = models.CharField(max_length=11, choices=Relation.choices, verbose_name=_("relation"))
    proof = models.CharField(max_length=9, choices=Proof.choices, verbose_name=_("proof"))
    proof_digest = models.CharField(max_length=64, verbose_name=_("digest of the proof"))
    recorded_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(verbose_name=_("recorded at"))

    class Meta:
        verbose_name = _("record of a guardian")
        verbose_name_plural = _("records of guardians")
        constraints = [
            models.UniqueConstraint(
                name="guardian_record_once", fields=["object_code", "minor_index", "guardian"]
            ),
            models.CheckConstraint(
                name="guardian_relation_known",
                condition=Q(relation__in=["PARENT", "GRANDPARENT", "SIBLING", "APPOINTED"]),
            ),
            models.CheckConstraint(
                name="guardian_proof_known",
                condition=Q(proof__in=["HOUSEHOLD", "BIRTH", "COURT", "OFFICE"]),
            ),
            models.CheckConstraint(
                name="guardian_proof_digest_is_one",
                condition=Q(proof_digest__regex="^[0-9a-f]{64}$"),
            ),
        ]

    def __str__(self) -> str:
        return self.code
