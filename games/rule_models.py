"""Rule versions that were handed in as files, and the public notices of rule changes."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class RuleFile(models.Model):
    """A rule version as a signed file: sheet, names and articles, as they came (D5, F021).

    It changes nothing by itself; `rule_sheets` loads it under four eyes. Never changed: a mended
    file is another one.
    """

    game = models.ForeignKey(
        "games.Game", on_delete=models.PROTECT, related_name="rule_files", verbose_name=_("game")
    )
    code = models.CharField(max_length=30, verbose_name=_("code"))
    digest = models.CharField(max_length=64, verbose_name=_("digest of the rule"))
    document = models.TextField(verbose_name=_("file"))
    document_digest = models.CharField(
        max_length=64, unique=True, verbose_name=_("digest of the file")
    )
    paper = models.CharField(max_length=200, verbose_name=_("paper of the ministry"))
    signer = models.CharField(max_length=60, verbose_name=_("signed by"))
    signature = models.CharField(max_length=120, verbose_name=_("signature"))
    brought_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("brought by"),
    )
    brought_at = models.DateTimeField(verbose_name=_("brought at"))

    class Meta:
        verbose_name = _("rule file")
        verbose_name_plural = _("rule files")
        constraints = [
            models.CheckConstraint(name="rule_file_is_signed", condition=~Q(signature="")),
            models.CheckConstraint(name="rule_file_has_its_paper", condition=~Q(paper="")),
        ]

    def __str__(self) -> str:
        return self.code


class RuleNotice(models.Model):
    """What players are told of a new rule version, ten natural days before it starts (F022)."""

    rule = models.OneToOneField(
        "games.RuleSheet",
        on_delete=models.PROTECT,
        related_name="notice",
        verbose_name=_("rule version"),
    )
    starts_on = models.DateField(verbose_name=_("on sale from"))
    text = models.CharField(max_length=500, verbose_name=_("what players are told"))
    published_at = models.DateTimeField(verbose_name=_("published at"))

    class Meta:
        verbose_name = _("notice of a rule change")
        verbose_name_plural = _("notices of rule changes")
        constraints = [
            models.CheckConstraint(name="rule_notice_says_something", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.starts_on}"
