"""Markdown tables as test cases: one row is one case, its first column is its name."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "bad_input"


def cells(line: str) -> list[str]:
    """A row's cells; `\\|` is a bar inside a cell, and code marks are left out."""
    inner = line.strip().removeprefix("|").removesuffix("|").replace("\\|", "\0")
    return [cell.strip().strip("`").replace("\0", "|") for cell in inner.split("|")]


def read(name: str) -> list[dict[str, str]]:
    """The rows of the only table in `bad_input/{name}.md`, by column."""
    lines = [line for line in (FOLDER / f"{name}.md").read_text().splitlines() if line.startswith("|")]
    columns = cells(lines[0])
    rows = [dict(zip(columns, cells(line), strict=True)) for line in lines[2:]]
    assert rows, f"{name}.md has no rows"
    return rows


def name_of(row: dict[str, str]) -> str:
    return next(iter(row.values()))
