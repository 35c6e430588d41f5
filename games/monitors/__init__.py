"""Monitors: detectors that look at every draw for what known bugs and frauds leave behind (N25).

Doors: `read` lets the detectors of a stage look at a draw, `latest` tells what they read,
`register` makes a detector known; the clock calls `ask_due`. What is looked at is counted exactly
against fair draws. Nothing here draws a number, changes a result or holds anything up.
"""

from .readings import (
    Case,
    Detector,
    Finding,
    Latest,
    Outcome,
    Stage,
    ask_due,
    detectors,
    last_read,
    latest,
    read,
    register,
)

__all__ = [
    "Case",
    "Detector",
    "Finding",
    "Latest",
    "Outcome",
    "Stage",
    "ask_due",
    "detectors",
    "last_read",
    "latest",
    "read",
    "register",
]
