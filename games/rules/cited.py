"""Where each figure of a rule version was read, for the page that shows it beside the figure.

Places are those of `games.rule_words`: `price`, `tiers/3`, `floating/0/100`; what is not named has
the source of what it belongs to. A source is a paper by its name, as printed, and a standing: read
in the text, confirmed by recomputing the published draws, or not confirmed. A version that came as
a file brings its own articles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from django.utils.translation import get_language

_Found = TypeVar("_Found")
Standing = Literal["text", "draws", "open", "file"]


@dataclass(frozen=True, slots=True)
class Source:
    """A paper and its article, and how sure the figure is."""

    text: str
    standing: Standing = "text"

    @property
    def said(self) -> str:
        """It as the reader understands it: papers by their printed names, all else in English."""
        if (get_language() or "").startswith("zh"):
            return self.text
        return "; ".join(ENGLISH.get(part, part) for part in self.text.split(_AND))


_AND = "；"
_LAW = "《彩票管理条例》"
_SSQ = "《中国福利彩票双色球游戏规则》"
_DLT = "《中国体育彩票超级大乐透游戏规则》"
_PL3 = "《中国体育彩票排列3游戏规则》"
_3D = "《中国福利彩票3D游戏规则》"
_DRAWN = "历期开奖公告复算"
_OPEN = "尚无文本可核"
_ALIKE = "同双色球、排列3规则，本游戏尚无文本可核"

# What is no printed name, for readers of English.
ENGLISH: Mapping[str, str] = {
    _DRAWN: "worked out from the published draws",
    f"{_DRAWN}（两个奖池合计）": "worked out from the published draws, both pools together",
    _OPEN: "no text to confirm it yet",
    _ALIKE: "as in the rules of SSQ and PL3; no text of this game to confirm it yet",
    "每注可选多少个号码尚无文本可核": "how many numbers may be chosen: no text to confirm it yet",
    "超额转出尚无文本可核": "moving out the excess: no text to confirm it yet",
    "各省福彩中心限号公告，未见文本": "notices of the provinces on limited lines, text not seen",
    "未出现过此奖池区间": "the pool was never in this range",
    "无此规定": "no such rule",
    "无浮动奖": "no floating prize",
    "单一奖池": "one pool",
    "北京时间": "Beijing time",
    "由投注方式和奖级条件得出": "follows from bet types and tiers",
    "发行机构玩法说明": "the issuer's description of the game",
    "发行机构玩法说明（胆拖）": "the issuer's description of the game (bankers)",
    "发行机构玩法说明（选一至选十）": "the issuer's description of the game (pick 1 to pick 10)",
    "发行机构公布的销售和开奖时间": "times of sale and draw as the issuer publishes them",
    "发行机构公布的两个奖池": "the two pools as the issuer publishes them",
    "发行机构关于奖金的公告": "the issuer's notice on prizes",
    "发行机构关于预售票的公告": "the issuer's notice on tickets sold ahead",
    "2015027期开奖公告": "the announcement of draw 2015027",
    "发行机构2026年公告": "the issuer's notice of 2026",
    "发行机构2026年公告（福运奖）": "the issuer's notice of 2026 (Lucky prize)",
    "发行机构2026年公告（特别规定）": "the issuer's notice of 2026 (special rule)",
    "发行机构2026年公告（单期奖金限额）": "the issuer's notice of 2026 (most for one draw)",
}

_COMMON: Mapping[str, Source] = {
    "multiplier": Source(_ALIKE, "open"),
    "ticket_cap": Source(_ALIKE, "open"),
    "refund": Source(_ALIKE, "open"),
    "claim": Source(f"{_LAW}第二十五条"),
    "rounding": Source(_DRAWN, "draws"),
    "schedule": Source("发行机构公布的销售和开奖时间"),
    "schedule/time_zone": Source("北京时间"),
    "limits": Source(_OPEN, "open"),
    "plays": Source("由投注方式和奖级条件得出"),
    "facts": Source("发行机构玩法说明"),
    "special": Source("无此规定"),
    "minimum": Source("无此规定"),
    "floating": Source("无浮动奖"),
    "pools": Source("单一奖池"),
}

_SSQ_SOURCES: Mapping[str, Source] = {
    "zones": Source(f"{_SSQ}第六条"),
    "bet_types": Source(f"{_SSQ}第六条、第九条"),
    "bet_types/banker": Source("发行机构玩法说明（胆拖）"),
    "price": Source(f"{_SSQ}第六条"),
    "multiplier": Source(f"{_SSQ}第十条"),
    "ticket_cap": Source(f"{_SSQ}第十条"),
    "refund": Source(f"{_SSQ}第十二条"),
    "tiers": Source(f"{_SSQ}奖级表；{_DRAWN}", "draws"),
    "floating": Source(f"发行机构关于奖金的公告；{_DRAWN}", "draws"),
    "minimum": Source(_DRAWN, "draws"),
    "deficit": Source(f"2015027期开奖公告；{_DRAWN}", "draws"),
    "allocation": Source(f"{_SSQ}第十四条；{_DRAWN}", "draws"),
    "pools": Source(_DRAWN, "draws"),
    "span": Source(_DRAWN, "draws"),
}
_DLT_SOURCES: Mapping[str, Source] = {
    "rounding": Source(f"{_DLT}第十七条；{_DRAWN}", "draws"),
    "zones": Source(_DLT),
    "plays": Source(f"{_DLT}（追加投注）"),
    "bet_types": Source(_DLT),
    "price": Source(_DLT),
    "tiers": Source(f"{_DLT}奖级表；{_DRAWN}", "draws"),
    "floating": Source(_DRAWN, "draws"),
    "floating/0/0": Source("未出现过此奖池区间", "open"),
    "minimum": Source(f"{_DLT}第十八条；{_DRAWN}", "draws"),
    "deficit": Source(_DLT),
    "allocation": Source(_DLT),
    "allocation/prize": Source(f"{_DLT}；{_DRAWN}", "draws"),
    "allocation/fee": Source(_OPEN, "open"),
    "allocation/welfare": Source(_OPEN, "open"),
    "pools": Source(f"{_DLT}第十六条；{_DRAWN}", "draws"),
    "span": Source("发行机构关于预售票的公告"),
}
_LOTTO_BY_DRAWS: Mapping[str, Source] = {
    "zones": Source("发行机构玩法说明"),
    "bet_types": Source("发行机构玩法说明"),
    "price": Source("发行机构玩法说明"),
    "tiers": Source(_DRAWN, "draws"),
    "floating": Source(_DRAWN, "draws"),
    "minimum": Source(_DRAWN, "draws"),
    "deficit": Source(_DRAWN, "draws"),
    "allocation": Source(_OPEN, "open"),
    "allocation/prize": Source(_DRAWN, "draws"),
    "pools": Source(_DRAWN, "draws"),
    "span": Source(_DRAWN, "draws"),
}
_3D_SOURCES: Mapping[str, Source] = {
    "zones": Source(_3D),
    "bet_types": Source(f"{_3D}；每注可选多少个号码尚无文本可核", "open"),
    "bet_types/straight": Source(_3D),
    "bet_types/group3": Source(_3D),
    "bet_types/group6": Source(_3D),
    "price": Source(_3D),
    "limits": Source("各省福彩中心限号公告，未见文本", "open"),
    "tiers": Source("发行机构玩法说明"),
    "tiers/1": Source(_DRAWN, "draws"),
    "tiers/2": Source(_DRAWN, "draws"),
    "tiers/3": Source(_DRAWN, "draws"),
    **{f"tiers/{number}": Source(_OPEN, "open") for number in (7, 9, 11, 13, 14, 16)},
    **{f"tiers/{number}": Source(_OPEN, "open") for number in range(22, 35)},
    "deficit": Source(f"{_3D}第十五条"),
    "allocation": Source(f"{_3D}第十三条"),
    "pools": Source(f"{_3D}第十五条、第十六条"),
    "span": Source(_DRAWN, "draws"),
}
_PL3_SOURCES: Mapping[str, Source] = {
    "zones": Source(_PL3),
    "bet_types": Source(_PL3),
    "price": Source(_PL3),
    "multiplier": Source(f"{_PL3}第八条"),
    "ticket_cap": Source(f"{_PL3}第八条"),
    "refund": Source(f"{_PL3}第十二条"),
    "limits": Source(f"{_PL3}第十二条"),
    "tiers": Source(_PL3),
    "deficit": Source(f"{_PL3}第十五条、第十六条"),
    "allocation": Source(f"{_PL3}第十三条"),
    "pools": Source(f"{_PL3}第十五条、第十六条"),
    "schedule/closes": Source(_OPEN, "open"),
    "claim": Source(_PL3),
    "span": Source(_OPEN, "open"),
}
_PL5_SOURCES: Mapping[str, Source] = {
    **_PL3_SOURCES,
    "multiplier": Source(_ALIKE, "open"),
    "ticket_cap": Source(_ALIKE, "open"),
    "refund": Source(_ALIKE, "open"),
    "limits": Source("无此规定", "open"),
    "deficit": Source(_OPEN, "open"),
    "allocation": Source(_OPEN, "open"),
    "pools": Source(_OPEN, "open"),
    "claim": Source(f"{_LAW}第二十五条"),
}
_KL8_SOURCES: Mapping[str, Source] = {
    **_LOTTO_BY_DRAWS,
    "plays": Source("发行机构玩法说明（选一至选十）"),
    "allocation/fund": Source(_OPEN, "open"),
    "pools": Source("发行机构公布的两个奖池；超额转出尚无文本可核", "open"),
    "deficit": Source(f"{_DRAWN}（两个奖池合计）", "open"),
}
_BY_GAME: Mapping[str, Mapping[str, Source]] = {
    "ssq": _SSQ_SOURCES,
    "dlt": _DLT_SOURCES,
    "qlc": _LOTTO_BY_DRAWS,
    "qxc": {
        **_LOTTO_BY_DRAWS,
        "floating/0/300000000": Source("发行机构玩法说明；未出现过此奖池区间", "open"),
    },
    "kl8": _KL8_SOURCES,
    "fc3d": _3D_SOURCES,
    "pl3": _PL3_SOURCES,
    "pl5": _PL5_SOURCES,
}
_BY_VERSION: Mapping[str, Mapping[str, Source]] = {
    "ssq-2026.1": {
        "tiers/7": Source(f"发行机构2026年公告（福运奖）；{_DRAWN}", "draws"),
        "special": Source(f"发行机构2026年公告（特别规定）；{_DRAWN}", "draws"),
        "floating/draw_cap": Source(f"发行机构2026年公告（单期奖金限额）；{_DRAWN}", "draws"),
        "span": Source("发行机构2026年公告"),
    },
    "dlt-2026.1": {
        "tiers": Source(f"财综〔2025〕51号；{_DRAWN}", "draws"),
        "floating/0/0": Source("未出现过此奖池区间", "open"),
        "floating/draw_cap/2": Source("发行机构玩法说明", "text"),
    },
    "kl8-2020.1": {"allocation": Source(_OPEN, "open"), "allocation/prize": Source(_OPEN, "open")},
}


def source(
    *, game: str, code: str, place: str, articles: Mapping[str, str] | None = None
) -> Source | None:
    """The source of what stands at `place`, or of what it belongs to; None: nobody named one."""
    if articles is not None:
        text = _nearest(articles, place)
        return Source(text, "file") if text else None
    for known in (_BY_VERSION.get(code, {}), _BY_GAME.get(game, {}), _COMMON):
        if found := _nearest(known, place):
            return found
    return None


def _nearest(known: Mapping[str, _Found], place: str) -> _Found | None:
    while place:
        if place in known:
            return known[place]
        place = place.rpartition("/")[0]
    return None
