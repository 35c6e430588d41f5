"""What everybody may check us by: the page, and the same for programs."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client

from audit import keys, log, notes, sequencing, tree
from games import draws
from games.models import Draw, SealStatement
from lottery_portal.lib.db import database_time
from prizes import kits
from tests import make, people
from tests.journeys import stage

pytestmark = pytest.mark.django_db(transaction=True)

NUMBERS = [[3, 8, 11, 27, 30, 33], [7]]
API = "/api/v1/transparency/"


@pytest.fixture(autouse=True)
def _own_place(settings, tmp_path):
    settings.STATE_DIR = tmp_path


def written() -> None:
    """Everything in the log so far under a cosigned checkpoint."""
    sequencing.run_all()
    sequencing.cosign_latest(now=database_time())


def cosigned() -> Any:
    """The newest checkpoint that the witness has cosigned."""
    return log.latest_cosigned()


def past_and_sealed() -> tuple[Draw, Draw]:
    """A draw that is over, and the next, which is sealed; all of it cosigned."""
    crew = stage.staff("draw_official", "approver")
    past = stage.draw()
    make.ticket(make.player(wallet=10_00), past)
    stage.settled(stage.sealed(past, crew), crew, NUMBERS)
    sealed = stage.sealed(stage.draw(), crew)
    written()
    return past, sealed


def visitor() -> Client:
    """Somebody who is not logged in, reading English."""
    client = Client()
    client.cookies["language"] = "en"
    return client


def text_of(client: Client, page: str = "/transparency/") -> str:
    """A page in one line."""
    response = client.get(page)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_before_anything_is_sealed_the_page_says_what_will_come():
    """N01: keys are there from the beginning; roots, checkpoints and kits are not made up."""
    text = text_of(visitor())

    assert "No draw has been sealed yet." in text
    assert "The log is empty." in text
    assert "No kit yet." in text
    for key in keys.published():
        assert key["key_id"] in text
        assert key["public_key"] in text
    said = visitor().get(API).json()
    assert (said["seals"], said["checkpoint"]) == ([], None)
    assert len(said["keys"]) == len(keys.published())


def test_roots_checkpoint_and_kit_are_there_for_everybody(begin):
    """N01: the newest seal in full, the signed note to the byte, the kit to fetch."""
    past, sealed = begin(past_and_sealed)
    kit = kits.make(draw=draws.find(past.code), now=database_time())
    written()

    text = text_of(visitor())
    root = SealStatement.objects.get(draw=sealed).root
    assert root[:8] in text
    assert root[8:16] in text
    assert f"/draws/{past.code}/seal/" in text
    assert kit.file_name in text
    fetched: Any = visitor().get(f"/results/ssq/{past.issue}/kit.zip")
    assert b"".join(fetched.streaming_content) == kits.file_of(kit).read_bytes()
    said = visitor().get(API).json()
    assert [one["draw"] for one in said["seals"]] == [sealed.code]
    assert said["seals"][0]["root"] == root
    note = said["checkpoint"]["note"]
    public = dict(keys.public_of(keys.Role.LOG))
    assert any(notes.is_signed_by_log(note, public=one) for one in public.values())
    witness = next(key for key in said["keys"] if key["role"] == "INDEPENDENT")
    assert notes.cosigned_at(
        note,
        public=base64.b64decode(witness["public_key"]),
        name=f"witness/{witness['key_id']}",
    )
    assert said["checkpoint"]["size"] == cosigned().size


@pytest.mark.thorough
def test_the_chain_of_seals_can_be_walked_by_programs(begin):
    """N01: each names the root before it; older ones are asked for by their issue."""
    first, second = begin(past_and_sealed)

    newer, older = visitor().get(f"{API}seals/?game=ssq").json()
    assert (newer["draw"], older["draw"]) == (second.code, first.code)
    assert newer["previous_root"] == older["root"]
    only = visitor().get(f"{API}seals/?game=ssq&before={second.issue}").json()
    assert [one["draw"] for one in only] == [first.code]
    assert visitor().get(f"{API}seals/?before=x").status_code == 400


def test_who_kept_an_old_checkpoint_can_prove_that_nothing_changed_since():
    """N01, F210: the path leads from the old root to the new one; another root does not fit."""
    written()
    old = cosigned()
    people.member("support")
    written()
    new = cosigned()
    assert new.size > old.size

    said = visitor().get(f"{API}consistency/?old={old.size}").json()
    path = [bytes.fromhex(one) for one in said["path"]]
    assert (said["old"], said["new"]) == (old.size, new.size)

    def fits(root: str) -> bool:
        return tree.check_consistency(
            old=old.size,
            new=new.size,
            old_root=bytes.fromhex(root),
            new_root=bytes.fromhex(new.root),
            path=path,
        )

    assert fits(old.root)
    assert not fits("0" * 64)
    assert visitor().get(f"{API}consistency/?old={new.size + 1}").status_code == 404
    assert visitor().get(f"{API}consistency/?old=0").status_code == 400
    assert visitor().get(f"{API}consistency/").status_code == 400


def test_home_and_every_footer_lead_there():
    """N01: nobody has to look for it."""
    assert text_of(visitor(), "/").count("/transparency/") == 2
    assert "/transparency/" in text_of(visitor(), "/help/verify/")
    assert json.loads(visitor().get(f"{API}keys/").content)
