"""A source such as an HR system might write."""

import random
from pathlib import Path

KEY = "employeeID"
COLUMNS = (KEY, "firstName", "lastName", "email", "department", "location", "salary", "dob", "managerID")


def write_people(path: Path, rows: int) -> None:
    """A table of nine columns; one row in twenty has a quoted cell."""
    dice = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        for number in range(rows):
            first, last = f"First{dice.randrange(500)}", f"Læst{dice.randrange(2000)}"
            department = '"Ops, North"' if dice.random() < 0.05 else "Engineering"
            born = f"19{dice.randrange(50, 99)}-0{dice.randrange(1, 9)}-1{dice.randrange(9)}"
            file.write(
                f"{1_000_000 + number},{first},{last},{first}.{last}@example.com,{department},London,"
                f"{dice.randrange(20_000, 150_000)},{born},{1_000_000 + dice.randrange(rows)}\n"
            )


def shuffle_rows(source: Path, target: Path) -> None:
    """The same table, its rows in no order."""
    header, *lines = source.read_bytes().splitlines(keepends=True)
    random.Random(7).shuffle(lines)
    target.write_bytes(header + b"".join(lines))
