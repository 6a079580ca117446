"""The colours of pictures and pages: one palette for light screens and paper, one for dark screens."""

from __future__ import annotations

from typing import NamedTuple


class Palette(NamedTuple):
    """Colours by purpose. All text has a contrast of at least 4.5 : 1 with its background."""

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


_COLORS = {  # light, dark
    "page": ("#fffffe", "#0d1117"),
    "ink": ("#1f2328", "#e6edf3"),
    "faint": ("#59636e", "#9aa4af"),
    "wire": ("#57606a", "#8b949e"),
    "gate": ("#ddf4ff", "#173049"),
    "cluster": ("#f6f8fa", "#161b22"),
    "rim": ("#d0d7de", "#3d444d"),
    "value": ("#116329", "#7ee787"),
    "gradient": ("#b42318", "#ff9a8f"),
    "local": ("#5a3ea8", "#c8b1ff"),
    "alarm": ("#ffebe9", "#4a1515"),
}
LIGHT, DARK = (Palette(**{name: pair[k] for name, pair in _COLORS.items()}) for k in (0, 1))

# Colours that only pages need, light and dark: in arrays, negative elements are blue and positive ones orange.
PAGES = {"focus": ("#0969da", "#4493f8"), "minus": ("#0969da", "#4493f8"), "plus": ("#bc4c00", "#f0883e")}


def palette(theme: str) -> Palette:
    """The colours in which a picture is drawn; light for 'auto'."""
    return DARK if theme == "dark" else LIGHT


def style(theme: str, root: str) -> str:
    """The rules of an 'auto' picture within a root element: dark on a dark screen, light on paper."""
    if theme != "auto":
        return ""
    rules = "".join(
        f'{root} [{part}="{light}"]{{{part}:{dark}}}'
        for light, dark in dict.fromkeys((*_COLORS.values(), *PAGES.values()))
        for part in ("fill", "stroke")
    )
    return f"@media screen and (prefers-color-scheme: dark){{{rules}}}\n"


def variables(theme: str) -> str:
    """The colours of a page as CSS variables, named as in `Palette`; those of 'auto' are dark on a dark screen."""
    light, dark = ("".join(f"--{name}:{pair[k]};" for name, pair in (_COLORS | PAGES).items()) for k in (0, 1))
    if theme != "auto":
        return f":root{{color-scheme:{theme};{dark if theme == 'dark' else light}}}\n"
    screen = "@media screen and (prefers-color-scheme: dark)"
    return f":root{{color-scheme:light dark;{light}}}\n{screen}{{:root{{{dark}}}}}\n"
