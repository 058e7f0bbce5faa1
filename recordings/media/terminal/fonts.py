"""The fonts that terminals are drawn with: JetBrains Mono, which we bring, and what the machine has besides."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

OURS = Path(__file__).resolve().parents[3] / "static" / "vendor" / "jetbrains-mono"
STYLES = {
    (False, False): "JetBrainsMonoNL-Regular.woff2",
    (True, False): "JetBrainsMonoNL-Bold.woff2",
    (False, True): "JetBrainsMonoNL-Italic.woff2",
    (True, True): "JetBrainsMonoNL-BoldItalic.woff2",
}
FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts", "/Library/Fonts")
# For symbols, then for Chinese, Japanese and Korean; of each line the first that is there.
OTHERS = (
    ("DejaVuSansMono.ttf", "NotoSansMono-Regular.ttf", "LiberationMono-Regular.ttf", "Menlo.ttc"),
    ("NotoSansSymbols2-Regular.ttf", "DejaVuSans.ttf", "Symbola.ttf", "Apple Symbols.ttf"),
    (
        *("NotoSansMonoCJK-Regular.ttc", "NotoSansCJK-Regular.ttc", "NotoSansCJK-VF.otf.ttc"),
        *("SourceHanSans-Regular.ttc", "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf"),
        *("Hiragino Sans GB.ttc", "PingFang.ttc", "ipag.ttf"),
    ),
    ("NanumGothic.ttf", "AppleSDGothicNeo.ttc"),
    ("NotoEmoji-Regular.ttf",),
)
NOWHERE = "\U0010fffe"  # a character that no font has


class Fonts:
    """Fonts of one size in pixels, loaded once and for all: later no file could be opened."""

    def __init__(self, size: int) -> None:
        from PIL.ImageFont import truetype

        self._styles = {style: truetype(str(OURS / name), size) for style, name in STYLES.items()}
        regular = self._styles[False, False]
        self.ascent, descent = regular.getmetrics()
        self.width = round(regular.getlength("M"))
        self.height = self.ascent + descent
        self._others = [truetype(str(path), size) for path in _others()]
        self._missing = {id(font): _drawn(font, NOWHERE) for font in [*self._styles.values(), *self._others]}

    def font_for(self, character: str, *, bold: bool, italic: bool) -> "FreeTypeFont | None":
        """The font to draw a character with; None if there is none."""
        for font in (self._styles[bold, italic], *self._others):
            if _drawn(font, character) != self._missing[id(font)]:
                return font
        return None


def _drawn(font: "FreeTypeFont", character: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)


def _others() -> Iterator[Path]:
    there = {name: Path(folder) / name for root in FOLDERS for folder, _, names in os.walk(root) for name in names}
    for names in OTHERS:
        found = next((there[name] for name in names if name in there), None)
        if found:
            yield found
