"""An invented company: its people, who reports to whom, and their positions.

Every draw is a `Random.random()`, the only method whose sequence Python promises to keep. Nobody in it exists.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import TypeVar

from tests.support.sample_words import DEPARTMENTS, FIRST_NAMES, GRADES, LAST_NAMES, LOCATIONS, Department

PEOPLE = 3000
CONTRACTORS = 520
VACANCIES = 60
JOB_SHARES = 40
TODAY = date(2026, 11, 20)

T = TypeVar("T")
_UNDECOMPOSED = {ord("ł"): "l", ord("ø"): "o", ord("ß"): "ss"}


@dataclass(frozen=True)
class Person:
    """`serial` is the place in the hierarchy; a manager always has a smaller one, so nobody manages himself."""

    serial: int
    manager: int | None
    department: Department
    location: str
    cost_centre: str
    level: int
    grade: int
    title: str
    first_name: str
    last_name: str
    salary: int
    born: date
    started: date
    employee_id: str = ""
    email: str = ""
    contractor: bool = False


@dataclass(frozen=True)
class Position:
    position_id: str
    like: Person
    reports_to: str
    holders: tuple[str, ...]


def found(rng: Random) -> tuple[list[Person], list[Position]]:
    """The people by serial, and the positions by number."""
    people = _contracted(_numbered(_company(rng)), rng)
    return people, _positions(people, rng)


def pick(rng: Random, options: Sequence[T], skew: float = 1.0) -> T:
    """One of the options; a `skew` above 1 favours the first ones."""
    return options[int(len(options) * rng.random() ** skew)]


def _company(rng: Random) -> list[Person]:
    """The chief executive and, department by department, everyone below, each after his manager."""
    people = [_person(rng, 0, None, DEPARTMENTS[0], 0)]
    weights = sum(department.weight for department in DEPARTMENTS)
    for number, department in enumerate(DEPARTMENTS):
        last = number == len(DEPARTMENTS) - 1
        count = PEOPLE - len(people) if last else round((PEOPLE - 1) * department.weight / weights)
        head = len(people)
        for index in range(count):
            # A tree in which everyone has `span` reports until the people run out.
            manager = head + (index - 1) // department.span if index else 0
            people.append(_person(rng, head + index, people[manager], department, people[manager].level + 1))
    return people


def _person(rng: Random, serial: int, manager: Person | None, department: Department, level: int) -> Person:
    grade = 10 if level == 0 else max(1, 11 - 2 * level - int(2 * rng.random()))
    location = manager.location if manager and level > 2 and rng.random() < 0.8 else pick(rng, LOCATIONS, 1.6).name
    started = TODAY - timedelta(days=20 + int(10_500 * rng.random() ** 2.1))
    youngest = max(19.0, 19 + 1.6 * (grade - 4))
    oldest = 64 - (TODAY - started).days / 365.25
    age_at_start = min(youngest + 22 * rng.random(), max(oldest, 18.5))
    factor = next(place.cost for place in LOCATIONS if place.name == location)
    return Person(
        serial=serial,
        manager=manager.serial if manager else None,
        department=department,
        location=location,
        cost_centre=pick(rng, department.cost_centres),
        level=level,
        grade=grade,
        title="Chief Executive" if level == 0 else _title(rng, department, grade, level),
        first_name=pick(rng, FIRST_NAMES),
        last_name=pick(rng, LAST_NAMES),
        salary=100 * round(190 * 1.235**grade * (0.9 + 0.22 * rng.random()) * factor),
        born=started - timedelta(days=int(365.25 * age_at_start)),
        started=started,
    )


def _title(rng: Random, department: Department, grade: int, level: int) -> str:
    if level == 1:
        return f"Director, {department.name}"
    role = pick(rng, department.roles)
    return f"Manager, {role.field}" if grade >= 6 else GRADES[grade].format(role.name)


def _numbered(people: Sequence[Person]) -> list[Person]:
    """Employee numbers in order of entry, with the gaps that leavers left, and addresses that nobody shares."""
    numbers: dict[int, str] = {}
    number = 97
    for person in sorted(people, key=lambda person: (person.started, person.serial)):
        number += 1 + person.serial % 4
        numbers[person.serial] = f"{number:06}"
    taken: dict[str, int] = {}
    result = []
    for person in people:
        name = f"{_ascii(person.first_name)}.{_ascii(person.last_name)}"
        taken[name] = taken.get(name, 0) + 1
        address = f"{name}{taken[name] if taken[name] > 1 else ''}@example.com"
        result.append(replace(person, employee_id=numbers[person.serial], email=address))
    return result


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower().translate(_UNDECOMPOSED))
    return "".join(character for character in plain if character.isascii() and character.isalpha())


def _contracted(people: Sequence[Person], rng: Random) -> list[Person]:
    """Some of those who manage nobody work on contract, and have no position."""
    managers = {person.manager for person in people}
    leaves = [person.serial for person in people if person.serial not in managers]
    drawn = sorted(leaves, key=lambda serial: (rng.random(), serial))[:CONTRACTORS]
    return [replace(person, contractor=person.serial in set(drawn)) for person in people]


def _positions(people: Sequence[Person], rng: Random) -> list[Position]:
    """One position an employee, but some are shared by two, and some more are vacant."""
    managers = {person.manager for person in people}
    staff = [person for person in people if not person.contractor]
    sharers: dict[int, list[str]] = {}
    leaves = [person for person in staff if person.serial not in managers]
    guests = {person.serial for person in sorted(leaves, key=lambda person: (rng.random(), person.serial))[:JOB_SHARES]}
    hosts = [person for person in leaves if person.serial not in guests]
    for guest in (person for person in leaves if person.serial in guests):
        near = [host for host in hosts if host.manager == guest.manager and host.serial not in sharers] or [
            host for host in hosts if host.serial not in sharers
        ]
        sharers.setdefault(near[0].serial, []).append(guest.employee_id)
    numbers: dict[int, str] = {}
    positions = []
    for person in staff:
        if person.serial in guests:
            continue
        numbers[person.serial] = f"P{len(numbers) + 1:05}"
        above = numbers[person.manager] if person.manager is not None else ""
        holders = (person.employee_id, *sharers.get(person.serial, ()))
        positions.append(Position(numbers[person.serial], person, above, holders))
    for number in range(VACANCIES):
        like = pick(rng, leaves)
        above = numbers[like.manager] if like.manager is not None else ""
        positions.append(Position(f"P{len(numbers) + number + 1:05}", like, above, ()))
    return positions
