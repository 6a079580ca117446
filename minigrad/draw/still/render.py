"""DOT laid out and drawn by Graphviz, where its program `dot` is installed."""

from __future__ import annotations

TIMEOUT = 60.0  # seconds for one layout
SUFFIXES = ("svg", "png", "pdf")
SETTINGS = {  # attributes of Graphviz; a picture larger than `size`, in inches, is scaled down
    "svg": ("dpi=72",),
    "png": ("dpi=192", "size=60,60"),
    "pdf": ("dpi=72", "size=200,200"),
}

INSTALL = (
    "draw: engine='dot' needs Graphviz: install it from https://graphviz.org/download so that `dot` is on the PATH, or "
    "leave the engine out: then minigrad lays out the picture itself"
)


def render(dot: str, suffix: str) -> bytes:
    """Lay out a graph and draw it.

    Parameters
    ----------
    dot : str
        DOT source.
    suffix : {'svg', 'png', 'pdf'}
        The format of the picture; SVG starts with ``<svg``.

    Returns
    -------
    bytes

    Raises
    ------
    RuntimeError
        If Graphviz is missing or fails.
    TimeoutError
        If the layout takes too long.
    """
    import shutil
    import subprocess

    program = shutil.which("dot")
    if program is None:
        raise RuntimeError(INSTALL)
    command = [program, f"-T{suffix}", *(f"-G{setting}" for setting in SETTINGS[suffix])]
    try:
        done = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=TIMEOUT, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise TimeoutError(
            f"draw: `dot` took more than {TIMEOUT:g} s to lay out the graph; leave engine='dot' out, or collapse the graph "
            "with max_nodes"
        ) from None
    except OSError as error:
        raise RuntimeError(f"draw: `dot` does not start: {error}. {INSTALL}") from None
    if done.returncode or not done.stdout:
        message = done.stderr.decode(errors="replace").strip().splitlines()
        raise RuntimeError(f"draw: `dot` failed: {message[-1] if message else f'exit code {done.returncode}'}. {INSTALL}")
    return done.stdout[done.stdout.index(b"<svg") :] if suffix == "svg" else done.stdout
