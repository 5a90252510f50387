"""An application whose model Quaestor guards, as its own engineers would write it.

It asks through the OpenFeature SDK and the stock flagd provider, imports nothing of Quaestor,
and writes one JSON line whenever the answer changes: `{"t": RFC 3339, "serve": bool, "mode": str}`.

    python -m console.demo.guarded_application SWITCHBOARD MODEL SECONDS
"""

from __future__ import annotations

import json
import logging
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.exception import ProviderNotReadyError

REREAD_MS = 50
ASK_EVERY = 0.01


def watch(switchboard: str, model: str, seconds: float) -> None:
    """Ask for `seconds`; write a line to stdout at first and at every change of answer."""
    provider = FlagdProvider(
        resolver_type=ResolverType.FILE,
        offline_flag_source_path=switchboard,
        deadline_ms=REREAD_MS,
    )
    with suppress(ProviderNotReadyError):  # no file yet: the answer is no until there is one
        api.set_provider_and_wait(provider)
    switches = api.get_client()
    last = None
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        serve = switches.get_boolean_value(f"{model}.serve", default_value=False)
        mode = switches.get_string_value(f"{model}.mode", "off")
        if (serve, mode) != last:
            last = (serve, mode)
            line = {"t": datetime.now(UTC).isoformat(), "serve": serve, "mode": mode}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
        time.sleep(ASK_EVERY)
    api.shutdown()


if __name__ == "__main__":
    logging.getLogger("openfeature").setLevel(logging.CRITICAL)  # it logs each missed reread
    watch(sys.argv[1], sys.argv[2], float(sys.argv[3]))
