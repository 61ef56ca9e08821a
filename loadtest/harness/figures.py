"""Medians with their interquartile interval, ratios paired by round, tables, the figure line."""

import statistics


def spread(values):
    """(median, lower quartile, upper quartile)."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return middle, lower, upper


def median(values):
    return statistics.median(values)


def interval(values, digits=1):
    middle, lower, upper = spread(values)
    return f"{middle:.{digits}f} [{lower:.{digits}f}-{upper:.{digits}f}]"


def paired(mine, theirs):
    """The ratio of each round, so that a busy moment of the machine hits both sides of it."""
    return [a / b for a, b in zip(mine, theirs) if b > 0]


def column(results, key):
    return [result[key] for result in results]


def table(head, rows):
    texts = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[index]) for row in texts) for index in range(len(head))]
    for number, row in enumerate(texts):
        print("  ".join(cell.ljust(width) if index == 0 else cell.rjust(width)
                        for index, (cell, width) in enumerate(zip(row, widths))))
        if number == 0:
            print("  ".join("-" * width for width in widths))
    print(flush=True)


def figure(**values):
    parts = [f"{name}={value:.3f}" if isinstance(value, float) else f"{name}={value}"
             for name, value in values.items()]
    print("figure: " + " ".join(parts), flush=True)
