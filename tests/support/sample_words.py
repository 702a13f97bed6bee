"""What the sample data is made of: names, places, departments. Combined at random, so nobody is meant."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    name: str
    field: str


@dataclass(frozen=True)
class Department:
    """`span` is how many reports a manager has; `weight` the department's share of the people."""

    name: str
    weight: int
    span: int
    cost_centres: tuple[str, ...]
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Location:
    """`cost` scales salaries; `opened` is written the way the source has it, day.month.year."""

    code: str
    name: str
    country: str
    timezone: str
    latitude: float
    longitude: float
    opened: str
    cost: float


GRADES = {
    1: "Trainee {}",
    2: "Junior {}",
    3: "{}",
    4: "{} II",
    5: "Senior {}",
}
"""Job titles of those who manage nobody, by grade."""


def _roles(*pairs: str) -> tuple[Role, ...]:
    return tuple(Role(*pair.split(" | ")) for pair in pairs)


def _centres(first: int, count: int) -> tuple[str, ...]:
    return tuple(f"CC-{first + 10 * number}" for number in range(count))


DEPARTMENTS = (
    Department(
        "Operations",
        30,
        8,
        _centres(1010, 9),
        _roles("Operator | Plant", "Planner | Planning", "Technician | Maintenance", "Quality Inspector | Quality"),
    ),
    Department(
        "Sales",
        17,
        6,
        _centres(2010, 6),
        _roles("Account Executive | Key Accounts", "Sales Engineer | Presales", "Sales Assistant | Inside Sales"),
    ),
    Department(
        "Customer Service",
        16,
        9,
        _centres(3010, 4),
        _roles("Service Agent | Contact Centre", "Field Engineer | Field Service"),
    ),
    Department(
        "Technology",
        13,
        6,
        _centres(4010, 5),
        _roles("Software Engineer | Platform", "Data Analyst | Data", "Systems Engineer | Infrastructure"),
    ),
    Department(
        "Research & Development", 8, 5, _centres(5010, 4), _roles("Scientist | Laboratory", "Design Engineer | Design")
    ),
    Department("Finance", 6, 6, _centres(6010, 3), _roles("Accountant | Accounting", "Controller | Controlling")),
    Department(
        "Marketing", 4, 6, _centres(7010, 2), _roles("Marketing Specialist | Campaigns", "Editor | Communications")
    ),
    Department(
        "Human Resources", 4, 6, _centres(8010, 2), _roles("HR Adviser | People Services", "Recruiter | Recruiting")
    ),
    Department("Legal", 2, 5, _centres(9010, 1), _roles("Counsel | Contracts", "Paralegal | Compliance")),
)

LOCATIONS = (
    Location("LON", "London", "United Kingdom", "Europe/London", 51.51, -0.13, "01.04.1987", 1.15),
    Location("BHX", "Birmingham", "United Kingdom", "Europe/London", 52.48, -1.89, "15.09.1991", 0.95),
    Location("MUC", "München", "Germany", "Europe/Berlin", 48.14, 11.58, "01.02.1996", 1.1),
    Location("KRK", "Kraków", "Poland", "Europe/Warsaw", 50.06, 19.94, "03.05.2004", 0.7),
    Location("DUB", "Dublin", "Ireland", "Europe/Dublin", 53.35, -6.26, "17.06.1999", 1.05),
    Location("AGP", "Málaga", "Spain", "Europe/Madrid", 36.72, -4.42, "09.01.2012", 0.75),
    Location("CPH", "København", "Denmark", "Europe/Copenhagen", 55.68, 12.57, "28.08.2001", 1.15),
    Location("ZRH", "Zürich", "Switzerland", "Europe/Zurich", 47.37, 8.54, "01.10.2008", 1.4),
    Location("BOS", "Boston", "United States", "America/New_York", 42.36, -71.06, "22.03.2010", 1.3),
    Location("GRU", "São Paulo", "Brazil", "America/Sao_Paulo", -23.55, -46.63, "05.11.2015", 0.65),
    Location("SIN", "Singapore", "Singapore", "Asia/Singapore", 1.35, 103.82, "12.12.2017", 1.1),
    Location("MEL", "Melbourne", "Australia", "Australia/Melbourne", -37.81, 144.96, "02.07.2019", 1.05),
)

_FIRST_NAMES = """
Aisha Alan Amélie Ana Anaïs Andrew Ángel Anna Antoni Aoife Ayşe Beatriz Björn Bożena Brian Camille Carlos Catarina
Charlotte Chen Chloé Ciarán Clara Daniel David Diego Dilek Elena Élodie Emil Emma Erik Esra Eva Fatima Felix Fiona
François Freja George Grace Hana Hannah Hélène Hugo Ian Inês Ines Isabel Ivan Jan Jana Jin João Jonas José Julia
Jürgen Kamal Karen Katarzyna Kerem Klára Kofi Kwame Laura Léa Leila Leon Lina Lucía Łukasz Maeve Magnus Mai
Małgorzata Marek Maria Mario Márta Matteo Mei Michael Miguel Mohammed Monika Nadia Naomi Nia Niamh Noah Nora Nuno
Olga Oliver Omar Oscar Paula Pedro Peter Priya Rachel Raúl Ravi René Robert Rosa Ruth Sana Sarah Séan Sofia Søren
Stefan Susan Tariq Teresa Théo Thomas Tomáš Ulrike Víctor Wei William Xin Yara Yusuf Zofia Zoë
"""
FIRST_NAMES = tuple(_FIRST_NAMES.split())

_LAST_NAMES = """
Abebe Adams Ahmed Almeida Andersen Arnaud Åkesson Bailey Balogun Bauer Becker Bianchi Błaszczyk Bondarenko Brown
Byrne Castro Çelik Chan Chevalier Clarke Cohen Costa Cruz Çetin D'Angelo Das Davies De-Vries Díaz Dąbrowski Doyle
Dubois Duarte Eriksson Evans Fernández Ferrari Fischer Fitzgerald Flores Fournier Fraser García-López Gauthier
Goldberg Gómez González Grant Gupta Hansen Hassan Hernández Herzog Hill Holm Horváth Huang Hughes Ibrahim Iyer
Jackson Jansen Jensen Johansson Jones Kamara Kaya Kelly Khan Kim Kovács Kowalczyk Krüger Kumar Lambert Larsen Lee
Lefèvre Lewis Li Lindström Lopes Łuczak MacDonald Mahmoud Marín Marino Martin Mazur Mbeki Meier Mendes Meyer Michel
Moore Morales Müller Murphy Nagy Nakamura Navarro Nielsen Novák Núñez O'Brien O'Neill Okafor Oliveira Østergård
Owusu Öztürk Park Patel Pereira Petit Pham Popescu Quinn Rahman Ramos Rasmussen Reid Ricci Richter Rojas Rossi Roux
Ruiz Ryan Sánchez Santos Şahin Schäfer Schmidt Scott Sharma Silva Singh Sørensen Sousa Suzuki Szabó Tan Taylor
Thompson Tran Turner Tóth Vargas Vasquez Vidal Vogel Walker Wang Weber Weiß White Wilson Wiśniewski Wójcik Wong
Wright Xu Yamada Yilmaz Young Zając Zhang Zieliński Zimmermann
"""
LAST_NAMES = tuple(_LAST_NAMES.split())
