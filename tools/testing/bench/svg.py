# SPDX-License-Identifier: GPL-2.0
"""Two kinds of picture, as plain SVG: stacked bars, and a dot for each run."""
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, BAR, GAP = 760, 110, 90, 26, 12
FONT = 'font-family="sans-serif" font-size="12"'


def nice(top):
    """A round number of at least top, for the end of an axis."""
    step = 1
    while True:
        for factor in (1, 2, 2.5, 5):
            if step * factor >= top:
                return step * factor
        step *= 10


def frame(height, title, body, width=WIDTH):
    return '\n'.join((
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" {FONT}>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="10" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
        *body, '</svg>', ''))


def axis(top, y0, y1, unit):
    out = []
    scale = (WIDTH - LEFT - RIGHT) / top
    for i in range(5):
        x = LEFT + top * i / 4 * scale
        out.append(f'<line x1="{x:.1f}" y1="{y0}" x2="{x:.1f}" y2="{y1}" stroke="#ddd"/>')
        label = f'{top * i / 4:g}' + (f' {unit}' if i == 4 else '')
        out.append(f'<text x="{x:.1f}" y="{y1 + 15}" text-anchor="middle">{escape(label)}</text>')
    return out, scale


def bars(title, parts, rows, unit):
    """parts: [(name, colour)]; rows: [(label, [value for each part])]."""
    top = nice(max(sum(values) for _, values in rows))
    first = 60
    last = first + len(rows) * (BAR + GAP)
    body, scale = axis(top, first - 6, last, unit)
    x = 10
    for name, colour in parts:
        body.append(f'<rect x="{x}" y="32" width="12" height="12" fill="{colour}"/>')
        body.append(f'<text x="{x + 16}" y="43">{escape(name)}</text>')
        x += 28 + 7 * len(name)
    for i, (label, values) in enumerate(rows):
        y, x = first + i * (BAR + GAP), LEFT
        body.append(f'<text x="{LEFT - 8}" y="{y + 18}" text-anchor="end">{escape(label)}</text>')
        for (_, colour), value in zip(parts, values):
            width = value * scale
            body.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" '
                        f'fill="{colour}"/>')
            x += width
        body.append(f'<text x="{x + 6:.1f}" y="{y + 18}">{sum(values):,.0f}</text>')
    return frame(last + 30, title, body)


def dots(title, rows, unit):
    """rows: [(label, [value of each run])]."""
    top = nice(max(max(values) for _, values in rows if values))
    first = 40
    last = first + len(rows) * (BAR + GAP)
    body, scale = axis(top, first - 6, last, unit)
    for i, (label, values) in enumerate(rows):
        y = first + i * (BAR + GAP) + BAR / 2
        body.append(f'<text x="{LEFT - 8}" y="{y + 5}" text-anchor="end">{escape(label)}</text>')
        for value in values:
            body.append(f'<circle cx="{LEFT + value * scale:.1f}" cy="{y}" r="5" fill="#3b6ea5" '
                        'fill-opacity="0.6"/>')
    return frame(last + 30, title, body)
