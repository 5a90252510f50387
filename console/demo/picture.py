"""Draw the picture in the README: the console's overview of a demo, as SVG.

python -m console.demo.picture DEMO docs/overview.svg
"""

from __future__ import annotations

import asyncio
import re
import sys
from datetime import UTC
from pathlib import Path

from console.demo.cast import FOUNDER
from console.demo.place import Place
from console.tui.app import QuaestorApp
from ledger.clock import system_clock

SIZE = (100, 28)
_FETCHED_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


async def draw(place: Place) -> str:
    """Open the overview of a demo as its admin, verify the record, draw the screen.

    The drawing names fonts of the reader's machine and fetches none.
    """
    app = QuaestorApp(
        place.home, place.seats / FOUNDER.actor, FOUNDER.actor, lambda: None, system_clock, zone=UTC
    )
    async with app.run_test(size=SIZE) as pilot:
        while app.picture is None:
            await pilot.pause(0.1)
        await pilot.press("v")
        while app.integrity.found is None:
            await pilot.pause(0.1)
        await pilot.pause(0.5)
        return _FETCHED_FONTS.sub("", app.export_screenshot(title="quaestor"))


if __name__ == "__main__":
    told = Path(sys.argv[1])
    picture = asyncio.run(draw(Place(told, told.resolve())))
    Path(sys.argv[2]).write_text(picture)
