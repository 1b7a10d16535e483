# SPDX-License-Identifier: GPL-2.0
"""A picture in the manner of a flame graph, of sums by function: there are no stacks.

From the bottom up: all, domain, place (Xen, kernel, module), function.  A frame is as
wide as it has instructions, and those below it are as wide as all on top of them.
"""
from xml.sax.saxutils import escape

from figures import KINDS, frames, place
from svg import frame, nice

WIDTH, MARGIN = 1000, 10
ROW, TALL, LOW = 18, 190, 44    # a level; that of the functions, with names and without
FONT, CHAR = 10, 6.2            # its characters are about that wide
# Functions of less than this part of all, or of fewer pixels, are drawn together.
SMALL, PIXELS = 0.003, 2
OTHERS = '(others)'
# A tree narrower than this is drawn once more, as wide as there is room.
NARROW = 0.75
ORDER = ('xen', 'vmlinux', 'igb', 'bridge', 'xen_netback', 'xen_nc2_back',
         'xen_nc2_back, provider', 'xen_netfront', 'xen_nc2_front', 'igbvf')
COLOURS = {
    'dom0': {'xen': '#b5423c', 'vmlinux': '#d98880', 'user': '#e0e0e0', '': '#f0c4bf'},
    'guest': {'xen': '#2c5f8a', 'vmlinux': '#6fa3cf', 'user': '#cfcfcf', '': '#bcd6ec'},
}
DARK = ('#b5423c', '#2c5f8a')


def tree(profile, row):
    """{domain: {place: [(function, instructions a frame)]}}

    row: of the same run; it knows what the functions that are not listed come to."""
    n = frames(row)
    found = {domain: {} for domain in COLOURS}
    left = {(d, k): row['insns'][d].get(k, 0) for d in COLOURS for k in KINDS}
    for domain, kind, name, module, insns, _ in profile['functions']:
        if kind in KINDS:
            left[domain, kind] -= insns
            found[domain].setdefault(place(kind, name, module), []).append((name, insns / n))
    for (domain, kind), insns in left.items():
        if insns > 0:
            where = 'modules' if kind == 'module' else place(kind, '', '')
            found[domain].setdefault(where, []).append((OTHERS, insns / n))
    return found


def total(node):
    if isinstance(node, dict):
        return sum(map(total, node.values()))
    return sum(v for _, v in node)


def together(functions, least):
    """The large ones, largest first, and the sum of all others."""
    large = sorted((f for f in functions if f[1] >= least and f[0] != OTHERS),
                   key=lambda f: -f[1])
    others = [f for f in functions if f not in large]
    return large + ([(OTHERS, total(others))] if len(others) > 1 else others)


def position(name):
    """The same order in all pictures, so that they can be compared."""
    return (ORDER.index(name) if name in ORDER else len(ORDER) + (name == 'user'), name)


class Drawing:
    def __init__(self, everything):
        self.everything = everything
        self.body = []

    def box(self, x, y, width, height, colour, path, value):
        share = 100 * value / self.everything
        tip = f'{" / ".join(path)}: {value:,.1f} instructions, {share:.1f} %'
        self.body.append(f'<g><title>{escape(tip)}</title><rect x="{x:.1f}" y="{y}" '
                         f'width="{width:.1f}" height="{height}" fill="{colour}"/>'
                         + self.label(x, y, width, height, path[-1], value, colour) + '</g>')

    @staticmethod
    def label(x, y, width, height, name, value, colour):
        """The name, lying or standing, where it fits; with the number if that does too."""
        white = ' fill="#fff"' if colour in DARK else ''
        for text in (f'{name} {value:,.0f}', name):
            if len(text) * CHAR + 4 <= width:
                return f'<text x="{x + 3:.1f}" y="{y + height - 5}"{white}>{escape(text)}</text>'
        if width < FONT + 1 or height < TALL:
            return ''
        for text in (f'{name} {value:,.0f}', name, f'{name[:int(height / CHAR) - 3]}..'):
            if len(text) * CHAR + 4 <= height:
                break
        at = f'{x + width / 2 + 3.5:.1f} {y + height - 4}'
        return f'<text transform="translate({at}) rotate(-90)"{white}>{escape(text)}</text>'

    def draw(self, found, y, height, scale):
        """All of the tree, its top at y and functions that high; returns its bottom."""
        where_y, domain_y, all_y = (y + height + i * ROW for i in range(3))
        least = max(self.everything * SMALL, PIXELS / scale)
        x = MARGIN
        self.box(x, all_y, self.everything * scale, ROW, '#eee', ('all',), self.everything)
        for domain, places in found.items():
            colours = COLOURS[domain]
            value = total(places)
            if value:
                self.box(x, domain_y, value * scale, ROW, colours['vmlinux'], (domain,), value)
            for name in sorted(places, key=position):
                colour = colours.get(name, colours[''])
                value = total(places[name])
                self.box(x, where_y, value * scale, ROW, colour, (domain, name), value)
                for function, value in together(places[name], least):
                    self.box(x, y, value * scale, height, colour, (domain, name, function), value)
                    x += value * scale
        return all_y + ROW

    def axis(self, y, top, scale):
        for i in range(5):
            x = MARGIN + top * i / 4 * scale
            anchor = ('start', 'middle', 'middle', 'middle', 'end')[i]
            self.body.append(f'<path d="M{x:.1f} {y}v5" stroke="#888"/>'
                             f'<text x="{x:.1f}" y="{y + 16}" text-anchor="{anchor}">'
                             f'{top * i / 4:,.0f}</text>')


def flame(title, found, widest):
    """widest: of all that this one is to be compared with, the total of the largest."""
    everything = total(found)
    room = WIDTH - 2 * MARGIN
    top = nice(widest)
    drawing = Drawing(everything)
    narrow = everything < NARROW * widest
    y = drawing.draw(found, 32, LOW if narrow else TALL, room / top)
    drawing.axis(y + 2, top, room / top)
    y += 24
    if narrow:
        drawing.body.append(f'<text x="{MARGIN}" y="{y + 16}">The same, '
                            f'{top / everything:.1f} times as wide:</text>')
        y = drawing.draw(found, y + 24, TALL, room / everything) + 6
    body = [f'<g font-size="{FONT}" stroke-width="0.5">'
            '<style>rect{stroke:#fff}</style>', *drawing.body, '</g>']
    return frame(y, title, body, WIDTH)
