"""The tags and filters every page is made of: money, times, balls, signs, bars, codes.

Fen become text here and in the API field, nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import segno
from django import template
from django.core.paginator import Page
from django.template import loader
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lottery_portal.lib import codes, dates, faces, sentences
from lottery_portal.lib.faces import Face
from lottery_portal.lib.money import yuan as _figures

register = template.Library()

NOTHING = "—"
MINUS = "−"
WAN, YI = 10_000_00, 100_000_000_00
MILLION, BILLION = 1_000_000_00, 1_000_000_000_00
GROUP = 8
DAY = 86_400
TONE_ICONS = {
    "draft": "",
    "waiting": "clock",
    "done": "check",
    "attention": "clock",
    "wrong": "alert",
}
NOTE_ICONS = {**TONE_ICONS, "draft": "info", "waiting": "info"}
STEP_ICONS = {"done": "check", "now": "clock", "todo": "", "halted": "alert"}


# Money and counts


@register.filter
def money(fen: int | None) -> str:
    """123456 becomes 1,234.56; what is not known becomes a dash."""
    if fen is None:
        return NOTHING
    return _figures(fen).replace("-", MINUS)


@register.filter
def yuan(fen: int | None) -> str:
    """The amount with its unit: 34.00 元, 34.00 yuan."""
    if fen is None:
        return NOTHING
    return _("%(amount)s yuan") % {"amount": money(fen)}


@register.filter
def signed(fen: int) -> str:
    """An amount of the statement: +205.00, −20.00."""
    return f"+{money(fen)}" if fen > 0 else money(fen)


@register.filter
def whole_yuan(fen: int | None) -> str:
    """Without decimals when there are none: 20,000. For prices and caps inside sentences."""
    text = money(fen)
    return text.removesuffix(".00")


def _short(fen: int) -> tuple[str, str]:
    if dates.is_chinese():
        steps = ((YI, "亿元"), (WAN, "万元"))
    else:
        steps = ((BILLION, _("billion")), (MILLION, _("million")))
    for size, unit in steps:
        if fen >= size:
            whole, part = divmod(fen * 100 // size, 100)
            return f"{whole:,}.{part:02d}", unit
    return money(fen), _("yuan")


@register.filter
def money_short(fen: int | None) -> str:
    """9.17 亿元, 917.24 million; cut, never rounded up. The exact sum stands near it."""
    if fen is None:
        return NOTHING
    return " ".join(_short(fen))


@register.simple_tag
def money_figure(fen: int | None) -> SafeString:
    """The same for a large figure: the unit small beside it."""
    if fen is None:
        return format_html("{}", NOTHING)
    return format_html("{} <small>{}</small>", *_short(fen))


@register.filter
def count(number: int | None) -> str:
    """1236118 becomes 1,236,118."""
    return NOTHING if number is None else f"{number:,}"


@register.filter
def code(value: str) -> str:
    """A ticket number in groups of four."""
    return codes.shown(value)


@register.filter
def sentence(stored: str) -> str:
    """A reason that is stored in English, in the language of the reader as far as it is known."""
    return sentences.shown(stored)


@register.filter
def tail(value: str, length: int = 4) -> str:
    """…8QK4: the end of a code that is given in full elsewhere."""
    return f"…{value[-length:]}"


# Times


@register.filter
def local_time(value: datetime | date | None, form: str = "full") -> str:
    """A moment in Asia/Shanghai; the forms are those of `lottery_portal.lib.dates.FORMS`."""
    return NOTHING if value is None else dates.written(value, form)


@register.filter
def stored_day(value: str) -> str:
    """A day that a message keeps as 2026-12-01, with its weekday, in the language of the reader."""
    return dates.written(date.fromisoformat(value), "year_weekday")


@register.simple_tag
def when(value: datetime | None, now: datetime, form: str = "minute") -> str:
    """今天 20:00, 明天 20:00, 9月21日 周一 20:00. `form`: minute, second or day."""
    return NOTHING if value is None else dates.relative(value, now, form)


@register.filter
def duration(seconds: int) -> str:
    """1 小时 14 分 53 秒."""
    return dates.duration(seconds)


def _left(days: int, clock: str) -> str:
    if not days:
        return clock
    return ngettext("%(days)d day %(clock)s", "%(days)d days %(clock)s", days) % {
        "days": days,
        "clock": clock,
    }


@register.inclusion_tag("_components/countdown.html")
def countdown(closes_at: datetime, now: datetime, name: str = "", over: str = "") -> dict[str, Any]:
    """Time left by the server's clock; countdown.js keeps it running, without script it stands.

    `over` is shown when nothing is left; without it, that sales have closed.
    """
    over = over or _("Sales have closed")
    left = max(int((closes_at - now).total_seconds()), 0)
    days, rest = divmod(left, DAY)
    clock = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return {
        "closes_at": closes_at.isoformat(),
        "now": now.isoformat(),
        "text": _left(days, clock) if left else over,
        "over": over,
        "has_days": days > 0,
        "days_one": _left(1, "00:00:00"),
        "days_many": _left(2, "00:00:00"),
        "name": name,
    }


# Signs


@register.simple_tag
def icon(name: str, size: int = 20, extra: str = "") -> SafeString:
    """A sign of the sprite. It never speaks alone: a word stands beside it."""
    if not name:
        return SafeString("")
    return format_html(
        '<svg class="icon {}" width="{}" height="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        extra,
        size,
        size,
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def tag(tone: str, text: str, sign: str | None = None) -> SafeString:
    """A small tag. Tones: draft, waiting, done, attention, wrong."""
    return format_html(
        '<span class="tag tone-{}">{}{}</span>',
        tone,
        icon(TONE_ICONS[tone] if sign is None else sign, 16),
        text,
    )


@register.simple_tag
def note(tone: str, text: str, lead: str = "", sign: str | None = None) -> SafeString:
    """One or two sentences across the card; `lead` is its bold beginning."""
    return format_html(
        '<div class="note tone-{}">{}<p>{}{}</p></div>',
        tone,
        icon(NOTE_ICONS[tone] if sign is None else sign, 20),
        format_html("<b>{}</b>{}", lead, "" if dates.is_chinese() else " ") if lead else "",
        text,
    )


@register.inclusion_tag("_components/seal_mark.html")
def seal_mark(root: str, size: int = 64) -> dict[str, Any]:
    """The seal: the first eight digits of a draw's root, four over four."""
    return {"upper": root[:4], "lower": root[4:8], "size": size}


def _groups(value: str) -> list[str]:
    return [value[start : start + GROUP] for start in range(0, len(value), GROUP)]


@register.simple_tag
def hash_box(value: str, other: str = "", label: str = "") -> SafeString:
    """A hash in groups of eight, four a line, chosen in one touch and copied without gaps.

    With `other`, the groups that differ from it are marked.
    """
    theirs = _groups(other)
    spans = format_html_join(
        "",
        '<span class="{}">{}</span>',
        (
            ("differs" if other and (theirs[at : at + 1] != [group]) else "", group)
            for at, group in enumerate(_groups(value))
        ),
    )
    return format_html(
        '<code class="hash"{}><span class="hash-text">{}</span></code>',
        format_html(' aria-label="{} {}" role="group"', label, value) if label else "",
        spans,
    )


@register.filter
def hash_short(value: str, ends: int = 8) -> str:
    """65874593…10d4fb87; only where the full one is on the page or one link away."""
    return f"{value[:ends]}…{value[-ends:]}"


# Balls


def _ball(
    number: int, face: Face, size: int, *, is_hit: bool, is_coded: bool = False
) -> SafeString:
    """A ball, or the words of a choice; `is_coded` adds its number as the line of a ticket has it.

    The number keeps the class of a ball: proofs read by it what stands on a page.
    """
    if number in face.words:
        code = format_html('<span class="ball ball--code">{}</span>', face.written(number))
        return format_html(
            '<span class="choice{}">{}</span>{}',
            "" if is_hit else " choice--missed",
            face.words[number],
            code if is_coded else "",
        )
    names = ["ball", f"ball--{size}"]
    if not is_hit:
        names.append("ball--missed")
    elif face.is_blue:
        names.append("ball--blue")
    return format_html('<span class="{}">{}</span>', " ".join(names), face.written(number))


@register.simple_tag
def ball(number: int, zone: int = 0, size: int = 28, *, is_hit: bool = True) -> SafeString:
    """One ball: zone 0 is red, zone 1 blue; a missed number is an outline."""
    face = faces.guessed(2)[zone]
    return format_html(
        '<span role="img" aria-label="{} {}">{}</span>',
        face.name,
        face.written(number),
        _ball(number, face, size, is_hit=is_hit),
    )


def _spoken(
    picks: Sequence[Sequence[int]],
    hits: Sequence[Collection[int]] | None,
    bankers: Sequence[Sequence[int]],
    looks: Sequence[Face],
) -> str:
    sentences = []
    for zone, (numbers, face) in enumerate(zip(picks, looks, strict=False)):
        if zone < len(bankers) and bankers[zone]:
            written = " ".join(_said(face, number) for number in bankers[zone])
            sentences.append(
                _("%(zone)s bankers %(numbers)s") % {"zone": face.name, "numbers": written}
            )
        written = " ".join(
            _said(face, number) if hits is None or number in hits[zone]
            else _("%(number)s missed") % {"number": _said(face, number)}
            for number in numbers
        )  # fmt: skip
        sentences.append(f"{face.name} {written or NOTHING}")
    return ", ".join(sentences)


def _said(face: Face, number: int) -> str:
    return str(face.words.get(number, face.written(number)))


@register.inclusion_tag("_components/balls.html")
def balls(
    picks: Sequence[Sequence[int]],
    size: int = 28,
    hits: Sequence[Collection[int]] | None = None,
    bankers: Sequence[Sequence[int]] | None = None,
    looks: Sequence[Face] | None = None,
    *,
    is_coded: bool = False,
) -> dict[str, Any]:
    """Places of numbers parted by a thin line, however many; the text alternative names them.

    `looks` say what each place is called and how its numbers are written; without them two places
    are red and blue balls, and more are columns of digits. Without `hits` all are filled; with it,
    missed numbers are outlines. `bankers` stand first, under their own word. A place that was left
    empty has a dash. `is_coded` adds to the words of a choice its number in the line of a ticket.
    """
    fixed = bankers or ()
    looks = looks or faces.guessed(len(picks))

    def drawn(numbers: Sequence[int], zone: int) -> list[SafeString]:
        return [
            _ball(
                number,
                looks[zone],
                size,
                is_hit=hits is None or number in hits[zone],
                is_coded=is_coded,
            )
            for number in numbers
        ]

    zones = [
        {
            "name": looks[zone].name if looks[zone].shows_name else "",
            "bankers": drawn(fixed[zone], zone) if zone < len(fixed) else [],
            "balls": drawn(numbers, zone),
        }
        for zone, numbers in enumerate(picks)
    ]
    return {"zones": zones, "size": size, "spoken": _spoken(picks, hits, fixed, looks)}


# Lists, bars, codes


@register.inclusion_tag("_components/timeline.html")
def timeline(steps: Sequence[Mapping[str, Any]], *, flat: bool = False) -> dict[str, Any]:
    """What has happened and what comes.

    Each step: `state` (done, now, todo, halted), `title`, and optionally `at` (moment or text),
    `text`, and a way on: `url` and what it is called, `link`. The date stands at the first step and
    where it changes.
    """
    rows, last = [], None
    for step in steps:
        at = step.get("at")
        if isinstance(at, datetime):
            today = dates.in_shanghai(at).date()
            form = "clock" if today == last else "day_clock"
            at, last = dates.written(at, form), today
        rows.append(
            {
                **step,
                "at": at,
                "sign": STEP_ICONS[step["state"]],
                "word": {
                    "done": _("done"),
                    "now": _("now"),
                    "todo": _("to come"),
                    "halted": _("halted"),
                }[step["state"]],
            }
        )
    return {"steps": rows, "flat": flat}


@register.inclusion_tag("_components/limit_bar.html")
def limit_bar(spent: int, limit: int, label: str) -> dict[str, Any]:
    """Spent of a limit, in fen, and what is left in words; `label` is the verb."""
    filled = 100 if limit <= 0 else min(100, spent * 100 // limit)
    return {
        "spent": spent,
        "limit": limit,
        "left": max(limit - spent, 0),
        "label": label,
        "filled": filled,
    }


@register.inclusion_tag("_components/progress_bar.html")
def progress_bar(done: int, total: int, label: str = "") -> dict[str, Any]:
    """How far a job has come; the figures stand in words beside the bar."""
    return {
        "done": done,
        "total": total,
        "label": label,
        "filled": min(100, done * 100 // total) if total else 0,
    }


@register.inclusion_tag("_components/split_bar.html")
def split_bar(parts: Sequence[Mapping[str, Any]], label: str) -> dict[str, Any]:
    """Parts of a whole: one bar with gaps. Each part: `name`, `amount` (fen); listed beside it."""
    whole = sum(part["amount"] for part in parts) or 1
    drawn, at = [], 0.0
    for number, part in enumerate(parts, start=1):
        width = part["amount"] * 1000 / whole
        gap = 6 if number < len(parts) else 0
        drawn.append(
            {
                **part,
                "x": f"{at:.1f}",
                "width": f"{max(width - gap, 4):.1f}",
                "number": (number - 1) % 4 + 1,
            }
        )
        at += width
    return {"parts": drawn, "label": label}


@register.simple_tag
def qr(text: str, label: str = "") -> SafeString:
    """A QR code, black on white on every theme."""
    drawing = segno.make(text, error="m", micro=False).svg_inline(
        scale=4, border=0, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return format_html(
        '<span class="qr" role="img" aria-label="{}">{}</span>',
        label or _("QR code of the ticket number"),
        mark_safe(drawing),  # noqa: S308 - drawn by segno; the text ends up in a path, never in markup
    )


@register.inclusion_tag("_components/pager.html")
def pager(page: Page[Any], query: str = "") -> dict[str, Any]:
    """Older and newer; `query` is the filter that the links keep, without `page`."""
    return {"page": page, "query": f"&{query}" if query else ""}


@register.simple_block_tag
def table(content: SafeString, name: str, css: str = "") -> SafeString:
    """Head, body and foot between the tags, in a region called `name` that scrolls sideways."""
    parts = {"rows": content, "name": name, "css": css}
    return loader.render_to_string("_components/table.html", parts)


@register.filter
def times(number: int) -> range:
    """A range from 1 to `number`, for drawing keys."""
    return range(1, number + 1)
