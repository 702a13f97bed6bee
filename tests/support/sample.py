"""Writes the sample data in configs/data, the same at every run.

python -m tests.support.sample
"""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

from tests.support.sample_company import TODAY, Person, Position, found
from tests.support.sample_words import DEPARTMENTS, LOCATIONS

FOLDER = Path(__file__).parents[2] / "configs" / "data"
SEED = 20261123
DEPUTIES = 240
_PEOPLE_HEADER = (
    "Employee ID",
    "First name",
    "Last name",
    "Email",
    "Job title",
    "Department",
    "Location",
    "Cost centre",
    "Grade",
    "Salary",
    "Contract",
    "Date of birth",
    "Start date",
    "Manager ID",
)


def generate() -> dict[str, bytes]:
    """The content of each file by name; that of a `.gz` before compression."""
    rng = Random(SEED)
    people, positions = found(rng)
    return {
        "people.csv": _people_csv(people),
        "positions.csv": _positions_csv(positions),
        "people-to-positions.ndjson.gz": _links(people, positions),
        "cost-centres.json": _cost_centres(people, rng),
        "locations.csv.gz": _locations(),
        "deputies.csv": _deputies(people, positions, rng),
    }


def packed(name: str, content: bytes) -> bytes:
    """The file's bytes; without a time in the header, so that they depend on the content alone."""
    return gzip.compress(content, compresslevel=9, mtime=0) if name.endswith(".gz") else content


def _people_csv(people: Sequence[Person]) -> bytes:
    rows = (
        (
            person.employee_id,
            person.first_name,
            person.last_name,
            person.email,
            person.title,
            person.department.name,
            person.location,
            person.cost_centre,
            person.grade,
            "" if person.contractor else person.salary,
            "Contractor" if person.contractor else "Permanent",
            f"{person.born:%d/%m/%Y}",
            f"{person.started:%d/%m/%Y}",
            "" if person.manager is None else people[person.manager].employee_id,
        )
        for person in sorted(people, key=lambda person: person.employee_id)
    )
    return _csv(_PEOPLE_HEADER, rows).encode()


def _positions_csv(positions: Sequence[Position]) -> bytes:
    """As an old HR system writes it: semicolons, Windows' Western European code page, a euro sign in the header."""
    header = ("Position", "Title", "Department", "Location", "Cost centre", "Grade", "FTE", "Budget (€)", "Reports to")
    rows = (
        (
            position.position_id,
            position.like.title,
            f"{position.like.department.name} \N{EN DASH} {position.like.location}",
            position.like.location,
            position.like.cost_centre,
            position.like.grade,
            "1.0" if (position.like.serial + 1) % 9 else "0.8",
            1000 * round(position.like.salary * 1.18 / 1000),
            position.reports_to,
        )
        for position in positions
    )
    return _csv(header, rows, delimiter=";", end="\r\n").encode("cp1252")


def _links(people: Sequence[Person], positions: Sequence[Position]) -> bytes:
    started = {person.employee_id: person.started for person in people}
    lines = (
        json.dumps(
            {
                "from_id": holder,
                "to_id": position.position_id,
                "share": 1.0 if len(position.holders) == 1 else 0.5,
                "since": started[holder].isoformat(),
            }
        )
        for position in positions
        for holder in position.holders
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _cost_centres(people: Sequence[Person], rng: Random) -> bytes:
    heads = {person.department.name: person.employee_id for person in reversed(people) if person.level == 1}
    centres = [
        {
            "costCentre": code,
            "name": f"{department.name} {number}",
            "department": department.name,
            "owner": heads[department.name],
            "budget": 5000 * round(60 + 900 * rng.random()),
            "active": rng.random() < 0.95,
        }
        for department in DEPARTMENTS
        for number, code in enumerate(department.cost_centres, start=1)
    ]
    return (json.dumps(centres, ensure_ascii=False, indent=2) + "\n").encode()


def _locations() -> bytes:
    rows = (
        (place.code, place.name, place.country, place.timezone, place.latitude, place.longitude, place.opened)
        for place in LOCATIONS
    )
    return _csv(("code", "name", "country", "timezone", "latitude", "longitude", "opened"), rows).encode()


def _deputies(people: Sequence[Person], positions: Sequence[Position], rng: Random) -> bytes:
    """Who stands in for whom. A list kept by hand: some of its deputies have left the company since."""
    known = {person.employee_id for person in people}
    leavers = [number for number in (f"{number:06}" for number in range(100, 8000)) if number not in known]
    managed = [position for position in positions if position.like.grade >= 5 and position.holders]
    rows = []
    for number, position in enumerate(managed[:DEPUTIES]):
        colleague = people[int(len(people) * rng.random())].employee_id
        rows.append(
            (
                leavers[int(len(leavers) * rng.random())] if number % 50 == 21 else colleague,
                position.position_id,
                f"{TODAY - timedelta(days=int(900 * rng.random())):%d/%m/%Y}",
            )
        )
    return _csv(("Deputy", "Position", "Since"), rows).encode()


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]], *, delimiter: str = ",", end: str = "\n") -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def main() -> None:
    for name, content in generate().items():
        (FOLDER / name).write_bytes(packed(name, content))


if __name__ == "__main__":
    main()
