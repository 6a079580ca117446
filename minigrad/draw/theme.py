"""The colours of pictures and pages: one set for light screens and paper, one for dark screens."""

from __future__ import annotations

from typing import NamedTuple


class Palette(NamedTuple):
    """Colours by what they are for. All text has a contrast of at least 4.5 to 1 on what it is written on."""

    page: str
    ink: str
    faint: str
    wire: str
    gate: str
    cluster: str
    rim: str
    value: str
    gradient: str
    local: str
    alarm: str


LIGHT = Palette(
    page="#fffffe", ink="#1f2328", faint="#59636e", wire="#57606a", gate="#ddf4ff", cluster="#f6f8fa", rim="#d0d7de",
    value="#116329", gradient="#b42318", local="#5a3ea8", alarm="#ffebe9",
)  # fmt: skip
DARK = Palette(
    page="#0d1117", ink="#e6edf3", faint="#9aa4af", wire="#8b949e", gate="#173049", cluster="#161b22", rim="#3d444d",
    value="#7ee787", gradient="#ff9a8f", local="#c8b1ff", alarm="#4a1515",
)  # fmt: skip


# What pages need besides, light and dark. Of the numbers of an array, negative ones are blue and positive ones orange.
PAGES = {"focus": ("#0969da", "#4493f8"), "minus": ("#0969da", "#4493f8"), "plus": ("#bc4c00", "#f0883e")}


def palette(theme: str) -> Palette:
    """The colours that a picture is drawn in; one that follows its page is drawn in the light ones."""
    return DARK if theme == "dark" else LIGHT


def style(theme: str) -> str:
    """The style sheet of a picture that turns dark on a dark screen, and stays light on paper."""
    if theme != "auto":
        return ""
    rules = "".join(
        f'svg.minigrad [{part}="{light}"]{{{part}:{dark}}}'
        for light, dark in zip(LIGHT, DARK, strict=True)
        for part in ("fill", "stroke")
    )
    return f"<style>@media screen and (prefers-color-scheme: dark){{{rules}}}</style>\n"


def variables(root: str = ":root") -> str:
    """The colours as CSS variables named as in `Palette`: dark on a dark screen, light on paper."""
    light, dark = (
        "".join(f"--{name}:{color};" for name, color in [*colors._asdict().items(), *((k, v[i]) for k, v in PAGES.items())])
        for i, colors in enumerate((LIGHT, DARK))
    )
    screen = "@media screen and (prefers-color-scheme: dark)"
    return f"{root}{{color-scheme:light dark;{light}}}\n{screen}{{{root}{{{dark}}}}}\n"
