"""A new rule comes as a file, not as code: read strictly, signed by who may say rules (F021).

A rule file is JSON: `format` (rule-file/1), `sheet` (the rule sheet, see `games.rules.sheet`),
`names` (of what is new, by place, each `{"en": …, "zh-hans": …}`), `articles` (by the places of
`games.rule_words`, at least one above every figure), `paper` (the paper that the rule is approved
by). Its signature is Ed25519 over exactly its bytes, by a key of the figure `games.rule_signers`:
the key in base64, a space, whose it is. What this house does not understand is refused by name;
bringing a file changes nothing yet.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from audit import keys, policies, trail
from lottery_portal.lib.db import door, violated
from lottery_portal.lib.errors import Refused

from . import rule_words, rules
from .models import Game, RuleFile, RuleSheet
from .rules import reading
from .rules.named import BothNames

if TYPE_CHECKING:
    from accounts.models import User

FORMAT = "rule-file/1"
SIGNERS_POLICY = "games.rule_signers"
_KEYS = ("format", "sheet", "names", "articles", "paper")
_SIGNATURE_BYTES = 64  # of Ed25519
_LANGUAGES = ("en", "zh-hans")
_WIDE_SPACE = "\N{IDEOGRAPHIC SPACE}"
_MOST_NAME, _MOST_ARTICLE, _MOST_PAPER = 60, 120, 200


class RuleOfAnotherGame(Refused):
    """The sheet says that it is of another game."""

    code, status = "rule_file_other_game", 400
    message = _("This file is a rule of %(game)s.")


class RuleCodeTaken(Refused):
    """A rule version of that code exists already; a changed rule has a code of its own."""

    code = "rule_code_taken"
    message = _("There is already a rule version %(version)s, and it is another one.")


class ArticleMissing(Refused):
    """A figure without the article in which it stands."""

    code, status = "rule_article_missing", 400
    message = _("The file names no article for %(place)s (%(label)s).")


class RuleSignatureWrong(Refused):
    """Nobody who may say rules signed these bytes."""

    code = "rule_signature_wrong"
    message = _("The signature under the file is of nobody who may sign rules here.")


class RuleFileKnown(Refused):
    """This very file was brought before."""

    code = "rule_file_known"
    message = _("This file was handed in before.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A rule file as it is understood."""

    version: rules.RuleVersion
    articles: Mapping[str, str]
    paper: str


def read(raw: bytes) -> Document:
    """What a rule file says, or a `Refused` that names what is not understood or missing."""
    return _read(raw)


def of(file: RuleFile) -> Document:
    """What a file that was brought says."""
    return _read(file.document.encode())


@door
def bring(*, game: Game, raw: bytes, signature: bytes, actor: User, now: datetime) -> RuleFile:
    """Keep a rule file for `game` after reading it whole; the signature may be raw or base64."""
    document = read(raw)
    version = document.version
    if version.game != game.rules_game:
        raise RuleOfAnotherGame(game=_(rules.GAMES[version.game].name))
    digest = rules.rule_sheet_digest(version)
    known = rules.known(version.code)
    if known is not None and rules.rule_sheet_digest(known) != digest:
        raise RuleCodeTaken(version=version.code)
    plain = _plain(signature)
    signer = _signer(raw, plain, now)
    try:
        with transaction.atomic():
            file = RuleFile.objects.create(
                game=game,
                code=version.code,
                digest=digest,
                document=raw.decode(),
                document_digest=hashlib.sha256(raw).hexdigest(),
                paper=document.paper,
                signer=signer,
                signature=base64.b64encode(plain).decode(),
                brought_by=actor,
                brought_at=now,
            )
    except IntegrityError as exc:
        if violated(exc) == "games_rulefile_document_digest_key":
            raise RuleFileKnown from exc
        raise
    trail.record(
        action="games.rule_file_brought",
        actor=actor,
        object_type="rule",
        object_code=version.code,
        body={"game": game.code, "digest": digest, "file": file.document_digest, "signer": signer},
    )
    return file


def loaded(game: str = "") -> list[rules.RuleVersion]:
    """The versions that were loaded from files, of one game or of all, the first one first."""
    found = RuleSheet.objects.filter(file__isnull=False)
    if game:
        found = found.filter(game__rules_game=game)
    sheets = found.select_related("file").order_by("first_issue", "pk")
    versions = [of(sheet.file).version for sheet in sheets if sheet.file]
    return list({version.code: version for version in versions}.values())


def versions(game: str) -> list[rules.RuleVersion]:
    """Every version of a game that may have been played: values of this house, then files."""
    return [*rules.GAMES[game].versions, *loaded(game)]


def all_versions() -> list[rules.RuleVersion]:
    """The same of all games."""
    return [*(one for game in rules.GAMES.values() for one in game.versions), *loaded()]


def of_real(game: str) -> list[rules.RuleVersion]:
    """The versions loaded from files that draws of the real books follow, the first one first."""
    found = RuleSheet.objects.filter(game__code=game, file__isnull=False)
    sheets = found.select_related("file").order_by("first_issue", "pk")
    return [of(sheet.file).version for sheet in sheets if sheet.file]


def version_for(
    *, game: str, issue: str, loaded: Sequence[rules.RuleVersion] | None = None
) -> rules.RuleVersion:
    """The version of a draw of the real books by its issue, as `rules.version_for` finds it.

    Who asks for many draws hands over what `of_real` says of the game: it is asked for once.
    """
    known = rules.version_for(game=game, issue=issue)
    files = of_real(game) if loaded is None else loaded
    later = [one for one in files if known.first_issue < one.first_issue <= issue]
    return later[-1] if later else known


def newest(game: Game) -> rules.RuleVersion:
    """The version that the last draws of a game follow; the house equips itself for it."""
    sheet = RuleSheet.objects.filter(game=game).order_by("-first_issue", "-pk").first()
    return rules.by_code(sheet.code) if sheet else rules.GAMES[game.rules_game].current


def sample(version: rules.RuleVersion) -> dict[str, Any]:
    """A rule file that says `version`, to be changed into a new one and signed."""
    articles = {
        row.place: row.source.text
        for part in rule_words.sheet(version)
        for row in part.rows
        if row.source
    }
    return {
        "format": FORMAT,
        "sheet": json.loads(rules.rule_sheet(version)),
        "names": {},
        "articles": articles,
        "paper": "",
    }


@lru_cache(maxsize=64)
def _read(raw: bytes) -> Document:
    facts = reading.parsed(raw, format_name=FORMAT, keys=_KEYS)
    articles = {
        place: _text(text, f"articles.{place}", _MOST_ARTICLE)
        for place, text in _object(facts, "articles").items()
    }
    sheet = _object(facts, "sheet")
    told = sheet.get("version")
    game = told.get("game") if isinstance(told, dict) else None
    like = rules.GAMES[game].current if isinstance(game, str) and game in rules.GAMES else None
    if like is None:
        raise reading.SheetWordUnknown(where="sheet.version.game", what=str(game))
    written = json.dumps(sheet, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    version = reading.read(written.encode(), names=_names(facts), like=like)
    _check_articles(version, articles)
    return Document(
        version=version, articles=articles, paper=_text(facts["paper"], "paper", _MOST_PAPER)
    )


def _check_articles(version: rules.RuleVersion, articles: Mapping[str, str]) -> None:
    places = set()
    for part in rule_words.sheet(version, articles=articles):
        for row in part.rows:
            if row.source is None:
                raise ArticleMissing(place=row.place, label=row.label)
            places.add(row.place)
    for place in articles:
        if not any(one == place or one.startswith(f"{place}/") for one in places):
            raise reading.SheetWordUnknown(where="articles", what=place)


def _names(facts: Mapping[str, Any]) -> dict[str, BothNames]:
    found = {}
    for place, both in _object(facts, "names").items():
        if not isinstance(both, dict):
            raise reading.SheetValueWrong(where=f"names.{place}", what="?")
        reading.only(both, _LANGUAGES, where=f"names.{place}")
        english, chinese = (
            _text(both[one], f"names.{place}.{one}", _MOST_NAME) for one in _LANGUAGES
        )
        found[place] = BothNames.of(english, chinese)
    return found


def _object(facts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = facts[name]
    if not isinstance(found, dict):
        raise reading.SheetValueWrong(where=name, what=str(found)[:60])
    return found


def _text(value: Any, where: str, most: int) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        raise reading.SheetValueWrong(where=where, what=str(value)[:60])
    if not value.replace(_WIDE_SPACE, " ").isprintable():  # read by people: nothing turns or hides
        raise reading.SheetValueWrong(where=where, what=str(value)[:60])
    return value


def _plain(signature: bytes) -> bytes:
    """The 64 bytes of a signature, which may come in base64."""
    if len(signature) == _SIGNATURE_BYTES:
        return signature
    try:
        return base64.b64decode(signature.strip(), validate=True)
    except (ValueError, binascii.Error) as exc:
        raise RuleSignatureWrong from exc


def _signer(raw: bytes, signature: bytes, now: datetime) -> str:
    for signer in policies.read(SIGNERS_POLICY, at=now):
        key, _space, name = signer.partition(" ")
        if keys.is_signed(
            algorithm=keys.ED25519,
            public=base64.b64decode(key),
            signature=signature,
            message=raw,
        ):
            return str(name)[:60]
    raise RuleSignatureWrong
