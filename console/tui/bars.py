"""Bars in text: shares of 1 as blocks, with the interval around them, readable without colour."""

from __future__ import annotations

from collections.abc import Sequence

_EIGHTHS = " ▏▎▍▌▋▊▉"
_RISING = "▁▂▃▄▅▆▇█"


def bar(share: float, width: int) -> str:
    """A share from 0 to 1 as a bar of `width` cells, in eighths of a cell."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width, "·")


def sparkline(values: Sequence[float | None]) -> str:
    """Values as blocks from nothing to the highest, a cell each; a gap where there is none."""
    top = max((value for value in values if value is not None), default=0.0)
    return "".join(_block(value, top) for value in values)


def _block(value: float | None, top: float) -> str:
    if value is None:
        return " "
    if value <= 0 or not top:
        return "▁"
    return _RISING[min(int(value / top * len(_RISING)), len(_RISING) - 1)]


def interval_bar(
    value: float | None, low: float | None, high: float | None, width: int, top: float = 1.0
) -> str:
    """A measured share on a scale from 0 to `top`.

    Solid up to the 95 % interval, shaded across it, the value itself as a stroke; dots where
    nothing was measured.
    """
    if value is None:
        return "·" * width
    cell = max(min(int(value / top * width), width - 1), 0)
    first = min(int((value if low is None else low) / top * width), cell)
    last = max(min(int((value if high is None else high) / top * width), width - 1), cell)
    shape = ["█"] * first + ["▒"] * (last - first + 1) + ["·"] * (width - last - 1)
    shape[cell] = "┃"
    return "".join(shape)
