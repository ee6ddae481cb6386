"""Draws the tables of `scripts/bench peers` as bars: plots.py PAGE FOLDER writes one SVG for each table of answers a second.

Reads the tables between the markers in PAGE, so a plot can't differ from its table.
"""

import pathlib
import re
import sys
from html import escape

WIDTH, LABELS, VALUES, ROW, TOP = 860, 330, 90, 28, 44


def tables(page):
    """Title and rows (name, median, is it ours) of each table of answers a second."""
    _, _, rest = page.partition("<!-- peers: begin -->")
    block, _, _ = rest.partition("<!-- peers: end -->")
    for table in re.split(r"\n\s*\n", block):
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines() if line.startswith("|")]
        if len(lines) < 3 or lines[0][1] != "answers/s":
            continue
        rows = []
        for name, answers, *_ in lines[2:]:
            plain = name.replace("**", "").partition(", ")[0] if "Argon2id" in name else name.replace("**", "")
            rows.append((plain, float(answers.split()[0]), name.startswith("**")))
        yield lines[0][0], rows


def svg(title, rows):
    """Bars on one linear scale, the longest across the room there is."""
    most = max(value for _, value, _ in rows)
    height = TOP + ROW * len(rows) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" font-family="sans-serif" font-size="13">',
        f"<title>{escape(title)}, answers a second</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="26" font-size="15" font-weight="bold">{escape(title)}, answers a second</text>',
    ]
    for number, (name, value, is_ours) in enumerate(rows):
        y = TOP + ROW * number
        length = max(1.0, value / most * (WIDTH - LABELS - VALUES))
        colour = "#1f6f5c" if is_ours else "#b9c0c7"
        parts += [
            f'<text x="{LABELS - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LABELS}" y="{y + 3}" width="{length:.1f}" height="18" fill="{colour}"/>',
            f'<text x="{LABELS + length + 6:.1f}" y="{y + 16}">{value:,.0f}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def main():
    page, folder = map(pathlib.Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for title, rows in tables(page.read_text()):
        name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        (folder / f"{name}.svg").write_text(svg(title, rows))
        print(f"wrote {folder / name}.svg")


main()
