"""What a buyer-research agent says: sentences, searches and commands, the same for one seed."""

from __future__ import annotations

from random import Random

from tui.core.values import dataclass
from tui.demo.turns import SearchHit


@dataclass(frozen=True, slots=True)
class Industry:
    """A listing's business, in the words that its research consists of."""

    name: str
    products: tuple[str, ...]
    customers: tuple[str, ...]


INDUSTRIES = {
    "pumps": Industry(
        "industrial pumps",
        ("process pumps", "dosing systems", "mechanical seals", "vacuum pumps", "service kits"),
        ("chemical plants", "municipal water", "food processors", "pulp and paper mills"),
    ),
    "packaging": Industry(
        "folding cartons and packaging",
        ("folding cartons", "moulded fibre trays", "flexible pouches", "shelf-ready displays"),
        ("pharmaceutical brands", "grocery chains", "cosmetics houses", "online retailers"),
    ),
    "dental": Industry(
        "dental laboratories",
        ("zirconia crowns", "implant bars", "clear aligners", "digital impressions"),
        ("group practices", "independent dentists", "university clinics", "insurers"),
    ),
    "hvac": Industry(
        "heating and cooling service",
        ("heat pump retrofits", "chiller maintenance", "building controls", "ductwork"),
        ("hospitals", "data centres", "housing associations", "retail parks"),
    ),
    "software": Industry(
        "vertical software",
        ("dispatch planning", "claims handling", "fleet telematics", "e-procurement"),
        ("hauliers", "municipal utilities", "field service firms", "wholesale dealers"),
    ),
    "food": Industry(
        "specialty food",
        ("sourdough bases", "plant-based sauces", "spice blends", "chilled desserts"),
        ("discounters", "hotel groups", "meal-kit services", "private-label buyers"),
    ),
}
_FIRST = (
    "Harrow", "Alder", "Veldt", "Brenner", "Kestrel", "Northmoor", "Tallis", "Oriel", "Marram",
    "Lindqvist", "Castellan", "Ferrand", "Ostrava", "Pellworm", "Quillon", "Rothmere", "Saxby",
    "Thornbury", "Ulvik", "Wexcombe", "Yardley", "Zellner", "Dunmore", "Halvorsen",
)  # fmt: skip
_SECOND = (
    "Group", "Industries", "Holding", "Partners", "Systems", "Technologies", "Equity", "Capital",
    "& Söhne", "International",
)  # fmt: skip
_REGIONS = (
    "Austria", "Switzerland", "southern Germany", "the Nordics", "the Benelux", "northern Italy",
    "the UK", "Poland and Czechia", "Iberia", "the US Midwest",
)  # fmt: skip
_ROLES = ("strategic buyer", "PE platform", "family office", "serial acquirer", "supplier")
_OPENINGS = (
    "{buyer} is a {role} from {region} with about {revenue} million in sales and {sites} sites.",
    "Next is {buyer}, a {role} in {region}: {sites} locations, roughly {revenue} million.",
    "{buyer} fits the profile of a {role}; its home market is {region}.",
)
_REASONS = (
    "It bought {count} smaller makers of {product} since {year}, none of them above {size} million"
    " in sales, so a deal of this size would be its largest.",
    "Its range ends where the client's {product} begin, and {customer} are already a third of its"
    " business.",
    "The annual report for {year} names {product} as the gap it wants to close by acquisition.",
    "Management talks of {region} as the next region, and of {customer} as the customers to win"
    " there.",
    "The fund closed in {year}; with {count} platforms in it there is room for one more, and a"
    " holding period of five years leaves time for a build-up.",
    "It lost a tender for {customer} last autumn because it could not deliver {product}; two trade"
    " papers say so.",
)
_CAUTIONS = (
    "Against it: leverage of {turns} times EBITDA, and a change at the top in {year}.",
    "One open point is the overlap in {product}; a competition lawyer should look at {region}.",
    "The contact there moved on in {year}, so the first call goes to the head of development.",
    "No reason against it so far; the ownership is simple and the books are public.",
    "It walked away from a similar process in {year} over price, which is worth knowing.",
)
_VERDICTS = (
    "I rank it **A**: call in the first wave.",
    "I rank it **B**: second wave, once three A names have answered.",
    "I rank it **B+** and note the question for the partner.",
    "I rank it **C** and keep it for completeness.",
)
_THOUGHTS = (
    "The list is thin on {role}s from {region}. I should look there before I rank anything.",
    "Two of these share an owner. I must not count them twice.",
    "Sales for {year} are an estimate; I will say so and look for a filing.",
    "The brief asks for buyers of {product}, not of everything around it.",
)
_QUERIES = (
    "{product} acquirer {region} {year}",
    "private equity platform {product} {region}",
    "{buyer} acquisition {product}",
    "{buyer} annual report {year} M&A strategy",
    "{product} manufacturers {region} ownership",
)
_COMMANDS = (
    ("wc -l candidates.csv", "Count the candidates"),
    ("ls", "See what is in the folder"),
    ("head -n 5 candidates.csv", "Look at the first candidates"),
    ("cut -d, -f3 candidates.csv | sort | uniq -c", "Count by region"),
)


@dataclass(frozen=True, slots=True)
class Command:
    """A harmless shell command and what it is for."""

    command: str
    description: str


def seeded(seed: str) -> Random:
    """Return a random generator for a text seed; the same seed makes the same choices."""
    return Random(seed)  # noqa: S311 (a story has no secrets)


class Storyteller:
    """Makes up buyers for one industry; the same seed tells the same story."""

    def __init__(self, industry: Industry, seed: str) -> None:
        self.industry = industry
        self._random = seeded(seed)

    def buyer(self) -> str:
        """Return a made-up company name."""
        return f"{self._random.choice(_FIRST)} {self._random.choice(_SECOND)}"

    def paragraph(self) -> str:
        """Return five or so sentences about one buyer, with a verdict."""
        reasons = self._random.sample(_REASONS, k=self._random.randint(2, 3))
        plan = (self._one(_OPENINGS), *reasons, self._one(_CAUTIONS), self._one(_VERDICTS))
        facts = self._facts()
        return " ".join(sentence.format(**facts) for sentence in plan)

    def thought(self) -> str:
        """Return a thought of the model."""
        return self._one(_THOUGHTS).format(**self._facts())

    def query(self) -> str:
        """Return a web search query."""
        return self._one(_QUERIES).format(**self._facts())

    def hits(self) -> tuple[SearchHit, ...]:
        """Return the hits of a web search."""
        names = [self.buyer() for _ in range(self._random.randint(5, 12))]
        endings = ("annual report", "acquires a competitor", "company profile", "trade register")
        return tuple(
            SearchHit(f"{name}: {self._one(endings)}", f"https://example.com/{_slug(name)}")
            for name in dict.fromkeys(names)
        )

    def command(self) -> Command:
        """Return a shell command that only reads."""
        return Command(*self._random.choice(_COMMANDS))

    def candidates(self, count: int) -> str:
        """Return a table of candidates as CSV with a header."""
        rows = ["name,role,region,sales_m,rank"]
        for _ in range(count):
            role, region = self._one(_ROLES), self._one(_REGIONS)
            sales = self._random.randint(8, 900)
            rows.append(f"{self.buyer()},{role},{region},{sales},{self._random.choice('ABBC')}")
        return "\n".join(rows) + "\n"

    def _facts(self) -> dict[str, object]:
        random = self._random
        return {
            "buyer": self.buyer(),
            "role": self._one(_ROLES),
            "region": self._one(_REGIONS),
            "product": self._one(self.industry.products),
            "customer": self._one(self.industry.customers),
            "revenue": random.randint(3, 90) * 10,
            "size": random.randint(2, 9) * 5,
            "sites": random.randint(2, 24),
            "count": random.randint(2, 7),
            "year": random.randint(2019, 2026),
            "turns": random.randint(2, 6),
        }

    def _one(self, choices: tuple[str, ...]) -> str:
        return self._random.choice(choices)


def _slug(name: str) -> str:
    return "".join(char for char in name.lower().replace(" ", "-") if char.isascii())
