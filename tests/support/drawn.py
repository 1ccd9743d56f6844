"""What is wrong with the layout of a drawn figure: texts outside the canvas, on one another, or too small."""

from itertools import combinations
from unittest.mock import patch

from matplotlib.text import Text

from figures.style import SMALLEST, in_full

SLACK = 1.5  # points by which boxes of letters may touch: they have some air


def faults(figure):
    """One line per fault; none for a figure that can be printed."""
    points = figure.dpi / 72
    texts = [(text, box(text)) for text in shown(figure)]
    canvas = figure.bbox
    wrong = []
    for text, extent in texts:
        outside = max(canvas.x0 - extent.x0, extent.x1 - canvas.x1, canvas.y0 - extent.y0, extent.y1 - canvas.y1)
        if outside > 0.5 * points:
            wrong.append(f"outside the canvas by {outside / points:.1f} pt: {text.get_text()!r}")
        if text.get_fontsize() < SMALLEST:
            wrong.append(f"{text.get_fontsize():g} pt is too small: {text.get_text()!r}")
    for (one, a), (other, b) in combinations(texts, 2):
        across, along = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if min(across, along) > SLACK * points:
            wrong.append(f"on one another: {one.get_text()!r} and {other.get_text()!r}")
    return wrong


def shown(figure):
    """Every text that is drawn, as Matplotlib draws it: ticks out of view are not."""
    found, draw = [], Text.draw

    def noted(text, renderer):
        if text.get_visible() and text.get_text().strip():
            found.append(text)
        draw(text, renderer)

    with patch.object(Text, "draw", noted):
        in_full(figure)
    return found


def box(text):
    """Of the letters alone, in pixels: not of an annotation's arrow."""
    return Text.get_window_extent(text)
