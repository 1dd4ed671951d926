"""test_bucket_states: what the C++ test is held to is still what real Go's bucket map does."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from claimslab.measure import toolchains

FOLDER = Path(__file__).resolve().parent


def recorder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recorder", FOLDER / "record_bucket_states.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("version", ["1.17", "1.23"])
def test_real_go_does_as_recorded(version: str, tmp_path: Path) -> None:
    toolchain = toolchains.obtain(version, toolchains.find_installed(FOLDER), tmp_path)
    if toolchain.not_run:
        pytest.skip(f"not run: {toolchain.not_run}")
    told = recorder().ask(toolchain)
    recorded = json.loads((FOLDER / "recorded_bucket_states.json").read_text())
    assert told["scripts"].keys() == recorded["scripts"].keys()
    assert {"scripts": told["scripts"], "hints": told["hints"]} == {
        "scripts": recorded["scripts"],
        "hints": recorded["hints"],
    }
