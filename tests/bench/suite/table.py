"""Tables for people."""


def number(value):
    """Three significant digits; whole numbers from a hundred on; '-' where there is none."""
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(value):
    return "-" if value is None else f"{value:.2f}x"


def render(header, rows):
    """Columns side by side: the first to the left, numbers to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    to_the_left = [all(not is_number(row[i]) for row in rows) for i in range(len(header))]
    return "\n".join(line(row, widths, to_the_left) for row in [header, *rows])


def line(row, widths, to_the_left):
    cells = (cell.ljust(width) if left else cell.rjust(width)
             for cell, width, left in zip(row, widths, to_the_left))
    return "  ".join(cells).rstrip()


def is_number(cell):
    return cell[:1].isdigit() and cell[-1:] in "0123456789x%"
