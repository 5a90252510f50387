"""The real OpenFeature SDK with its stock flagd provider, in another process."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from console.demo.observer import Observer
from ledger.switchboard import NAME, Board, Mode, publish, render

MODEL = "credit-scorer"


def switch(home: Path, mode: Mode) -> None:
    """Publish a board on which the model has this mode."""
    now = datetime.now(UTC)
    assert publish(home, render(Board({MODEL: mode, "other": Mode.ON}, "5f1d", now, 1))).published


def test_a_client_sees_every_move_of_the_switch(tmp_path: Path) -> None:
    """If this fails, a kill, a choice of alternative or a resume does not reach applications."""
    switch(tmp_path, Mode.ON)
    with Observer(tmp_path / NAME, MODEL) as client:
        assert client.wait_for("on").serve
        for mode in (Mode.OFF, Mode.ON, Mode.FALLBACK, Mode.ROLLBACK):
            switch(tmp_path, mode)
            assert client.wait_for(mode, within=60).serve == (mode is Mode.ON)


def test_a_client_sees_a_kill_after_the_clock_went_back(tmp_path: Path) -> None:
    """If this fails, correcting a clock that ran ahead keeps a stopped model serving."""
    switch(tmp_path, Mode.ON)
    ahead = datetime.now(UTC).timestamp() + 86_400
    os.utime(tmp_path / NAME, (ahead, ahead))
    with Observer(tmp_path / NAME, MODEL) as client:
        client.wait_for("on")
        switch(tmp_path, Mode.OFF)
        assert not client.wait_for("off", within=60).serve


def test_an_unknown_model_may_not_serve(tmp_path: Path) -> None:
    """If this fails, a model that nobody registered is taken to be allowed."""
    switch(tmp_path, Mode.ON)
    with Observer(tmp_path / NAME, "unheard-of") as client:
        assert not client.wait_for("off").serve


def test_without_a_file_the_answer_is_no_until_there_is_one(tmp_path: Path) -> None:
    """If this fails, an application serves before anyone said it may, or never learns it may."""
    with Observer(tmp_path / NAME, MODEL) as client:
        assert not client.wait_for("off").serve
        switch(tmp_path, Mode.ON)
        assert client.wait_for("on", within=60).serve
