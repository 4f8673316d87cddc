"""How large should pnet's tiles be?

Prints, for each side of a tile, the pixels computed for each pixel of the pyramid: padding, overlap and
cells that straddle. pnet's cost for a pixel is the same for all these sides, so less is faster. Large
tiles waste most on small pictures, small ones lose by overlap.

    python -m benchmarks.speed.tile_size
"""

import sys
from statistics import mean

from rich.console import Console
from rich.table import Table

from benchmarks.common.machine import conditions
from exporters.signatures import PNET_FIELD_PX, PNET_STRIDE_PX, TILE_PX
from orchestrator.pipeline import tiles
from orchestrator.pipeline.pyramid import plan_levels

_SIDES = (112, 128, 144, 160, 192, 224, 256, 384)
_PICTURES = ((250, 250), (320, 240), (400, 300), (640, 360), (640, 480), (800, 600), (1280, 720), (1920, 1080))


def main() -> int:
    """Prints the table."""
    table = Table("tile", *(f"{width}x{height}" for width, height in _PICTURES), "mean")
    for side_px in _SIDES:
        shares = [_computed_share(side_px, *picture) for picture in _PICTURES]
        mark = " *" if side_px == TILE_PX else ""
        table.add_row(f"{side_px}{mark}", *(f"{share:.2f}" for share in shares), f"{mean(shares):.2f}")
    console = Console()
    console.print(table)
    console.print(f"* the contract's; smallest face 20 px, factor 0.709; {conditions('numpy')}")
    return 0


def _computed_share(side_px: int, width_px: int, height_px: int) -> float:
    # The contract fixes the side, so that no code has to pass it on; only this question varies it.
    tiles.TILE_PX = side_px  # type: ignore[attr-defined]
    tiles.MAP_CELLS = (side_px - PNET_FIELD_PX) // PNET_STRIDE_PX + 1  # type: ignore[attr-defined]
    tiles.plan_tiles.cache_clear()
    levels = plan_levels(width_px, height_px, min_face_px=20, factor=0.709)
    needed = sum(level.width_px * level.height_px for level in levels)
    return tiles.plan_tiles(levels).tiles * side_px**2 / needed


if __name__ == "__main__":
    sys.exit(main())
